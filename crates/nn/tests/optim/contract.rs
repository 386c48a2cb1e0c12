//! What every optimiser promises.

use crate::*;
use wardrobe_nn::optim::{
    AdamWConfig, Ema, Group, Optimizer, OptimizerConfig, ParamKind, SgdConfig,
};

fn all() -> [OptimizerConfig; 3] {
    let plain = SgdConfig {
        momentum: 0.9,
        nesterov: false,
        weight_decay: 0.1,
    };
    [
        OptimizerConfig::Sgd(plain),
        OptimizerConfig::Sgd(SgdConfig::default()),
        OptimizerConfig::AdamW(AdamWConfig {
            weight_decay: 0.1,
            ..AdamWConfig::default()
        }),
    ]
}

fn made(params: &Vars, config: OptimizerConfig) -> Optimizer {
    Optimizer::new(params.clone(), config, Group::usual).unwrap()
}

fn copies(params: &Vars) -> Vars {
    let copy = |(name, var): (&String, &Var)| {
        let copy = Var::from_tensor(&var.as_tensor().copy().unwrap()).unwrap();
        (name.clone(), copy)
    };
    params.iter().map(copy).collect()
}

fn bits(vars: &Vars) -> Vec<u32> {
    vars.values().flat_map(values).map(f32::to_bits).collect()
}

fn averaged(average: &Ema, params: &Vars) -> Vec<u32> {
    let tensors = average.tensors(params).unwrap().into_values();
    let values = tensors.flat_map(|t| t.flatten_all().unwrap().to_vec1::<f32>().unwrap());
    values.map(f32::to_bits).collect()
}

/// Through the bytes of a file, as a run that is stopped goes.
fn saved(tensors: &BTreeMap<String, Tensor>) -> BTreeMap<String, Tensor> {
    let bytes = safetensors::serialize(tensors, None).unwrap();
    let tensors = candle_core::safetensors::load_buffer(&bytes, &DEVICE).unwrap();
    tensors.into_iter().collect()
}

/// Steps `range` of a run whose rate and momentum change with the step.
fn train(
    range: std::ops::Range<usize>,
    params: &Vars,
    optimizer: &mut Optimizer,
    average: &mut Ema,
    batches: &[BTreeMap<String, Vec<f32>>],
) {
    for step in range {
        optimizer.set_momentum(0.5 + 0.03 * step as f64).unwrap();
        let mut grads = gradients(params, &batches[step]);
        grads.clip(1.0);
        optimizer.step(&grads, |_| 0.1 / (step + 1) as f64).unwrap();
        average.update(params).unwrap();
    }
}

#[test]
fn a_saved_run_goes_on_bit_for_bit() {
    for config in all() {
        let random = &mut Random::new(2);
        let params = parameters(random);
        let batches: Vec<_> = (0..9).map(|_| random_gradients(random, &params)).collect();
        let mut unbroken = made(&params, config);
        let mut average = Ema::new(&params, 0.9, 3.0).unwrap();
        train(0..4, &params, &mut unbroken, &mut average, &batches);

        let weights = copies(&params);
        let (state, averages) = (
            saved(&unbroken.state().unwrap()),
            saved(&average.tensors(&params).unwrap()),
        );
        train(4..9, &params, &mut unbroken, &mut average, &batches);

        let mut resumed = made(&weights, config);
        resumed.restore(&state).unwrap();
        let mut resumed_average = Ema::new(&weights, 0.9, 3.0).unwrap();
        resumed_average.restore(&averages, 4).unwrap();
        train(4..9, &weights, &mut resumed, &mut resumed_average, &batches);
        assert_eq!(bits(&weights), bits(&params), "{config:?}");
        assert_eq!(
            averaged(&resumed_average, &params),
            averaged(&average, &params)
        );

        // The state matters: a run that starts anew from the same weights goes elsewhere.
        let (one, other) = (copies(&params), copies(&params));
        let (mut fresh, mut knowing) = (made(&one, config), made(&other, config));
        knowing.restore(&unbroken.state().unwrap()).unwrap();
        fresh.step(&gradients(&one, &batches[0]), |_| 0.1).unwrap();
        knowing
            .step(&gradients(&other, &batches[0]), |_| 0.1)
            .unwrap();
        assert_ne!(bits(&one), bits(&other), "{config:?}");
    }
}

#[test]
fn a_parameter_without_gradient_stays_and_so_does_its_state() {
    for config in all() {
        let (a, b) = (var(&[1.0, 2.0], &[1, 2]), var(&[3.0], &[1, 1]));
        let params = vars(&[("a", &a), ("b", &b)]);
        let mut optimizer = made(&params, config);
        optimizer
            .step(&gradients(&params, &named(&[("a", &[1.0, 1.0])])), |_| 0.1)
            .unwrap();
        assert!(values(&a)[0] < 1.0 && values(&a)[1] < 2.0);
        assert_eq!(values(&b), [3.0], "not even decayed: {config:?}");
        for (name, tensor) in optimizer.state().unwrap() {
            let moved = tensor.to_dtype(DType::F64).unwrap().sqr().unwrap();
            let moved = moved.sum_all().unwrap().to_scalar::<f64>().unwrap() > 0.0;
            assert_eq!(moved, name.starts_with("a."), "{name}: {config:?}");
        }
    }
}

#[test]
fn at_a_rate_of_0_weights_stay_and_state_moves() {
    for config in all() {
        let a = var(&[1.0, 2.0], &[1, 2]);
        let params = vars(&[("a", &a)]);
        let mut optimizer = made(&params, config);
        let before = optimizer.state().unwrap();
        optimizer
            .step(&gradients(&params, &named(&[("a", &[1.0, 1.0])])), |_| 0.0)
            .unwrap();
        assert_eq!(values(&a), [1.0, 2.0], "{config:?}");
        for (name, tensor) in optimizer.state().unwrap() {
            assert_ne!(tensor.to_string(), before[&name].to_string(), "{name}");
        }
    }
}

#[test]
fn groups_scale_the_rate_and_the_decay() {
    for config in all() {
        let moved = |group: Group, rate: f64| {
            let a = var(&[4.0], &[1, 1]);
            let params = vars(&[("a", &a)]);
            let mut optimizer = Optimizer::new(params.clone(), config, |name, var| {
                assert_eq!((name, var.dims()), ("a", &[1, 1][..]));
                group
            })
            .unwrap();
            optimizer
                .step(&gradients(&params, &named(&[("a", &[0.5])])), |_| rate)
                .unwrap();
            4.0 - values(&a)[0]
        };
        let decay = |decay| Group { rate: 1.0, decay };
        assert_eq!(
            moved(
                Group {
                    rate: 0.5,
                    decay: 1.0
                },
                0.02
            ),
            moved(decay(1.0), 0.01)
        );
        assert_eq!(
            moved(
                Group {
                    rate: 0.0,
                    decay: 1.0
                },
                0.02
            ),
            0.0
        );
        // Decay pulls towards 0 by an amount in proportion.
        let (none, half, whole) = (
            moved(decay(0.0), 0.1),
            moved(decay(0.5), 0.1),
            moved(decay(1.0), 0.1),
        );
        assert!(none < half && half < whole, "{config:?}");
        assert!(
            (whole - none - 2.0 * (half - none)).abs() < 1e-5,
            "{config:?}"
        );
    }
}

#[test]
fn kinds_are_told_apart_by_name_and_rank() {
    let (vector, matrix) = (var(&[0.0; 4], &[4]), var(&[0.0; 4], &[2, 2]));
    for (name, var, kind) in [
        ("model.0.conv.weight", &matrix, ParamKind::Weight),
        ("model.0.bn.weight", &vector, ParamKind::Norm),
        ("model.0.bn.bias", &vector, ParamKind::Bias),
        ("attn.in_proj_bias", &vector, ParamKind::Bias),
        ("class_embedding", &vector, ParamKind::Norm),
        ("relative_position_bias_table", &matrix, ParamKind::Weight),
    ] {
        assert_eq!(ParamKind::of(name, var), kind, "{name}");
        let decayed = Group::usual(name, var).decay == 1.0;
        assert_eq!(decayed, kind == ParamKind::Weight, "{name}");
    }
}

#[test]
fn what_does_not_fit_is_an_error_that_names_it() {
    for config in all() {
        let params = parameters(&mut Random::new(3));
        let half = Var::zeros(3, DType::F16, &DEVICE).unwrap();
        let error = Optimizer::new(vars(&[("half", &half)]), config, Group::usual).unwrap_err();
        assert!(error.to_string().contains("half"), "{error}");
        let mut optimizer = made(&params, config);
        let state = optimizer.state().unwrap();
        for name in state.keys() {
            let mut state = state.clone();
            state.remove(name);
            let error = optimizer.restore(&state).unwrap_err().to_string();
            assert!(error.contains(&format!("{name}: missing")), "{error}");
        }
        assert!(optimizer.set_momentum(1.0).is_err());
        assert!(optimizer.set_momentum(f64::NAN).is_err());
    }
}

#[test]
fn another_optimisers_state_is_refused() {
    let params = parameters(&mut Random::new(4));
    let [mut sgd, _, mut adamw] = all().map(|config| made(&params, config));
    assert!(sgd.restore(&adamw.state().unwrap()).is_err());
    assert!(adamw.restore(&sgd.state().unwrap()).is_err());
}

#[test]
fn constants_out_of_range_are_refused() {
    let adamw = AdamWConfig::default();
    let sgd = SgdConfig::default();
    let bad = [
        OptimizerConfig::AdamW(AdamWConfig {
            beta1: 1.0,
            ..adamw
        }),
        OptimizerConfig::AdamW(AdamWConfig {
            beta2: -0.1,
            ..adamw
        }),
        OptimizerConfig::AdamW(AdamWConfig {
            eps: f64::NAN,
            ..adamw
        }),
        OptimizerConfig::AdamW(AdamWConfig {
            weight_decay: -1.0,
            ..adamw
        }),
        OptimizerConfig::Sgd(SgdConfig {
            momentum: 1.5,
            ..sgd
        }),
        OptimizerConfig::Sgd(SgdConfig {
            momentum: 0.0,
            ..sgd
        }),
        OptimizerConfig::Sgd(SgdConfig {
            weight_decay: f64::INFINITY,
            ..sgd
        }),
    ];
    for config in bad {
        let made = Optimizer::new(Vars::new(), config, Group::usual);
        assert!(made.is_err(), "{config:?}");
    }
}

/// A parameter that was frozen at first starts as one of a new run does, not with the others' corrections.
#[test]
fn a_parameter_that_joins_late_starts_anew() {
    for config in all() {
        let (a, b) = (var(&[1.0], &[1, 1]), var(&[1.0], &[1, 1]));
        let params = vars(&[("a", &a), ("b", &b)]);
        let mut optimizer = made(&params, config);
        let only_a = named(&[("a", &[0.5])]);
        for _ in 0..10 {
            optimizer
                .step(&gradients(&params, &only_a), |_| 0.1)
                .unwrap();
        }
        let only_b = named(&[("b", &[0.5])]);
        optimizer
            .step(&gradients(&params, &only_b), |_| 0.1)
            .unwrap();

        let alone = var(&[1.0], &[1, 1]);
        let params = vars(&[("b", &alone)]);
        let mut fresh = made(&params, config);
        fresh.step(&gradients(&params, &only_b), |_| 0.1).unwrap();
        assert_eq!(values(&b), values(&alone), "{config:?}");
    }
}
