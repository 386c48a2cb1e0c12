use std::fmt;

use candle_core::{DType, Tensor, Var};

use crate::compare::{coordinates, to_f64};
use crate::{Error, Random, Result};

/// How to check a gradient.
#[derive(Debug, Clone)]
pub struct GradCheck {
    /// The step of the central difference. In f64 the difference is exact to about `step^2`; in
    /// f32 rounding asks for a much larger step.
    pub step: f64,
    /// The largest error allowed, relative to the largest gradient of the same input.
    pub tolerance: f64,
    /// Seeds the projection, and the choice of elements.
    pub seed: u64,
    /// At most so many elements of each input are perturbed, drawn at random; all where there are
    /// no more.
    pub elements: usize,
}

impl GradCheck {
    /// For functions computed in f64: steps of 1e-5, errors up to 1e-7.
    pub fn f64() -> Self {
        Self {
            step: 1e-5,
            tolerance: 1e-7,
            seed: 0,
            elements: 256,
        }
    }

    /// For functions that only compute in f32: steps of 1e-2, errors up to 1e-2. A missing or
    /// rescaled gradient is off by far more; a rounding error of the function is not seen.
    pub fn f32() -> Self {
        Self {
            step: 1e-2,
            tolerance: 1e-2,
            ..Self::f64()
        }
    }
}

/// The element whose gradient is furthest from its finite difference.
#[derive(Debug, Clone, PartialEq)]
pub struct Worst {
    /// Which input.
    pub input: usize,
    /// The element's coordinates.
    pub at: Vec<usize>,
    /// Back-propagation's value.
    pub analytic: f64,
    /// The central difference.
    pub numeric: f64,
    /// Their difference relative to the largest gradient of this input (or to a thousandth of the
    /// projected output's terms, where that is larger: a gradient that is zero but for rounding
    /// has no relative error).
    pub error: f64,
    /// False where back-propagation gave this input no gradient at all.
    pub reached: bool,
}

/// What a gradient check found.
#[derive(Debug, Clone, PartialEq)]
pub struct GradReport {
    /// The worst element over all inputs.
    pub worst: Worst,
    /// The number of elements perturbed.
    pub checked: usize,
    /// The tolerance asked for.
    pub tolerance: f64,
}

impl GradReport {
    /// Whether every gradient is within the tolerance.
    pub fn passes(&self) -> bool {
        self.worst.error <= self.tolerance
    }
}

impl fmt::Display for GradReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let worst = &self.worst;
        write!(
            f,
            "worst of {} elements: input {} at {:?}: back-propagation {:.9e}, finite difference \
             {:.9e}, relative error {:.2e} (tolerance {:.0e})",
            self.checked,
            worst.input,
            worst.at,
            worst.analytic,
            worst.numeric,
            worst.error,
            self.tolerance
        )?;
        if !worst.reached {
            write!(f, "; no gradient reached this input")?;
        }
        Ok(())
    }
}

/// Compares candle's gradients of `function` with central differences at `inputs`.
///
/// The scalar differentiated is the output's inner product with a random tensor, so that every
/// element of the Jacobian has a part in it. The inputs must all be f64 or all f32; the function
/// must be smooth within a step of them, so keep away from kinks (a maximum's ties, ReLU's zero).
///
/// # Errors
/// Where the function fails, an input is of another type, or the result is not finite.
pub fn grad_check<F>(function: F, inputs: &[Tensor], options: &GradCheck) -> Result<GradReport>
where
    F: Fn(&[Tensor]) -> candle_core::Result<Tensor>,
{
    let mut random = Random::new(options.seed);
    let vars = inputs.iter().map(Var::from_tensor);
    let vars: Vec<Var> = vars.collect::<candle_core::Result<_>>()?;
    let leaves: Vec<Tensor> = vars.iter().map(|v| v.as_tensor().clone()).collect();
    let output = function(&leaves)?;
    let projection = random.tensor(output.dims(), (-1.0, 1.0), DType::F64, output.device())?;
    let gradients = project(&output, &projection)?.backward()?;
    let terms = (output.detach().to_dtype(DType::F64)? * &projection)?;
    let floor = terms.abs()?.sum_all()?.to_scalar::<f64>()? * 1e-3;

    let loss = |inputs: &[Tensor]| -> Result<f64> {
        let loss = project(&function(inputs)?, &projection)?.to_scalar::<f64>()?;
        if !loss.is_finite() {
            return Err(Error::GradCheck(format!("the function gave {loss}")));
        }
        Ok(loss)
    };
    let mut worst: Option<Worst> = None;
    let mut checked = 0;
    for (i, var) in vars.iter().enumerate() {
        let gradient = gradients.get(var.as_tensor());
        let analytic = match gradient {
            Some(gradient) => to_f64(gradient)?,
            None => vec![0.0; var.elem_count()],
        };
        let chosen = choose(var.elem_count(), options.elements, &mut random);
        let numeric = differences(loss, inputs, i, &chosen, options.step)?;
        checked += chosen.len();
        if let Some(mut found) = worst_element(&analytic, &numeric, &chosen, floor) {
            found.input = i;
            found.at = coordinates(found.at[0], var.dims());
            found.reached = gradient.is_some();
            if worst.as_ref().is_none_or(|w| found.error > w.error) {
                worst = Some(found);
            }
        }
    }
    let worst = worst.ok_or_else(|| Error::GradCheck("there is no element".to_string()))?;
    Ok(GradReport {
        worst,
        checked,
        tolerance: options.tolerance,
    })
}

/// Asserts that [`grad_check`] passes.
///
/// # Panics
/// Otherwise, with the worst element.
#[track_caller]
pub fn assert_gradients<F>(function: F, inputs: &[Tensor], options: &GradCheck)
where
    F: Fn(&[Tensor]) -> candle_core::Result<Tensor>,
{
    match grad_check(function, inputs, options) {
        Ok(report) => assert!(report.passes(), "wrong gradient: {report}"),
        Err(error) => panic!("the gradient check failed: {error}"),
    }
}

/// The inner product in f64: the function's own rounding is all that remains.
fn project(output: &Tensor, projection: &Tensor) -> candle_core::Result<Tensor> {
    (output.to_dtype(DType::F64)? * projection)?.sum_all()
}

/// Distinct indices in `0..n`, all of them where there are at most `most`.
fn choose(n: usize, most: usize, random: &mut Random) -> Vec<usize> {
    let mut indices: Vec<usize> = (0..n).collect();
    if n > most {
        for i in 0..most {
            indices.swap(i, i + random.below(n - i));
        }
        indices.truncate(most);
    }
    indices
}

/// The central difference in each chosen element of input `which`.
fn differences(
    loss: impl Fn(&[Tensor]) -> Result<f64>,
    inputs: &[Tensor],
    which: usize,
    chosen: &[usize],
    step: f64,
) -> Result<Vec<f64>> {
    let input = &inputs[which];
    if !matches!(input.dtype(), DType::F64 | DType::F32) {
        let dtype = input.dtype().as_str();
        return Err(Error::GradCheck(format!(
            "input {which} is {dtype}, not f64 or f32"
        )));
    }
    // In f32 the step taken is not the step asked for: divide by the one taken.
    let rounded = |value: f64| match input.dtype() {
        DType::F32 => f64::from(value as f32),
        _ => value,
    };
    let mut values = to_f64(input)?;
    let mut moved = inputs.to_vec();
    let mut differences = Vec::with_capacity(chosen.len());
    for &at in chosen {
        let value = values[at];
        let (up, down) = (rounded(value + step), rounded(value - step));
        let mut loss_at = |shifted: f64| {
            values[at] = shifted;
            let tensor = Tensor::from_slice(&values, input.dims(), input.device())?;
            moved[which] = tensor.to_dtype(input.dtype())?;
            loss(&moved)
        };
        let difference = (loss_at(up)? - loss_at(down)?) / (up - down);
        values[at] = value;
        differences.push(difference);
    }
    Ok(differences)
}

/// The chosen element with the largest error, relative to the largest gradient or `floor`; its
/// `at` is the flat index.
fn worst_element(analytic: &[f64], numeric: &[f64], chosen: &[usize], floor: f64) -> Option<Worst> {
    let pairs = || {
        chosen
            .iter()
            .zip(numeric)
            .map(|(&at, &n)| (at, analytic[at], n))
    };
    let scale = pairs().fold(floor, |s, (_, a, n)| s.max(a.abs()).max(n.abs()));
    let error = |a: f64, n: f64| match (a - n).abs() {
        0.0 => 0.0,
        difference if difference.is_finite() => difference / scale,
        _ => f64::INFINITY,
    };
    let (at, analytic, numeric) =
        pairs().max_by(|x, y| error(x.1, x.2).total_cmp(&error(y.1, y.2)))?;
    Some(Worst {
        input: 0,
        at: vec![at],
        analytic,
        numeric,
        error: error(analytic, numeric),
        reached: true,
    })
}
