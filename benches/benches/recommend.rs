//! The recommender on a wardrobe of 10,000 garments: categories, two palette colours and formalities drawn uniformly
//! (seed 1), embeddings of 512 normal-ish floats; 500 candidates, 5 outfits; one thread of the CPU.
//!
//! `cargo bench -p wardrobe-benches --bench recommend`

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use wardrobe_recommend::{Item, Request, recommend, score};
use wardrobe_types::{Category, Color, ColorName, Formality};

const DIMENSION: usize = 512;

fn wardrobe(garments: usize) -> Vec<Item> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    (0..garments).map(|i| garment(i, &mut rng)).collect()
}

fn garment(i: usize, rng: &mut ChaCha8Rng) -> Item {
    let category = Category::ALL[rng.random_range(0..Category::ALL.len())];
    let mut item = Item::new(format!("garment-{i:05}"), category, ColorName::Black);
    item.colors = [0.7, 0.3]
        .map(|fraction| Color {
            fraction,
            ..Color::plain(ColorName::ALL[rng.random_range(0..ColorName::ALL.len())])
        })
        .to_vec();
    item.formality = (item.formality + rng.random_range(-0.1..0.1)).clamp(0.0, 1.0);
    item.with_embedding(
        (0..DIMENSION)
            .map(|_| rng.random_range(-1.0..1.0))
            .collect(),
    )
}

fn requests() -> [(&'static str, Request); 3] {
    let plain = Request::default();
    let weather = Request {
        temperature: Some(12.0),
        rain: true,
        ..Request::default()
    };
    let business = Request {
        formality: Formality::new(0.7).ok(),
        ..Request::default()
    };
    [
        ("plain", plain),
        ("rain, 12 degrees", weather),
        ("formality 0.7", business),
    ]
}

fn recommending(criterion: &mut Criterion) {
    let wardrobe = wardrobe(10_000);
    for (name, request) in requests() {
        criterion.bench_function(
            &format!("recommend 5 of 10,000 garments, {name}"),
            |bench| {
                bench.iter(|| recommend(black_box(&wardrobe), black_box(&request)));
            },
        );
    }
}

fn scoring(criterion: &mut Criterion) {
    let wardrobe = wardrobe(1_000);
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    criterion.bench_function("score and explain 6 garments", |bench| {
        let six = || {
            (0..6)
                .map(|_| wardrobe[rng.random_range(0..wardrobe.len())].clone())
                .collect()
        };
        bench.iter_batched(six, |items: Vec<Item>| score(&items), BatchSize::SmallInput);
    });
}

criterion_group!(benches, recommending, scoring);
criterion_main!(benches);
