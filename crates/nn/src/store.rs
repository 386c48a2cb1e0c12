//! Trainable parameters by name.

use candle_core::{DType, Device, Result, Shape, Tensor, Var, bail};
use candle_nn::var_builder::SimpleBackend;
use candle_nn::{Init, VarBuilder};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A network's parameters and running statistics, created as its layers ask for them: with the values they are given
/// ([`VarStore::with_initial`]) or drawn from the seed and the name, so that the same seed gives the same network
/// whatever the order of its layers. (Candle's `VarMap` has neither a seed nor an order.)
#[derive(Clone, Debug)]
pub struct VarStore {
    inner: Arc<Mutex<Inner>>,
    dtype: DType,
    device: Device,
}

#[derive(Debug)]
struct Inner {
    seed: u64,
    vars: BTreeMap<String, Var>,
    initial: BTreeMap<String, Tensor>,
}

impl VarStore {
    /// An empty store; parameters will be drawn from `seed`.
    pub fn new(seed: u64, dtype: DType, device: &Device) -> Self {
        Self::with_initial(BTreeMap::new(), seed, dtype, device)
    }

    /// Parameters named in `initial` start from there, the others are drawn.
    pub fn with_initial(
        initial: BTreeMap<String, Tensor>,
        seed: u64,
        dtype: DType,
        device: &Device,
    ) -> Self {
        let inner = Inner {
            seed,
            vars: BTreeMap::new(),
            initial,
        };
        Self {
            inner: Arc::new(Mutex::new(inner)),
            dtype,
            device: device.clone(),
        }
    }

    /// What layers are built from.
    pub fn builder(&self) -> VarBuilder<'static> {
        VarBuilder::from_backend(Box::new(self.clone()), self.dtype, self.device.clone())
    }

    /// All parameters and running statistics, by name.
    pub fn vars(&self) -> BTreeMap<String, Var> {
        self.lock().vars.clone()
    }

    /// What the optimiser may change: all but batch norm's running statistics.
    pub fn trainable(&self) -> BTreeMap<String, Var> {
        let mut vars = self.vars();
        vars.retain(|name, _| !is_buffer(name));
        vars
    }

    /// The current values, detached.
    pub fn tensors(&self) -> Result<BTreeMap<String, Tensor>> {
        self.vars()
            .iter()
            .map(|(name, var)| Ok((name.clone(), var.as_tensor().detach().copy()?)))
            .collect()
    }

    /// Replaces the values of all parameters.
    ///
    /// # Errors
    /// A parameter that `values` lacks, or of another shape.
    pub fn set(&self, values: &BTreeMap<String, Tensor>) -> Result<()> {
        for (name, var) in self.vars() {
            match values.get(&name) {
                Some(value) if value.shape() == var.shape() => {
                    var.set(&value.to_dtype(var.dtype())?)?
                }
                Some(value) => bail!(
                    "{name}: expected shape {:?}, got {:?}",
                    var.dims(),
                    value.dims()
                ),
                None => bail!("{name}: missing from the values to restore"),
            }
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a name is a running statistic rather than a parameter.
pub(crate) fn is_buffer(name: &str) -> bool {
    name.ends_with("running_mean") || name.ends_with("running_var")
}

impl SimpleBackend for VarStore {
    fn get(
        &self,
        shape: Shape,
        name: &str,
        init: Init,
        dtype: DType,
        device: &Device,
    ) -> Result<Tensor> {
        let mut inner = self.lock();
        if let Some(var) = inner.vars.get(name) {
            if var.shape() != &shape {
                bail!(
                    "{name}: asked for with shape {shape:?}, made with {:?}",
                    var.shape()
                );
            }
            return Ok(var.as_tensor().clone());
        }
        let value = match inner.initial.get(name) {
            Some(value) if value.shape() == &shape => value.to_dtype(dtype)?.to_device(device)?,
            Some(value) => bail!(
                "{name}: expected shape {shape:?}, got {:?} to start from",
                value.shape()
            ),
            None => draw(&shape, init, &mut rng_for(inner.seed, name), device)?.to_dtype(dtype)?,
        };
        let var = Var::from_tensor(&value)?;
        let tensor = var.as_tensor().clone();
        inner.vars.insert(name.to_owned(), var);
        Ok(tensor)
    }

    fn get_unchecked(&self, name: &str, _: DType, _: &Device) -> Result<Tensor> {
        bail!("{name}: a VarStore makes parameters of a known shape only")
    }

    fn contains_tensor(&self, name: &str) -> bool {
        let inner = self.lock();
        inner.vars.contains_key(name) || inner.initial.contains_key(name)
    }
}

/// A generator of its own for each name (FNV-1a), so that adding a layer changes no other.
fn rng_for(seed: u64, name: &str) -> ChaCha8Rng {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325u64, |h, b| {
        (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3)
    });
    ChaCha8Rng::seed_from_u64(seed ^ hash)
}

fn draw(shape: &Shape, init: Init, rng: &mut ChaCha8Rng, device: &Device) -> Result<Tensor> {
    let uniform =
        |rng: &mut ChaCha8Rng, lo: f64, up: f64| (lo + (up - lo) * rng.random::<f64>()) as f32;
    // Box and Muller 1958.
    let normal = |rng: &mut ChaCha8Rng| {
        let (u, v): (f64, f64) = (1.0 - rng.random::<f64>(), rng.random());
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    };
    let values: Vec<f32> = (0..shape.elem_count())
        .map(|_| match init {
            Init::Const(c) => c as f32,
            Init::Uniform { lo, up } => uniform(rng, lo, up),
            Init::Randn { mean, stdev } => (mean + stdev * normal(rng)) as f32,
            // PyTorch's default for a linear layer: uniform within 1 / sqrt(fan-in).
            Init::Kaiming { .. } => {
                let bound = 1.0 / (shape.elem_count() as f64 / shape.dims()[0] as f64).sqrt();
                uniform(rng, -bound, bound)
            }
        })
        .collect();
    Tensor::from_vec(values, shape, device)
}

/// The names and shapes of the parameters that `build` asks its builder for, in order of their names.
pub fn parameter_shapes<T>(
    build: impl FnOnce(VarBuilder<'static>) -> Result<T>,
) -> Result<Vec<(String, Shape)>> {
    let shapes = ShapeRecorder::default();
    build(VarBuilder::from_backend(
        Box::new(shapes.clone()),
        DType::F32,
        Device::Cpu,
    ))?;
    let shapes = std::mem::take(&mut *shapes.0.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(shapes.into_iter().collect())
}

/// Gives zeros and remembers what it was asked for.
#[derive(Clone, Default)]
struct ShapeRecorder(Arc<Mutex<BTreeMap<String, Shape>>>);

impl SimpleBackend for ShapeRecorder {
    fn get(
        &self,
        shape: Shape,
        name: &str,
        _: Init,
        dtype: DType,
        device: &Device,
    ) -> Result<Tensor> {
        let zeros = Tensor::zeros(&shape, dtype, device)?;
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name.to_owned(), shape);
        Ok(zeros)
    }

    fn get_unchecked(&self, name: &str, _: DType, _: &Device) -> Result<Tensor> {
        bail!("{name}: asked for without a shape")
    }

    fn contains_tensor(&self, _: &str) -> bool {
        true
    }
}
