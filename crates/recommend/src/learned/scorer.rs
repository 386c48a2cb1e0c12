//! A trained network, ready to judge.

use super::model::DropoutRng;
use super::{LearnedError, SetConfig, SetTransformer, Vocabulary};
use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use std::collections::BTreeMap;
use wardrobe_nn::{Mode, parameter_shapes};
use wardrobe_types::{Category, EmbedderId, Embedding};
use wardrobe_weights::{Loading, Tensors};

/// Sets that go through the network together; their activations stay in the cache.
const BATCH: usize = 128;

/// A garment as a scorer sees it.
#[derive(Clone, Copy, Debug)]
pub struct Garment<'a> {
    category: Category,
    values: &'a [f32],
    embedder: &'a EmbedderId,
}

impl<'a> Garment<'a> {
    /// Of its category and its embedding.
    pub fn new(category: Category, embedding: &'a Embedding) -> Self {
        Self::of_values(category, embedding.values(), embedding.embedder())
    }

    /// Of its category and the values that `embedder` gave.
    pub fn of_values(category: Category, values: &'a [f32], embedder: &'a EmbedderId) -> Self {
        Self {
            category,
            values,
            embedder,
        }
    }
}

/// Judges outfits of one embedder's garments.
#[derive(Clone, Debug)]
pub struct OutfitScorer {
    network: SetTransformer,
    vocabulary: Vocabulary,
    embedder: Option<EmbedderId>,
    file: String,
}

impl OutfitScorer {
    /// The metadata entry that holds the [`SetConfig`], as JSON.
    pub const CONFIG: &str = "set_transformer";
    /// The metadata entry that holds the embedder's id; absent where garments are their class alone.
    pub const EMBEDDER: &str = "embedder";

    /// The scorer of a file that `wardrobe train compat` wrote, in f32 or f16.
    ///
    /// # Errors
    /// A file of anything else, or whose tensors do not fit what it says of itself.
    pub fn new(weights: &Tensors) -> Result<Self, LearnedError> {
        let no_config = |problem: String| LearnedError::NoConfig {
            file: weights.file.clone(),
            problem,
        };
        let config = weights.metadata.get(Self::CONFIG);
        let config = config.ok_or_else(|| no_config(format!("no note `{}`", Self::CONFIG)))?;
        let config: SetConfig = serde_json::from_str(config)
            .map_err(|e| no_config(format!("the note `{}`: {e}", Self::CONFIG)))?;
        config.check().map_err(no_config)?;
        let shapes =
            parameter_shapes(|vb| SetTransformer::new(&config, &DropoutRng::default(), vb))?;
        let tensors = Loading::strict().load(&shapes, weights)?.tensors;
        let embedder = weights.metadata.get(Self::EMBEDDER);
        let scorer = Self::from_parts(&config, tensors, embedder.map(EmbedderId::new))?;
        Ok(Self {
            file: weights.file.clone(),
            ..scorer
        })
    }

    /// The scorer with these parameters in f32, say a training's.
    ///
    /// # Errors
    /// Parameters that are missing or of another shape.
    pub fn from_parts(
        config: &SetConfig,
        tensors: BTreeMap<String, Tensor>,
        embedder: Option<EmbedderId>,
    ) -> Result<Self, LearnedError> {
        let tensors = tensors.into_iter().collect();
        let vb = VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu);
        let network = SetTransformer::new(config, &DropoutRng::default(), vb)?;
        Ok(Self {
            network: network.fold()?,
            vocabulary: Vocabulary::new(&config.classes),
            embedder,
            file: "in memory".to_owned(),
        })
    }

    /// The embedder whose garments it judges; `None` for a scorer that sees their classes alone.
    pub fn embedder(&self) -> Option<&EmbedderId> {
        self.embedder.as_ref()
    }

    /// The file it came from.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// What the network is like.
    pub fn config(&self) -> &SetConfig {
        self.network.config()
    }

    /// The classes it knows.
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// That `embedder`'s garments are its own.
    ///
    /// # Errors
    /// [`LearnedError::OtherEmbedder`].
    pub fn check_embedder(&self, embedder: &EmbedderId) -> Result<(), LearnedError> {
        match self.embedder.as_ref() == Some(embedder) {
            true => Ok(()),
            false => Err(LearnedError::OtherEmbedder {
                scorer: self.file.clone(),
                expected: self.embedder.clone(),
                got: embedder.clone(),
            }),
        }
    }

    /// For each set of `garments`, how much it looks like what people wear, 0..=1. Garments of a category that the scorer does
    /// not know are left out of their sets; a set without a garment that it knows gets 0.5.
    ///
    /// # Errors
    /// A garment of another embedder, or of another length; a set that names a garment that is not there.
    pub fn score(
        &self,
        garments: &[Garment<'_>],
        sets: &[Vec<usize>],
    ) -> Result<Vec<f32>, LearnedError> {
        let numbers: Vec<Option<usize>> = garments
            .iter()
            .map(|garment| self.vocabulary.number(garment.category))
            .collect();
        for garment in garments {
            self.check_embedder(garment.embedder)?;
        }
        let classes: Vec<u32> = numbers.iter().map(|n| n.unwrap_or(0) as u32).collect();
        let vectors: Vec<&[f32]> = garments.iter().map(|garment| garment.values).collect();
        let known = |set: &Vec<usize>| {
            let known = |&index: &usize| numbers.get(index).is_none_or(Option::is_some);
            set.iter().copied().filter(known).collect()
        };
        let sets: Vec<Vec<usize>> = sets.iter().map(known).collect();
        let logits = self.logits(&classes, &vectors, &sets)?;
        Ok(logits.into_iter().map(probability).collect())
    }

    /// For each set of items, given by their class numbers and the values of their embeddings, the network's logit; 0 for an
    /// empty set.
    ///
    /// # Errors
    /// Values of another length, a set or a class that is not there.
    pub fn logits(
        &self,
        classes: &[u32],
        vectors: &[&[f32]],
        sets: &[Vec<usize>],
    ) -> Result<Vec<f32>, LearnedError> {
        if let Some(set) = (0..sets.len()).find(|&s| sets[s].iter().any(|&i| i >= classes.len())) {
            return Err(LearnedError::BadSet {
                set,
                garments: classes.len(),
                items: sets[set].clone(),
            });
        }
        let mut logits = vec![0.0; sets.len()];
        if classes.is_empty() {
            return Ok(logits);
        }
        let tokens = self.tokens(classes, vectors)?;
        let mut by_size: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (number, set) in sets.iter().enumerate() {
            by_size.entry(set.len()).or_default().push(number);
        }
        by_size.remove(&0);
        for (size, numbers) in by_size {
            for numbers in numbers.chunks(BATCH) {
                let items = numbers.iter().flat_map(|&n| &sets[n]).map(|&i| i as u32);
                let items = Tensor::from_iter(items, &Device::Cpu)?;
                let shape = (numbers.len(), size, self.config().width);
                let tokens = tokens.index_select(&items, 0)?.reshape(shape)?;
                let judged = self.network.judge(&tokens, None, Mode::Eval)?;
                for (number, logit) in numbers.iter().zip(judged.to_vec1::<f32>()?) {
                    logits[*number] = logit;
                }
            }
        }
        Ok(logits)
    }

    /// # Shapes
    /// (items), (items) of (embedding) -> (items, width)
    fn tokens(&self, classes: &[u32], vectors: &[&[f32]]) -> Result<Tensor, LearnedError> {
        let classes_tensor = Tensor::new(classes, &Device::Cpu)?;
        let expected = self.config().embedding;
        if expected == 0 {
            let tokens = self
                .network
                .tokens(&classes_tensor, None, None, Mode::Eval)?;
            return Ok(tokens);
        }
        let wrong = |(_, values): &(usize, &&[f32])| values.len() != expected;
        if let Some((index, values)) = vectors.iter().enumerate().find(wrong) {
            return Err(LearnedError::Length {
                index,
                expected,
                got: values.len(),
            });
        }
        let shape = (vectors.len(), expected);
        let vectors = Tensor::from_vec(vectors.concat(), shape, &Device::Cpu)?;
        Ok(self
            .network
            .tokens(&classes_tensor, Some(&vectors), None, Mode::Eval)?)
    }
}

/// The probability that a logit means.
fn probability(logit: f32) -> f32 {
    1.0 / (1.0 + (-logit).exp())
}
