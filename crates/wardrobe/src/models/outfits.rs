//! The outfit scorer.

use std::path::Path;

use wardrobe_recommend::learned::OutfitScorer;
use wardrobe_types::EmbedderId;
use wardrobe_weights::{Error, Resolver, Tensors};

use super::ModelOptions;
use crate::Result;

/// Its name in the weights' manifest.
const SCORER: &str = "starter-compat";

/// The scorer of outfits of this embedder's garments: the one named, else the manifest's. `None` where there are no weights, or
/// those of the manifest are for another embedder.
///
/// # Errors
/// Weights that cannot be read; a file that is named and is for another embedder.
pub fn find_outfit_scorer(
    options: &ModelOptions,
    embedder: &EmbedderId,
) -> Result<Option<OutfitScorer>> {
    if let Some(file) = &options.scorer {
        let scorer = load_outfit_scorer(file)?;
        scorer.check_embedder(embedder)?;
        return Ok(Some(scorer));
    }
    let folder = options.weights.as_deref().filter(|path| path.is_dir());
    let resolved = match Resolver::usual(folder)?.resolve(SCORER) {
        Ok(resolved) => resolved,
        Err(Error::NotFound { .. } | Error::UnknownName { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let scorer = OutfitScorer::new(&resolved.load()?)?;
    Ok(scorer.check_embedder(embedder).is_ok().then_some(scorer))
}

/// The scorer of a file that `wardrobe train compat` wrote.
///
/// # Errors
/// A file that cannot be read, or that is of anything else.
pub fn load_outfit_scorer(file: &Path) -> Result<OutfitScorer> {
    Ok(OutfitScorer::new(&Tensors::load(file)?)?)
}
