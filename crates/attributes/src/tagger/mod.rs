//! Pattern, fit, formality, seasons, styles and what people call the colour, from the classifier's descriptors of a photo.

mod config;
mod tagged;

pub use config::{Rows, TaggerConfig, Threshold};
pub use tagged::{Choice, Choices, Tagged};

use crate::Result;
use wardrobe_types::Formality;
use wardrobe_weights::{LinearHead, Tensors};

/// Heads on EfficientNet-B0's descriptors, one a tag: the classifier has paid for the rest.
///
/// Weights of `wardrobe train tag` are a [`LinearHead`] of [`Rows::ALL`] outputs, calibrated, with a [`TaggerConfig`] that says
/// which labels of which heads were learned. They belong to the classifier whose descriptors they were trained on.
#[derive(Clone, Debug)]
pub struct Tagger {
    config: TaggerConfig,
    heads: LinearHead,
}

impl Tagger {
    /// Length of the descriptors.
    pub const DESCRIPTORS: usize = 1472;

    /// The tagger of a file.
    ///
    /// # Errors
    /// Weights that do not fit; those for another classifier than the one whose SHA-256 is given; a malformed configuration.
    pub fn new(weights: &Tensors, classifier_sha256: &str) -> Result<Self> {
        let (outputs, inputs) = (Rows::ALL.end, Self::DESCRIPTORS);
        Ok(Self {
            heads: LinearHead::of(weights, outputs, inputs, classifier_sha256)?,
            config: TaggerConfig::of(weights)?,
        })
    }

    /// A tagger of heads known from elsewhere, say in training: [`Rows::ALL`] outputs of 1472 descriptors.
    pub fn from_parts(config: TaggerConfig, heads: LinearHead) -> Self {
        Self { config, heads }
    }

    /// The heads' logits.
    ///
    /// # Shapes
    /// descriptors (1472) -> ([`Rows::ALL`])
    ///
    /// # Errors
    /// Another number of descriptors.
    pub fn logits(&self, descriptors: &[f32]) -> Result<Vec<f32>> {
        Ok(self.heads.apply(descriptors)?)
    }

    /// Which labels were learned, and from which probability on they are given.
    pub fn config(&self) -> &TaggerConfig {
        &self.config
    }

    /// The tags of a garment. A head that was not learned says nothing.
    ///
    /// # Shapes
    /// descriptors (1472)
    ///
    /// # Errors
    /// Another number of descriptors.
    pub fn tag(&self, descriptors: &[f32]) -> Result<Tagged> {
        let logits = self.logits(descriptors)?;
        let config = &self.config;
        Ok(Tagged {
            pattern: Choice::of(&config.pattern, &logits[Rows::PATTERN], |p| p as usize),
            fit: Choice::of(&config.fit, &logits[Rows::FIT], |fit| fit as usize),
            formality: (config.formality)
                .then(|| Formality::new(sigmoid(logits[Rows::FORMALITY.start])).ok())
                .flatten(),
            seasons: Choices::of(&config.seasons, &logits[Rows::SEASONS], |s| s as usize),
            styles: Choices::of(&config.styles, &logits[Rows::STYLES], |s| s as usize),
            color: Choice::of(&config.color, &logits[Rows::COLOR], |color| color as usize),
        })
    }
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{Device, Tensor};
    use wardrobe_types::{BasicColor, Pattern, Season, Style};

    /// Heads whose biases alone speak.
    fn weights(biases: &[(usize, f32)], config: &TaggerConfig) -> Tensors {
        let mut bias = vec![0f32; Rows::ALL.end];
        biases.iter().for_each(|&(row, value)| bias[row] = value);
        let weight = vec![0f32; Rows::ALL.end * Tagger::DESCRIPTORS];
        let tensor = |values: Vec<f32>, shape: &[usize]| {
            Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
        };
        let shape = [Rows::ALL.end, Tagger::DESCRIPTORS];
        Tensors {
            file: "tagger.safetensors".to_owned(),
            map: [
                ("weight".to_owned(), tensor(weight, &shape)),
                ("bias".to_owned(), tensor(bias, &shape[..1])),
            ]
            .into(),
            metadata: [
                (LinearHead::CLASSIFIER.to_owned(), "abc".to_owned()),
                config.to_metadata(),
            ]
            .into(),
        }
    }

    fn config() -> TaggerConfig {
        TaggerConfig {
            pattern: vec![Pattern::Solid, Pattern::Plaid],
            fit: Vec::new(),
            formality: true,
            seasons: vec![
                Threshold::new(Season::Summer, 0.4),
                Threshold::new(Season::Winter, 0.6),
            ],
            styles: vec![Threshold::new(Style::Sporty, 0.5)],
            color: vec![BasicColor::Black, BasicColor::Grey],
        }
    }

    #[test]
    fn heads_speak_for_the_labels_they_learned() {
        let row = |rows: std::ops::Range<usize>, label: usize| rows.start + label;
        let biases = [
            (row(Rows::PATTERN, Pattern::Plaid as usize), 1f32.ln()),
            (row(Rows::PATTERN, Pattern::Solid as usize), 3f32.ln()),
            // Not learned: its logit says nothing.
            (row(Rows::PATTERN, Pattern::Animal as usize), 9.0),
            (Rows::FORMALITY.start, 0.0),
            (row(Rows::SEASONS, Season::Summer as usize), 0.0),
            (row(Rows::SEASONS, Season::Winter as usize), 0.0),
            (row(Rows::STYLES, Style::Sporty as usize), -1.0),
            (row(Rows::COLOR, BasicColor::Grey as usize), 1.0),
        ];
        let tagger = Tagger::new(&weights(&biases, &config()), "abc").unwrap();
        let tagged = tagger.tag(&[1.0; Tagger::DESCRIPTORS]).unwrap();
        assert_eq!(tagged.pattern.value, Some(Pattern::Solid));
        let probabilities = &tagged.pattern.probabilities;
        assert_eq!(probabilities.len(), 2);
        assert!((probabilities[0].1 - 0.75).abs() < 1e-6);
        assert_eq!(
            (tagged.fit.value, tagged.fit.probabilities.len()),
            (None, 0)
        );
        assert_eq!(tagged.formality.unwrap().value(), 0.5);
        assert_eq!(tagged.seasons.values, [Season::Summer]);
        assert!(tagged.styles.values.is_empty());
        assert_eq!(tagged.color.value, Some(BasicColor::Grey));
        assert!((tagged.styles.probabilities[0].1 - sigmoid(-1.0)).abs() < 1e-6);
    }

    #[test]
    fn another_classifiers_weights_and_a_file_without_settings_are_refused() {
        let mut weights = weights(&[], &config());
        assert!(Tagger::new(&weights, "xyz").is_err());
        weights.metadata.remove(TaggerConfig::ENTRY);
        let text = Tagger::new(&weights, "abc").unwrap_err().to_string();
        assert!(text.contains("train tag"), "{text}");
    }
}
