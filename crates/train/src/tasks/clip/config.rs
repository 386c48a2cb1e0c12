//! A run's settings, as a TOML file.

use crate::config::{AugmentConfig, DataConfig, check_shares, from_file};
use crate::error::Result;
use crate::evaluate::clip::PROMPTS;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use std::path::{Path, PathBuf};
use wardrobe_embed::{ClipConfig, Tokenizer, Variant};

/// Which parameters a run changes. The logarithm of the scale always learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClipMode {
    /// The image tower. Texts' features are computed once, at the start.
    VisionOnly,
    /// The image tower and the projection of texts; the text tower's transformer stays.
    TextFrozen,
    /// Low-rank additions to the attention's and MLP's layers of both towers (Hu et al. 2021, arXiv:2106.09685). They are
    /// added up with what they are added to when weights are written: a file is a plain CLIP.
    Lora,
    /// Everything.
    Full,
}

/// The size of low-rank additions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LoraConfig {
    /// Rows of each factor: 8.
    pub rank: usize,
    /// The product of the factors is multiplied by `alpha / rank`: 16.
    pub alpha: f64,
}

impl Default for LoraConfig {
    fn default() -> Self {
        Self {
            rank: 8,
            alpha: 16.0,
        }
    }
}

/// The settings of a run. What a file leaves out has the value given here, meant for ViT-B/32 from its published weights
/// on a card of 4 GB.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClipTrainConfig {
    /// Passes over the data: 10.
    pub epochs: usize,
    /// Pairs that are told from each other at once: 256.
    pub batch_size: usize,
    /// Pairs of them whose activations are in memory at a time: 16. Gradients are those of the whole batch.
    pub micro_batch_size: usize,
    /// What learns: `vision-only`, `text-frozen`, `lora` or `full`; `vision-only`.
    pub mode: ClipMode,
    /// Of `mode = "lora"`.
    pub lora: LoraConfig,
    /// AdamW's highest rate: 2e-6. For low-rank factors about 1e-4, from scratch about 1e-3.
    pub learning_rate: f64,
    /// The text tower's rate as a multiple of it: 1.
    pub text_rate: f64,
    /// AdamW's decay: 0, since weights are drawn to where they started instead.
    pub weight_decay: f64,
    /// Half of it times the squared distance of the weights to where they started is added to the loss: 0.01
    /// (L2-SP, Li et al. 2018, arXiv:1802.01483).
    pub drift_penalty: f64,
    /// Epochs over which the rate rises: 0.5. It then falls along half a cosine to a hundredth.
    pub warmup_epochs: f64,
    /// Gradients are scaled down to this norm: 1.
    pub clip_norm: f64,
    /// Draws everything random: 0.
    pub seed: u64,
    /// Share of the texts kept for validation where no data set has a part for it: 0.1.
    pub hold_out: f64,
    /// Photos are kept in memory up to so many bytes, the others read again at each use: 1 GiB.
    pub photo_memory: u64,
    /// What the weights to start from are, where their file does not say: `vit-b-32` or `vit-b-32-quickgelu`.
    pub variant: Variant,
    /// A network of other sizes instead, to be trained from scratch.
    pub network: Option<ClipConfig>,
    /// How photos are varied: almost not at all. Colours are in the texts.
    #[serde(deserialize_with = "augment")]
    pub augment: AugmentConfig,
    /// Shares of the new weights in mixtures with those at the start that are measured in the end: 0 to 1 in tenths
    /// (WiSE-FT, Wortsman et al. 2022, arXiv:2109.01903).
    pub wise: Vec<f64>,
    /// The share in the mixture that is written beside the best weights: 0.5, the paper's.
    pub wise_export: f64,
    /// Photos in folders named as what they show: how many are named right is measured before and after.
    pub forgetting: Option<PathBuf>,
    /// How folders' names are put into words.
    pub prompts: Vec<String>,
    /// The data sets; the first one with a validation part decides which epoch is best.
    pub data: Vec<DataConfig>,
}

impl Default for ClipTrainConfig {
    fn default() -> Self {
        Self {
            epochs: 10,
            batch_size: 256,
            micro_batch_size: 16,
            mode: ClipMode::VisionOnly,
            lora: LoraConfig::default(),
            learning_rate: 2e-6,
            text_rate: 1.0,
            weight_decay: 0.0,
            drift_penalty: 0.01,
            warmup_epochs: 0.5,
            clip_norm: 1.0,
            seed: 0,
            hold_out: 0.1,
            photo_memory: 1 << 30,
            variant: Variant::VitB32,
            network: None,
            augment: AUGMENT,
            wise: (0..=10).map(|tenth| f64::from(tenth) / 10.0).collect(),
            wise_export: 0.5,
            forgetting: None,
            prompts: PROMPTS.map(str::to_owned).to_vec(),
            data: Vec::new(),
        }
    }
}

const AUGMENT: AugmentConfig = AugmentConfig {
    min_area: 0.9,
    max_aspect: 1.05,
    flip: 0.5,
    ..AugmentConfig::STILL
};

/// What the table leaves out is as above, not as the classifier is trained.
fn augment<'de, D: Deserializer<'de>>(from: D) -> Result<AugmentConfig, D::Error> {
    let mut all = toml::Table::try_from(AUGMENT).map_err(D::Error::custom)?;
    all.extend(toml::Table::deserialize(from)?);
    all.try_into().map_err(D::Error::custom)
}

impl ClipTrainConfig {
    /// Reads and checks a TOML file. Relative paths are relative to it.
    ///
    /// # Errors
    /// A file that cannot be read, is not TOML, has an unknown key or a value out of range.
    pub fn from_file(path: &Path) -> Result<Self> {
        let mut config = from_file(path, |config: &mut Self| &mut config.data, Self::check)?;
        if let (Some(forgetting), Some(folder)) = (&mut config.forgetting, path.parent()) {
            *forgetting = folder.join(&*forgetting);
        }
        Ok(config)
    }

    /// Finds values that cannot work, before a long run starts.
    ///
    /// # Errors
    /// In words, the first of them.
    pub fn check(&self) -> Result<(), String> {
        let least = [
            ("epochs", self.epochs as f64, 1.0),
            ("batch_size", self.batch_size as f64, 2.0),
            ("micro_batch_size", self.micro_batch_size as f64, 1.0),
            ("lora.rank", self.lora.rank as f64, 1.0),
            ("learning_rate", self.learning_rate, f64::MIN_POSITIVE),
            ("lora.alpha", self.lora.alpha, f64::MIN_POSITIVE),
            ("clip_norm", self.clip_norm, f64::MIN_POSITIVE),
            ("text_rate", self.text_rate, 0.0),
            ("weight_decay", self.weight_decay, 0.0),
            ("drift_penalty", self.drift_penalty, 0.0),
            ("warmup_epochs", self.warmup_epochs, 0.0),
        ];
        let small = |&(_, value, least): &(&str, f64, f64)| {
            value.is_nan() || value < least || value.is_infinite()
        };
        if let Some((name, value, _)) = least.into_iter().find(small) {
            return Err(format!("{name} = {value} is too small, or no number"));
        }
        check_shares(&[("hold_out", self.hold_out)])?;
        let mut mixed = self.wise.iter().chain([&self.wise_export]);
        if let Some(share) = mixed.find(|share| !(0.0..=1.0).contains(*share)) {
            return Err(format!(
                "wise and wise_export are shares in 0..=1, got {share}"
            ));
        }
        if self.prompts.is_empty() || self.prompts.iter().any(|prompt| !prompt.contains("{}")) {
            return Err(
                "prompts need {} where the label goes, each of them: \"a photo of a {}.\""
                    .to_owned(),
            );
        }
        if let Some(data) = self.data.iter().find(|data| data.repeat == 0) {
            let path = data.path.display();
            return Err(format!(
                "repeat = 0 for {path}: leave the data set out, or take 1 or more"
            ));
        }
        if let Some(network) = self.network {
            let needed = Tokenizer::END as usize + 1;
            if network.text.vocabulary < needed || network.text.context < 3 {
                return Err(format!(
                    "network.text needs a vocabulary of {needed} and a context of 3 at least"
                ));
            }
        }
        self.augment.check()
    }

    /// The network, where the file of weights does not say.
    pub(super) fn network(&self) -> ClipConfig {
        self.network.unwrap_or(self.variant.config())
    }
}
