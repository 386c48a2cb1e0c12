//! CLIP ViT-B/32, images and texts a second at batch 1 and 8, in both precisions; texts of 77 tokens, the most there can
//! be, and of 12, a usual query's. The weights are random: speed does not depend on them.
//!
//! `benches/peers/run.sh` measures PyTorch beside it in the same run.

use candle_core::{DType, Device, Tensor};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use wardrobe_embed::{Clip, Variant};
use wardrobe_nn::{Mode, Precision, VarStore};

const BATCHES: [usize; 2] = [1, 8];

/// Texts that end with their last token.
fn texts(batch: usize, tokens: usize) -> Tensor {
    let end = Variant::VitB32.config().text.vocabulary as u32 - 1;
    let token = |i: usize| match i % tokens {
        0 => end - 1,
        i if i == tokens - 1 => end,
        i => 320 + i as u32,
    };
    let ids = (0..batch * tokens).map(token);
    let flat = Tensor::from_iter(ids, &Device::Cpu).unwrap();
    flat.reshape((batch, tokens)).unwrap()
}

fn clip(c: &mut Criterion) {
    let store = VarStore::new(0, DType::F32, &Device::Cpu);
    let clip = Clip::new(&Variant::VitB32.config(), store.builder()).unwrap();
    let threads = rayon::current_num_threads();
    for precision in [Precision::F32, Precision::fastest()] {
        let clip = clip.fold(precision).unwrap();
        let name = format!("{precision:?}").to_lowercase();
        let mut group = c.benchmark_group(format!("clip_vit_b_32_image/{threads}_threads"));
        for batch in BATCHES {
            let x = Tensor::rand(-1f32, 1.0, (batch, 224, 224, 3), &Device::Cpu).unwrap();
            group.throughput(Throughput::Elements(batch as u64));
            group.bench_with_input(BenchmarkId::new(&name, batch), &x, |bench, x| {
                bench.iter(|| clip.image.forward(x, Mode::Eval).unwrap());
            });
        }
        group.finish();
        for tokens in [77, 12] {
            let group = format!("clip_vit_b_32_text_{tokens}/{threads}_threads");
            let mut group = c.benchmark_group(group);
            for batch in BATCHES {
                let x = texts(batch, tokens);
                group.throughput(Throughput::Elements(batch as u64));
                group.bench_with_input(BenchmarkId::new(&name, batch), &x, |bench, x| {
                    bench.iter(|| clip.text.forward(x, Mode::Eval).unwrap());
                });
            }
            group.finish();
        }
    }
}

criterion_group!(benches, clip);
criterion_main!(benches);
