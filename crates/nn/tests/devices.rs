//! Every operator on every device, values and gradients, held to the same operator on the CPU in f64. (That one is held
//! to plain loops and finite differences by the tests beside this one.)

mod common;

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_nn::VarBuilder;
use common::{ACTIVATIONS, geometry};
use std::collections::HashMap;
use wardrobe_nn::loss;
use wardrobe_nn::ops::{self, AttentionMask, ConvGeometry};
use wardrobe_nn::packed::{self, Mask, PackedConv, PackedDepthwise};
use wardrobe_nn::{ConvConfig, ConvNormAct, Mode, Precision, SqueezeExcite};
use wardrobe_testkit::{Random, assert_close, max_rel_err, on_every_device};

/// The value, and the gradients of its sum under fixed weights.
fn values_and_gradients(
    inputs: &[Tensor],
    function: impl Fn(&[Tensor]) -> Result<Tensor>,
) -> Result<Vec<Tensor>> {
    let vars: Vec<Var> = inputs.iter().map(Var::from_tensor).collect::<Result<_>>()?;
    let tensors: Vec<Tensor> = vars.iter().map(|var| var.as_tensor().clone()).collect();
    let y = function(&tensors)?;
    let weights = Random::new(99).tensor(y.dims(), (-1.0, 1.0), DType::F32, &Device::Cpu)?;
    let weights = weights.to_dtype(y.dtype())?.to_device(y.device())?;
    let gradients = (&y * weights)?.sum_all()?.backward()?;
    let mut all = vec![y];
    all.extend(vars.iter().filter_map(|var| gradients.get(var).cloned()));
    Ok(all)
}

/// `function` of random inputs of these shapes in f32 and f64 on `device`.
fn check(
    device: &Device,
    seed: u64,
    shapes: &[&[usize]],
    function: impl Fn(&[Tensor]) -> Result<Tensor>,
) {
    let random = &mut Random::new(seed);
    let draw = |shape: &&[usize]| random.tensor(shape, (-1.0, 1.0), DType::F32, &Device::Cpu);
    let inputs: Vec<Tensor> = shapes.iter().map(draw).collect::<Result<_>>().unwrap();
    let moved = |dtype: DType, device: &Device| -> Vec<Tensor> {
        let moved = inputs.iter().map(|x| x.to_dtype(dtype)?.to_device(device));
        moved.collect::<Result<_>>().unwrap()
    };
    let expected = values_and_gradients(&moved(DType::F64, &Device::Cpu), &function).unwrap();
    for (dtype, tolerance) in [(DType::F32, 2e-5), (DType::F64, 1e-11)] {
        let got = values_and_gradients(&moved(dtype, device), &function).unwrap();
        assert_eq!(got.len(), expected.len(), "gradients");
        for (got, expected) in got.iter().zip(&expected) {
            assert_eq!(got.dtype(), dtype);
            assert_close(got, expected, tolerance);
        }
    }
}

/// Large enough for several blocks of threads and chunks of rows, and lopsided.
const IMAGES: [&[usize]; 3] = [&[2, 19, 23, 37], &[3, 6, 5, 130], &[1, 70, 41, 3]];

fn geometries() -> [ConvGeometry; 6] {
    [
        geometry(1, 1, 0),
        geometry(1, 2, 0),
        geometry(3, 1, 1),
        geometry(3, 2, 1),
        geometry(5, 2, 2),
        ConvGeometry {
            dilation: 2,
            ..geometry(3, 1, 2)
        },
    ]
}

on_every_device! {
    fn conv2d(device: &Device) {
        for (seed, g) in geometries().into_iter().enumerate() {
            for x in IMAGES {
                let weight = [9, x[3], g.kernel, g.kernel];
                check(device, seed as u64, &[x, &weight], |t| ops::conv2d(&t[0], &t[1], g));
            }
        }
        check(device, 7, &[&[2, 9, 7, 6], &[8, 3, 3, 3]], |t| {
            ops::conv2d_grouped(&t[0], &t[1], geometry(3, 2, 1), 2)
        });
    }

    fn depthwise_conv2d(device: &Device) {
        for (seed, g) in geometries().into_iter().enumerate() {
            for x in IMAGES {
                let weight = [x[3], 1, g.kernel, g.kernel];
                check(device, seed as u64, &[x, &weight], |t| {
                    ops::depthwise_conv2d(&t[0], &t[1], g)
                });
            }
        }
    }

    fn pools(device: &Device) {
        for (seed, x) in IMAGES.into_iter().enumerate() {
            let seed = seed as u64;
            for g in [geometry(2, 2, 0), geometry(5, 1, 2), geometry(3, 2, 1)] {
                check(device, seed, &[x], |t| ops::max_pool2d(&t[0], g));
                check(device, seed, &[x], |t| ops::avg_pool2d(&t[0], g));
            }
            check(device, seed, &[x], |t| ops::global_avg_pool(&t[0]));
        }
    }

    fn upsample(device: &Device) {
        for factor in [1, 2, 3] {
            check(device, 1, &[&[2, 5, 7, 33]], |t| ops::upsample_nearest(&t[0], factor));
        }
    }

    fn norms(device: &Device) {
        for x in [&[3usize, 50, 96][..], &[7, 5], &[2, 3, 1030]] {
            let c = &x[x.len() - 1..];
            check(device, 1, &[x, c, c], |t| ops::layer_norm(&t[0], &t[1], &t[2], 1e-5));
        }
        for activation in ACTIVATIONS {
            for x in IMAGES {
                let c = &x[3..];
                check(device, 2, &[x, c, c], |t| {
                    Ok(ops::batch_norm_train(&t[0], &t[1], &t[2], 1e-3, activation)?.0)
                });
                check(device, 3, &[x, c, c, c, c], |t| {
                    let var = (t[4].abs()? + 0.5)?;
                    let statistics = [&t[3].detach(), &var.detach()];
                    ops::batch_norm_frozen(&t[0], [&t[1], &t[2]], statistics, 1e-3, activation)
                });
            }
        }
    }

    fn softmax_and_attention(device: &Device) {
        for x in [&[3usize, 5, 77][..], &[4, 1000], &[9, 1]] {
            check(device, 1, &[x], |t| ops::softmax(&t[0]));
        }
        for (causal, padded) in [(false, false), (true, false), (false, true), (true, true)] {
            let (n, s, width) = (3, 33, 4 * 24);
            check(device, 2, &[&[n, s, width][..]; 3], |t| {
                let seen: Vec<u8> = (0..n * s).map(|i| (i % s < 5 + 9 * (i / s)).into()).collect();
                let seen = Tensor::from_vec(seen, (n, s), t[0].device())?;
                let mask = AttentionMask { causal, keys: padded.then_some(&seen) };
                ops::attention(&t[0], &t[1], &t[2], 4, mask)
            });
        }
        check(device, 3, &[&[2, 9, 40], &[2, 21, 40], &[2, 21, 40]], |t| {
            ops::attention(&t[0], &t[1], &t[2], 2, AttentionMask::default())
        });
    }

    fn value_by_value(device: &Device) {
        for activation in ACTIVATIONS {
            check(device, 1, &[&[3, 1001]], |t| ops::activate(&t[0], activation));
        }
        check(device, 2, &[&[5, 77]], |t| ops::atan(&t[0]));
        for x in IMAGES {
            check(device, 3, &[x, &[x[0], x[3]]], |t| ops::scale_channels(&t[0], &t[1]));
            let keep: Vec<f32> = (0..x[0]).map(|i| i as f32 * 1.25).collect();
            check(device, 4, &[x, x], |t| ops::residual_add(&t[0], &t[1], &keep));
        }
    }

    fn losses(device: &Device) {
        check(device, 1, &[&[6, 13], &[6, 13]], |t| {
            let targets = ops::activate(&t[1].detach(), ops::Activation::Sigmoid)?;
            loss::bce_with_logits(&t[0], &targets)
        });
    }

    fn running_statistics(device: &Device) {
        let store = wardrobe_nn::VarStore::new(3, DType::F32, device);
        let on_cpu = wardrobe_nn::VarStore::new(3, DType::F32, &Device::Cpu);
        let config = ConvConfig { kernel: 3, stride: 2, ..ConvConfig::new(5, 19) };
        let random = &mut Random::new(5);
        let x = random.tensor(&[2, 9, 12, 5], (-1.0, 1.0), DType::F32, &Device::Cpu).unwrap();
        for (store, device) in [(&store, device), (&on_cpu, &Device::Cpu)] {
            let conv = ConvNormAct::new(config, 1e-5, ops::Activation::Silu, store.builder()).unwrap();
            conv.forward(&x.to_device(device).unwrap(), Mode::Train).unwrap();
        }
        for (name, expected) in on_cpu.tensors().unwrap() {
            assert_close(&store.tensors().unwrap()[&name], &expected, 1e-5);
        }
    }

    fn folded_convolutions(device: &Device) {
        let random = &mut Random::new(6);
        let mut draw = |shape: &[usize]| random.tensor(shape, (-1.0, 1.0), DType::F32, &Device::Cpu).unwrap();
        for g in geometries() {
            for c in [3, 16] {
                let (x, weight, bias) =
                    (draw(&[2, 11, 14, c]), draw(&[10, c, g.kernel, g.kernel]), draw(&[10]));
                let expected = ops::conv2d(&x, &weight, g).unwrap().broadcast_add(&bias).unwrap();
                let residual = draw(expected.dims());
                for activation in ACTIVATIONS {
                    let expected = (ops::activate(&expected, activation).unwrap() + &residual).unwrap();
                    packed_is(device, &expected, |precision| {
                        let on = |t: &Tensor| t.to_device(device);
                        let conv =
                            PackedConv::new(&on(&weight)?, Some(&on(&bias)?), g, activation, precision)?;
                        let (x, half) = (on(&x)?.to_dtype(precision.dtype())?, c / 2);
                        let parts = [x.narrow(3, 0, half)?, x.narrow(3, half, c - half)?];
                        let joined = conv.forward_cat(&[&parts[0], &parts[1]])?;
                        assert_eq!(joined.dtype(), precision.dtype());
                        let residual = on(&residual)?;
                        let whole = conv.forward_add(&x, &residual)?;
                        assert!(max_rel_err(&(joined + residual.to_dtype(whole.dtype())?)?, &whole).unwrap() < 0.02);
                        Ok(whole)
                    });
                }
            }
        }
    }

    fn folded_depthwise_convolutions(device: &Device) {
        let random = &mut Random::new(8);
        let mut draw = |shape: &[usize]| random.tensor(shape, (-1.0, 1.0), DType::F32, &Device::Cpu).unwrap();
        for g in geometries() {
            let (x, weight, bias) =
                (draw(&[2, 11, 14, 37]), draw(&[37, 1, g.kernel, g.kernel]), draw(&[37]));
            let expected = ops::depthwise_conv2d(&x, &weight, g).unwrap().broadcast_add(&bias).unwrap();
            let expected = ops::activate(&expected, ops::Activation::Silu).unwrap();
            let mean = ops::global_avg_pool(&expected).unwrap();
            packed_is(device, &expected, |precision| {
                let on = |t: &Tensor| t.to_device(device);
                let silu = ops::Activation::Silu;
                let conv = PackedDepthwise::new(&on(&weight)?, &on(&bias)?, g, silu, precision)?;
                let (y, got) = conv.forward_with_mean(&on(&x)?)?;
                assert_eq!((y.dtype(), got.dtype()), (precision.dtype(), DType::F32));
                assert!(max_rel_err(&got, &mean).unwrap() < 0.02);
                Ok(y)
            });
        }
    }

    fn between_folded_convolutions(device: &Device) {
        let random = &mut Random::new(9);
        let mut draw = |shape: &[usize]| random.tensor(shape, (-1.0, 1.0), DType::F32, &Device::Cpu).unwrap();
        let (x, gate) = (draw(&[2, 9, 8, 37]), draw(&[2, 37]));
        let on = |t: &Tensor, precision: Precision| t.to_device(device)?.to_dtype(precision.dtype());
        let open = ops::activate(&gate, ops::Activation::Sigmoid).unwrap();
        packed_is(device, &ops::scale_channels(&x, &open).unwrap(), |p| {
            packed::gate_pixels(on(&x, p)?.copy()?, &gate.to_device(device)?)
        });
        packed_is(device, &ops::max_pool2d(&x, geometry(5, 1, 2)).unwrap(), |p| {
            packed::max_pixels(&on(&x, p)?, 5)
        });
        packed_is(device, &ops::upsample_nearest(&x, 2).unwrap(), |p| {
            packed::double_pixels(&on(&x, p)?)
        });
        packed_is(device, &ops::global_avg_pool(&x).unwrap(), |p| packed::mean_pixels(&on(&x, p)?));
        let (rows, weight, bias) = (draw(&[2, 50, 96]), draw(&[96]), draw(&[96]));
        packed_is(device, &ops::layer_norm(&rows, &weight, &bias, 1e-5).unwrap(), |p| {
            let (weight, bias) = (weight.to_device(device)?, bias.to_device(device)?);
            packed::layer_norm(&on(&rows, p)?, &weight, &bias, 1e-5, p.dtype())
        });
        let qkv = draw(&[2, 50, 3 * 96]);
        for mask in [Mask::None, Mask::Causal] {
            let part = |i: usize| qkv.narrow(2, i * 96, 96).unwrap();
            let plain = AttentionMask { causal: mask == Mask::Causal, keys: None };
            let expected = ops::attention(&part(0), &part(1), &part(2), 4, plain).unwrap();
            packed_is(device, &expected, |p| packed::attention(&on(&qkv, p)?, 4, mask));
        }
    }

    fn squeeze_excitation(device: &Device) {
        let random = &mut Random::new(10);
        let mut draw = |shape: &[usize]| random.tensor(shape, (-1.0, 1.0), DType::F32, &Device::Cpu).unwrap();
        let parameters: HashMap<String, Tensor> = [
            ("fc1.weight", draw(&[6, 24])),
            ("fc1.bias", draw(&[6])),
            ("fc2.weight", draw(&[24, 6])),
            ("fc2.bias", draw(&[24])),
        ]
        .map(|(name, tensor)| (name.to_owned(), tensor))
        .into();
        let x = draw(&[2, 7, 5, 24]);
        let build = |device: &Device| {
            let vb = VarBuilder::from_tensors(parameters.clone(), DType::F32, device);
            SqueezeExcite::new(24, 6, vb)
        };
        let expected = build(&Device::Cpu).unwrap().forward(&x).unwrap();
        packed_is(device, &expected, |precision| {
            let x = x.to_device(device)?.to_dtype(precision.dtype())?;
            build(device)?.fold()?.forward_mean(x.copy()?, &packed::mean_pixels(&x)?)
        });
    }
}

/// A folded layer's result in f32 and, where the device multiplies it, bf16.
fn packed_is(device: &Device, expected: &Tensor, layer: impl Fn(Precision) -> Result<Tensor>) {
    assert_close(&layer(Precision::F32).unwrap(), expected, 2e-5);
    if Precision::fastest_on(device) == Precision::Bf16 {
        let error = max_rel_err(&layer(Precision::Bf16).unwrap(), expected).unwrap();
        assert!(error < 0.03, "bf16 is off by {error}");
    }
}
