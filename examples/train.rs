//! A classifier trained on a folder of photos: `FOLDER/train/LABEL/*.jpg` and `FOLDER/val/LABEL/*.jpg`.
//!
//! `cargo run --release -p wardrobe-examples --example train -- FOLDER runs/first`
//! takes a few small steps; config/classify.toml has settings for a real run.
#![allow(clippy::print_stdout, reason = "an example shows its results")]

use std::error::Error;
use std::path::PathBuf;

use wardrobe_train::tasks::{Run, classify};
use wardrobe_train::{DataConfig, Event, TrainConfig};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).map(PathBuf::from);
    let path = arguments.next().ok_or("name a folder of photos")?;
    let out = arguments.next().ok_or("name a folder for the run")?;

    let config = TrainConfig {
        epochs: 2,
        frozen_epochs: 1, // the new head first, then all layers
        batch_size: 4,
        image_size: 64,
        data: vec![DataConfig { path, repeat: 1 }],
        ..TrainConfig::default()
    };
    let run = Run {
        out,
        init: Some("weights/starter-classifier.safetensors".into()),
        resume: false, // true goes on from the checkpoint in `out`
    };
    let device = wardrobe_nn::device::resolve("auto")?;
    let mut tell = |event: Event| {
        if let Event::Epoch {
            epoch, train_loss, ..
        } = event
        {
            println!("epoch {epoch}: loss {train_loss:.3}");
        }
    };
    let trained = classify::train(&config, &run, &device, &mut tell)?;
    println!(
        "top-1 {:.2} at epoch {}",
        trained.best.metrics.top1, trained.best.epoch
    );
    println!("{}", trained.weights.display());
    println!("{}", trained.curves.display());
    Ok(())
}
