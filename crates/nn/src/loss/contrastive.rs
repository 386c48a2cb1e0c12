//! The loss that brings matching features together and others apart.

use super::cross_entropy;
use candle_core::{D, Result, Tensor, bail};

/// The largest logarithm of the scale, ln 100: CLIP found larger ones unstable (Radford et al. 2021, section 2.5). Training
/// sets the parameter back to it after a step, so that it can still fall; a clamp within the loss would hold it there.
pub const MAX_LOGIT_SCALE: f64 = 4.605_170_185_988_092;

/// InfoNCE both ways (van den Oord et al. 2018, <https://arxiv.org/abs/1807.03748>), as CLIP has it: `images` and `texts`
/// are normalised, their cosines times `exp(logit_scale)` are logits, and each image is classified among the texts and
/// each text among the images, the match being the one in the same row. The mean of the two cross entropies.
///
/// # Shapes
/// `images`, `texts` (n, d), `logit_scale` a scalar -> scalar
///
/// # Errors
/// Other shapes.
pub fn info_nce(images: &Tensor, texts: &Tensor, logit_scale: &Tensor) -> Result<Tensor> {
    let n = match (images.dims(), texts.dims()) {
        ([n, d], [m, e]) if n == m && d == e && *n > 0 => *n,
        (images, texts) => {
            bail!("expected as many images as texts (n, d), got {images:?} and {texts:?}")
        }
    };
    let cosines = normalized(images)?.matmul(&normalized(texts)?.t()?)?;
    let logits = cosines.broadcast_mul(&logit_scale.exp()?)?;
    let matches = Tensor::eye(n, logits.dtype(), logits.device())?;
    let of_images = cross_entropy(&logits, &matches)?;
    let of_texts = cross_entropy(&logits.t()?.contiguous()?, &matches)?;
    (of_images + of_texts)? * 0.5
}

/// Rows of length 1; a row of zeros stays one, without a NaN in its gradient.
///
/// # Shapes
/// (n, d) -> (n, d)
fn normalized(x: &Tensor) -> Result<Tensor> {
    let length = (x.sqr()?.sum_keepdim(D::Minus1)? + 1e-12)?.sqrt()?;
    x.broadcast_div(&length)
}
