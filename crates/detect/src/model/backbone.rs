//! From pixels to features at strides 8, 16 and 32.

use super::blocks::{C2f, Sppf, conv};
use crate::Variant;
use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;
use wardrobe_nn::ops::upsample_nearest;
use wardrobe_nn::packed::double_pixels;
use wardrobe_nn::{ConvNormAct, Mode, Precision};

/// Features at strides 8, 16 and 32, finest first.
pub(super) type Pyramid = [Tensor; 3];

/// Channels in the layer table at strides 2, 4, 8, 16 and 32.
const CHANNELS: [usize; 5] = [64, 128, 256, 512, 1024];
/// Bottlenecks in the layer table at strides 4, 8, 16 and 32.
const REPEATS: [usize; 4] = [3, 6, 6, 3];

/// A stride-2 convolution and the block after it.
#[derive(Clone, Debug)]
struct Stage {
    down: ConvNormAct,
    block: C2f,
}

impl Stage {
    fn fold(&self, precision: Precision) -> Result<Self> {
        Ok(Self {
            down: self.down.fold(precision)?,
            block: self.block.fold(precision)?,
        })
    }
}

/// The part that is shared with classifiers.
#[derive(Clone, Debug)]
pub(super) struct Backbone {
    stem: ConvNormAct,
    stages: Vec<Stage>,
    pool: Sppf,
}

impl Backbone {
    pub(super) fn new(variant: Variant, vb: VarBuilder) -> Result<Self> {
        let channels = CHANNELS.map(|base| variant.channels(base));
        let stage = |i: usize| {
            let (vb, c) = (vb.pp(format!("stages.{i}")), channels[i + 1]);
            Ok(Stage {
                down: conv((channels[i], c), 3, 2, vb.pp("down"))?,
                block: C2f::new((c, c), variant.repeats(REPEATS[i]), true, vb.pp("block"))?,
            })
        };
        Ok(Self {
            stem: conv((3, channels[0]), 3, 2, vb.pp("stem"))?,
            stages: (0..REPEATS.len()).map(stage).collect::<Result<_>>()?,
            pool: Sppf::new(channels[4], vb.pp("pool"))?,
        })
    }

    pub(super) fn forward(&self, x: &Tensor, mode: Mode) -> Result<Pyramid> {
        let mut x = self.stem.forward(x, mode)?;
        let mut levels = Vec::with_capacity(self.stages.len());
        for stage in &self.stages {
            x = stage
                .block
                .forward(&[&stage.down.forward(&x, mode)?], mode)?;
            levels.push(x.clone());
        }
        let pooled = self.pool.forward(&x, mode)?;
        Ok([levels[1].clone(), levels[2].clone(), pooled])
    }

    pub(super) fn fold(&self, precision: Precision) -> Result<Self> {
        let stages = self.stages.iter().map(|stage| stage.fold(precision));
        Ok(Self {
            stem: self.stem.fold(precision)?,
            stages: stages.collect::<Result<_>>()?,
            pool: self.pool.fold(precision)?,
        })
    }
}

/// Features of all strides told of each other, first from coarse to fine (Lin et al. 2017,
/// <https://arxiv.org/abs/1612.03144>), then from fine to coarse (Liu et al. 2018, <https://arxiv.org/abs/1803.01534>).
#[derive(Clone, Debug)]
pub(super) struct Neck {
    /// The blocks at strides 16 and 8.
    up: [C2f; 2],
    /// Those at strides 16 and 32.
    down: [Stage; 2],
}

impl Neck {
    pub(super) fn new(variant: Variant, vb: VarBuilder) -> Result<Self> {
        let [c8, c16, c32] = Self::channels(variant);
        let block = |inputs: usize, outputs: usize, vb: VarBuilder| {
            C2f::new((inputs, outputs), variant.repeats(3), false, vb)
        };
        let down = |finer: usize, coarser: usize, vb: VarBuilder| {
            Ok::<_, candle_core::Error>(Stage {
                down: conv((finer, finer), 3, 2, vb.pp("down"))?,
                block: block(finer + coarser, coarser, vb.pp("block"))?,
            })
        };
        Ok(Self {
            up: [
                block(c32 + c16, c16, vb.pp("up.0"))?,
                block(c16 + c8, c8, vb.pp("up.1"))?,
            ],
            down: [
                down(c8, c16, vb.pp("down.0"))?,
                down(c16, c32, vb.pp("down.1"))?,
            ],
        })
    }

    /// Channels at strides 8, 16 and 32, of the input as of the output.
    pub(super) fn channels(variant: Variant) -> [usize; 3] {
        [CHANNELS[2], CHANNELS[3], CHANNELS[4]].map(|base| variant.channels(base))
    }

    pub(super) fn forward(&self, [x8, x16, x32]: &Pyramid, mode: Mode) -> Result<Pyramid> {
        let up16 = self.up[0].forward(&[&doubled(x32, mode)?, x16], mode)?;
        let y8 = self.up[1].forward(&[&doubled(&up16, mode)?, x8], mode)?;
        let coarser = |stage: &Stage, finer: &Tensor, x: &Tensor| {
            let down = stage.down.forward(finer, mode)?;
            stage.block.forward(&[&down, x], mode)
        };
        let y16 = coarser(&self.down[0], &y8, &up16)?;
        let y32 = coarser(&self.down[1], &y16, x32)?;
        Ok([y8, y16, y32])
    }

    pub(super) fn fold(&self, precision: Precision) -> Result<Self> {
        let [up16, up8] = &self.up;
        let [down16, down32] = &self.down;
        Ok(Self {
            up: [up16.fold(precision)?, up8.fold(precision)?],
            down: [down16.fold(precision)?, down32.fold(precision)?],
        })
    }
}

/// Every pixel twice in each direction: upsampling to the nearest.
///
/// # Shapes
/// (n, h, w, c) -> (n, 2 h, 2 w, c)
fn doubled(x: &Tensor, mode: Mode) -> Result<Tensor> {
    match mode {
        Mode::Train => upsample_nearest(x, 2),
        Mode::Eval => double_pixels(x),
    }
}
