//! A network of two layers learns what no single one can: when exactly one of two inputs is on.
//!
//! `cargo run --release -p wardrobe-examples --example nn`
#![allow(clippy::print_stdout, reason = "an example shows its results")]

use candle_core::{DType, Device, Result, Tensor};
use wardrobe_nn::loss::cross_entropy;
use wardrobe_nn::optim::{AdamW, AdamWConfig, Gradients};
use wardrobe_nn::{Linear, VarStore};

fn main() -> Result<()> {
    let store = VarStore::new(7, DType::F32, &Device::Cpu); // the seed that parameters are drawn from
    let hidden = Linear::new(2, 8, store.builder().pp("hidden"))?;
    let output = Linear::new(8, 2, store.builder().pp("output"))?;
    let logits = |x: &Tensor| output.forward(&hidden.forward(x)?.silu()?);

    let inputs = [[0.0_f32, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
    let x = Tensor::new(&inputs, &Device::Cpu)?;
    // A probability for each of two classes, off and on.
    let (off, on) = ([1.0_f32, 0.0], [0.0, 1.0]);
    let truth = Tensor::new(&[off, on, on, off], &Device::Cpu)?;

    let parameters = store.trainable();
    let mut optimiser = AdamW::new(parameters.clone(), AdamWConfig::default())?;
    for step in 0..=200 {
        let loss = cross_entropy(&logits(&x)?, &truth)?;
        let mut gradients = Gradients::default();
        gradients.add(&parameters, &loss.backward()?)?;
        gradients.clip(5.0);
        optimiser.step(&gradients, |_| 0.02)?;
        if step % 50 == 0 {
            println!("step {step}: loss {:.4}", loss.to_scalar::<f32>()?);
        }
    }
    let answers = logits(&x)?.argmax(1)?.to_vec1::<u32>()?;
    for (input, answer) in inputs.iter().zip(answers) {
        println!("{input:?} -> {answer}");
    }
    Ok(())
}
