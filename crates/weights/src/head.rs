//! A linear map of a classifier's descriptors, trained on its own.

use crate::{Error, Result, Tensors};
use candle_core::{DType, Device};

/// A linear map of the descriptors that a classifier has of a photo, in a file of its own: tensors `weight`
/// (outputs, descriptors) and `bias` (outputs), and in the metadata the SHA-256 of the classifier's weights: descriptors of
/// other weights mean something else.
#[derive(Clone, Debug, PartialEq)]
pub struct LinearHead {
    /// (outputs, inputs), row-major.
    weight: Vec<f32>,
    bias: Vec<f32>,
    inputs: usize,
}

impl LinearHead {
    /// The metadata entry that holds the SHA-256 of the classifier's weights.
    pub const CLASSIFIER: &str = "classifier_sha256";

    /// A head of weights known from elsewhere: `weight` (outputs, inputs) row-major, `bias` (outputs).
    ///
    /// # Panics
    /// Lengths that do not fit.
    pub fn new(weight: Vec<f32>, bias: Vec<f32>, inputs: usize) -> Self {
        assert_eq!(weight.len(), bias.len() * inputs);
        Self {
            weight,
            bias,
            inputs,
        }
    }

    /// The head of a file.
    ///
    /// # Errors
    /// Weights for another classifier than the one whose SHA-256 is given; tensors of other shapes.
    pub fn of(
        file: &Tensors,
        outputs: usize,
        inputs: usize,
        classifier_sha256: &str,
    ) -> Result<Self> {
        let trained_on = file.metadata.get(Self::CLASSIFIER);
        if trained_on.is_none_or(|sha256| sha256 != classifier_sha256) {
            return Err(Error::OtherClassifier {
                file: file.file.clone(),
                expected: classifier_sha256.to_owned(),
                got: trained_on.cloned(),
            });
        }
        Ok(Self {
            weight: values(file, "weight", &[outputs, inputs])?,
            bias: values(file, "bias", &[outputs])?,
            inputs,
        })
    }

    /// # Shapes
    /// (inputs) -> (outputs)
    ///
    /// # Errors
    /// Another number of values.
    pub fn apply(&self, descriptors: &[f32]) -> Result<Vec<f32>> {
        if descriptors.len() != self.inputs {
            return Err(Error::Descriptors {
                expected: self.inputs,
                got: descriptors.len(),
            });
        }
        let output = |(row, bias): (&[f32], &f32)| {
            let products = row.iter().zip(descriptors).map(|(w, d)| w * d);
            products.sum::<f32>() + bias
        };
        let rows = self.weight.chunks_exact(self.inputs);
        Ok(rows.zip(&self.bias).map(output).collect())
    }
}

fn values(file: &Tensors, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
    let found = file.map.get(name);
    let Some(tensor) = found.filter(|tensor| tensor.dims() == shape) else {
        return Err(Error::Head {
            file: file.file.clone(),
            name: name.to_owned(),
            expected: shape.to_vec(),
            got: found.map(|tensor| tensor.dims().to_vec()),
        });
    };
    let values = || {
        let tensor = tensor.to_dtype(DType::F32)?.to_device(&Device::Cpu)?;
        tensor.flatten_all()?.to_vec1()
    };
    values().map_err(|error: candle_core::Error| Error::Tensor {
        file: file.file.clone(),
        tensor: name.to_owned(),
        reason: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Tensor;

    /// Doubles the first of three values and adds 1; takes the last as it is.
    fn file() -> Tensors {
        let tensor = |values: &[f32]| Tensor::new(values, &Device::Cpu).unwrap();
        let weight = tensor(&[2.0, 0.0, 0.0, 0.0, 0.0, 1.0]).reshape((2, 3));
        Tensors {
            file: "head.safetensors".to_owned(),
            map: [
                ("weight".to_owned(), weight.unwrap()),
                ("bias".to_owned(), tensor(&[1.0, 0.0])),
            ]
            .into(),
            metadata: [(LinearHead::CLASSIFIER.to_owned(), "abc".to_owned())].into(),
        }
    }

    #[test]
    fn it_is_a_linear_map() {
        let head = LinearHead::of(&file(), 2, 3, "abc").unwrap();
        assert_eq!(head.apply(&[3.0, 5.0, 7.0]).unwrap(), [7.0, 7.0]);
        assert!(matches!(
            head.apply(&[1.0]),
            Err(Error::Descriptors {
                expected: 3,
                got: 1
            })
        ));
    }

    #[test]
    fn weights_for_another_classifier_or_of_another_shape_are_refused() {
        let text = LinearHead::of(&file(), 2, 3, "xyz")
            .unwrap_err()
            .to_string();
        assert!(text.contains("abc") && text.contains("xyz"), "{text}");
        let text = LinearHead::of(&file(), 2, 4, "abc")
            .unwrap_err()
            .to_string();
        assert!(text.contains("[2, 4]") && text.contains("[2, 3]"), "{text}");
    }
}
