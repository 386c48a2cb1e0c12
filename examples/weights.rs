//! Which weights there are, where they are found, whether they are intact; and what a file holds.
//!
//! `cargo run --release -p wardrobe-examples --example weights -- [FILE.safetensors | FILE.pth]`
#![allow(clippy::print_stdout, reason = "an example shows its results")]

use std::error::Error;

use wardrobe_weights::{Resolver, Tensors};

fn main() -> Result<(), Box<dyn Error>> {
    let resolver = Resolver::usual(None)?;
    for listed in resolver.list() {
        let entry = &listed.entry;
        println!(
            "{} {} ({}, {})",
            entry.name, entry.file, entry.architecture, entry.licence
        );
        match &listed.place {
            Some(place) => println!("  in {place}"),
            None => println!("  nowhere; it comes from {}", entry.source),
        }
    }
    for copy in resolver.verify() {
        println!("{}: {:?}", copy.name, copy.verdict);
    }

    if let Some(path) = std::env::args().nth(1) {
        let tensors = Tensors::load(&path)?; // told by content, and no pickled code is run
        for (name, tensor) in &tensors.map {
            println!("{name} {:?} {:?}", tensor.shape(), tensor.dtype());
        }
    }
    Ok(())
}
