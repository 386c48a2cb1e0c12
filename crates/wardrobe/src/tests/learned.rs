//! Outfits judged by a trained scorer, and without one.

use std::path::{Path, PathBuf};

use candle_core::{DType, Device};
use wardrobe_nn::VarStore;
use wardrobe_recommend::learned::{OutfitScorer, SetConfig, SetTransformer};
use wardrobe_recommend::{WEIGHTS, blend};
use wardrobe_types::Breakdown;
use wardrobe_weights::Tensors;

use super::stocked;
use crate::{ModelOptions, Request, Wardrobe};

/// A scorer of the garments of `embedder`, as `train compat` writes it.
fn scorer(folder: &Path, embedder: &str) -> PathBuf {
    let config = SetConfig {
        embedding: 4,
        width: 8,
        hidden: 8,
        ..SetConfig::new(["top", "trousers", "shoes", "outerwear"])
    };
    let store = VarStore::new(5, DType::F32, &Device::Cpu);
    SetTransformer::new(&config, &Default::default(), store.builder()).unwrap();
    let file = folder.join(format!("{embedder}.safetensors"));
    let metadata = [
        (
            OutfitScorer::CONFIG.to_owned(),
            serde_json::to_string(&config).unwrap(),
        ),
        (OutfitScorer::EMBEDDER.to_owned(), embedder.to_owned()),
    ];
    let tensors = Tensors {
        map: store.tensors().unwrap(),
        metadata: metadata.into(),
        file: file.display().to_string(),
    };
    tensors.save(&file).unwrap();
    file
}

fn with_scorer(home: &Path, scorer: PathBuf) -> Wardrobe {
    let options = ModelOptions {
        scorer: Some(scorer),
        ..ModelOptions::default()
    };
    Wardrobe::open(home, options).unwrap()
}

#[test]
fn a_scorers_opinion_is_a_term_of_the_score() {
    let (folder, wardrobe, _) = stocked();
    let home = folder.path().join("home");
    let plain = wardrobe.recommend(&Request::default()).unwrap();
    assert!(
        plain
            .outfits
            .iter()
            .all(|outfit| outfit.scored.breakdown.learned.is_none())
    );
    drop(wardrobe);

    let wardrobe = with_scorer(&home, scorer(folder.path(), "test-embedder"));
    let judged = wardrobe.recommend(&Request::default()).unwrap();
    assert_eq!(judged.outfits.len(), plain.outfits.len());
    for outfit in &judged.outfits {
        let learned = outfit.scored.breakdown.learned.unwrap();
        assert!((0.0..=1.0).contains(&learned));
        assert_eq!(
            outfit.scored.score,
            blend(&outfit.scored.breakdown, &WEIGHTS)
        );
        let unasked = Breakdown {
            learned: None,
            ..outfit.scored.breakdown
        };
        assert_ne!(blend(&unasked, &WEIGHTS), outfit.scored.score);
    }
    // The same question has the same answer.
    let again = wardrobe.recommend(&Request::default()).unwrap();
    assert_eq!(again.outfits[0].scored, judged.outfits[0].scored);
}

#[test]
fn a_scorer_of_another_embedder_is_an_error() {
    let (folder, wardrobe, _) = stocked();
    drop(wardrobe);
    let other = scorer(folder.path(), "another-embedder");
    let wardrobe = with_scorer(&folder.path().join("home"), other);
    let error = wardrobe
        .recommend(&Request::default())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("another-embedder") && error.contains("test-embedder"),
        "{error}"
    );
}
