//! Search in a vector store, without any model: photos by their mean colour.
//!
//! `cargo run --release -p wardrobe-examples --example vector_index -- data/samples/*.jpg`
//! answers with the photos whose colour is nearest to the first one's.
#![allow(clippy::print_stdout, reason = "an example shows its results")]

use std::error::Error;

use wardrobe_ingest::load;
use wardrobe_vector_index::{
    CollectionSpec, Filter, QueryOptions, Record, SqliteStore, VectorStore,
};

fn main() -> Result<(), Box<dyn Error>> {
    let store = SqliteStore::in_memory()?; // or SqliteStore::open("colours.db")?
    let colours = CollectionSpec::cosine("colours", 3, "mean-of-the-photo");
    store.create_collection(&colours)?;

    let paths: Vec<String> = std::env::args().skip(1).collect();
    for path in &paths {
        let photo = load(path)?.image;
        let orientation = if photo.width() > photo.height() {
            "wide"
        } else {
            "tall"
        };
        let record = Record::new(path, mean_colour(&photo)).with("orientation", orientation);
        store.upsert(&colours, &[record])?; // on disk once this returns
    }

    let asked = paths.first().ok_or("name some photos")?;
    let query = mean_colour(&load(asked)?.image);
    let tall = Filter::eq("orientation", "tall");
    for hit in store.query(&colours, &query, &QueryOptions::top(5).matching(&tall))? {
        println!("{:.4} {}", hit.score, hit.id);
    }
    Ok(())
}

/// How far each channel's mean is from middle grey.
fn mean_colour(photo: &wardrobe_ingest::RgbImage) -> Vec<f32> {
    let pixels = (photo.width() * photo.height()) as f32;
    let sum = |channel: usize| photo.pixels().map(|p| f32::from(p.0[channel])).sum::<f32>();
    (0..3)
        .map(|channel| sum(channel) / pixels - 127.5)
        .collect()
}
