//! A block in training and folded, with padding and without.

use candle_core::{DType, Device, Tensor};
use wardrobe_nn::dropout::Rng;
use wardrobe_nn::packed::Mask;
use wardrobe_nn::transformer::{Block, BlockConfig};
use wardrobe_nn::{Activation, Dropout, Mode, Precision, VarStore};
use wardrobe_testkit::{Random, assert_close};

const CONFIG: BlockConfig = BlockConfig {
    width: 24,
    heads: 3,
    hidden: 40,
    activation: Activation::Gelu,
    mask: Mask::None,
};

fn block() -> Block {
    let store = VarStore::new(1, DType::F32, &Device::Cpu);
    Block::new(CONFIG, store.builder()).unwrap()
}

fn tokens(shape: &[usize]) -> Tensor {
    Random::new(2)
        .tensor(shape, (-2.0, 2.0), DType::F32, &Device::Cpu)
        .unwrap()
}

#[test]
fn a_folded_block_gives_the_same() {
    for mask in [Mask::None, Mask::Causal] {
        let store = VarStore::new(1, DType::F32, &Device::Cpu);
        let block = Block::new(BlockConfig { mask, ..CONFIG }, store.builder()).unwrap();
        let x = tokens(&[2, 5, 24]);
        let plain = block.forward(&x, None, Mode::Eval).unwrap();
        let folded = block.fold(Precision::F32).unwrap();
        assert_close(&folded.forward(&x, None, Mode::Eval).unwrap(), &plain, 1e-5);
    }
}

#[test]
fn padding_is_seen_by_no_token() {
    let x = tokens(&[1, 5, 24]);
    let present = Tensor::new(&[[1u8, 1, 1, 0, 0]], &Device::Cpu).unwrap();
    let padded = block().forward(&x, Some(&present), Mode::Eval).unwrap();
    let short = block()
        .forward(&x.narrow(1, 0, 3).unwrap(), None, Mode::Eval)
        .unwrap();
    assert_close(&padded.narrow(1, 0, 3).unwrap(), &short, 1e-6);
    let folded = block().fold(Precision::F32).unwrap();
    let error = folded.forward(&x, Some(&present), Mode::Eval).unwrap_err();
    assert!(error.to_string().contains("padding"), "{error}");
}

#[test]
fn dropout_is_for_training() {
    let block = block().with_dropout(Dropout::new(0.5, Rng::new(3)));
    let x = tokens(&[1, 4, 24]);
    let still = || block.forward(&x, None, Mode::Eval).unwrap();
    let varied = block.forward(&x, None, Mode::Train).unwrap();
    assert_close(&still(), &still(), 1e-9);
    let difference = (varied - still())
        .unwrap()
        .abs()
        .unwrap()
        .max_all()
        .unwrap();
    assert!(difference.to_scalar::<f32>().unwrap() > 0.01);
}
