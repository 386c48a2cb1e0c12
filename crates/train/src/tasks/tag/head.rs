//! The tagger's heads: what they learn from, how they are calibrated, and what is written of them.

use super::calibrate::calibrated;
use super::data::{Data, Target};
use super::{LogRow, TagConfig};
use crate::checkpoint::write_half;
use crate::error::Result;
use crate::evaluate::tag::Metrics;
use crate::tasks::head::{Epoch, Head, Map, Training};
use candle_core::{DType, Device, Tensor};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::ops::Range;
use std::path::Path;
use wardrobe_attributes::tagger::{Rows, Tagger};
use wardrobe_nn::loss;
use wardrobe_weights::LinearHead;

/// A logit below any other, for labels that are not learned.
const NEVER: f64 = -1e4;

pub(super) struct Tag<'a> {
    pub(super) config: &'a TagConfig,
    pub(super) data: &'a Data,
    pub(super) classifier_sha256: &'a str,
}

impl Head for Tag<'_> {
    type Config = TagConfig;
    type Row = LogRow;

    const OUTPUTS: usize = Rows::ALL.end;

    fn config(&self) -> &TagConfig {
        self.config
    }

    fn training(&self) -> Training {
        Training {
            epochs: self.config.epochs,
            batch_size: self.config.batch_size,
            learning_rate: self.config.learning_rate,
            weight_decay: self.config.weight_decay,
            warmup_epochs: self.config.warmup_epochs,
            dropout: Some(self.config.dropout),
            seed: self.config.seed,
        }
    }

    fn descriptors(&self) -> &Tensor {
        &self.data.descriptors
    }

    /// A view of each photo.
    fn draw(&self, batch: &[usize], views: usize, rng: &mut ChaCha8Rng) -> Vec<(usize, usize)> {
        let photos = batch.iter();
        photos
            .map(|&photo| (photo, rng.random_range(0..views)))
            .collect()
    }

    /// The sum over heads of their mean loss over the photos that they know of.
    fn loss(&self, logits: &Tensor, batch: &[usize]) -> Result<Tensor> {
        let learned = &self.data.learned;
        let table = |of: fn(&Target) -> &Vec<f32>| {
            let targets = batch.iter().map(|&photo| &self.data.targets[photo]);
            let all: Vec<f32> = targets.flat_map(of).copied().collect();
            Tensor::from_vec(all, (batch.len(), Self::OUTPUTS), &Device::Cpu)
        };
        let (values, known) = (table(|t| &t.values)?, table(|t| &t.known)?);
        let patterns: Vec<usize> = learned.pattern.iter().map(|&p| p as usize).collect();
        let fits: Vec<usize> = learned.fit.iter().map(|&f| f as usize).collect();
        let colors: Vec<usize> = learned.color.iter().map(|&c| c as usize).collect();
        let mut total = Tensor::zeros((), DType::F32, &Device::Cpu)?;
        for (head, labels) in [
            (Rows::PATTERN, patterns),
            (Rows::FIT, fits),
            (Rows::COLOR, colors),
        ] {
            total = (total + one_of(logits, &values, head, &labels)?)?;
        }
        for head in [Rows::FORMALITY, Rows::SEASONS, Rows::STYLES] {
            total = (total + any_of(logits, &values, &known, head)?)?;
        }
        Ok(total)
    }

    fn validate(&self, map: &Map) -> Result<Metrics> {
        self.data.val.measure(&self.tagger(map)?.tagger)
    }

    fn row(epoch: Epoch, metrics: Metrics) -> LogRow {
        LogRow {
            epoch: epoch.number,
            learning_rate: epoch.learning_rate,
            train_loss: epoch.train_loss,
            val_pattern: metrics.pattern,
            val_seasons: metrics.seasons,
            val_styles: metrics.styles,
            val_formality_error: metrics.formality_error,
            val_color: metrics.color,
            seconds: epoch.seconds,
        }
    }

    /// Writes the calibrated heads as f16, with the classifier that their descriptors come from and what they learned.
    fn export(&self, map: &Map, path: &Path) -> Result<()> {
        let Calibrated {
            tagger,
            weight,
            bias,
        } = self.tagger(map)?;
        let tensors = [("weight".to_owned(), weight), ("bias".to_owned(), bias)];
        let classifier = LinearHead::CLASSIFIER.to_owned();
        let metadata = [
            (classifier, self.classifier_sha256.to_owned()),
            tagger.config().to_metadata(),
        ];
        write_half(path, &tensors.into(), metadata.into())
    }
}

/// A tagger whose probabilities mean what they say, and its heads of plain descriptors.
struct Calibrated {
    tagger: Tagger,
    weight: Tensor,
    bias: Tensor,
}

impl Tag<'_> {
    fn tagger(&self, map: &Map) -> Result<Calibrated> {
        let (weight, bias) = map.plain()?;
        let plain = Tagger::from_parts(self.data.learned.clone(), linear(&weight, &bias)?);
        let (config, factors) = calibrated(&plain, &self.data.val)?;
        let factors = Tensor::new(factors, &Device::Cpu)?;
        let weight = weight.broadcast_mul(&factors.unsqueeze(1)?)?;
        let bias = (bias * factors)?;
        Ok(Calibrated {
            tagger: Tagger::from_parts(config, linear(&weight, &bias)?),
            weight,
            bias,
        })
    }
}

fn linear(weight: &Tensor, bias: &Tensor) -> Result<LinearHead> {
    let (weight, bias) = (weight.flatten_all()?.to_vec1()?, bias.to_vec1()?);
    Ok(LinearHead::new(weight, bias, Tagger::DESCRIPTORS))
}

/// Cross entropy over the learned labels of a head; photos of which it knows none add nothing.
fn one_of(
    logits: &Tensor,
    values: &Tensor,
    head: Range<usize>,
    learned: &[usize],
) -> Result<Tensor> {
    let values = values.narrow(1, head.start, head.len())?;
    let photos = values.sum_all()?.to_scalar::<f32>()?;
    if learned.is_empty() || photos == 0.0 {
        return Ok(Tensor::zeros((), DType::F32, &Device::Cpu)?);
    }
    let never = (0..head.len()).map(|label| match learned.contains(&label) {
        true => 0.0,
        false => NEVER as f32,
    });
    let never = Tensor::new(never.collect::<Vec<_>>(), &Device::Cpu)?;
    let logits = logits
        .narrow(1, head.start, head.len())?
        .broadcast_add(&never)?;
    let n = values.dim(0)? as f64;
    Ok((loss::cross_entropy(&logits, &values)? * (n / f64::from(photos)))?)
}

/// Binary cross entropy of each output that is known.
fn any_of(logits: &Tensor, values: &Tensor, known: &Tensor, head: Range<usize>) -> Result<Tensor> {
    let of = |tensor: &Tensor| tensor.narrow(1, head.start, head.len())?.contiguous();
    let (logits, values, known) = (of(logits)?, of(values)?, of(known)?);
    let count = known.sum_all()?.to_scalar::<f32>()?;
    let each = (loss::bce_with_logits(&logits, &values)? * known)?;
    Ok((each.sum_all()? / f64::from(count.max(1.0)))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_known_counts() {
        let tensor = |rows: &[[f32; 3]; 2]| Tensor::new(rows, &Device::Cpu).unwrap();
        let logits = tensor(&[[2.0, 1.0, 9.0], [5.0, -3.0, 0.0]]);
        let values = tensor(&[[0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]);
        let scalar = |tensor: Tensor| tensor.to_scalar::<f32>().unwrap();
        // The third label is not learned, the second photo not known: -ln(e / (e + e^2)).
        let got = scalar(one_of(&logits, &values, 0..3, &[0, 1]).unwrap());
        assert!((got - (1.0 + 1f32.exp()).ln()).abs() < 1e-5, "{got}");
        assert_eq!(scalar(one_of(&logits, &values, 0..3, &[]).unwrap()), 0.0);

        let known = tensor(&[[1.0, 1.0, 0.0], [0.0, 0.0, 0.0]]);
        let got = scalar(any_of(&logits, &values, &known, 0..3).unwrap());
        let expected = (2f32 + (-2f32).exp().ln_1p() + (-1f32).exp().ln_1p()) / 2.0;
        assert!((got - expected).abs() < 1e-5, "{got} {expected}");
    }
}
