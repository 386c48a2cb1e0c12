//! What YOLOv8 is built from.

use crate::Config;
use candle_core::{D, Result, Tensor};
use candle_nn::VarBuilder;
use wardrobe_nn::ops::{ConvGeometry, max_pool2d};
use wardrobe_nn::packed::max_pixels;
use wardrobe_nn::{Activation, ConvConfig, ConvNormAct, Mode, Precision};

/// A convolution, batch norm and SiLU.
pub(super) fn conv(
    (inputs, outputs): (usize, usize),
    kernel: usize,
    stride: usize,
    vb: VarBuilder,
) -> Result<ConvNormAct> {
    let config = ConvConfig {
        kernel,
        stride,
        ..ConvConfig::new(inputs, outputs)
    };
    let conv = ConvNormAct::new(config, Config::BN_EPS, Activation::Silu, vb)?;
    Ok(conv.with_momentum(Config::BN_MOMENTUM))
}

/// `conv` of the concatenation of `xs` along the channels. Inference reads them where they lie.
fn joined(conv: &ConvNormAct, xs: &[&Tensor], mode: Mode) -> Result<Tensor> {
    match (xs, mode) {
        ([x], _) => conv.forward(x, mode),
        (_, Mode::Eval) => conv.forward_cat(xs),
        (_, Mode::Train) => conv.forward(&Tensor::cat(xs, D::Minus1)?, mode),
    }
}

/// Two 3 x 3 convolutions, with or without a residual.
#[derive(Clone, Debug)]
struct Bottleneck {
    first: ConvNormAct,
    second: ConvNormAct,
    residual: bool,
}

impl Bottleneck {
    fn new(channels: usize, residual: bool, vb: VarBuilder) -> Result<Self> {
        let same = (channels, channels);
        Ok(Self {
            first: conv(same, 3, 1, vb.pp("first"))?,
            second: conv(same, 3, 1, vb.pp("second"))?,
            residual,
        })
    }

    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let y = self.first.forward(x, mode)?;
        match (self.residual, mode) {
            (true, Mode::Eval) => self.second.forward_add(&y, x),
            (true, Mode::Train) => x + self.second.forward(&y, mode)?,
            (false, _) => self.second.forward(&y, mode),
        }
    }

    fn fold(&self, precision: Precision) -> Result<Self> {
        Ok(Self {
            first: self.first.fold(precision)?,
            second: self.second.fold(precision)?,
            ..self.clone()
        })
    }
}

/// A cross-stage partial block: one half of the channels goes through a chain of bottlenecks, and every link of the
/// chain is seen by the last convolution.
#[derive(Clone, Debug)]
pub(super) struct C2f {
    split: ConvNormAct,
    bottlenecks: Vec<Bottleneck>,
    merge: ConvNormAct,
    hidden: usize,
}

impl C2f {
    pub(super) fn new(
        (inputs, outputs): (usize, usize),
        repeats: usize,
        residual: bool,
        vb: VarBuilder,
    ) -> Result<Self> {
        let hidden = outputs / 2;
        let bottleneck =
            |i: usize| Bottleneck::new(hidden, residual, vb.pp(format!("bottlenecks.{i}")));
        Ok(Self {
            split: conv((inputs, 2 * hidden), 1, 1, vb.pp("split"))?,
            bottlenecks: (0..repeats).map(bottleneck).collect::<Result<_>>()?,
            merge: conv(((2 + repeats) * hidden, outputs), 1, 1, vb.pp("merge"))?,
            hidden,
        })
    }

    /// Of the concatenation of `xs` along the channels.
    pub(super) fn forward(&self, xs: &[&Tensor], mode: Mode) -> Result<Tensor> {
        let halves = joined(&self.split, xs, mode)?;
        let second = halves.narrow(D::Minus1, self.hidden, self.hidden)?;
        let mut link = match mode {
            Mode::Eval => second,
            Mode::Train => second.contiguous()?,
        };
        // Both halves side by side are the first two parts.
        let mut parts = vec![halves];
        for bottleneck in &self.bottlenecks {
            link = bottleneck.forward(&link, mode)?;
            parts.push(link.clone());
        }
        joined(&self.merge, &parts.iter().collect::<Vec<_>>(), mode)
    }

    pub(super) fn fold(&self, precision: Precision) -> Result<Self> {
        let bottlenecks = self.bottlenecks.iter().map(|block| block.fold(precision));
        Ok(Self {
            split: self.split.fold(precision)?,
            bottlenecks: bottlenecks.collect::<Result<_>>()?,
            merge: self.merge.fold(precision)?,
            hidden: self.hidden,
        })
    }
}

/// Spatial pyramid pooling in its fast form: maxima over 5 x 5, 9 x 9 and 13 x 13 pixels by repeating the first (He et
/// al. 2014, <https://arxiv.org/abs/1406.4729>).
#[derive(Clone, Debug)]
pub(super) struct Sppf {
    reduce: ConvNormAct,
    merge: ConvNormAct,
}

/// 5 x 5 that keep the size.
const POOL: ConvGeometry = ConvGeometry {
    kernel: 5,
    stride: 1,
    padding: 2,
    dilation: 1,
};

impl Sppf {
    pub(super) fn new(channels: usize, vb: VarBuilder) -> Result<Self> {
        let hidden = channels / 2;
        Ok(Self {
            reduce: conv((channels, hidden), 1, 1, vb.pp("reduce"))?,
            merge: conv((4 * hidden, channels), 1, 1, vb.pp("merge"))?,
        })
    }

    pub(super) fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let x = self.reduce.forward(x, mode)?;
        let pool = |x: &Tensor| match mode {
            Mode::Train => max_pool2d(x, POOL),
            Mode::Eval => max_pixels(x, POOL.kernel),
        };
        let x5 = pool(&x)?;
        let x9 = pool(&x5)?;
        let x13 = pool(&x9)?;
        joined(&self.merge, &[&x, &x5, &x9, &x13], mode)
    }

    pub(super) fn fold(&self, precision: Precision) -> Result<Self> {
        Ok(Self {
            reduce: self.reduce.fold(precision)?,
            merge: self.merge.fold(precision)?,
        })
    }
}
