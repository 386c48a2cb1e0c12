//! What the tests of operators share: tensors by coordinates, and activations by their definitions.
#![allow(dead_code, reason = "no test uses all of it")]

use candle_core::{DType, Device, Tensor};
use wardrobe_nn::ops::{Activation, ConvGeometry};
use wardrobe_testkit::Random;

pub const DEVICE: Device = Device::Cpu;

/// The operators' own rounding, relative to the largest value.
pub const PRECISIONS: [(DType, f64); 2] = [(DType::F32, 1e-5), (DType::F64, 1e-12)];

pub const ACTIVATIONS: [Activation; 7] = [
    Activation::Identity,
    Activation::Relu,
    Activation::Sigmoid,
    Activation::Silu,
    Activation::Gelu,
    Activation::QuickGelu,
    Activation::HardSigmoid,
];

pub fn activate(activation: Activation, x: f64) -> f64 {
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    match activation {
        Activation::Identity => x,
        Activation::Relu => x.max(0.0),
        Activation::Sigmoid => sigmoid(x),
        Activation::Silu => x * sigmoid(x),
        Activation::Gelu => x * 0.5 * (1.0 + libm::erf(x / 2f64.sqrt())),
        Activation::QuickGelu => x * sigmoid(1.702 * x),
        Activation::HardSigmoid => (x + 3.0).clamp(0.0, 6.0) / 6.0,
    }
}

/// Without dilation.
pub fn geometry(kernel: usize, stride: usize, padding: usize) -> ConvGeometry {
    ConvGeometry {
        kernel,
        stride,
        padding,
        dilation: 1,
    }
}

pub fn draw(random: &mut Random, shape: &[usize], dtype: DType) -> Tensor {
    random.tensor(shape, (-1.0, 1.0), dtype, &DEVICE).unwrap()
}

/// Calls `f` at every position of a shape.
pub fn for_each_at(dims: &[usize], mut f: impl FnMut(&[usize])) {
    let mut at = vec![0; dims.len()];
    for _ in 0..dims.iter().product() {
        f(&at);
        for (i, dim) in at.iter_mut().zip(dims).rev() {
            *i += 1;
            if *i < *dim {
                break;
            }
            *i = 0;
        }
    }
}

/// A tensor's values in f64, read by coordinates.
pub struct Plain {
    pub values: Vec<f64>,
    pub dims: Vec<usize>,
}

impl Plain {
    pub fn of(tensor: &Tensor) -> Self {
        let flat = tensor.to_dtype(DType::F64).unwrap().flatten_all().unwrap();
        Self {
            values: flat.to_vec1().unwrap(),
            dims: tensor.dims().to_vec(),
        }
    }

    pub fn zeros(dims: &[usize]) -> Self {
        Self {
            values: vec![0.0; dims.iter().product()],
            dims: dims.to_vec(),
        }
    }

    fn index(&self, at: &[usize]) -> usize {
        assert_eq!(at.len(), self.dims.len());
        at.iter().zip(&self.dims).fold(0, |index, (&i, &dim)| {
            assert!(i < dim, "{at:?} in {:?}", self.dims);
            index * dim + i
        })
    }

    pub fn get(&self, at: &[usize]) -> f64 {
        self.values[self.index(at)]
    }

    pub fn set(&mut self, at: &[usize], value: f64) {
        let index = self.index(at);
        self.values[index] = value;
    }

    pub fn tensor(self) -> Tensor {
        Tensor::from_vec(self.values, self.dims, &DEVICE).unwrap()
    }
}
