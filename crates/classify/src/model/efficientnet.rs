//! EfficientNet-B0 (Tan and Le 2019, <https://arxiv.org/abs/1905.11946>), with torchvision's symmetric padding.

use crate::Config;
use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;
use wardrobe_nn::{
    Activation, ConvConfig, ConvNormAct, Dropout, Linear, Mode, Precision, Rng, SqueezeExcite,
    StochasticDepth,
    ops::global_avg_pool,
    packed::{by_image, mean_pixels},
};

/// Expansion, kernel, stride of the first block, output channels, blocks: the paper's table 1.
pub(super) const STAGES: [(usize, usize, usize, usize, usize); 7] = [
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
];
const STEM: usize = 32;
/// Stages whose means tell photos apart that are of one category: of 476 photos of clothes, those of these two alone find
/// 92 and 95 % by a varied view (cropped, turned, lit otherwise), the last layer's 74 %.
const DESCRIBING: [usize; 2] = [3, 4];

/// EfficientNet-B0.
#[derive(Clone, Debug)]
pub struct EfficientNet {
    stem: ConvNormAct,
    blocks: Vec<MbConv>,
    head: ConvNormAct,
    dropout: Dropout,
    classifier: Linear,
}

/// An inverted residual block with squeeze-and-excitation (Sandler et al. 2018).
#[derive(Clone, Debug)]
struct MbConv {
    expand: Option<ConvNormAct>,
    depthwise: ConvNormAct,
    squeeze_excite: SqueezeExcite,
    project: ConvNormAct,
    residual: Option<StochasticDepth>,
}

impl EfficientNet {
    /// Length of the pooled features.
    pub const FEATURES: usize = 1280;
    /// Length of the descriptors.
    pub const DESCRIPTORS: usize =
        Self::FEATURES + STAGES[DESCRIBING[0]].3 + STAGES[DESCRIBING[1]].3;

    /// Builds the network; `rng` draws dropout and stochastic depth in training.
    ///
    /// # Errors
    /// A parameter that the builder lacks or has in another shape.
    pub fn new(config: &Config, rng: &Rng, vb: VarBuilder) -> Result<Self> {
        let eps = config.bn_eps;
        let stem = ConvConfig {
            kernel: 3,
            stride: 2,
            ..ConvConfig::new(3, STEM)
        };
        let total: usize = STAGES.iter().map(|stage| stage.4).sum();
        let mut blocks = Vec::with_capacity(total);
        let mut inputs = STEM;
        for (stage, &(expansion, kernel, stride, outputs, repeats)) in STAGES.iter().enumerate() {
            for i in 0..repeats {
                let shape = Shape {
                    inputs,
                    expansion,
                    kernel,
                    stride: if i == 0 { stride } else { 1 },
                    outputs,
                };
                let drop = config.stochastic_depth * blocks.len() as f32 / total as f32;
                let vb = vb.pp(format!("stages.{stage}.{i}"));
                blocks.push(MbConv::new(
                    shape,
                    eps,
                    StochasticDepth::new(drop, rng.clone()),
                    vb,
                )?);
                inputs = outputs;
            }
        }
        Ok(Self {
            stem: ConvNormAct::new(stem, eps, Activation::Silu, vb.pp("stem"))?,
            blocks,
            head: ConvNormAct::new(
                ConvConfig::new(inputs, Self::FEATURES),
                eps,
                Activation::Silu,
                vb.pp("head"),
            )?,
            dropout: Dropout::new(config.dropout, rng.clone()),
            classifier: Linear::new(Self::FEATURES, config.classes, vb.pp("classifier"))?,
        })
    }

    /// The mean over pixels of the last activations.
    ///
    /// # Shapes
    /// (n, h, w, 3) -> (n, 1280)
    pub fn features(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        match mode {
            Mode::Train => global_avg_pool(&self.activations(x, mode)?),
            Mode::Eval => by_image(x, |x| mean_pixels(&self.activations(x, mode)?)),
        }
    }

    /// The features, which tell of the category, and then the means over pixels of the activations after the fourth and
    /// fifth stage, which tell of patterns and colours; for inference.
    ///
    /// # Shapes
    /// (n, h, w, 3) -> (n, 1280 + 80 + 112)
    pub fn descriptors(&self, x: &Tensor) -> Result<Tensor> {
        by_image(x, |x| {
            let mut earlier = Vec::with_capacity(DESCRIBING.len());
            let last = self.activations_with(x, Mode::Eval, |stage, x| {
                if DESCRIBING.contains(&stage) {
                    earlier.push(mean_pixels(x)?);
                }
                Ok(())
            })?;
            let mut all = vec![mean_pixels(&last)?];
            all.append(&mut earlier);
            Tensor::cat(&all, 1)
        })
    }

    /// The last layer's, before they are averaged.
    fn activations(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        self.activations_with(x, mode, |_, _| Ok(()))
    }

    /// The last layer's; `look` is shown those after each stage.
    fn activations_with(
        &self,
        x: &Tensor,
        mode: Mode,
        mut look: impl FnMut(usize, &Tensor) -> Result<()>,
    ) -> Result<Tensor> {
        let mut x = self.stem.forward(x, mode)?;
        let mut blocks = self.blocks.iter();
        for (stage, &(.., repeats)) in STAGES.iter().enumerate() {
            for block in blocks.by_ref().take(repeats) {
                x = block.forward(&x, mode)?;
            }
            look(stage, &x)?;
        }
        self.head.forward(&x, mode)
    }

    /// # Shapes
    /// (n, 1280) -> logits (n, classes)
    pub fn classify(&self, features: &Tensor, mode: Mode) -> Result<Tensor> {
        self.classifier
            .forward(&self.dropout.forward(features, mode)?)
    }

    /// # Shapes
    /// (n, h, w, 3), channels-last RGB, normalised -> logits (n, classes)
    pub fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        self.classify(&self.features(x, mode)?, mode)
    }

    /// The same function with every batch norm merged into its convolution, and weights packed: for inference.
    ///
    /// # Errors
    /// bf16 on a processor that does not multiply it.
    pub fn fold(&self, precision: Precision) -> Result<Self> {
        let blocks = self.blocks.iter().map(|block| block.fold(precision));
        Ok(Self {
            stem: self.stem.fold(precision)?,
            blocks: blocks.collect::<Result<_>>()?,
            head: self.head.fold(precision)?,
            ..self.clone()
        })
    }
}

#[derive(Clone, Copy)]
struct Shape {
    inputs: usize,
    expansion: usize,
    kernel: usize,
    stride: usize,
    outputs: usize,
}

impl MbConv {
    fn new(s: Shape, eps: f64, drop: StochasticDepth, vb: VarBuilder) -> Result<Self> {
        let hidden = s.inputs * s.expansion;
        let expand = match s.expansion {
            1 => None,
            _ => Some(ConvNormAct::new(
                ConvConfig::new(s.inputs, hidden),
                eps,
                Activation::Silu,
                vb.pp("expand"),
            )?),
        };
        let depthwise = ConvConfig::depthwise(hidden, s.kernel, s.stride);
        let project = ConvConfig::new(hidden, s.outputs);
        Ok(Self {
            expand,
            depthwise: ConvNormAct::new(depthwise, eps, Activation::Silu, vb.pp("depthwise"))?,
            // A quarter of the block's input, not of its hidden channels.
            squeeze_excite: SqueezeExcite::new(hidden, s.inputs / 4, vb.pp("squeeze_excite"))?,
            project: ConvNormAct::new(project, eps, Activation::Identity, vb.pp("project"))?,
            residual: (s.stride == 1 && s.inputs == s.outputs).then_some(drop),
        })
    }

    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let y = match &self.expand {
            Some(expand) => expand.forward(x, mode)?,
            None => x.clone(),
        };
        let y = match mode {
            Mode::Train => self
                .squeeze_excite
                .forward(&self.depthwise.forward(&y, mode)?)?,
            Mode::Eval => {
                let (y, mean) = self.depthwise.forward_with_mean(&y)?;
                self.squeeze_excite.forward_mean(y, &mean)?
            }
        };
        match (&self.residual, mode) {
            (Some(drop), Mode::Train) => drop.residual(x, &self.project.forward(&y, mode)?, mode),
            (Some(_), Mode::Eval) => self.project.forward_add(&y, x),
            (None, _) => self.project.forward(&y, mode),
        }
    }

    fn fold(&self, precision: Precision) -> Result<Self> {
        let expand = self.expand.as_ref().map(|expand| expand.fold(precision));
        Ok(Self {
            expand: expand.transpose()?,
            depthwise: self.depthwise.fold(precision)?,
            squeeze_excite: self.squeeze_excite.fold()?,
            project: self.project.fold(precision)?,
            ..self.clone()
        })
    }
}
