//! Parameters by name, losses at extreme logits, and the layers that draw at random.

use candle_core::{DType, Device, Tensor, Var};
use candle_nn::Init;
use std::collections::BTreeMap;
use wardrobe_nn::loss::{cross_entropy, set_cross_entropy};
use wardrobe_nn::{Dropout, Linear, Mode, Rng, StochasticDepth, VarStore, parameter_shapes};

const DEVICE: Device = Device::Cpu;

fn flat(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

fn values(store: &VarStore) -> BTreeMap<String, Vec<f32>> {
    let tensors = store.tensors().unwrap();
    tensors
        .iter()
        .map(|(name, t)| (name.clone(), flat(t)))
        .collect()
}

#[test]
fn a_seed_gives_the_same_values_whatever_the_order_of_layers() {
    let build = |seed, names: &[&str]| {
        let store = VarStore::new(seed, DType::F32, &DEVICE);
        for name in names {
            Linear::new(5, 3, store.builder().pp(name)).unwrap();
        }
        values(&store)
    };
    let (forth, back) = (build(7, &["a", "b", "c"]), build(7, &["c", "b", "a"]));
    assert_eq!(forth, back);
    assert_eq!(forth["a.weight"], build(7, &["a"])["a.weight"]);
    assert_ne!(forth["a.weight"], forth["b.weight"]);
    assert_ne!(forth["a.weight"], build(8, &["a"])["a.weight"]);
}

#[test]
fn values_are_drawn_as_asked() {
    let store = VarStore::new(3, DType::F32, &DEVICE);
    let vb = store.builder();
    let normal = Init::Randn {
        mean: 2.0,
        stdev: 0.5,
    };
    let normal = flat(&vb.get_with_hints((100, 100), "normal", normal).unwrap());
    let mean = normal.iter().sum::<f32>() / 1e4;
    let var = normal.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / 1e4;
    // Five standard errors: 0.5 / 100, and 0.25 * sqrt(2) / 100.
    assert!(
        (mean - 2.0).abs() < 0.025 && (var - 0.25).abs() < 0.018,
        "{mean} {var}"
    );
    let uniform = Init::Uniform { lo: -3.0, up: -1.0 };
    let uniform = flat(&vb.get_with_hints(10_000, "uniform", uniform).unwrap());
    assert!(uniform.iter().all(|v| (-3.0..-1.0).contains(v)));
    let mean = uniform.iter().sum::<f32>() / 1e4;
    assert!((mean + 2.0).abs() < 0.03, "{mean}");
    let constant = vb.get_with_hints(4, "constant", Init::Const(0.25)).unwrap();
    assert_eq!(flat(&constant), [0.25; 4]);
    // PyTorch's linear layer: within 1 / sqrt(inputs), and using that range.
    Linear::new(25, 400, vb.pp("linear")).unwrap();
    let largest = values(&store)["linear.weight"]
        .iter()
        .fold(0f32, |a, v| a.max(v.abs()));
    assert!((0.19..=0.2).contains(&largest), "{largest}");
}

#[test]
fn a_name_has_one_shape() {
    let store = VarStore::new(1, DType::F32, &DEVICE);
    let vb = store.builder();
    let first = vb.get((2, 3), "weight").unwrap();
    assert_eq!(flat(&first), flat(&vb.get((2, 3), "weight").unwrap()));
    let error = vb.get((3, 2), "weight").unwrap_err().to_string();
    assert!(
        error.contains("weight") && error.contains("[3, 2]") && error.contains("[2, 3]"),
        "{error}"
    );
    let given = [(
        "x".to_owned(),
        Tensor::zeros(4, DType::F32, &DEVICE).unwrap(),
    )];
    let store = VarStore::with_initial(given.into(), 1, DType::F32, &DEVICE);
    let error = store.builder().get(5, "x").unwrap_err().to_string();
    assert!(
        error.contains('x') && error.contains("[5]") && error.contains("[4]"),
        "{error}"
    );
    assert!(store.builder().get(4, "x").is_ok());
}

#[test]
fn tensors_and_set_are_inverse() {
    let build = |seed| {
        let store = VarStore::new(seed, DType::F32, &DEVICE);
        let layer = Linear::new(4, 2, store.builder()).unwrap();
        (store, layer)
    };
    let ((from, teacher), (to, pupil)) = (build(1), build(2));
    let saved = from.tensors().unwrap();
    to.set(&saved).unwrap();
    assert_eq!(values(&from), values(&to));
    // Layers built before see the new values, and the copy does not move with the store.
    let x = Tensor::ones((1, 4), DType::F32, &DEVICE).unwrap();
    assert_eq!(
        flat(&teacher.forward(&x).unwrap()),
        flat(&pupil.forward(&x).unwrap())
    );
    let before = flat(&saved["bias"]);
    from.vars()["bias"]
        .set(&Tensor::new(&[9f32, 9.0], &DEVICE).unwrap())
        .unwrap();
    assert_eq!(flat(&saved["bias"]), before);

    let mut wrong = saved.clone();
    wrong.insert(
        "bias".to_owned(),
        Tensor::zeros(3, DType::F32, &DEVICE).unwrap(),
    );
    let error = to.set(&wrong).unwrap_err().to_string();
    assert!(
        error.contains("bias") && error.contains("[2]") && error.contains("[3]"),
        "{error}"
    );
    wrong.remove("bias");
    let error = to.set(&wrong).unwrap_err().to_string();
    assert!(error.contains("bias"), "{error}");
}

#[test]
fn running_statistics_are_not_trained() {
    let store = VarStore::new(1, DType::F32, &DEVICE);
    let vb = store.builder();
    for name in ["norm.weight", "norm.running_mean", "norm.running_var"] {
        vb.get(2, name).unwrap();
    }
    assert_eq!(
        store.trainable().keys().collect::<Vec<_>>(),
        ["norm.weight"]
    );
    assert_eq!(store.vars().len(), 3);
}

#[test]
fn shapes_are_recorded_by_name() {
    let shapes = parameter_shapes(|vb| Linear::new(4, 2, vb.pp("head"))).unwrap();
    let dims: Vec<_> = shapes
        .iter()
        .map(|(n, s)| (n.as_str(), s.dims().to_vec()))
        .collect();
    assert_eq!(dims, [("head.bias", vec![2]), ("head.weight", vec![2, 4])]);
}

fn row(values: &[f32]) -> Tensor {
    Tensor::from_slice(values, (1, values.len()), &DEVICE).unwrap()
}

fn scalar(tensor: candle_core::Result<Tensor>) -> f32 {
    tensor.unwrap().to_scalar().unwrap()
}

#[test]
fn losses_worked_by_hand() {
    // Probabilities 1/8, 3/8, 4/8.
    let logits = row(&[0.0, 3f32.ln(), 4f32.ln()]);
    let (a, b, c) = (1.0f32 / 8.0, 3.0f32 / 8.0, 4.0f32 / 8.0);
    let close =
        |got: f32, expected: f32| assert!((got - expected).abs() < 1e-6, "{got} {expected}");
    let one = row(&[0.0, 0.0, 1.0]);
    close(scalar(cross_entropy(&logits, &one)), -c.ln());
    close(scalar(set_cross_entropy(&logits, &one, 0.0)), -c.ln());
    let soft = row(&[0.25, 0.0, 0.75]);
    close(
        scalar(cross_entropy(&logits, &soft)),
        -0.25 * a.ln() - 0.75 * c.ln(),
    );
    let set = row(&[1.0, 1.0, 0.0]);
    close(scalar(set_cross_entropy(&logits, &set, 0.0)), -(a + b).ln());
    let uniform = -(a.ln() + b.ln() + c.ln()) / 3.0;
    close(
        scalar(set_cross_entropy(&logits, &set, 0.1)),
        0.9 * -(a + b).ln() + 0.1 * uniform,
    );
    // The whole set is certain, and a batch is averaged.
    let all = row(&[1.0, 1.0, 1.0]);
    close(scalar(set_cross_entropy(&logits, &all, 0.0)), 0.0);
    let two = |x: &Tensor, y: &Tensor| Tensor::cat(&[x, y], 0).unwrap();
    let mean = set_cross_entropy(&two(&logits, &logits), &two(&one, &set), 0.0);
    close(scalar(mean), -(c.ln() + (a + b).ln()) / 2.0);
    let error = cross_entropy(&logits, &row(&[1.0, 0.0])).unwrap_err();
    assert!(
        error.to_string().contains("[1, 3]") && error.to_string().contains("[1, 2]"),
        "{error}"
    );
    assert!(set_cross_entropy(&logits, &row(&[1.0, 0.0]), 0.0).is_err());
}

#[test]
fn extreme_logits_give_finite_losses_and_gradients() {
    type Loss = fn(&Tensor, &Tensor) -> candle_core::Result<Tensor>;
    let losses: [Loss; 3] = [
        cross_entropy,
        |x, y| set_cross_entropy(x, y, 0.0),
        |x, y| set_cross_entropy(x, y, 0.1),
    ];
    for size in [40f32, 80.0, 1000.0] {
        for (loss, smoothing) in losses.iter().zip([0.0, 0.0, 0.1]) {
            for (truth, expected) in [([1.0, 0.0, 0.0], 0.0), ([0.0, 1.0, 0.0], 2.0 * size)] {
                let logits = Var::from_tensor(&row(&[size, -size, -size])).unwrap();
                let found = loss(&logits, &row(&truth)).unwrap();
                let uniform = (0.0 + 2.0 * size + 2.0 * size) / 3.0;
                let expected = expected * (1.0 - smoothing) + uniform * smoothing;
                let value = found.to_scalar::<f32>().unwrap();
                assert!(
                    (value - expected).abs() <= 1e-5 * expected.max(1.0),
                    "{value} {expected}"
                );
                let grads = found.backward().unwrap();
                let grad = flat(grads.get(&logits).unwrap());
                assert!(grad.iter().all(|g| g.is_finite()), "{grad:?}");
                // What is right is left alone, what is wrong is pushed with full strength.
                if smoothing == 0.0 {
                    let wanted = if truth[0] == 1.0 {
                        [0.0, 0.0, 0.0]
                    } else {
                        [1.0, -1.0, 0.0]
                    };
                    for (got, wanted) in grad.iter().zip(wanted) {
                        assert!((got - wanted).abs() < 1e-5, "{grad:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn dropout_keeps_the_mean_and_repeats() {
    let rng = Rng::new(5);
    let dropout = Dropout::new(0.3, rng.clone());
    let x = Tensor::full(2f32, (100, 1000), &DEVICE).unwrap();
    let draw = || flat(&dropout.forward(&x, Mode::Train).unwrap());
    let first = draw();
    let kept = first.iter().filter(|&&v| v != 0.0).count() as f32 / 1e5;
    // Five standard errors of 100,000 draws.
    assert!((kept - 0.7).abs() < 5.0 * (0.21f32 / 1e5).sqrt(), "{kept}");
    assert!(
        first
            .iter()
            .all(|&v| v == 0.0 || (v - 2.0 / 0.7).abs() < 1e-6)
    );
    let mean = first.iter().map(|&v| f64::from(v)).sum::<f64>() / 1e5;
    assert!((mean - 2.0).abs() < 0.025, "{mean}");
    let second = draw();
    assert_ne!(first, second);
    rng.reseed(5);
    assert_eq!(draw(), first, "the same seed, the same draws");
    assert_eq!(flat(&dropout.forward(&x, Mode::Eval).unwrap()), flat(&x));
    // Using a network draws nothing: the next draw is the one that was due.
    assert_eq!(draw(), second);
    let off = Dropout::new(0.0, rng);
    assert_eq!(flat(&off.forward(&x, Mode::Train).unwrap()), flat(&x));
}

#[test]
fn stochastic_depth_drops_whole_samples_and_keeps_the_mean() {
    let rng = Rng::new(6);
    let depth = StochasticDepth::new(0.25, rng.clone());
    let n = 20_000;
    let x = Tensor::ones((n, 1, 1, 3), DType::F32, &DEVICE).unwrap();
    let branch = Tensor::full(3f32, (n, 1, 1, 3), &DEVICE).unwrap();
    let draw = || flat(&depth.residual(&x, &branch, Mode::Train).unwrap());
    let first = draw();
    let mut dropped = 0;
    for sample in first.chunks(3) {
        let (all_kept, all_dropped) = (
            sample.iter().all(|v| (v - 5.0).abs() < 1e-5),
            sample.iter().all(|&v| v == 1.0),
        );
        assert!(all_kept || all_dropped, "{sample:?}");
        dropped += usize::from(all_dropped);
    }
    let share = dropped as f32 / n as f32;
    assert!(
        (share - 0.25).abs() < 5.0 * (0.1875 / n as f32).sqrt(),
        "{share}"
    );
    let mean = first.iter().sum::<f32>() / first.len() as f32;
    assert!((mean - 4.0).abs() < 0.07, "{mean}");
    assert_ne!(draw(), first);
    rng.reseed(6);
    assert_eq!(draw(), first);
    let plain = flat(&depth.residual(&x, &branch, Mode::Eval).unwrap());
    assert!(plain.iter().all(|&v| v == 4.0));
}
