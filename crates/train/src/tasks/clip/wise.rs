//! Mixtures of the weights at the start with those in the end (WiSE-FT, Wortsman et al. 2022,
//! <https://arxiv.org/abs/2109.01903>): they often gain what training gained and keep more of what it forgot.

use super::data::Data;
use super::trainer::Trainer;
use super::{Mixture, Run, WISE, WISE_WEIGHTS};
use crate::checkpoint::write_log;
use crate::error::Result;
use crate::evaluate::clip::Encoder;
use crate::progress::Event;
use candle_core::{DType, Tensor};
use candle_nn::VarBuilder;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use wardrobe_embed::{Clip, load_weights};
use wardrobe_weights::Tensors;

/// `(1 - share) * start + share * end`, parameter by parameter.
pub(super) fn mix(
    start: &BTreeMap<String, Tensor>,
    end: &BTreeMap<String, Tensor>,
    share: f64,
) -> Result<BTreeMap<String, Tensor>> {
    let pairs = start
        .iter()
        .filter_map(|(name, start)| Some((name, start, end.get(name)?)));
    pairs
        .map(|(name, start, end)| Ok((name.clone(), ((start * (1.0 - share))? + (end * share)?)?)))
        .collect()
}

/// A line of the table.
#[derive(Serialize)]
struct Row {
    share: f64,
    recall_at_1: f64,
    recall_at_10: f64,
    zero_shot: Option<f64>,
}

impl Row {
    fn of(mixture: &Mixture) -> Self {
        Self {
            share: mixture.share,
            recall_at_1: mixture.metrics.recall_at_1,
            recall_at_10: mixture.metrics.recall_at_10,
            zero_shot: mixture.metrics.zero_shot,
        }
    }
}

/// Measures the mixtures with the best epoch's weights, writes their table and the one at `export`.
pub(super) fn sweep(
    trainer: &Trainer<'_>,
    data: &Data,
    (shares, export): (&[f64], f64),
    run: &Run,
    watch: &mut dyn FnMut(Event),
) -> Result<(Vec<Mixture>, PathBuf)> {
    // As they were written, in f16: what is measured is what the file gives.
    let end = load_weights(&trainer.network, &Tensors::load(run.weights())?)?;
    let end: BTreeMap<String, Tensor> = end
        .into_iter()
        .map(|(name, value)| {
            Ok((
                name,
                value.to_dtype(DType::F32)?.to_device(&trainer.device)?,
            ))
        })
        .collect::<Result<_>>()?;
    let mut measured = Vec::with_capacity(shares.len());
    for &share in shares {
        let mixed = mix(trainer.parameters.start(), &end, share)?;
        let vb = VarBuilder::from_tensors(mixed.into_iter().collect(), DType::F32, &trainer.device);
        let network = Clip::new(&trainer.network, vb)?;
        let encoder = Encoder::of(&network, trainer.network, &trainer.device)?;
        let metrics = data.validation.measure(&encoder, watch)?;
        measured.push(Mixture { share, metrics });
    }
    write_log(
        &measured.iter().map(Row::of).collect::<Vec<_>>(),
        &run.out.join(WISE),
    )?;
    let path = run.out.join(WISE_WEIGHTS);
    let mixed = mix(trainer.parameters.start(), &end, export)?;
    trainer.export(&mixed, &[("wise_share", export.to_string())], &path)?;
    Ok((measured, path))
}
