//! A garment's place in its photo and its colours.
//!
//! `cargo run --release -p wardrobe-examples --example attributes -- data/samples/red-skirt.jpg`
#![allow(clippy::print_stdout, reason = "an example shows its results")]

use std::error::Error;

use wardrobe_attributes::color::dominant_colors;
use wardrobe_attributes::foreground::{Method, segment};

fn main() -> Result<(), Box<dyn Error>> {
    for path in std::env::args().skip(1) {
        let photo = wardrobe_ingest::load(&path)?.image;
        let garment = segment(&photo)?;
        let how = match garment.method {
            Method::BorderModel => "stands out from the border's colours",
            Method::CentreCrop => "does not stand out: taken from the middle",
        };
        println!(
            "{path}: {:.0} % of the photo, {how}",
            garment.coverage() * 100.0
        );
        for color in dominant_colors(&photo, &garment)? {
            let (name, basic) = (color.name, color.name.basic());
            println!(
                "  {:3.0} % {name} ({basic}) {}",
                color.fraction * 100.0,
                color.hex
            );
        }
    }
    Ok(())
}
