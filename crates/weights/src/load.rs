use std::collections::BTreeMap;

use candle_core::{DType, Shape, Tensor};

use crate::{Error, LoadReport, Misshaped, Result, Tensors};

/// How a file's tensors become a model's: under which names, of which type, with which exceptions.
///
/// Nothing is lenient by default. Every tensor of the model must be in the file and the other way
/// round, of the same shape; the counter `num_batches_tracked` of PyTorch's batch norms alone is
/// left out by rule, since inference and training here do without it.
///
/// ```
/// # use candle_core::{Device, Shape, Tensor};
/// # use wardrobe_weights::{Loading, Tensors};
/// # let device = Device::Cpu;
/// # let file = Tensors {
/// #     map: [("module.weight".to_string(), Tensor::ones(3, candle_core::DType::F16, &device)?)].into(),
/// #     metadata: Default::default(),
/// #     file: "example".to_string(),
/// # };
/// let model = [("weight".to_string(), Shape::from(3)), ("head.bias".to_string(), Shape::from(2))];
/// let loaded = Loading::strict()
///     .rename(|name| name.strip_prefix("module.").map(str::to_string))
///     .except("head.")
///     .load(&model, &file)?;
/// assert_eq!(loaded.report.applied, ["weight"]);
/// assert_eq!(loaded.report.excepted, ["head.bias"]);
/// assert_eq!(loaded.tensors["weight"].dtype(), candle_core::DType::F32);
/// # Ok::<(), wardrobe_weights::Error>(())
/// ```
pub struct Loading<'a> {
    rename: Rename<'a>,
    excepted: Vec<String>,
    dtype: DType,
}

type Rename<'a> = Box<dyn Fn(&str) -> Option<String> + 'a>;

/// A model's tensors from a file, and what became of all the others.
#[derive(Debug)]
#[non_exhaustive]
pub struct Loaded {
    /// The tensors by the model's names.
    pub tensors: BTreeMap<String, Tensor>,
    /// What was applied and what was left out.
    pub report: LoadReport,
}

impl<'a> Loading<'a> {
    /// The file's names are the model's; floats become f32; no exceptions.
    pub fn strict() -> Self {
        Self {
            rename: Box::new(|name| Some(name.to_string())),
            excepted: Vec::new(),
            dtype: DType::F32,
        }
    }

    /// Gives the model's name for each of the file's, or `None` for a tensor to leave out.
    pub fn rename(mut self, rename: impl Fn(&str) -> Option<String> + 'a) -> Self {
        self.rename = Box::new(rename);
        self
    }

    /// Leaves every tensor of the model whose name starts with `prefix` unfilled, and the file's
    /// tensors for them out, whatever their shape: a head that is replaced.
    pub fn except(mut self, prefix: &str) -> Self {
        self.excepted.push(prefix.to_string());
        self
    }

    /// The type that floats are converted to. Integers stay as they are.
    pub fn dtype(mut self, dtype: DType) -> Self {
        self.dtype = dtype;
        self
    }

    /// Takes the tensors that `model` lists by name and shape.
    ///
    /// # Errors
    /// [`Error::Mismatch`] with the report, where a tensor is missing, unexpected or of another
    /// shape; [`Error::Collision`] where two would fill the same; [`Error::UnusedException`].
    pub fn load(&self, model: &[(String, Shape)], file: &Tensors) -> Result<Loaded> {
        self.check_exceptions(model)?;
        let mut report = LoadReport::default();
        let mut candidates = self.candidates(file, &mut report)?;
        let mut tensors = BTreeMap::new();
        for (name, shape) in model {
            let candidate = candidates.remove(name.as_str());
            if self.is_excepted(name) {
                report.excepted.push(name.clone());
                report
                    .ignored
                    .extend(candidate.map(|(original, _)| original.clone()));
                continue;
            }
            match candidate {
                None => report.missing.push(name.clone()),
                Some((_, tensor)) if tensor.shape() != shape => report.misshaped.push(Misshaped {
                    name: name.clone(),
                    expected: shape.clone(),
                    found: tensor.shape().clone(),
                }),
                Some((_, tensor)) => {
                    tensors.insert(name.clone(), self.convert(tensor)?);
                    report.applied.push(name.clone());
                }
            }
        }
        for (name, (original, _)) in candidates {
            let left = if self.is_excepted(&name) {
                &mut report.ignored
            } else {
                &mut report.unexpected
            };
            left.push(original.clone());
        }
        if report.is_complete() {
            return Ok(Loaded { tensors, report });
        }
        Err(Error::Mismatch {
            file: file.file.clone(),
            report: Box::new(report),
        })
    }

    /// The file's tensors and their names in the file, by their names in the model.
    fn candidates<'t>(
        &self,
        file: &'t Tensors,
        report: &mut LoadReport,
    ) -> Result<BTreeMap<String, (&'t String, &'t Tensor)>> {
        let mut candidates: BTreeMap<String, (&String, &Tensor)> = BTreeMap::new();
        for (original, tensor) in &file.map {
            let renamed = match is_counter(original) {
                true => None,
                false => (self.rename)(original),
            };
            let Some(name) = renamed else {
                report.ignored.push(original.clone());
                continue;
            };
            if let Some((first, _)) = candidates.get(&name) {
                return Err(Error::Collision {
                    file: file.file.clone(),
                    first: first.to_string(),
                    second: original.clone(),
                    tensor: name,
                });
            }
            candidates.insert(name, (original, tensor));
        }
        Ok(candidates)
    }

    fn check_exceptions(&self, model: &[(String, Shape)]) -> Result<()> {
        let used = |prefix: &str| model.iter().any(|(name, _)| name.starts_with(prefix));
        match self.excepted.iter().find(|prefix| !used(prefix)) {
            None => Ok(()),
            Some(prefix) => Err(Error::UnusedException {
                prefix: prefix.clone(),
            }),
        }
    }

    fn is_excepted(&self, name: &str) -> bool {
        self.excepted.iter().any(|prefix| name.starts_with(prefix))
    }

    fn convert(&self, tensor: &Tensor) -> candle_core::Result<Tensor> {
        if tensor.dtype().is_float() {
            tensor.to_dtype(self.dtype)
        } else {
            Ok(tensor.clone())
        }
    }
}

fn is_counter(name: &str) -> bool {
    name.rsplit('.').next() == Some("num_batches_tracked")
}
