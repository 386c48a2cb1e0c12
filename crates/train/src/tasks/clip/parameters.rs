//! A CLIP in training: what it started from, and what is learned on top.

use super::{ClipMode, ClipTrainConfig};
use crate::error::Result;
use candle_core::{DType, Device, Tensor, Var};
use candle_nn::{Init, VarBuilder, init};
use std::collections::BTreeMap;
use wardrobe_embed::{Clip, ClipConfig};
use wardrobe_nn::VarStore;
use wardrobe_nn::loss::MAX_LOGIT_SCALE;
use wardrobe_nn::optim::Gradients;

/// The parameter that is not a weight of a tower.
pub(super) const SCALE: &str = "logit_scale";

/// Whether operations on a network's parameters are recorded for a backward pass.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Graph {
    Recorded,
    None,
}

/// How much of a parameter a mode trains.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Trained {
    Whole,
    /// A sum of the start and a product of two factors, `NAME.up` (out, rank) and `NAME.down` (rank, in).
    LowRank,
    Nothing,
}

impl ClipMode {
    fn trains(self, name: &str) -> Trained {
        let whole = match self {
            Self::VisionOnly => name.starts_with("image."),
            Self::TextFrozen => name.starts_with("image.") || name.starts_with("text.projection."),
            Self::Lora => false,
            Self::Full => true,
        };
        match self {
            _ if whole || name == SCALE => Trained::Whole,
            Self::Lora if is_layer(name) => Trained::LowRank,
            _ => Trained::Nothing,
        }
    }

    /// Whether the features of a text never change.
    pub(super) fn texts_stay(self) -> bool {
        self == Self::VisionOnly
    }
}

/// The attention's and MLP's layers.
fn is_layer(name: &str) -> bool {
    const LAYERS: [&str; 4] = [
        ".qkv.weight",
        ".out.weight",
        ".expand.weight",
        ".project.weight",
    ];
    name.contains(".blocks.") && LAYERS.iter().any(|layer| name.ends_with(layer))
}

/// All parameters of a CLIP, of which the mode's are variables.
#[derive(Debug)]
pub(super) struct Parameters {
    network: ClipConfig,
    device: Device,
    mode: ClipMode,
    /// Where the run started.
    start: BTreeMap<String, Tensor>,
    /// What is trained: whole parameters by their names, and factors.
    store: VarStore,
    vars: BTreeMap<String, Var>,
    /// Of the product of two factors.
    scale: f64,
}

impl Parameters {
    /// Starts from `initial`; what it lacks is drawn from the seed.
    pub(super) fn new(
        config: &ClipTrainConfig,
        network: ClipConfig,
        initial: BTreeMap<String, Tensor>,
        device: &Device,
    ) -> Result<Self> {
        let drawn = VarStore::with_initial(initial, config.seed, DType::F32, device);
        Clip::new(&network, drawn.builder())?;
        let start = drawn.tensors()?;
        let store = VarStore::with_initial(start.clone(), config.seed ^ 0x10ca, DType::F32, device);
        let builder = store.builder();
        for (name, value) in &start {
            match config.mode.trains(name) {
                Trained::Whole => {
                    drop(builder.get_with_hints(value.shape(), name, Init::Const(0.0))?)
                }
                Trained::LowRank => {
                    let (outputs, inputs) = value.dims2()?;
                    let rank = config.lora.rank;
                    let [up, down] = factors(name);
                    // The product starts at 0, and only one of the factors, or neither would learn.
                    builder.get_with_hints((outputs, rank), &up, Init::Const(0.0))?;
                    builder.get_with_hints((rank, inputs), &down, init::DEFAULT_KAIMING_UNIFORM)?;
                }
                Trained::Nothing => {}
            }
        }
        Ok(Self {
            network,
            device: device.clone(),
            mode: config.mode,
            start,
            vars: store.vars(),
            store,
            scale: config.lora.alpha / config.lora.rank as f64,
        })
    }

    /// What the optimiser changes.
    pub(super) fn vars(&self) -> &BTreeMap<String, Var> {
        &self.vars
    }

    /// The values of what is trained, to be saved and taken up again.
    pub(super) fn tensors(&self) -> Result<BTreeMap<String, Tensor>> {
        Ok(self.store.tensors()?)
    }

    pub(super) fn set(&self, values: &BTreeMap<String, Tensor>) -> Result<()> {
        Ok(self.store.set(values)?)
    }

    pub(super) fn start(&self) -> &BTreeMap<String, Tensor> {
        &self.start
    }

    /// A parameter's value now, low-rank additions included; its graph leads to what is trained of it.
    fn value(&self, name: &str, start: &Tensor) -> Result<Tensor> {
        if let Some(var) = self.vars.get(name) {
            return Ok(var.as_tensor().clone());
        }
        let [up, down] = factors(name).map(|factor| self.vars.get(&factor));
        match (up, down) {
            (Some(up), Some(down)) => Ok((start + (up.matmul(down)? * self.scale)?)?),
            _ => Ok(start.clone()),
        }
    }

    /// The plain CLIP that the parameters come to.
    pub(super) fn merged(&self) -> Result<BTreeMap<String, Tensor>> {
        let values = self.start.iter();
        values
            .map(|(name, start)| Ok((name.clone(), self.value(name, start)?.detach())))
            .collect()
    }

    /// The network. Its parameters are these, not copies; additions are added up anew.
    pub(super) fn network(&self, graph: Graph) -> Result<Clip> {
        let values: Result<_> = match graph {
            Graph::None => Ok(self.merged()?.into_iter().collect()),
            Graph::Recorded => {
                let values = self.start.iter();
                values
                    .map(|(name, start)| Ok((name.clone(), self.value(name, start)?)))
                    .collect()
            }
        };
        let vb = VarBuilder::from_tensors(values?, DType::F32, &self.device);
        Ok(Clip::new(&self.network, vb)?)
    }

    /// Whether anything of the text tower learns.
    pub(super) fn text_learns(&self) -> bool {
        self.vars.keys().any(|name| name.starts_with("text."))
    }

    /// Adds the gradients of `strength / 2` times the squared distance of the towers' weights to their start, and
    /// returns that. One parameter at a time: the memory of a whole network is not taken again.
    pub(super) fn add_drift(&self, strength: f64, gradients: &mut Gradients) -> Result<f32> {
        let mut penalty = 0.0;
        for (name, start) in self.start.iter().filter(|(name, _)| *name != SCALE) {
            if strength == 0.0 || self.mode.trains(name) == Trained::Nothing {
                continue;
            }
            let squares = (self.value(name, start)? - start)?.sqr()?.sum_all()?;
            let part = (squares * (strength / 2.0))?;
            let [up, down] = factors(name);
            let names = [name.clone(), up, down].into_iter();
            let vars = names.filter_map(|name| Some((name.clone(), self.vars.get(&name)?.clone())));
            gradients.add(&vars.collect(), &part.backward()?)?;
            penalty += part.to_scalar::<f32>()?;
        }
        Ok(penalty)
    }

    /// Takes the logarithm of the scale back to its largest.
    pub(super) fn clamp_scale(&self) -> Result<()> {
        if let Some(var) = self.vars.get(SCALE) {
            var.set(
                &var.as_tensor()
                    .detach()
                    .clamp(f64::NEG_INFINITY, MAX_LOGIT_SCALE)?,
            )?;
        }
        Ok(())
    }

    /// The logarithm of the scale.
    pub(super) fn logit_scale(&self) -> Result<f32> {
        let value = self
            .vars
            .get(SCALE)
            .map(Var::as_tensor)
            .or_else(|| self.start.get(SCALE));
        Ok(value
            .map(Tensor::to_scalar::<f32>)
            .transpose()?
            .unwrap_or_default())
    }
}

fn factors(name: &str) -> [String; 2] {
    [format!("{name}.up"), format!("{name}.down")]
}
