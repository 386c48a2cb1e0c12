//! YOLOv8 n and s at 640, images a second at batch 1 and 8, in both precisions, and non-maximum suppression of one
//! photo's 8,400 anchor points. The weights are random: speed does not depend on them.
//!
//! A batch of 8 runs either as one tensor or as an image a task, which is how `Detector::detect_batch` runs it.

use candle_core::{DType, Device, Tensor};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rayon::prelude::*;
use wardrobe_detect::{Config, Level, Thresholds, Variant, Yolo, candidates, suppress};
use wardrobe_nn::{Mode, Precision, VarStore};

fn yolo(c: &mut Criterion, variant: Variant) {
    let store = VarStore::new(0, DType::F32, &Device::Cpu);
    let config = Config {
        variant,
        classes: 13,
    };
    let network = Yolo::new(&config, store.builder()).unwrap();
    let mut group = c.benchmark_group(format!(
        "yolov8{variant}_640/{}_threads",
        rayon::current_num_threads()
    ));
    group.sample_size(10);
    for precision in [Precision::F32, Precision::fastest()] {
        let network = network.fold(precision).unwrap();
        let name = format!("{precision:?}").to_lowercase();
        for batch in [1, 8] {
            let x = Tensor::rand(0f32, 1.0, (batch, 640, 640, 3), &Device::Cpu).unwrap();
            group.throughput(Throughput::Elements(batch as u64));
            group.bench_with_input(BenchmarkId::new(&name, batch), &x, |bench, x| {
                bench.iter(|| network.forward(x, Mode::Eval).unwrap());
            });
        }
        let x = Tensor::rand(0f32, 1.0, (1, 640, 640, 3), &Device::Cpu).unwrap();
        group.bench_with_input(BenchmarkId::new(name, "8_tasks"), &x, |bench, x| {
            let one = |_| network.forward(x, Mode::Eval).unwrap();
            bench.iter(|| (0..8).into_par_iter().map(one).collect::<Vec<_>>());
        });
    }
    group.finish();
}

fn networks(c: &mut Criterion) {
    yolo(c, Variant::N);
    yolo(c, Variant::S);
}

/// What a network might say of a crowded photo: at 13 classes, a tenth of the anchor points see something.
fn outputs() -> Vec<Level> {
    let normal = |mean: f32, deviation: f32, shape: (usize, usize, usize, usize)| {
        Tensor::randn(mean, deviation, shape, &Device::Cpu).unwrap()
    };
    let level = |stride: usize| {
        let side = 640 / stride;
        Level {
            stride,
            distance_logits: normal(0.0, 2.0, (1, side, side, 4 * Config::REG_MAX)),
            class_logits: normal(-6.0, 2.0, (1, side, side, 13)),
        }
    };
    Config::STRIDES.map(level).into()
}

fn suppression(c: &mut Criterion) {
    let levels = outputs();
    let mut group = c.benchmark_group("suppression_8400_anchors_13_classes");
    for (name, thresholds) in [
        ("detecting", Thresholds::default()),
        ("measuring", Thresholds::measuring()),
    ] {
        let found = candidates(&levels, 0, &thresholds).unwrap();
        let kept = thresholds.select(&found).len();
        eprintln!("{name}: {} candidates, {kept} detections", found.len());
        group.bench_function(name, |bench| {
            bench.iter(|| thresholds.select(&candidates(&levels, 0, &thresholds).unwrap()));
        });
    }
    // Every anchor point a candidate, and no limit at which to stop early.
    let all = Thresholds {
        confidence: 0.0,
        ..Thresholds::default()
    };
    let all = candidates(&levels, 0, &all).unwrap();
    let kept = suppress(&all, 0.7, usize::MAX, usize::MAX).len();
    eprintln!("all: {} candidates, {kept} detections", all.len());
    for (name, most) in [("all_anchors", 300), ("all_anchors_no_limit", usize::MAX)] {
        group.bench_function(name, |bench| {
            bench.iter(|| suppress(&all, 0.7, most, usize::MAX));
        });
    }
    group.finish();
}

criterion_group!(benches, suppression, networks);
criterion_main!(benches);
