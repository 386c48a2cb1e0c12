//! The garments in photos, as boxes drawn on a copy of each.
//!
//! `cargo run --release -p wardrobe-examples --example detect -- OUT_FOLDER data/samples/*.jpg`
#![allow(clippy::print_stdout, reason = "an example shows its results")]

use std::error::Error;
use std::path::PathBuf;

use wardrobe_detect::{Detector, draw};
use wardrobe_weights::Resolver;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).map(PathBuf::from);
    let out = arguments.next().ok_or("name a folder for the pictures")?;
    std::fs::create_dir_all(&out)?;

    // Or Tensors::load("yolov8s.pt")?: any YOLOv8's weights will do.
    let weights = Resolver::usual(None)?.resolve("starter-detector")?.load()?;
    let device = wardrobe_nn::device::resolve("auto")?;
    let detector = Detector::new(&weights, &device)?;

    for path in arguments {
        let photo = wardrobe_ingest::load(&path)?.image;
        let garments = detector.detect(&photo)?;
        println!("{}: {} garments", path.display(), garments.len());
        for garment in &garments {
            let [x0, y0, x1, y1] = <[f32; 4]>::from(garment.bbox);
            let sure = garment.confidence * 100.0;
            println!(
                "  {sure:3.0} % {} from {x0:.0}, {y0:.0} to {x1:.0}, {y1:.0}",
                garment.class
            );
        }
        let name = path.file_name().ok_or("a photo has a name")?;
        draw(&photo, &garments).save(out.join(name).with_extension("png"))?;
    }
    Ok(())
}
