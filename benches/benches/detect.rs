//! YOLOv8 n and s at 640, images a second at batch 1 and 8, in both precisions, and non-maximum suppression of one
//! photo's 8,400 anchor points. The weights are random: speed does not depend on them.
//!
//! A batch of 8 runs either as one tensor or as an image a task, which is how `Detector::detect_batch` runs it.

use candle_core::{DType, Device, Tensor};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rayon::prelude::*;
use wardrobe_detect::{Config, Variant, Yolo};
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

criterion_group!(benches, networks);
criterion_main!(benches);
