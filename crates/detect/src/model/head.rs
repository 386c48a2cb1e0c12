//! From features to boxes and classes.

use super::backbone::{Neck, Pyramid};
use super::blocks::conv;
use crate::Config;
use candle_core::{Result, Tensor};
use candle_nn::{Init, VarBuilder, init};
use wardrobe_nn::ops::{ConvGeometry, conv2d};
use wardrobe_nn::packed::PackedConv;
use wardrobe_nn::{Activation, ConvNormAct, Mode, Precision};

/// What the network says of one level's anchor points, before any decoding.
#[derive(Clone, Debug)]
pub struct Level {
    /// Input pixels between neighbouring anchor points.
    pub stride: usize,
    /// (n, h, w, 4 x 16), f32: for each of left, top, right and bottom, logits of a distribution over distances of 0 to
    /// 15 strides (Li et al. 2020, <https://arxiv.org/abs/2006.04388>).
    pub distance_logits: Tensor,
    /// (n, h, w, classes), f32: each class's logit, independent of the others'.
    pub class_logits: Tensor,
}

/// A pointwise convolution with bias and nothing after it. Its results are f32 at either precision.
#[derive(Clone, Debug)]
enum Projection {
    Plain { weight: Tensor, bias: Tensor },
    Packed(PackedConv),
}

impl Projection {
    fn new(inputs: usize, outputs: usize, bias: f64, vb: VarBuilder) -> Result<Self> {
        let shape = (outputs, inputs, 1, 1);
        Ok(Self::Plain {
            weight: vb.get_with_hints(shape, "weight", init::DEFAULT_KAIMING_UNIFORM)?,
            bias: vb.get_with_hints(outputs, "bias", Init::Const(bias))?,
        })
    }

    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        match (self, mode) {
            (Self::Plain { weight, bias }, Mode::Train) => {
                conv2d(x, weight, ConvGeometry::default())?.broadcast_add(bias)
            }
            (Self::Plain { .. }, Mode::Eval) => self.fold(Precision::F32)?.forward(x, mode),
            (Self::Packed(conv), Mode::Eval) => conv.forward(x),
            (Self::Packed(_), Mode::Train) => {
                candle_core::bail!("a packed convolution does not train")
            }
        }
    }

    fn fold(&self, precision: Precision) -> Result<Self> {
        let Self::Plain { weight, bias } = self else {
            return Ok(self.clone());
        };
        let (geometry, none) = (ConvGeometry::default(), Activation::Identity);
        let (weight, bias) = (weight.detach(), bias.detach());
        let packed = PackedConv::new(&weight, Some(&bias), geometry, none, precision)?;
        Ok(Self::Packed(packed.with_output(candle_core::DType::F32)))
    }
}

/// Two 3 x 3 convolutions and a projection.
#[derive(Clone, Debug)]
struct Branch {
    convs: [ConvNormAct; 2],
    out: Projection,
}

impl Branch {
    /// Channels in, between and out.
    fn new(
        (inputs, hidden, outputs): (usize, usize, usize),
        bias: f64,
        vb: VarBuilder,
    ) -> Result<Self> {
        Ok(Self {
            convs: [
                conv((inputs, hidden), 3, 1, vb.pp("0"))?,
                conv((hidden, hidden), 3, 1, vb.pp("1"))?,
            ],
            out: Projection::new(hidden, outputs, bias, vb.pp("out"))?,
        })
    }

    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let [first, second] = &self.convs;
        let x = second.forward(&first.forward(x, mode)?, mode)?;
        self.out.forward(&x, mode)
    }

    fn fold(&self, precision: Precision) -> Result<Self> {
        let [first, second] = &self.convs;
        Ok(Self {
            convs: [first.fold(precision)?, second.fold(precision)?],
            out: self.out.fold(precision)?,
        })
    }
}

/// A branch for boxes and one for classes at each level.
#[derive(Clone, Debug)]
pub(super) struct Head {
    boxes: Vec<Branch>,
    classes: Vec<Branch>,
}

impl Head {
    pub(super) fn new(config: &Config, vb: VarBuilder) -> Result<Self> {
        let channels = Neck::channels(config.variant);
        let distances = 4 * Config::REG_MAX;
        let box_channels = (channels[0] / 4).max(16).max(distances);
        let class_channels = channels[0].max(config.classes.min(100));
        let (mut boxes, mut classes) = (Vec::new(), Vec::new());
        for (i, (inputs, stride)) in channels.into_iter().zip(Config::STRIDES).enumerate() {
            // About 5 garments on a photo of 640 x 640, whatever their classes, is what an untrained head says.
            let anchors = (640.0 / stride as f64).powi(2);
            let rare = (5.0 / config.classes as f64 / anchors).ln();
            let of_boxes = vb.pp(format!("boxes.{i}"));
            let of_classes = vb.pp(format!("classes.{i}"));
            boxes.push(Branch::new(
                (inputs, box_channels, distances),
                1.0,
                of_boxes,
            )?);
            classes.push(Branch::new(
                (inputs, class_channels, config.classes),
                rare,
                of_classes,
            )?);
        }
        Ok(Self { boxes, classes })
    }

    pub(super) fn forward(&self, pyramid: &Pyramid, mode: Mode) -> Result<Vec<Level>> {
        let branches = self.boxes.iter().zip(&self.classes);
        let levels = branches.zip(pyramid).zip(Config::STRIDES);
        levels
            .map(|(((boxes, classes), x), stride)| {
                Ok(Level {
                    stride,
                    distance_logits: boxes.forward(x, mode)?,
                    class_logits: classes.forward(x, mode)?,
                })
            })
            .collect()
    }

    pub(super) fn fold(&self, precision: Precision) -> Result<Self> {
        let fold = |branches: &[Branch]| -> Result<Vec<Branch>> {
            branches.iter().map(|b| b.fold(precision)).collect()
        };
        Ok(Self {
            boxes: fold(&self.boxes)?,
            classes: fold(&self.classes)?,
        })
    }
}
