use candle_core::{Result, Tensor, Var, bail};
use std::collections::BTreeMap;

/// An exponential moving average of parameters and running statistics, with a warm-up:
/// decay = `max_decay` * (1 - exp(-updates / tau)).
///
/// YOLOv8 averages with 0.9999 and 2000, after every step of the optimiser, all of a network's floats: give it
/// [`VarStore::vars`](crate::VarStore::vars), not the trainable ones alone, or batch norms keep their first statistics.
/// What [`tensors`](Self::tensors) yields, with [`updates`](Self::updates), is its whole state.
#[derive(Debug)]
pub struct Ema {
    average: BTreeMap<String, Vec<f32>>,
    max_decay: f64,
    tau: f64,
    updates: usize,
}

impl Ema {
    /// Starts from the current values.
    pub fn new(vars: &BTreeMap<String, Var>, max_decay: f64, tau: f64) -> Result<Self> {
        let average = vars
            .iter()
            .map(|(name, var)| Ok((name.clone(), var.flatten_all()?.to_vec1()?)));
        Ok(Self {
            average: average.collect::<Result<_>>()?,
            max_decay,
            tau,
            updates: 0,
        })
    }

    /// Moves the average towards the current values.
    pub fn update(&mut self, vars: &BTreeMap<String, Var>) -> Result<()> {
        self.updates += 1;
        let decay = (self.max_decay * (1.0 - (-(self.updates as f64) / self.tau).exp())) as f32;
        for (name, average) in &mut self.average {
            let Some(var) = vars.get(name) else {
                bail!("{name}: averaged, but no longer a parameter")
            };
            let values = var.flatten_all()?.to_vec1::<f32>()?;
            average
                .iter_mut()
                .zip(values)
                .for_each(|(a, v)| *a = decay * *a + (1.0 - decay) * v);
        }
        Ok(())
    }

    /// The averaged values, shaped as `vars`.
    pub fn tensors(&self, vars: &BTreeMap<String, Var>) -> Result<BTreeMap<String, Tensor>> {
        let shaped = |(name, values): (&String, &Vec<f32>)| match vars.get(name) {
            Some(var) => Ok((
                name.clone(),
                Tensor::from_slice(values, var.shape(), var.device())?,
            )),
            None => bail!("{name}: averaged, but no longer a parameter"),
        };
        self.average.iter().map(shaped).collect()
    }

    /// How often it was updated.
    pub fn updates(&self) -> usize {
        self.updates
    }

    /// Takes up saved averages.
    ///
    /// # Errors
    /// An average that is missing or of another length.
    pub fn restore(&mut self, values: &BTreeMap<String, Tensor>, updates: usize) -> Result<()> {
        for (name, average) in &mut self.average {
            let Some(saved) = values.get(name) else {
                bail!("{name}: missing from the saved average")
            };
            let saved = saved.flatten_all()?.to_vec1::<f32>()?;
            if saved.len() != average.len() {
                bail!(
                    "{name}: expected an average of {} values, got {}",
                    average.len(),
                    saved.len()
                );
            }
            *average = saved;
        }
        self.updates = updates;
        Ok(())
    }
}
