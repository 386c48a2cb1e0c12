//! Every call of a model, in one place.

mod clip;
mod detector;
mod outfits;

use std::path::PathBuf;

use candle_core::Device;
use wardrobe_attributes::tagger::{Tagged, Tagger};
use wardrobe_classify::{Classifier, Prediction};
use wardrobe_embed::StarterEmbedder;
use wardrobe_ingest::RgbImage;
use wardrobe_types::{EmbedderId, Embedding};
use wardrobe_weights::{Error, Resolved, Resolver, Source, Tensors, sha256, sha256_of_file};

pub use self::clip::Clip;
pub use self::detector::{DetectorChoice, GarmentDetector};
pub use self::outfits::{find_outfit_scorer, load_outfit_scorer};
use crate::Result;

/// The classifier's name in the weights' manifest.
const CLASSIFIER: &str = "starter-classifier";
/// The embedder's.
const EMBEDDER: &str = "starter-embedder";
/// The tagger's.
const TAGGER: &str = "starter-tagger";
/// Digits of the weights' SHA-256 in the embedder's name: enough to tell trainings apart.
const FINGERPRINT: usize = 12;

/// Which weights to load and where to run them.
#[derive(Debug, Clone)]
pub struct ModelOptions {
    /// `auto`, `cpu`, `cuda` or `cuda:N`.
    pub device: String,
    /// A folder to look for weights in before the usual places, or the classifier's file itself.
    pub weights: Option<PathBuf>,
    /// A file of CLIP's weights, say fine-tuned ones, instead of the manifest's. With `quickgelu` in its name it is of that
    /// edition, as OpenAI's own are.
    pub clip: Option<PathBuf>,
    /// The detector of garments.
    pub detector: DetectorChoice,
    /// The file of an embedder trained for the classifier, instead of the manifest's.
    pub embedder: Option<PathBuf>,
    /// The file of a tagger trained for the classifier, instead of the manifest's.
    pub tagger: Option<PathBuf>,
    /// The file of an outfit scorer, as `train compat` wrote it, instead of the manifest's.
    pub scorer: Option<PathBuf>,
}

impl Default for ModelOptions {
    fn default() -> Self {
        Self {
            device: "auto".into(),
            weights: None,
            clip: None,
            detector: DetectorChoice::Usual,
            embedder: None,
            tagger: None,
            scorer: None,
        }
    }
}

impl ModelOptions {
    /// The device to run on.
    ///
    /// # Errors
    /// A GPU asked for by name that this machine or this build has not.
    pub fn device(&self) -> Result<Device> {
        Ok(wardrobe_nn::device::resolve(&self.device)?)
    }

    fn classifier(&self) -> Result<Resolved> {
        let resolved = match &self.weights {
            Some(file) if file.is_file() => {
                // Absolute, so that it cannot be taken for a name of the manifest.
                let path = std::path::absolute(file).unwrap_or_else(|_| file.clone());
                Resolver::usual(None)?.resolve(&path.to_string_lossy())
            }
            folder => Resolver::usual(folder.as_deref())?.resolve(CLASSIFIER),
        };
        Ok(resolved?)
    }
}

/// The models that look at garments: a classifier, and an embedder and a tagger on its descriptors.
#[derive(Debug)]
pub struct Models {
    classifier: Classifier,
    embedder: StarterEmbedder,
    tagger: Option<Tagger>,
    weights: String,
    classifier_sha256: String,
}

/// What the models see in one picture of a garment.
#[derive(Debug, Clone)]
pub struct Look {
    /// Every category with its probability, most likely first.
    pub predictions: Vec<Prediction>,
    /// Pattern, fit, formality, seasons and styles; nothing without a tagger.
    pub tags: Tagged,
    /// Where it lies among other looks.
    pub embedding: Embedding,
    /// Where it lies among words, by [`Clip`], where its weights are at hand.
    pub meaning: Option<Embedding>,
}

impl Look {
    /// All that places it, each in a space of its own.
    pub(crate) fn embeddings(&self) -> impl Iterator<Item = &Embedding> {
        std::iter::once(&self.embedding).chain(&self.meaning)
    }
}

impl Models {
    /// Finds, verifies and loads the weights.
    ///
    /// # Errors
    /// Weights that are nowhere or do not fit, a device that is not there.
    pub fn load(options: &ModelOptions) -> Result<Self> {
        let device = options.device()?;
        let resolved = options.classifier()?;
        let classifier = Classifier::new(&resolved.load()?, &device)?;
        let classifier_sha256 = fingerprint(&resolved)?;
        let weights = resolved.source.to_string();
        Ok(Self {
            classifier,
            embedder: embedder(options, &classifier_sha256)?,
            tagger: tagger(options, &classifier_sha256)?,
            weights,
            classifier_sha256,
        })
    }

    /// The SHA-256 of the classifier's weights.
    pub fn classifier_sha256(&self) -> &str {
        &self.classifier_sha256
    }

    /// The embedder on the classifier's features, for measuring it.
    pub fn starter_embedder(&self) -> &StarterEmbedder {
        &self.embedder
    }

    /// The tagger on the classifier's descriptors, where there is one for this classifier.
    pub fn tagger(&self) -> Option<&Tagger> {
        self.tagger.as_ref()
    }

    /// The classifier alone, for measuring it.
    pub fn classifier(&self) -> &Classifier {
        &self.classifier
    }

    /// Where the classifier's weights came from.
    pub fn weights(&self) -> &str {
        &self.weights
    }

    /// The embedder's name: embeddings of two embedders are never compared.
    pub fn embedder(&self) -> &EmbedderId {
        self.embedder.id()
    }

    /// Looks at upright pictures of one garment each, in one pass of the network.
    ///
    /// # Errors
    /// The pass itself; a single picture that cannot be embedded is an error in its place.
    pub fn look(&self, pictures: &[&RgbImage]) -> Result<Vec<Result<Look>>> {
        let classified = self.classifier.classify(pictures)?;
        let looks = classified.into_iter().map(|seen| {
            let embedding = self.embedder.embed(&seen.descriptors)?;
            let tags = self
                .tagger
                .as_ref()
                .map(|tagger| tagger.tag(&seen.descriptors));
            Ok(Look {
                tags: tags.transpose()?.unwrap_or_default(),
                predictions: seen.predictions,
                embedding,
                meaning: None,
            })
        });
        Ok(looks.collect())
    }
}

/// The trained embedder where one is named or belongs to this classifier, else random signs on its features.
fn embedder(options: &ModelOptions, classifier_sha256: &str) -> Result<StarterEmbedder> {
    if let Some(file) = &options.embedder {
        let sha256 = sha256_of_file(file)?;
        let weights = Tensors::load(file)?;
        return Ok(StarterEmbedder::new(
            &weights,
            short(&sha256),
            classifier_sha256,
        )?);
    }
    let folder = options.weights.as_deref().filter(|path| path.is_dir());
    let untrained = || StarterEmbedder::untrained(short(classifier_sha256));
    let resolved = match Resolver::usual(folder)?.resolve(EMBEDDER) {
        Ok(resolved) => resolved,
        Err(Error::NotFound { .. } | Error::UnknownName { .. }) => return Ok(untrained()),
        Err(error) => return Err(error.into()),
    };
    let sha256 = fingerprint(&resolved)?;
    match StarterEmbedder::new(&resolved.load()?, short(&sha256), classifier_sha256) {
        Err(wardrobe_embed::Error::Weights(Error::OtherClassifier { .. })) => Ok(untrained()),
        embedder => Ok(embedder?),
    }
}

/// The tagger that is named, or the manifest's where it belongs to this classifier.
fn tagger(options: &ModelOptions, classifier_sha256: &str) -> Result<Option<Tagger>> {
    if let Some(file) = &options.tagger {
        return Ok(Some(Tagger::new(&Tensors::load(file)?, classifier_sha256)?));
    }
    let folder = options.weights.as_deref().filter(|path| path.is_dir());
    let resolved = match Resolver::usual(folder)?.resolve(TAGGER) {
        Ok(resolved) => resolved,
        Err(Error::NotFound { .. } | Error::UnknownName { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    match Tagger::new(&resolved.load()?, classifier_sha256) {
        Err(wardrobe_attributes::Error::Weights(Error::OtherClassifier { .. })) => Ok(None),
        tagger => Ok(Some(tagger?)),
    }
}

/// What stands for weights in an embedder's name.
fn short(sha256: &str) -> &str {
    &sha256[..FINGERPRINT.min(sha256.len())]
}

/// The weights' SHA-256.
fn fingerprint(resolved: &Resolved) -> Result<String> {
    Ok(match (resolved.sha256.clone(), &resolved.source) {
        (Some(hash), _) => hash,
        (None, Source::File(path)) => sha256_of_file(path)?,
        (None, Source::BuiltIn(bytes)) => sha256(bytes),
    })
}
