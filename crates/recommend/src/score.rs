//! The score of given garments: terms, blend, reasons.

use wardrobe_types::{Breakdown, OutfitId, Scored};

use crate::explain::{self, Reason};
use crate::harmony::{self, Harmony};
use crate::opinion::{self, Judged, Opinion};
use crate::rotation::Rotation;
use crate::rules::formality::{self, Dressiness};
use crate::rules::{self, Together};
use crate::taste::{Liking, Taste};
use crate::weights::{CLASH_BELOW, WEIGHTS, blend, merit};
use crate::{Error, Item, Request, Result, phrase, slots};

/// How well `items` go together, whatever they are: a missing slot is named in the explanation and costs nothing, two
/// bottoms or two pairs of shoes cost the whole category term. The order of the items never matters.
///
/// # Errors
/// [`Error::NoItems`]; [`Error::BadItem`] where a formality or a colour's fraction is not in 0..=1.
pub fn score(items: &[Item]) -> Result<Scored> {
    score_with(items, None)
}

/// [`score`], with what a trained model says as one more term.
///
/// # Errors
/// As [`score`], and the model's.
pub fn score_with(items: &[Item], model: Option<&dyn Opinion>) -> Result<Scored> {
    if items.is_empty() {
        return Err(Error::NoItems);
    }
    for item in items {
        item.check()?;
    }
    let items: Vec<&Item> = items.iter().collect();
    let request = Request::default();
    let judgement = Judgement::of(items, &request, None, None);
    Ok(judgement.advised_by(model)?.explained())
}

/// Everything the rules found about an outfit.
#[derive(Debug)]
pub(crate) struct Judgement<'a> {
    items: Vec<&'a Item>,
    harmony: Option<Harmony>,
    dressiness: Dressiness,
    together: Together,
    learned: Option<Judged>,
    liking: Option<Liking>,
    rotation: Option<&'a Rotation>,
}

impl<'a> Judgement<'a> {
    /// Judges at least one item.
    pub(crate) fn of(
        mut items: Vec<&'a Item>,
        request: &Request,
        taste: Option<&dyn Taste>,
        rotation: Option<&'a Rotation>,
    ) -> Self {
        items.sort_by(|a, b| a.content_cmp(b));
        let harmony = harmony::judge(&items);
        let clash = harmony
            .as_ref()
            .is_some_and(|harmony| harmony.score < CLASH_BELOW);
        let dressiness = formality::judge(&items, request.formality);
        let together = rules::judge_together(&items, request, !clash);
        let liking = taste.and_then(|taste| taste.judge(&items));
        Self {
            items,
            harmony,
            dressiness,
            together,
            learned: None,
            liking,
            rotation,
        }
    }

    pub(crate) fn items(&self) -> &[&'a Item] {
        &self.items
    }

    /// With what a trained model said of the outfit.
    pub(crate) fn with_learned(mut self, term: Option<f32>) -> Self {
        self.learned = term.map(|term| Judged { term, reason: None });
        self
    }

    /// With what a trained model says of the outfit, and why.
    pub(crate) fn advised_by(mut self, model: Option<&dyn Opinion>) -> Result<Self> {
        if let Some(model) = model {
            self.learned = opinion::explain(model, &self.items)?;
        }
        Ok(self)
    }

    pub(crate) fn breakdown(&self) -> Breakdown {
        Breakdown {
            color: self.harmony.as_ref().map(|harmony| harmony.score),
            formality: Some(self.dressiness.score),
            category: Some(self.together.score),
            learned: self.learned.as_ref().map(|judged| judged.term),
            preference: self.liking.as_ref().map(|liking| liking.term),
            rotation: self.rotation.map(|rotation| rotation.term(&self.items)),
        }
    }

    pub(crate) fn score(&self) -> f32 {
        blend(&self.breakdown(), &WEIGHTS)
    }

    /// What candidates are ordered by: the score, not cut at the ends of its scale.
    pub(crate) fn merit(&self) -> f32 {
        merit(&self.breakdown(), &WEIGHTS)
    }

    /// The score with its reasons, strongest first; then what is missing.
    pub(crate) fn explained(&self) -> Scored {
        let mut reasons: Vec<Reason> = Vec::new();
        reasons.extend(
            self.harmony
                .iter()
                .map(|harmony| harmony.reason(&self.items)),
        );
        reasons.extend(self.dressiness.reasons(&self.items));
        reasons.extend(self.together.reasons(&self.items));
        reasons.extend(
            self.learned
                .iter()
                .filter_map(|judged| judged.reason.clone()),
        );
        reasons.extend(self.liking.iter().filter_map(Liking::reason));
        reasons.extend(
            self.rotation
                .and_then(|rotation| rotation.reason(&self.items)),
        );
        let mut explanation = explain::in_order(reasons);
        let missing: Vec<String> = slots::missing(&self.items)
            .map(|slot| format!("no {slot}"))
            .collect();
        if !missing.is_empty() {
            explanation.push(format!("not complete: {}", phrase::list(missing)));
        }
        let in_laundry = self.items.iter().filter(|item| item.laundry);
        explanation.extend(in_laundry.map(|item| {
            format!(
                "{} {} in the laundry",
                phrase::the(item),
                phrase::is_or_are(item.category)
            )
        }));
        Scored {
            score: self.score(),
            breakdown: self.breakdown(),
            explanation,
        }
    }
}

/// The name of an outfit: the same garments have the same name, in any order, on any machine. 64 bits of the SHA-256
/// of the sorted garment ids, in hexadecimal.
pub fn outfit_id<'a>(garments: impl IntoIterator<Item = &'a str>) -> OutfitId {
    use sha2::{Digest, Sha256};
    let mut ids: Vec<&str> = garments.into_iter().collect();
    ids.sort_unstable();
    let mut hash = Sha256::new();
    for id in ids {
        // The length keeps ["ab", "c"] and ["a", "bc"] apart.
        hash.update((id.len() as u64).to_le_bytes());
        hash.update(id.as_bytes());
    }
    let digest = hash.finalize();
    OutfitId::new(
        digest[..8]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outfit_ids_depend_on_the_set_alone() {
        let id = outfit_id(["b", "a"]);
        assert_eq!(id, outfit_id(["a", "b"]));
        assert_ne!(outfit_id(["ab", "c"]), outfit_id(["a", "bc"]));
        // printf '\1\0\0\0\0\0\0\0a\1\0\0\0\0\0\0\0b' | sha256sum
        assert_eq!(id.as_str(), "cf6ab613e3942391");
    }
}
