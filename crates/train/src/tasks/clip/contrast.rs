//! The loss of a batch and its gradients, in as much memory as a part of the batch takes.

use super::parameters::{Graph, Parameters, SCALE};
use crate::error::Result;
use crate::evaluate::clip::padded;
use candle_core::{Tensor, Var};
use std::collections::BTreeMap;
use wardrobe_embed::Clip;
use wardrobe_nn::Mode;
use wardrobe_nn::loss::info_nce;
use wardrobe_nn::optim::Gradients;

/// Pairs that are told from each other.
pub(super) struct Batch {
    /// (n, size, size, 3), normalised.
    pub(super) pixels: Tensor,
    pub(super) texts: Texts,
}

pub(super) enum Texts {
    /// n texts that go through the text tower.
    Tokens(Vec<Vec<u32>>),
    /// (n, dimension), of a text tower that stays as it is.
    Features(Tensor),
}

#[derive(Clone, Copy, PartialEq)]
enum Side {
    Images,
    Texts,
}

impl Batch {
    fn len(&self) -> usize {
        self.pixels.dims()[0]
    }

    /// Features of `len` pairs from `start`.
    fn features(&self, network: &Clip, side: Side, start: usize, len: usize) -> Result<Tensor> {
        Ok(match (side, &self.texts) {
            (Side::Images, _) => {
                let pixels = self.pixels.narrow(0, start, len)?;
                network.image.forward(&pixels, Mode::Train)?
            }
            (Side::Texts, Texts::Tokens(texts)) => {
                let tokens = padded(texts[start..][..len].iter(), self.pixels.device())?;
                network.text.forward(&tokens, Mode::Train)?
            }
            (Side::Texts, Texts::Features(features)) => features.narrow(0, start, len)?,
        })
    }
}

/// The contrastive loss of a batch, and its gradients by the parameters that learn.
///
/// A batch of more than `micro` pairs takes two passes (GradCache, Gao et al. 2021, <https://arxiv.org/abs/2101.06983>):
/// first the features of all pairs without a graph, of which the loss has a gradient each; then part by part once more
/// with a graph, through which that gradient goes back. The result is that of one pass, since nothing in the network is
/// drawn at random.
pub(super) fn gradients(
    parameters: &Parameters,
    batch: &Batch,
    micro: usize,
) -> Result<(f32, Gradients)> {
    let n = batch.len();
    let mut gradients = Gradients::default();
    if n <= micro {
        let network = parameters.network(Graph::Recorded)?;
        let images = batch.features(&network, Side::Images, 0, n)?;
        let texts = batch.features(&network, Side::Texts, 0, n)?;
        let loss = info_nce(&images, &texts, network.logit_scale())?;
        gradients.add(parameters.vars(), &loss.backward()?)?;
        return Ok((loss.to_scalar()?, gradients));
    }
    let parts = || {
        (0..n)
            .step_by(micro)
            .map(|start| (start, micro.min(n - start)))
    };
    let network = parameters.network(Graph::None)?;
    let leaf = |side| -> Result<Var> {
        let features = parts().map(|(start, len)| batch.features(&network, side, start, len));
        let features = features.collect::<Result<Vec<_>>>()?;
        Ok(Var::from_tensor(&Tensor::cat(&features, 0)?)?)
    };
    let (images, texts) = (leaf(Side::Images)?, leaf(Side::Texts)?);
    let scale = parameters.network(Graph::Recorded)?;
    let loss = info_nce(&images, &texts, scale.logit_scale())?;
    let by_feature = loss.backward()?;
    let scale = parameters.vars().get_key_value(SCALE);
    let scale: BTreeMap<String, Var> = scale
        .map(|(name, var)| (name.clone(), var.clone()))
        .into_iter()
        .collect();
    gradients.add(&scale, &by_feature)?;
    for (side, features) in [(Side::Images, &images), (Side::Texts, &texts)] {
        let learns = side == Side::Images || parameters.text_learns();
        let Some(by_feature) = by_feature.get(features).filter(|_| learns) else {
            continue;
        };
        for (start, len) in parts() {
            let network = parameters.network(Graph::Recorded)?;
            let features = batch.features(&network, side, start, len)?;
            // Its gradient by the parameters is what the loss's is through these features.
            let by_feature = by_feature.narrow(0, start, len)?.detach();
            let along = (features * by_feature)?.sum_all()?;
            gradients.add(parameters.vars(), &along.backward()?)?;
        }
    }
    Ok((loss.to_scalar()?, gradients))
}
