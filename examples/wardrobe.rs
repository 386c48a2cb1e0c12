//! The whole of it: photos in, garments stored, look-alikes, outfits, and a page of them.
//!
//! `cargo run --release -p wardrobe-examples --example wardrobe -- demo lookbook.html data/samples`
#![allow(clippy::print_stdout, reason = "an example shows its results")]

use std::error::Error;
use std::sync::atomic::AtomicBool;

use wardrobe::{Filter, ModelOptions, Request, Target, Wardrobe, describe};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let home = arguments.next().ok_or("name the wardrobe's folder")?;
    let page = arguments.next().ok_or("name a file for the page")?;
    let photos: Vec<String> = arguments.collect();
    let mut wardrobe = Wardrobe::open(home, ModelOptions::default())?;
    let report = wardrobe.ingest(&photos, &AtomicBool::new(false), |_| {})?;
    println!(
        "{} photos added, {} there already",
        report.summary.added, report.summary.duplicate
    );

    let garments = wardrobe.garments(&Filter::default())?;
    for garment in &garments {
        println!("{} {}", garment.id, describe(garment));
    }
    if let Some(first) = garments.first() {
        println!("most like {}:", describe(first));
        for alike in wardrobe.similar(&Target::Garment(first.id.to_string()), 3)? {
            println!("  {:.2} {}", alike.score, describe(&alike.garment));
        }
    }

    let outfits = wardrobe.recommend(&Request {
        n: 3,
        ..Request::default()
    })?;
    for outfit in &outfits.outfits {
        let items: Vec<String> = outfit.items.iter().map(describe).collect();
        println!("{:.2} {}", outfit.scored.score, items.join(", "));
        println!("     {}", outfit.scored.explanation.join("; "));
    }
    std::fs::write(page, wardrobe.outfits_page(&outfits)?)?;
    Ok(())
}
