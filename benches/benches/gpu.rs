//! The networks on a GPU: images a second at batch 1, 8 and 64 in f32 and bf16, and the most memory a training step takes.
//! One line each, `model batch runtime rate` as `models` prints them, and `model batch train-f32 seconds mebibytes`.
//!
//! `cargo bench -p wardrobe-benches --features cuda --bench gpu [-- FILTER]`; `benches/gpu.sh` runs it beside PyTorch.
//! Weights and inputs are random. The rate is of the median time over a second, the device's work waited for each time.

#![allow(clippy::print_stdout, reason = "its lines are the result")]

use candle_core::{DType, Device, Result, Tensor};
use std::time::{Duration, Instant};
use wardrobe_classify::EfficientNet;
use wardrobe_detect::Yolo;
use wardrobe_embed::{Clip, Variant};
use wardrobe_nn::optim::{AdamW, AdamWConfig, Gradients};
use wardrobe_nn::{Mode, Precision, Rng, VarStore, device, loss};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BATCHES: [usize; 3] = [1, 8, 64];

/// A network ready for inputs.
type Network = Box<dyn Fn(&Tensor) -> Result<()>>;
type Build = fn(Precision, &Device) -> Result<Network>;
type Input = fn(usize, &Device) -> Result<Tensor>;

const MODELS: [(&str, Build, Input); 5] = [
    ("efficientnet_b0", efficientnet, |n, on| photos(n, 224, on)),
    (
        "yolov8n",
        |p, on| yolo(wardrobe_detect::Variant::N, p, on),
        |n, on| photos(n, 640, on),
    ),
    (
        "yolov8s",
        |p, on| yolo(wardrobe_detect::Variant::S, p, on),
        |n, on| photos(n, 640, on),
    ),
    (
        "vit_b32_image",
        |p, on| clip(p, on, |clip, x| clip.image.forward(x, Mode::Eval)),
        |n, on| photos(n, 224, on),
    ),
    (
        "vit_b32_text",
        |p, on| clip(p, on, |clip, x| clip.text.forward(x, Mode::Eval)),
        texts,
    ),
];

fn main() -> Result<()> {
    let filter = std::env::args().nth(1).filter(|arg| !arg.starts_with('-'));
    let filter = filter.unwrap_or_default();
    let on = match device::resolve("cuda") {
        Ok(device) => device,
        Err(error) => {
            println!("skipped: {error}");
            return Ok(());
        }
    };
    for (name, build, input) in MODELS.iter().filter(|model| model.0.contains(&filter)) {
        for precision in [Precision::F32, Precision::Bf16] {
            let network = build(precision, &on)?;
            for batch in BATCHES {
                let precision = format!("{precision:?}").to_lowercase();
                // A card too small for a batch says so; the next may fit.
                match input(batch, &on).and_then(|x| rate(&network, &x, &on)) {
                    Ok(rate) => println!(
                        "{name} {batch} wardrobe-{precision} {:.1}",
                        rate * batch as f64
                    ),
                    Err(error) => println!("{name} {batch} wardrobe-{precision} failed: {error}"),
                }
            }
        }
    }
    if "train".contains(&filter) || filter.contains("train") {
        training("efficientnet_b0", 32, 224, &on)?;
        training("yolov8s", 8, 640, &on)?;
    }
    Ok(())
}

fn photos(batch: usize, side: usize, on: &Device) -> Result<Tensor> {
    Tensor::rand(-1f32, 1.0, (batch, side, side, 3), &Device::Cpu)?.to_device(on)
}

/// Texts of 77 tokens, the most there can be.
fn texts(batch: usize, on: &Device) -> Result<Tensor> {
    let end = Variant::VitB32.config().text.vocabulary as u32 - 1;
    let token = |i: usize| match i % 77 {
        0 => end - 1,
        76 => end,
        i => 320 + i as u32,
    };
    Tensor::from_iter((0..batch * 77).map(token), on)?.reshape((batch, 77))
}

fn efficientnet(precision: Precision, on: &Device) -> Result<Network> {
    let store = VarStore::new(0, DType::F32, on);
    let config = wardrobe_classify::Config::new(1000);
    let network = EfficientNet::new(&config, &Rng::new(0), store.builder())?.fold(precision)?;
    Ok(Box::new(move |x| network.forward(x, Mode::Eval).map(drop)))
}

/// From pixels to the levels' outputs: what its peer in PyTorch computes on the GPU before suppression.
fn yolo(variant: wardrobe_detect::Variant, precision: Precision, on: &Device) -> Result<Network> {
    let store = VarStore::new(0, DType::F32, on);
    let config = wardrobe_detect::Config {
        variant,
        classes: 13,
    };
    let network = Yolo::new(&config, store.builder())?.fold(precision)?;
    Ok(Box::new(move |x| network.forward(x, Mode::Eval).map(drop)))
}

fn clip(
    precision: Precision,
    on: &Device,
    tower: fn(&Clip, &Tensor) -> Result<Tensor>,
) -> Result<Network> {
    let store = VarStore::new(0, DType::F32, on);
    let clip = Clip::new(&Variant::VitB32.config(), store.builder())?.fold(precision)?;
    Ok(Box::new(move |x| tower(&clip, x).map(drop)))
}

/// Passes a second.
fn rate(network: &Network, x: &Tensor, on: &Device) -> Result<f64> {
    const FOR: Duration = Duration::from_secs(1);
    for _ in 0..3 {
        network(x)?;
    }
    on.synchronize()?;
    let (start, mut times) = (Instant::now(), Vec::new());
    while start.elapsed() < FOR || times.len() < 3 {
        let one = Instant::now();
        network(x)?;
        on.synchronize()?;
        times.push(one.elapsed());
    }
    times.sort_unstable();
    Ok(1.0 / times[times.len() / 2].as_secs_f64())
}

/// Photos to the loss.
type Step = Box<dyn Fn(&Tensor) -> Result<Tensor>>;

/// Five steps of AdamW: the median time of the last four, and the most memory in use. YOLOv8's losses here are plain
/// ones over all anchor points, without the assignment of targets, which keeps next to nothing.
fn training(name: &str, batch: usize, side: usize, on: &Device) -> Result<()> {
    let store = VarStore::new(0, DType::F32, on);
    let x = photos(batch, side, on)?;
    let step: Step = match name {
        "yolov8s" => {
            let config = wardrobe_detect::Config {
                variant: wardrobe_detect::Variant::S,
                classes: 13,
            };
            let network = Yolo::new(&config, store.builder())?;
            Box::new(move |x| {
                let mut total = Tensor::zeros((), DType::F32, x.device())?;
                for level in network.forward(x, Mode::Train)? {
                    let targets = level.class_logits.zeros_like()?;
                    let scores =
                        loss::bce_with_logits(&level.class_logits, &targets)?.mean_all()?;
                    total = ((total + scores)? + level.distance_logits.sqr()?.mean_all()?)?;
                }
                Ok(total)
            })
        }
        _ => {
            let config = wardrobe_classify::Config::new(47);
            let network = EfficientNet::new(&config, &Rng::new(0), store.builder())?;
            let targets = Tensor::full(1f32 / 47.0, (batch, 47), on)?;
            Box::new(move |x| loss::cross_entropy(&network.forward(x, Mode::Train)?, &targets))
        }
    };
    let mut optimizer = AdamW::new(store.trainable(), AdamWConfig::default())?;
    device::reset_peak_memory(on)?;
    let mut times = Vec::new();
    for _ in 0..5 {
        let start = Instant::now();
        let mut gradients = Gradients::default();
        gradients.add(&store.trainable(), &step(&x)?.backward()?)?;
        optimizer.step(&gradients, |_| 1e-4)?;
        on.synchronize()?;
        times.push(start.elapsed());
    }
    times.remove(0);
    times.sort_unstable();
    let peak = device::memory(on)?.map_or(0, |(_, peak)| peak >> 20);
    println!(
        "{name} {batch} train-f32 {:.3} s, {peak} MiB at most",
        times[times.len() / 2].as_secs_f64()
    );
    Ok(())
}
