//! The recommender on a wardrobe of 10,000 garments: categories, two palette colours and formalities drawn uniformly
//! (seed 1), embeddings of 512 normal-ish floats; 500 candidates, 5 outfits; one thread of the CPU.
//!
//! The outfit scorer: a set transformer of the usual shape (64 values, 2 blocks) with drawn weights on 1,000 outfits of 5 of
//! those garments; all cores.
//!
//! `cargo bench -p wardrobe-benches --bench recommend`

use std::hint::black_box;

use candle_core::{DType, Device};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use wardrobe_nn::VarStore;
use wardrobe_recommend::learned::{OutfitScorer, SetConfig, SetTransformer};
use wardrobe_recommend::{Item, Opinion, Request, recommend, score};
use wardrobe_types::labels::DetectorClass;
use wardrobe_types::{Category, Color, ColorName, EmbedderId, Formality};

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

fn scorer(config: &SetConfig, embedder: &EmbedderId) -> OutfitScorer {
    let store = VarStore::new(1, DType::F32, &Device::Cpu);
    SetTransformer::new(config, &Default::default(), store.builder()).expect("a network");
    let tensors = store.tensors().expect("its parameters");
    OutfitScorer::from_parts(config, tensors, Some(embedder.clone())).expect("a scorer")
}

fn learned(criterion: &mut Criterion) {
    let wardrobe = wardrobe(1_000);
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let known: Vec<&Item> = wardrobe
        .iter()
        .filter(|item| DetectorClass::of_category(item.category).is_some())
        .collect();
    let outfits: Vec<Vec<&Item>> = (0..1_000)
        .map(|_| {
            (0..5)
                .map(|_| known[rng.random_range(0..known.len())])
                .collect()
        })
        .collect();
    let embedder = EmbedderId::new("bench");
    let config = SetConfig {
        embedding: DIMENSION,
        ..SetConfig::new(DetectorClass::ALL.map(|class| class.to_string()))
    };
    let scorer = scorer(&config, &embedder);
    let opinion = scorer.opinion(&embedder).expect("of its embedder");
    criterion.bench_function("judge 1,000 outfits of 5 by a set transformer", |bench| {
        bench.iter(|| opinion.judge(black_box(&outfits)));
    });
}

criterion_group!(benches, recommending, scoring, learned);
criterion_main!(benches);
