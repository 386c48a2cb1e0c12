//! From a JPEG's bytes to what models and the index take. Corpus: one synthetic photo of 960 x 1280 pixels (smooth shading and
//! noise, JPEG quality 90), the size messengers send; device: one core.

use std::hint::black_box;
use std::io::Cursor;

use criterion::{Criterion, criterion_group, criterion_main};
use wardrobe_ingest::image::codecs::jpeg::JpegEncoder;
use wardrobe_ingest::image::{Rgb, RgbImage};
use wardrobe_ingest::{
    DecodeLimits, Filter, Layout, Preprocess, assess, decode, letterbox, perceptual_hash, resize,
};

/// Shading like cloth's, with the grain of a phone camera.
fn photo() -> RgbImage {
    let mut state = 1_u32;
    RgbImage::from_fn(960, 1280, |x, y| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let grain = (state >> 28) as f32;
        let fold = (x as f32 / 37.0).sin() * (y as f32 / 53.0).cos() * 60.0;
        Rgb([120.0, 90.0, 150.0].map(|base: f32| (base + fold + grain) as u8))
    })
}

fn ingest(criterion: &mut Criterion) {
    let photo = photo();
    let mut jpeg = Cursor::new(Vec::new());
    JpegEncoder::new_with_quality(&mut jpeg, 90)
        .encode_image(&photo)
        .expect("encodes");
    let (jpeg, limits, clip) = (
        jpeg.into_inner(),
        DecodeLimits::default(),
        Preprocess::clip(224),
    );
    let mut group = criterion.benchmark_group("ingest 960x1280");
    group.bench_function("decode jpeg", |b| {
        b.iter(|| decode(black_box(&jpeg), "bench.jpg", &limits))
    });
    group.bench_function("resize to 224 bilinear", |b| {
        b.iter(|| resize::resize(black_box(&photo), 224, 224, Filter::Bilinear))
    });
    group.bench_function("letterbox 640", |b| {
        b.iter(|| letterbox(black_box(&photo), 640))
    });
    group.bench_function("clip preprocessing to tensor", |b| {
        b.iter(|| {
            clip.apply(black_box(&photo))
                .map(|processed| processed.to_vec(Layout::Nchw))
        })
    });
    group.bench_function("quality", |b| b.iter(|| assess(black_box(&photo))));
    group.bench_function("perceptual hash", |b| {
        b.iter(|| perceptual_hash(black_box(&photo)))
    });
    group.finish();
}

criterion_group!(benches, ingest);
criterion_main!(benches);
