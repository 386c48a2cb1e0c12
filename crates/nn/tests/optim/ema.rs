//! The moving average by hand.

use crate::*;
use wardrobe_nn::optim::Ema;

#[test]
fn the_moving_average_worked_by_hand() {
    let a = var(&[0.0, 10.0], &[2]);
    let params = vars(&[("a", &a)]);
    // A tau of 1 / ln 2 halves the distance to the full decay with each update: 0.8 * 1/2, 0.8 * 3/4, 0.8 * 7/8.
    let mut ema = Ema::new(&params, 0.8, 1.0 / std::f64::consts::LN_2).unwrap();
    let average = |ema: &Ema| -> Vec<f32> { ema.tensors(&params).unwrap()["a"].to_vec1().unwrap() };
    assert_eq!(average(&ema), [0.0, 10.0], "it starts where the values are");
    a.set(&Tensor::new(&[1f32, 20.0], &DEVICE).unwrap())
        .unwrap();
    let (mut low, mut high) = (0.0, 10.0);
    for (i, decay) in [0.4, 0.6, 0.7].into_iter().enumerate() {
        ema.update(&params).unwrap();
        low = decay * low + (1.0 - decay);
        high = decay * high + (1.0 - decay) * 20.0;
        let got = average(&ema);
        assert!(
            (got[0] - low).abs() < 1e-5 && (got[1] - high).abs() < 1e-4,
            "{got:?}"
        );
        assert_eq!(ema.updates(), i + 1);
    }
    // What is saved and restored goes on.
    let saved = ema.tensors(&params).unwrap();
    let mut resumed = Ema::new(&params, 0.8, 1.0 / std::f64::consts::LN_2).unwrap();
    resumed.restore(&saved, 3).unwrap();
    ema.update(&params).unwrap();
    resumed.update(&params).unwrap();
    assert_eq!(average(&ema), average(&resumed));
    // A decay of 0 is no averaging.
    let mut off = Ema::new(&params, 0.0, 0.2).unwrap();
    a.set(&Tensor::new(&[5f32, 6.0], &DEVICE).unwrap()).unwrap();
    off.update(&params).unwrap();
    assert_eq!(average(&off), [5.0, 6.0]);
}

#[test]
fn an_average_that_does_not_fit_is_an_error() {
    let a = var(&[0.0, 10.0], &[2]);
    let params = vars(&[("a", &a)]);
    let mut ema = Ema::new(&params, 0.9, 1.0).unwrap();
    let error = ema.restore(&BTreeMap::new(), 1).unwrap_err().to_string();
    assert!(error.contains("a: missing"), "{error}");
    let short = Tensor::zeros(1, DType::F32, &DEVICE).unwrap();
    let error = ema
        .restore(&[("a".to_owned(), short)].into(), 1)
        .unwrap_err();
    assert!(error.to_string().contains("2 values, got 1"), "{error}");
    assert!(ema.update(&BTreeMap::new()).is_err());
}
