//! Towers of small, lopsided sizes: folded against plain, one at a time against together, gradients, bad input.

use candle_core::{DType, Device, Result, Tensor};
use wardrobe_embed::{Clip, ClipConfig, ImageConfig, TextConfig, TransformerConfig};
use wardrobe_nn::{Activation, Mode, Precision, VarStore};
use wardrobe_testkit::{Random, assert_close};

const DEVICE: Device = Device::Cpu;

fn config(activation: Activation) -> ClipConfig {
    ClipConfig {
        dimension: 10,
        activation,
        image: ImageConfig {
            size: 12,
            patch: 4,
            transformer: TransformerConfig {
                width: 36,
                layers: 2,
                heads: 3,
            },
        },
        text: TextConfig {
            context: 9,
            vocabulary: 40,
            transformer: TransformerConfig {
                width: 20,
                layers: 3,
                heads: 2,
            },
        },
    }
}

fn clip(activation: Activation, dtype: DType) -> (VarStore, Clip) {
    let store = VarStore::new(5, dtype, &DEVICE);
    let clip = Clip::new(&config(activation), store.builder()).unwrap();
    // Biases and norms start at constants, which would hide where they go.
    let mut random = Random::new(6);
    for (name, var) in store.vars() {
        let lively = random
            .tensor(var.dims(), (-0.3, 0.3), dtype, &DEVICE)
            .unwrap();
        if name.ends_with("bias") || name.contains("norm") {
            var.set(&(var.as_tensor() + lively).unwrap()).unwrap();
        }
    }
    (store, clip)
}

fn images(n: usize) -> Tensor {
    Random::new(7)
        .tensor(&[n, 12, 12, 3], (-2.0, 2.0), DType::F32, &DEVICE)
        .unwrap()
}

/// 39 ends a text.
fn texts() -> Tensor {
    let rows: [[u32; 7]; 4] = [
        [38, 3, 17, 39, 0, 0, 0],
        [38, 39, 0, 0, 0, 0, 0],
        [38, 1, 2, 3, 4, 5, 39],
        [38, 21, 39, 39, 7, 8, 9],
    ];
    Tensor::new(&rows, &DEVICE).unwrap()
}

#[test]
fn folded_towers_are_the_plain_ones() {
    for activation in [Activation::Gelu, Activation::QuickGelu] {
        let (_, clip) = clip(activation, DType::F32);
        let folded = clip.fold(Precision::F32).unwrap();
        let image = |clip: &Clip| clip.image.forward(&images(3), Mode::Eval).unwrap();
        let text = |clip: &Clip| clip.text.forward(&texts(), Mode::Eval).unwrap();
        assert_eq!(image(&folded).dims(), [3, 10]);
        assert_close(&image(&folded), &image(&clip), 1e-5);
        assert_close(&text(&folded), &text(&clip), 1e-5);
        // Folding what is folded changes nothing.
        let again = folded.fold(Precision::F32).unwrap();
        assert_close(&image(&again), &image(&folded), 0.0);
        if Precision::fastest() == Precision::Bf16 {
            let folded = clip.fold(Precision::Bf16).unwrap();
            assert_eq!(image(&folded).dtype(), DType::F32);
            assert_close(&image(&folded), &image(&clip), 0.03);
            assert_close(&text(&folded), &text(&clip), 0.03);
        }
    }
}

#[test]
fn a_batch_is_its_members() {
    let (_, clip) = clip(Activation::Gelu, DType::F32);
    let clip = clip.fold(Precision::F32).unwrap();
    let (images, texts) = (images(4), texts());
    let together = clip.image.forward(&images, Mode::Eval).unwrap();
    let together_text = clip.text.forward(&texts, Mode::Eval).unwrap();
    for i in 0..4 {
        let alone = clip
            .image
            .forward(&images.narrow(0, i, 1).unwrap(), Mode::Eval)
            .unwrap();
        assert_close(&alone, &together.narrow(0, i, 1).unwrap(), 1e-6);
        let alone = clip
            .text
            .forward(&texts.narrow(0, i, 1).unwrap(), Mode::Eval)
            .unwrap();
        assert_close(&alone, &together_text.narrow(0, i, 1).unwrap(), 1e-6);
    }
    let none = clip
        .image
        .forward(&images.narrow(0, 0, 0).unwrap(), Mode::Eval)
        .unwrap();
    assert_eq!(none.dims(), [0, 10]);
    let none = clip
        .text
        .forward(&texts.narrow(0, 0, 0).unwrap(), Mode::Eval)
        .unwrap();
    assert_eq!(none.dims(), [0, 10]);
}

#[test]
fn what_lies_behind_the_end_of_a_text_does_not_matter() {
    let (_, clip) = clip(Activation::Gelu, DType::F32);
    let padded = Tensor::new(&[[38u32, 5, 39, 0, 0]], &DEVICE).unwrap();
    let noise = Tensor::new(&[[38u32, 5, 39, 11, 12]], &DEVICE).unwrap();
    let short = Tensor::new(&[[38u32, 5, 39]], &DEVICE).unwrap();
    let other = Tensor::new(&[[38u32, 6, 39]], &DEVICE).unwrap();
    for clip in [clip.clone(), clip.fold(Precision::F32).unwrap()] {
        let features = |tokens| {
            clip.text
                .forward(tokens, Mode::Eval)
                .unwrap()
                .to_vec2::<f32>()
        };
        assert_eq!(features(&padded).unwrap(), features(&short).unwrap());
        assert_eq!(features(&noise).unwrap(), features(&short).unwrap());
        assert_ne!(features(&other).unwrap(), features(&short).unwrap());
    }
}

#[test]
fn every_parameter_learns_and_gradients_are_finite_differences() -> Result<()> {
    let (store, clip) = clip(Activation::Gelu, DType::F64);
    let images = images(2).to_dtype(DType::F64)?;
    let texts = texts().narrow(0, 0, 2)?;
    let loss = || -> Result<Tensor> {
        let image = clip.image.forward(&images, Mode::Train)?;
        let text = clip.text.forward(&texts, Mode::Train)?;
        let logits = image
            .matmul(&text.t()?)?
            .broadcast_mul(&clip.logit_scale().exp()?)?;
        (logits / 50.0)?.sqr()?.mean_all()
    };
    let gradients = loss()?.backward()?;
    for (name, var) in store.vars() {
        let gradient = gradients
            .get(&var)
            .unwrap_or_else(|| panic!("{name} has no gradient"));
        // Along the gradient the loss rises by its length.
        let length = gradient.sqr()?.sum_all()?.sqrt()?.to_scalar::<f64>()?;
        assert!(length > 0.0, "{name}");
        let (value, step) = (var.as_tensor().copy()?, 1e-5);
        let at = |shift: f64| -> Result<f64> {
            var.set(&(&value + (gradient * (shift / length))?)?)?;
            loss()?.to_scalar()
        };
        let slope = (at(step)? - at(-step)?) / (2.0 * step);
        var.set(&value)?;
        assert!(
            (slope / length - 1.0).abs() < 1e-3,
            "{name}: {slope} along a gradient of {length}"
        );
    }
    Ok(())
}

#[test]
fn what_cannot_work_is_an_error() {
    let (_, clip) = clip(Activation::Gelu, DType::F32);
    let folded = clip.fold(Precision::F32).unwrap();
    let message = |result: Result<Tensor>| result.unwrap_err().to_string();
    let image = |shape: &[usize]| {
        let x = Tensor::zeros(shape, DType::F32, &DEVICE).unwrap();
        message(clip.image.forward(&x, Mode::Eval))
    };
    assert!(image(&[1, 12, 16, 3]).contains("expected images (n, 12, 12, 3), got [1, 12, 16, 3]"));
    assert!(image(&[1, 3, 12, 12]).contains("got [1, 3, 12, 12]"));
    let text = |tokens: &[u32]| {
        let tokens = Tensor::new(tokens, &DEVICE).unwrap().unsqueeze(0).unwrap();
        message(clip.text.forward(&tokens, Mode::Eval))
    };
    assert!(text(&[38, 40, 39]).contains("there is no token 40"));
    assert!(text(&[1; 10]).contains("texts of 1 to 9 tokens, got [1, 10]"));
    assert!(text(&[]).contains("got [1, 0]"));
    assert!(message(folded.image.forward(&images(1), Mode::Train)).contains("cannot be trained"));
    assert!(message(folded.text.forward(&texts(), Mode::Train)).contains("cannot be trained"));

    let build = |config: ClipConfig| {
        let store = VarStore::new(0, DType::F32, &DEVICE);
        Clip::new(&config, store.builder()).unwrap_err().to_string()
    };
    let mut wrong = config(Activation::Gelu);
    wrong.image.patch = 5;
    assert!(build(wrong).contains("12 pixels is no multiple of patches of 5"));
    let mut wrong = config(Activation::Gelu);
    wrong.text.transformer.heads = 3;
    assert!(build(wrong).contains("20 is no multiple of 3 heads"));
}
