//! Foreground and dominant colours of a photo of 240 x 320 pixels: striped cloth on a chequered ground, with noise (a
//! linear congruential generator, seed 1). On one core:
//!
//! `RAYON_NUM_THREADS=1 cargo bench -p wardrobe-benches --bench attributes`

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use wardrobe_attributes::color::dominant_colors;
use wardrobe_attributes::foreground::segment;
use wardrobe_ingest::RgbImage;
use wardrobe_ingest::image::Rgb;

/// A garment of stripes on a carpet, with noise from a linear congruential generator.
fn drawn() -> RgbImage {
    let mut state = 1_u32;
    RgbImage::from_fn(240, 320, |x, y| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = (state >> 24) as i32 % 25 - 12;
        let garment = (50..190).contains(&x) && (60..270).contains(&y);
        let color = match (garment, y % 20 < 6, (x / 24 + y / 24).is_multiple_of(2)) {
            (true, true, _) => [228, 224, 216],
            (true, false, _) => [38, 52, 96],
            (false, _, true) => [150, 120, 92],
            (false, _, false) => [124, 98, 74],
        };
        Rgb(color.map(|channel: i32| (channel + noise).clamp(0, 255) as u8))
    })
}

fn attributes(c: &mut Criterion) {
    let photo = drawn();
    let garment = segment(&photo).expect("a photo of this size has a foreground");
    c.bench_function("foreground/320px", |b| {
        b.iter(|| segment(black_box(&photo)))
    });
    c.bench_function("dominant_colors/320px", |b| {
        b.iter(|| dominant_colors(black_box(&photo), &garment))
    });
    c.bench_function("foreground+dominant_colors/320px", |b| {
        b.iter(|| segment(black_box(&photo)).and_then(|found| dominant_colors(&photo, &found)))
    });
}

criterion_group!(benches, attributes);
criterion_main!(benches);
