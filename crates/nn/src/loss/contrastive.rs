//! The losses that bring matching features together and others apart.

use super::cross_entropy;
use candle_core::{D, DType, Result, Tensor, bail};

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

/// Supervised contrastive loss (Khosla et al. 2020, <https://arxiv.org/abs/2004.11362>, its L_out): `features` are
/// normalised, and each row is drawn to the rows that belong to it rather than to the others.
///
/// Row i of `positives` is 1 for each row that belongs to row i, else 0; of `compared`, 1 for each row that i is compared
/// with, its positives among them, and 0 for itself and for rows of which nobody knows whether they belong to it. A row
/// without positives adds nothing; the mean is over the others.
///
/// # Shapes
/// `features` (n, d), `positives`, `compared` (n, n), `temperature` above 0 -> scalar
///
/// # Errors
/// Other shapes; no row that has a positive.
pub fn supervised_contrastive(
    features: &Tensor,
    positives: &Tensor,
    compared: &Tensor,
    temperature: f64,
) -> Result<Tensor> {
    let (n, _) = features.dims2()?;
    if positives.dims() != [n, n] || compared.dims() != [n, n] {
        bail!(
            "expected positives and compared ({n}, {n}) for {n} rows of features, got {:?} and {:?}",
            positives.dims(),
            compared.dims()
        );
    }
    let belonging = positives.sum_keepdim(1)?;
    let anchors = belonging.gt(0.0)?.to_dtype(DType::F64)?.sum_all()?;
    let anchors = anchors.to_scalar::<f64>()?;
    if anchors == 0.0 {
        bail!("no row has another that belongs to it: draw larger batches");
    }
    let unit = normalized(features)?;
    let logits = (unit.matmul(&unit.t()?)? / temperature)?;
    // Far below any cosine, and finite: times the target 0 it is 0.
    let left_out = ((compared - 1.0)? * (4.0 / temperature + 1e4))?;
    let targets = positives.broadcast_div(&belonging.maximum(1.0)?)?;
    cross_entropy(&(logits + left_out)?, &targets)? * (n as f64 / anchors)
}

/// Rows of length 1; a row of zeros stays one, without a NaN in its gradient.
///
/// # Shapes
/// (n, d) -> (n, d)
fn normalized(x: &Tensor) -> Result<Tensor> {
    let length = (x.sqr()?.sum_keepdim(D::Minus1)? + 1e-12)?.sqrt()?;
    x.broadcast_div(&length)
}
