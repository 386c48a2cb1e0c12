//! Dropout and stochastic depth, with a generator that can be seeded (Candle's on the CPU cannot).

use crate::Mode;
use candle_core::{Result, Tensor};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::sync::{Arc, Mutex, PoisonError};

/// A seeded random generator that a network's layers share.
#[derive(Clone, Debug)]
pub struct Rng(Arc<Mutex<ChaCha8Rng>>);

impl Rng {
    /// The generator for a seed.
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(ChaCha8Rng::seed_from_u64(seed))))
    }

    /// Starts again from another seed: a resumed run draws what the unbroken one would have drawn.
    pub fn reseed(&self, seed: u64) {
        *self.lock() = ChaCha8Rng::seed_from_u64(seed);
    }

    /// `len` factors: 0 with probability `drop`, else 1 / (1 - drop), so that the mean stays 1.
    fn keep_factors(&self, len: usize, drop: f32) -> Vec<f32> {
        let mut rng = self.lock();
        (0..len)
            .map(|_| {
                if rng.random::<f32>() < drop {
                    0.0
                } else {
                    1.0 / (1.0 - drop)
                }
            })
            .collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, ChaCha8Rng> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Zeroes values with probability `p` while training (Srivastava et al. 2014).
#[derive(Clone, Debug)]
pub struct Dropout {
    p: f32,
    rng: Rng,
}

impl Dropout {
    /// `p` in 0..1.
    pub fn new(p: f32, rng: Rng) -> Self {
        Self { p, rng }
    }

    /// # Shapes
    /// any -> the same
    pub fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        if mode == Mode::Eval || self.p == 0.0 {
            return Ok(x.clone());
        }
        let keep = self.rng.keep_factors(x.elem_count(), self.p);
        x * Tensor::from_vec(keep, x.shape(), x.device())?.to_dtype(x.dtype())?
    }
}

/// Drops a residual branch for whole samples with probability `p` while training (Huang et al. 2016).
#[derive(Clone, Debug)]
pub struct StochasticDepth {
    p: f32,
    rng: Rng,
}

impl StochasticDepth {
    /// `p` in 0..1.
    pub fn new(p: f32, rng: Rng) -> Self {
        Self { p, rng }
    }

    /// `x` plus what is kept of `branch`.
    ///
    /// # Shapes
    /// (n, h, w, c) twice -> (n, h, w, c)
    pub fn residual(&self, x: &Tensor, branch: &Tensor, mode: Mode) -> Result<Tensor> {
        let n = x.dim(0)?;
        let keep = match mode {
            Mode::Eval => vec![1.0; n],
            Mode::Train => self.rng.keep_factors(n, self.p),
        };
        crate::ops::residual_add(x, branch, &keep)
    }
}
