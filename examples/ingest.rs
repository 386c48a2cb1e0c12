//! Photos to pixels: decoding, quality, near-duplicates, and the tensor a model wants.
//!
//! `cargo run --release -p wardrobe-examples --example ingest -- data/samples`
#![allow(clippy::print_stdout, reason = "an example shows its results")]

use std::error::Error;

use wardrobe_ingest::{Layout, Preprocess, assess, discover, load, perceptual_hash};

fn main() -> Result<(), Box<dyn Error>> {
    let found = discover(std::env::args().skip(1));
    for problem in &found.problems {
        println!("left out: {problem}");
    }
    let mut hashes = Vec::new();
    for path in &found.photos {
        let photo = load(path)?;
        let report = assess(&photo.image)?;
        let (width, height, blur) = (report.width, report.height, report.blur.value);
        println!(
            "{}: {:?} {width} x {height}, sharpness {blur:.0}",
            path.display(),
            photo.format
        );
        for warning in &report.warnings {
            println!("  {}", warning.message);
        }

        let hash = perceptual_hash(&photo.image)?;
        for (other, _) in hashes
            .iter()
            .filter(|(_, seen)| hash.is_near_duplicate(*seen))
        {
            println!("  looks like {other}");
        }
        hashes.push((path.display().to_string(), hash));

        let input = Preprocess::clip(224)
            .apply(&photo.image)?
            .to_vec(Layout::Nchw);
        assert_eq!(input.len(), 3 * 224 * 224);
    }
    Ok(())
}
