//! The wardrobe without models: garments are put in as the models would have seen them.

mod archive;
mod browser;
mod care;
mod clothing;
mod collage;
mod detector;
mod feedback;
mod folder;
mod garments;
mod learned;
mod pages;
mod pages_in_browser;
mod search;
mod server;

use std::path::Path;

use tempfile::TempDir;
use wardrobe_attributes::tagger::Tagged;
use wardrobe_ingest::image::{Rgb, RgbImage};
use wardrobe_ingest::{Format, assess, perceptual_hash};
use wardrobe_types::{Category, ColorName, EmbedderId, Embedding};

use crate::ingest::examine::{Cut, Cuts, Ready, cut, jpegs};
use crate::ingest::row_of;
use crate::{Look, ModelOptions, Prediction, Wardrobe};

/// A wardrobe in a folder of its own.
fn empty() -> (TempDir, Wardrobe) {
    let folder = TempDir::new().unwrap();
    let wardrobe = Wardrobe::open(folder.path().join("home"), ModelOptions::default()).unwrap();
    (folder, wardrobe)
}

/// A piece of cloth of this colour on a light ground; `mark` makes each a photo of its own.
fn photo(color: ColorName, mark: u32) -> RgbImage {
    let cloth = Rgb(color.srgb().to_array());
    RgbImage::from_fn(300, 400, |x, y| {
        let inside = (60..240).contains(&x) && (60..340).contains(&y);
        let marked = y < 8 && x < 8 * (mark + 1);
        match (inside, marked) {
            (true, _) => cloth,
            (_, true) => Rgb([90, 90, 90]),
            _ => Rgb([236, 233, 228]),
        }
    })
}

/// What there is to store of a picture.
fn ready(picture: &RgbImage) -> Ready {
    let bytes = crate::picture::jpeg(picture, 95, "test").unwrap();
    let Cuts {
        garments: cuts,
        undetected,
        detected,
    } = cut(picture, None).unwrap();
    Ready {
        sha256: wardrobe_weights::sha256(&bytes),
        format: Format::Jpeg,
        phash: perceptual_hash(picture).unwrap(),
        quality: assess(picture).unwrap(),
        jpegs: jpegs(&cuts).unwrap(),
        cuts,
        undetected,
        detected,
        bytes,
    }
}

/// What models would have seen: this category, and an embedding that tells garments apart.
fn look(category: Category, cut: &Cut, embedder: &str) -> Look {
    let [r, g, b] = cut.colors.named()[0].hex.to_array().map(f32::from);
    let values = vec![1.0 + category as usize as f32, r / 64.0, g / 64.0, b / 64.0];
    Look {
        predictions: vec![Prediction {
            category,
            confidence: 0.9,
        }],
        tags: Tagged::default(),
        embedding: Embedding::new(EmbedderId::new(embedder), values).unwrap(),
        meaning: None,
    }
}

/// Puts a garment in and returns its id.
fn put(wardrobe: &mut Wardrobe, category: Category, picture: &RgbImage, embedder: &str) -> String {
    let ready = ready(picture);
    let looks: Vec<Look> = ready
        .cuts
        .iter()
        .map(|cut| look(category, cut, embedder))
        .collect();
    let row = row_of(Path::new("from/the-camera.jpg"), &ready);
    let seen = wardrobe.store_photo(&row, &ready, &looks).unwrap();
    seen[0].id.to_string()
}

/// A shirt, chinos, loafers and a coat.
fn stocked() -> (TempDir, Wardrobe, Vec<String>) {
    let (folder, mut wardrobe) = empty();
    let pieces = [
        (Category::Shirt, ColorName::LightBlue),
        (Category::Chinos, ColorName::Navy),
        (Category::Loafers, ColorName::Brown),
        (Category::Coat, ColorName::Charcoal),
    ];
    let put = |(mark, (category, color)): (usize, (Category, ColorName))| {
        put(
            &mut wardrobe,
            category,
            &photo(color, mark as u32),
            "test-embedder",
        )
    };
    let ids = pieces.into_iter().enumerate().map(put).collect();
    (folder, wardrobe, ids)
}
