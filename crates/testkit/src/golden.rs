use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::compare::to_f64;
use crate::generate::{Fill, fill_of, image_u8, uniform};
use crate::{Error, Result, shared_golden};

/// A reference implementation's run, recorded: its inputs, outputs, what each module gave, and how
/// to regenerate the parameters it ran on.
///
/// The recordings are PyTorch's in f32 on a CPU, within 1e-6 (rms-relative) of its own f64; a
/// correct port is within 1e-5, a typical mistake (a padding, an epsilon, an activation) is off by
/// 1e-3 or more. So 1e-4 tells them apart.
#[derive(Debug)]
pub struct Golden {
    path: PathBuf,
    description: Description,
    recorded: BTreeMap<String, Tensor>,
}

#[derive(Debug, Deserialize)]
struct Description {
    model: String,
    gain: f64,
    modules: BTreeMap<String, ModuleStats>,
    tensors: Vec<TensorSpec>,
    #[serde(flatten)]
    other: BTreeMap<String, serde_json::Value>,
}

/// One parameter or buffer of the reference's state dict.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct TensorSpec {
    /// The reference's name for it.
    pub name: String,
    /// Its shape; empty for a scalar.
    pub shape: Vec<usize>,
    lo: Option<f64>,
    hi: Option<f64>,
    first: Option<Vec<f64>>,
    sum_f64: Option<f64>,
}

/// What is known of a module's output: enough to find the first layer that is wrong.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct ModuleStats {
    /// The output's shape.
    pub shape: Vec<usize>,
    /// The mean of all elements.
    pub mean: f64,
    /// Their standard deviation (n - 1).
    pub std: f64,
    /// The largest absolute value.
    pub absmax: f64,
    /// The first six elements.
    pub first: Vec<f64>,
    /// The last two.
    pub last: Vec<f64>,
}

impl Golden {
    /// Opens the fixture `name` (`efficientnet_b0`, `yolov8n_nc13`, `openclip_vitb32`, ...), or
    /// says that there are none and returns `None`.
    ///
    /// # Errors
    /// Where the folder of fixtures is there and this one is not, or is damaged.
    pub fn open(name: &str) -> Result<Option<Self>> {
        let Some(folder) = shared_golden() else {
            return Ok(None);
        };
        let path = folder.join(format!("{name}.json"));
        let description = read_json(&path)?;
        let tensors = path.with_extension("safetensors");
        let recorded = candle_core::safetensors::load(&tensors, &Device::Cpu)?;
        Ok(Some(Self {
            path,
            description,
            recorded: recorded.into_iter().collect(),
        }))
    }

    /// The reference implementation, as it calls itself.
    pub fn model(&self) -> &str {
        &self.description.model
    }

    /// The names and shapes of the reference's state dict, in its order.
    pub fn specs(&self) -> &[TensorSpec] {
        &self.description.tensors
    }

    /// A recorded tensor: `logits`, `output`, `image_features`, `tokens`, ...
    ///
    /// # Errors
    /// Where the fixture has none of that name; the error lists those it has.
    pub fn tensor(&self, name: &str) -> Result<&Tensor> {
        self.recorded
            .get(name)
            .ok_or_else(|| self.absent("tensor", name, self.recorded.keys()))
    }

    /// A setting of the reference (`bn_eps`, `nms`, `prompts`, ...).
    ///
    /// # Errors
    /// Where the fixture has none of that name or it is of another type.
    pub fn setting<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        let value = self
            .description
            .other
            .get(name)
            .ok_or_else(|| self.absent("setting", name, self.description.other.keys()))?;
        T::deserialize(value).map_err(|source| Error::Describe {
            path: self.path.clone(),
            source,
        })
    }

    /// The input images as bytes, `[n, 3, h, w]`, RGB.
    ///
    /// # Errors
    /// Where the fixture has none, or they are not what [`image_u8`] gives.
    pub fn images(&self) -> Result<Tensor> {
        let images = self.tensor("input_u8")?;
        let (n, _, height, width) = images.dims4()?;
        for i in 0..n {
            let name = format!("image{i}");
            let generated = image_u8(&name, height, width);
            let stored: Vec<u8> = images.get(i)?.flatten_all()?.to_vec1()?;
            if generated != stored {
                return Err(Error::Generated {
                    name,
                    what: "a byte",
                    got: "another one".to_string(),
                    expected: "the stored image's".to_string(),
                });
            }
        }
        Ok(images.clone())
    }

    /// The input as the reference's first layer sees it: `[n, 3, h, w]` in f32, normalised as
    /// recorded, or in 0..1 where the fixture records bytes alone.
    ///
    /// # Errors
    /// As [`Golden::images`].
    pub fn input(&self) -> Result<Tensor> {
        if let Some(input) = self.recorded.get("input") {
            return Ok(input.clone());
        }
        Ok((self.images()?.to_dtype(DType::F32)? / 255.0)?)
    }

    /// What the reference's module gave.
    ///
    /// # Errors
    /// Where the fixture knows no module of that name; the error lists those it knows.
    pub fn module(&self, name: &str) -> Result<&ModuleStats> {
        let modules = &self.description.modules;
        modules
            .get(name)
            .ok_or_else(|| self.absent("module", name, modules.keys()))
    }

    /// The reference's parameters and buffers, regenerated, by the reference's names.
    ///
    /// # Errors
    /// Where one of them is not what the fixture's description says (its range, first three
    /// values or sum).
    pub fn parameters(&self) -> Result<BTreeMap<String, Tensor>> {
        let gain = self.description.gain;
        self.specs()
            .iter()
            .map(|spec| Ok((spec.name.clone(), spec.generate(gain)?)))
            .collect()
    }

    fn absent<'a>(
        &self,
        kind: &str,
        name: &str,
        present: impl Iterator<Item = &'a String>,
    ) -> Error {
        Error::Absent {
            fixture: self.path.display().to_string(),
            wanted: format!("{kind} {name:?}"),
            present: present.map(String::as_str).collect::<Vec<_>>().join(", "),
        }
    }
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = std::fs::read_to_string(path).map_err(|source| Error::Read {
        path: path.to_path_buf(),
        source,
    })?;
    serde_json::from_str(&text).map_err(|source| Error::Describe {
        path: path.to_path_buf(),
        source,
    })
}

impl TensorSpec {
    fn generate(&self, gain: f64) -> Result<Tensor> {
        let n: usize = self.shape.iter().product();
        let values = match fill_of(&self.name, &self.shape, gain) {
            Fill::Zero => {
                return Ok(Tensor::zeros(
                    self.shape.as_slice(),
                    DType::I64,
                    &Device::Cpu,
                )?);
            }
            Fill::Arange => (0..n).map(|i| i as f32).collect(),
            Fill::Constant(value) => {
                self.verify_range(value, value)?;
                vec![value as f32; n]
            }
            Fill::Uniform { lo, hi } => {
                self.verify_range(lo, hi)?;
                uniform(&self.name, n, lo, hi)
            }
        };
        self.verify_values(&values)?;
        Ok(Tensor::from_vec(
            values,
            self.shape.as_slice(),
            &Device::Cpu,
        )?)
    }

    /// The range to one part in 10^14: JSON's numbers are read to within a unit in the last place.
    fn verify_range(&self, lo: f64, hi: f64) -> Result<()> {
        let near = |a: f64, b: Option<f64>| b.is_none_or(|b| (a - b).abs() <= 1e-14 * a.abs());
        if near(lo, self.lo) && near(hi, self.hi) {
            return Ok(());
        }
        Err(self.differs(
            "range",
            format!("{lo}..{hi}"),
            format!("{:?}..{:?}", self.lo, self.hi),
        ))
    }

    fn verify_values(&self, values: &[f32]) -> Result<()> {
        if let Some(first) = &self.first {
            let expected: Vec<f32> = first.iter().map(|&v| v as f32).collect();
            let got = &values[..expected.len().min(values.len())];
            if got != expected {
                return Err(self.differs("start", format!("{got:?}"), format!("{expected:?}")));
            }
        }
        let Some(expected) = self.sum_f64 else {
            return Ok(());
        };
        let sum: f64 = values.iter().map(|&v| f64::from(v)).sum();
        let magnitude: f64 = values.iter().map(|&v| f64::from(v).abs()).sum();
        // The order of summation differs; one element off by a unit in its last place still shows
        // in tensors of up to about 10^5 elements.
        if (sum - expected).abs() > 1e-13 * magnitude {
            return Err(self.differs("sum", sum.to_string(), expected.to_string()));
        }
        Ok(())
    }

    fn differs(&self, what: &'static str, got: String, expected: String) -> Error {
        Error::Generated {
            name: self.name.clone(),
            what,
            got,
            expected,
        }
    }
}

impl ModuleStats {
    /// Asserts that `output` has this shape, mean, standard deviation, largest absolute value,
    /// start and end, to within `tolerance` of the standard deviation.
    ///
    /// # Panics
    /// Otherwise, with what differs.
    #[track_caller]
    pub fn assert_matches(&self, output: &Tensor, tolerance: f64) {
        match self.mismatch(output, tolerance) {
            Ok(None) => {}
            Ok(Some(mismatch)) => panic!("{mismatch}"),
            Err(error) => panic!("cannot read the module's output: {error}"),
        }
    }

    /// In words, the first thing about `output` that is not as recorded.
    ///
    /// # Errors
    /// Where candle cannot read it.
    pub fn mismatch(&self, output: &Tensor, tolerance: f64) -> Result<Option<String>> {
        if output.dims() != self.shape {
            let (got, expected) = (output.dims(), &self.shape);
            return Ok(Some(format!("shape is {got:?}, expected {expected:?}")));
        }
        let values = to_f64(output)?;
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
        let absmax = values.iter().fold(0.0f64, |max, v| max.max(v.abs()));
        let named = [
            ("mean".to_string(), mean, self.mean),
            ("std".to_string(), (squares / (n - 1.0)).sqrt(), self.std),
            ("absmax".to_string(), absmax, self.absmax),
        ];
        let end = values.len() - self.last.len();
        let samples = (0..).zip(&self.first).chain((end..).zip(&self.last));
        let samples = samples.map(|(i, &expected)| (format!("element {i}"), values[i], expected));
        // Not `error > tolerance`: a NaN is a mismatch.
        let wrong = named.into_iter().chain(samples).find(|(_, got, expected)| {
            let error = (got - expected).abs() / self.std;
            !error.is_finite() || error > tolerance
        });
        Ok(wrong.map(|(what, got, expected)| {
            format!(
                "{what} is {got}, expected {expected} to within {tolerance:.0e} x {}",
                self.std
            )
        }))
    }
}
