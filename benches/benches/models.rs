//! The networks whole, images a second at batch 1 and 8, in f32 and in the fastest precision: one line each, `model batch
//! runtime rate`, as `benches/peers/run.sh` reads them beside its peers'.
//!
//! `cargo bench -p wardrobe-benches --bench models [-- FILTER]`; RAYON_NUM_THREADS sets the threads. Weights and inputs are
//! random: speed does not depend on them. The rate is of the median time over two seconds.

#![allow(clippy::print_stdout)] // its lines are the result

use candle_core::{DType, Device, Result, Tensor};
use std::time::{Duration, Instant};
use wardrobe_classify::{Config, EfficientNet};
use wardrobe_nn::{Mode, Precision, Rng, VarStore};

// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A network ready for inputs.
type Network = Box<dyn Fn(&Tensor) -> Result<Tensor>>;

struct Model {
    name: &'static str,
    build: fn(Precision) -> Result<Network>,
    /// (batch) -> an input
    input: fn(usize) -> Result<Tensor>,
}

const MODELS: [Model; 1] = [Model {
    name: "efficientnet_b0",
    build: efficientnet,
    input: |batch| photos(batch, 224),
}];

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

fn efficientnet(precision: Precision) -> Result<Network> {
    let store = VarStore::new(0, DType::F32, &Device::Cpu);
    let network = EfficientNet::new(&Config::new(1000), &Rng::new(0), store.builder())?;
    let network = network.fold(precision)?;
    Ok(Box::new(move |x| network.forward(x, Mode::Eval)))
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
