//! EfficientNet-B0 at 224, images a second at batch 1 and 8, in both precisions. The weights are random: speed does not
//! depend on them.
//!
//! `benches/peers/run.sh` measures PyTorch beside it in the same run.

use candle_core::{DType, Device, Tensor};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use wardrobe_classify::{Config, EfficientNet};
use wardrobe_nn::{Mode, Precision, Rng, VarStore};

fn efficientnet(c: &mut Criterion) {
    let store = VarStore::new(0, DType::F32, &Device::Cpu);
    let network = EfficientNet::new(&Config::new(1000), &Rng::new(0), store.builder()).unwrap();
    let mut group = c.benchmark_group(format!(
        "efficientnet_b0_224/{}_threads",
        rayon::current_num_threads()
    ));
    for precision in [Precision::F32, Precision::fastest()] {
        let network = network.fold(precision).unwrap();
        for batch in [1, 8] {
            let x = Tensor::rand(-1f32, 1.0, (batch, 224, 224, 3), &Device::Cpu).unwrap();
            group.throughput(Throughput::Elements(batch as u64));
            let id = BenchmarkId::new(format!("{precision:?}").to_lowercase(), batch);
            group.bench_with_input(id, &x, |bench, x| {
                bench.iter(|| network.forward(x, Mode::Eval).unwrap());
            });
        }
    }
    group.finish();
}

criterion_group!(benches, efficientnet);
criterion_main!(benches);
