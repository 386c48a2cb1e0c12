//! Non-maximum suppression of one photo's 8,400 anchor points. The networks are in `models.rs`.

use candle_core::{Device, Tensor};
use criterion::{Criterion, criterion_group, criterion_main};
use wardrobe_detect::{Config, Level, Thresholds, candidates, suppress};

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

criterion_group!(benches, suppression);
criterion_main!(benches);
