//! A training step of the networks that users train, photos a second and the most memory that tensors took at once:
//! `model batch runtime rate peak-MB` lines. Compare with PyTorch's on the same threads: `benches/peers/training.py`.
//!
//! `cargo bench -p wardrobe-benches --bench training [-- FILTER]`; RAYON_NUM_THREADS sets the threads. Weights and inputs
//! are random: speed does not depend on them. A step is forward, backward, clipping and the optimiser, the photos at
//! hand; the rate is of the median of the steps that fit in ten seconds, three at least.

#![allow(clippy::print_stdout, reason = "its lines are the result")]

use candle_core::{DType, Device, Result, Tensor};
use std::alloc::{GlobalAlloc, Layout};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};
use wardrobe_classify::{Config, EfficientNet};
use wardrobe_detect::{Variant, Yolo};
use wardrobe_nn::optim::{AdamW, AdamWConfig, Gradients};
use wardrobe_nn::{Mode, Rng, VarStore, loss};
use wardrobe_train::tasks::detect::{assign::Target, loss::Gains, loss::detection_losses};
use wardrobe_types::BoxXyxy;

/// The program's allocator, counting.
struct Counting(mimalloc::MiMalloc);

static IN_USE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: all is left to the allocator within.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = IN_USE.fetch_add(layout.size(), Relaxed) + layout.size();
        PEAK.fetch_max(now, Relaxed);
        // SAFETY: as the caller promises.
        unsafe { self.0.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as the caller promises.
        unsafe { self.0.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting(mimalloc::MiMalloc);

/// A network and its loss on a batch.
struct Training {
    name: &'static str,
    batch: usize,
    store: VarStore,
    loss: Box<dyn Fn() -> Result<Tensor>>,
}

type Build = fn() -> Result<Training>;

fn main() -> Result<()> {
    let filter = std::env::args()
        .nth(1)
        .filter(|arg| !arg.starts_with('-'))
        .unwrap_or_default();
    let all: [(&str, Build); 3] = [
        ("efficientnet_b0", || efficientnet(32, 224)),
        ("yolov8n", || yolo("yolov8n", Variant::N, 8, 640)),
        ("yolov8s", || yolo("yolov8s", Variant::S, 8, 640)),
    ];
    for (_, build) in all.iter().filter(|(name, _)| name.contains(&filter)) {
        measure(&build()?)?;
    }
    Ok(())
}

fn measure(training: &Training) -> Result<()> {
    const FOR: Duration = Duration::from_secs(10);
    let mut optimizer = AdamW::new(training.store.trainable(), AdamWConfig::default())?;
    let mut step = || -> Result<()> {
        let loss = (training.loss)()?;
        let mut gradients = Gradients::default();
        gradients.add(&training.store.trainable(), &loss.backward()?)?;
        gradients.clip(10.0);
        optimizer.step(&gradients, |_| 1e-4)
    };
    step()?;
    PEAK.store(IN_USE.load(Relaxed), Relaxed);
    let (start, mut times) = (Instant::now(), Vec::new());
    while start.elapsed() < FOR || times.len() < 3 {
        let one = Instant::now();
        step()?;
        times.push(one.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    let rate = training.batch as f64 / times[times.len() / 2];
    let peak = PEAK.load(Relaxed) / 1_000_000;
    println!(
        "{} {} wardrobe-f32 {rate:.2} {peak}",
        training.name, training.batch
    );
    Ok(())
}

fn efficientnet(batch: usize, side: usize) -> Result<Training> {
    let store = VarStore::new(0, DType::F32, &Device::Cpu);
    let network = EfficientNet::new(&Config::new(47), &Rng::new(0), store.builder())?;
    let x = Tensor::randn(0f32, 1.0, (batch, side, side, 3), &Device::Cpu)?;
    let labels: Vec<f32> = (0..batch * 47)
        .map(|i| f32::from(u8::from(i / 47 == i % 47)))
        .collect();
    let labels = Tensor::from_vec(labels, (batch, 47), &Device::Cpu)?;
    let loss = move || loss::cross_entropy(&network.forward(&x, Mode::Train)?, &labels);
    Ok(Training {
        name: "efficientnet_b0",
        batch,
        store,
        loss: Box::new(loss),
    })
}

/// Five garments a photo.
fn yolo(name: &'static str, variant: Variant, batch: usize, side: usize) -> Result<Training> {
    let store = VarStore::new(0, DType::F32, &Device::Cpu);
    let network = Yolo::new(
        &wardrobe_detect::Config {
            variant,
            classes: 13,
        },
        store.builder(),
    )?;
    let x = Tensor::rand(0f32, 1.0, (batch, side, side, 3), &Device::Cpu)?;
    let garment = |i: usize| {
        let at = 20.0 + 80.0 * i as f32;
        Target {
            class: i,
            bbox: BoxXyxy {
                x0: at,
                y0: at,
                x1: at + 150.0,
                y1: at + 200.0,
            },
        }
    };
    let targets: Vec<Vec<Target>> = (0..batch).map(|_| (0..5).map(garment).collect()).collect();
    let loss = move || {
        let levels = network.forward(&x, Mode::Train)?;
        detection_losses(&levels, &targets)
            .and_then(|losses| losses.total(&Gains::default()))
            .map_err(candle_core::Error::wrap)
    };
    Ok(Training {
        name,
        batch,
        store,
        loss: Box::new(loss),
    })
}
