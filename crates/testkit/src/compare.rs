use std::fmt;

use candle_core::{DType, Device, Tensor};

use crate::{Error, Result};

/// How far one tensor is from another, both read as f64.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The shape of both.
    pub shape: Vec<usize>,
    /// The largest absolute difference; infinite where one of the two is NaN, or infinite alone.
    pub max_abs: f64,
    /// [`Comparison::max_abs`] relative to the largest absolute value expected: an element near
    /// zero is judged by the tensor's scale, not by its own.
    pub max_rel: f64,
    /// The norm of the difference relative to the norm of what was expected.
    pub rms_rel: f64,
    /// Where the largest difference is, in row-major order; 0 for an empty tensor.
    pub worst: usize,
    /// The value there.
    pub actual: f64,
    /// The value that should be there.
    pub expected: f64,
}

impl Comparison {
    /// The larger of the two relative errors.
    pub fn error(&self) -> f64 {
        self.max_rel.max(self.rms_rel)
    }

    fn of(shape: &[usize], actual: &[f64], expected: &[f64]) -> Self {
        let (mut squares, mut norm, mut scale) = (0.0, 0.0, 0.0f64);
        let (mut max_abs, mut worst) = (0.0, 0);
        for (i, (&a, &e)) in actual.iter().zip(expected).enumerate() {
            let difference = difference(a, e);
            if difference > max_abs {
                (max_abs, worst) = (difference, i);
            }
            squares += difference * difference;
            if e.is_finite() {
                norm += e * e;
                scale = scale.max(e.abs());
            }
        }
        Self {
            shape: shape.to_vec(),
            max_abs,
            max_rel: relative(max_abs, scale),
            rms_rel: relative(squares.sqrt(), norm.sqrt()),
            worst,
            actual: actual.get(worst).copied().unwrap_or(0.0),
            expected: expected.get(worst).copied().unwrap_or(0.0),
        }
    }
}

/// A NaN is far from everything, itself included; an infinity is near itself alone.
fn difference(a: f64, e: f64) -> f64 {
    let difference = (a - e).abs();
    if a == e {
        0.0
    } else if difference.is_nan() {
        f64::INFINITY
    } else {
        difference
    }
}

/// Where zero is expected the error is absolute.
fn relative(error: f64, scale: f64) -> f64 {
    if scale > 0.0 { error / scale } else { error }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "max-relative {:.3e}, rms-relative {:.3e}, max-absolute {:.3e} at {:?} of {:?}: got {}, expected {}",
            self.max_rel,
            self.rms_rel,
            self.max_abs,
            coordinates(self.worst, &self.shape),
            self.shape,
            self.actual,
            self.expected,
        )
    }
}

/// The coordinates of the row-major index `flat`.
pub(crate) fn coordinates(flat: usize, shape: &[usize]) -> Vec<usize> {
    let mut rest = flat;
    let mut coordinates: Vec<usize> = shape
        .iter()
        .rev()
        .map(|&size| {
            let coordinate = rest % size.max(1);
            rest /= size.max(1);
            coordinate
        })
        .collect();
    coordinates.reverse();
    coordinates
}

/// A tensor's elements as f64 in row-major order.
pub(crate) fn to_f64(tensor: &Tensor) -> candle_core::Result<Vec<f64>> {
    tensor
        .contiguous()?
        .to_device(&Device::Cpu)?
        .to_dtype(DType::F64)?
        .flatten_all()?
        .to_vec1()
}

/// Compares two tensors of one shape, of any types and on any devices.
///
/// # Errors
/// Where the shapes differ, or candle cannot read one of the two.
pub fn compare(actual: &Tensor, expected: &Tensor) -> Result<Comparison> {
    if actual.dims() != expected.dims() {
        return Err(Error::Tensor(candle_core::Error::Msg(format!(
            "shapes differ: got {:?}, expected {:?}",
            actual.dims(),
            expected.dims()
        ))));
    }
    let (a, e) = (to_f64(actual)?, to_f64(expected)?);
    Ok(Comparison::of(actual.dims(), &a, &e))
}

/// The largest absolute difference relative to the largest absolute value expected.
///
/// # Errors
/// As [`compare`].
pub fn max_rel_err(actual: &Tensor, expected: &Tensor) -> Result<f64> {
    Ok(compare(actual, expected)?.max_rel)
}

/// The norm of the difference relative to the norm of what was expected.
///
/// # Errors
/// As [`compare`].
pub fn rms_rel_err(actual: &Tensor, expected: &Tensor) -> Result<f64> {
    Ok(compare(actual, expected)?.rms_rel)
}

/// Asserts that shapes are equal and that the max-relative and the rms-relative error are at most
/// `tolerance`.
///
/// # Panics
/// Otherwise, with the errors, the worst element and its place.
#[track_caller]
pub fn assert_close(actual: &Tensor, expected: &Tensor, tolerance: f64) {
    match compare(actual, expected) {
        Ok(comparison) if comparison.error() <= tolerance => {}
        Ok(comparison) => panic!("not close to within {tolerance:.1e}: {comparison}"),
        Err(error) => panic!("cannot compare: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(values: &[f32], shape: &[usize]) -> Tensor {
        Tensor::from_slice(values, shape, &Device::Cpu).unwrap()
    }

    #[test]
    fn errors_by_hand() {
        let expected = tensor(&[3.0, 4.0, 0.0, 0.0], &[2, 2]);
        let actual = tensor(&[3.0, 4.0, 0.0, 1.0], &[2, 2]);
        let comparison = compare(&actual, &expected).unwrap();
        assert_eq!(comparison.max_abs, 1.0);
        assert_eq!(comparison.max_rel, 0.25);
        assert_eq!(comparison.rms_rel, 0.2);
        assert_eq!(comparison.worst, 3);
        assert!(comparison.to_string().contains("at [1, 1] of [2, 2]"));
    }

    #[test]
    fn nan_is_never_close() {
        let nan = tensor(&[1.0, f32::NAN], &[2]);
        assert_eq!(max_rel_err(&nan, &nan).unwrap(), f64::INFINITY);
        let masked = tensor(&[1.0, f32::NEG_INFINITY], &[2]);
        assert_eq!(max_rel_err(&masked, &masked).unwrap(), 0.0);
        assert_eq!(
            max_rel_err(&tensor(&[1.0, 5.0], &[2]), &masked).unwrap(),
            f64::INFINITY
        );
    }

    #[test]
    fn transposed_views_are_read_in_row_major_order() {
        let x = tensor(&[1., 2., 3., 4., 5., 6.], &[2, 3]);
        let y = tensor(&[1., 4., 2., 5., 3., 6.], &[3, 2]);
        assert_close(&x.t().unwrap(), &y, 0.0);
    }

    #[test]
    #[should_panic(expected = "shapes differ: got [1, 2], expected [2, 1]")]
    fn shapes_are_compared() {
        assert_close(
            &tensor(&[1., 2.], &[1, 2]),
            &tensor(&[1., 2.], &[2, 1]),
            1.0,
        );
    }

    #[test]
    #[should_panic(expected = "not close to within 1.0e-4")]
    fn one_wrong_element_fails() {
        let mut values = vec![1.0f32; 1000];
        let expected = tensor(&values, &[1000]);
        values[999] += 2e-4;
        assert_close(&tensor(&values, &[1000]), &expected, 1e-4);
    }
}
