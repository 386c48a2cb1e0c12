//! The networks whole, images a second at batch 1 and 8, in f32 and in the fastest precision: one line each, `model batch
//! runtime rate`, as `benches/peers/run.sh` reads them beside its peers'.
//!
//! `cargo bench -p wardrobe-benches --bench models [-- FILTER]`; RAYON_NUM_THREADS sets the threads. Weights and inputs are
//! random: speed does not depend on them. The rate is of the median time over two seconds.

#![allow(clippy::print_stdout)] // its lines are the result

use candle_core::{DType, Device, Result, Tensor};
use std::time::{Duration, Instant};
use wardrobe_classify::EfficientNet;
use wardrobe_detect::{Thresholds, Yolo, candidates};
use wardrobe_embed::{Clip, Variant};
use wardrobe_nn::packed::for_each_image;
use wardrobe_nn::{Mode, Precision, Rng, VarStore};

// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A network ready for inputs.
type Network = Box<dyn Fn(&Tensor) -> Result<()>>;

struct Model {
    name: &'static str,
    build: fn(Precision) -> Result<Network>,
    /// (batch) -> an input
    input: fn(usize) -> Result<Tensor>,
}

const MODELS: [Model; 5] = [
    Model {
        name: "efficientnet_b0",
        build: efficientnet,
        input: |batch| photos(batch, 224),
    },
    Model {
        name: "yolov8n",
        build: |precision| yolo(wardrobe_detect::Variant::N, precision),
        input: |batch| photos(batch, 640),
    },
    Model {
        name: "yolov8s",
        build: |precision| yolo(wardrobe_detect::Variant::S, precision),
        input: |batch| photos(batch, 640),
    },
    Model {
        name: "vit_b32_image",
        build: |precision| clip(precision, |clip, x| clip.image.forward(x, Mode::Eval)),
        input: |batch| photos(batch, 224),
    },
    Model {
        name: "vit_b32_text",
        build: |precision| clip(precision, |clip, x| clip.text.forward(x, Mode::Eval)),
        input: texts,
    },
];

fn main() -> Result<()> {
    let filter = std::env::args()
        .nth(1)
        .filter(|arg| !arg.starts_with('-'))
        .unwrap_or_default();
    let mut precisions = vec![Precision::F32, Precision::fastest()];
    precisions.dedup();
    for model in MODELS.iter().filter(|model| model.name.contains(&filter)) {
        for &precision in &precisions {
            let network = (model.build)(precision)?;
            for batch in [1, 8] {
                let rate = rate(&network, &(model.input)(batch)?)? * batch as f64;
                let precision = format!("{precision:?}").to_lowercase();
                println!("{} {batch} wardrobe-{precision} {rate:.1}", model.name);
            }
        }
    }
    Ok(())
}

fn photos(batch: usize, side: usize) -> Result<Tensor> {
    Tensor::rand(-1f32, 1.0, (batch, side, side, 3), &Device::Cpu)
}

/// Texts of 77 tokens, the most there can be.
fn texts(batch: usize) -> Result<Tensor> {
    let end = Variant::VitB32.config().text.vocabulary as u32 - 1;
    let token = |i: usize| match i % 77 {
        0 => end - 1,
        76 => end,
        i => 320 + i as u32,
    };
    Tensor::from_iter((0..batch * 77).map(token), &Device::Cpu)?.reshape((batch, 77))
}

fn efficientnet(precision: Precision) -> Result<Network> {
    let store = VarStore::new(0, DType::F32, &Device::Cpu);
    let config = wardrobe_classify::Config::new(1000);
    let network = EfficientNet::new(&config, &Rng::new(0), store.builder())?.fold(precision)?;
    Ok(Box::new(move |x| network.forward(x, Mode::Eval).map(drop)))
}

/// From pixels to candidates for suppression.
fn yolo(variant: wardrobe_detect::Variant, precision: Precision) -> Result<Network> {
    let store = VarStore::new(0, DType::F32, &Device::Cpu);
    let config = wardrobe_detect::Config {
        variant,
        classes: 13,
    };
    let network = Yolo::new(&config, store.builder())?.fold(precision)?;
    let one = move |x: &Tensor| {
        let levels = network.forward(x, Mode::Eval)?;
        candidates(&levels, 0, &Thresholds::default()).map_err(candle_core::Error::wrap)
    };
    Ok(Box::new(move |x| for_each_image(x, &one).map(drop)))
}

fn clip(precision: Precision, tower: fn(&Clip, &Tensor) -> Result<Tensor>) -> Result<Network> {
    let store = VarStore::new(0, DType::F32, &Device::Cpu);
    let clip = Clip::new(&Variant::VitB32.config(), store.builder())?.fold(precision)?;
    Ok(Box::new(move |x| tower(&clip, x).map(drop)))
}

/// Passes a second.
fn rate(network: &Network, x: &Tensor) -> Result<f64> {
    const FOR: Duration = Duration::from_secs(2);
    network(x)?;
    let (start, mut times) = (Instant::now(), Vec::new());
    while start.elapsed() < FOR || times.len() < 3 {
        let one = Instant::now();
        std::hint::black_box(network(x)?);
        times.push(one.elapsed());
    }
    times.sort_unstable();
    Ok(1.0 / times[times.len() / 2].as_secs_f64())
}
