//! From a wardrobe and a request to outfits.

use std::collections::HashSet;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use wardrobe_types::{GarmentId, OutfitId, Scored, did_you_mean};

use crate::candidates::{self, Candidate};
use crate::filter::{self, Eligible, Supply};
use crate::score::{Judgement, outfit_id};
use crate::slots::shared_slot;
use crate::{Error, Item, Request, Result, Taste, phrase, select};

/// The answer to a [`Request`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recommendation {
    /// The outfits, best first; at most as many as asked for, and as different as the wardrobe allows.
    pub outfits: Vec<ScoredOutfit>,
    /// How many candidates were made and scored.
    pub candidates: usize,
    /// The seed that makes this answer again.
    pub seed: u64,
    /// Why there are fewer outfits than asked for: the missing slot, or the filter that emptied it.
    pub reason: Option<String>,
    /// How many garments were left out because it is unsure what they are ([`crate::UNSURE_BELOW`]).
    pub unsure: usize,
}

/// One recommended outfit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScoredOutfit {
    /// The same garments have the same id.
    pub id: OutfitId,
    /// Its garments, from the top down: top, bottom, outerwear, shoes, accessories.
    pub garments: Vec<GarmentId>,
    /// Its score, with the reasons.
    #[serde(flatten)]
    pub scored: Scored,
}

/// Recommends outfits of `wardrobe`: always with shoes, never with two bottoms. Too little to choose from is no error:
/// [`Recommendation::reason`] says what is missing. The answer depends on the garments, the request and its seed, not
/// on the order of the wardrobe.
///
/// # Errors
/// [`Error::BadRequest`], [`Error::UnknownGarment`], [`Error::WithAndWithout`], [`Error::WithConflict`] for the request;
/// [`Error::DuplicateGarment`], [`Error::BadItem`] for the wardrobe.
pub fn recommend(wardrobe: &[Item], request: &Request) -> Result<Recommendation> {
    recommend_for(wardrobe, request, None)
}

/// [`recommend`] for a wearer whose taste is known: it is one more term of the score, and leaves no outfit out.
///
/// # Errors
/// As [`recommend`].
pub fn recommend_for(
    wardrobe: &[Item],
    request: &Request,
    taste: Option<&dyn Taste>,
) -> Result<Recommendation> {
    check(wardrobe, request)?;
    let eligible = filter::eligible(wardrobe, request);
    if let Some(reason) = eligible.why_none(request) {
        return Ok(Recommendation {
            outfits: Vec::new(),
            candidates: 0,
            seed: request.seed,
            reason: Some(reason),
            unsure: eligible.unsure,
        });
    }
    let mut rng = ChaCha8Rng::seed_from_u64(request.seed);
    let candidates = candidates::generate(&eligible, request, &mut rng);
    let count = candidates.outfits.len();
    let scored = score_all(candidates.outfits, &eligible, request, taste);
    let mut chosen = select::select(&scored, request.n);
    // The candidates are sorted: the best of the chosen comes first.
    chosen.sort_unstable();
    let outfits: Vec<ScoredOutfit> = chosen
        .into_iter()
        .map(|index| explained(&scored[index].1, &eligible, request, taste))
        .collect();
    let reason = (outfits.len() < request.n).then(|| {
        why_few(
            outfits.len(),
            count,
            candidates.exhaustive,
            eligible.supply(),
        )
    });
    Ok(Recommendation {
        outfits,
        candidates: count,
        seed: request.seed,
        reason,
        unsure: eligible.unsure,
    })
}

fn check(wardrobe: &[Item], request: &Request) -> Result<()> {
    request.check()?;
    let mut ids = HashSet::with_capacity(wardrobe.len());
    for item in wardrobe {
        item.check()?;
        if !ids.insert(item.id.as_str()) {
            return Err(Error::DuplicateGarment {
                id: item.id.clone(),
            });
        }
    }
    for (field, named) in [("with", &request.with), ("without", &request.without)] {
        if let Some(id) = named.iter().find(|id| !ids.contains(id.as_str())) {
            return Err(Error::UnknownGarment {
                field,
                id: id.clone(),
                near: near(id, wardrobe),
            });
        }
    }
    if let Some(id) = request.with.iter().find(|id| request.without.contains(id)) {
        return Err(Error::WithAndWithout { id: id.clone() });
    }
    check_demanded(wardrobe, request)
}

fn near(id: &GarmentId, wardrobe: &[Item]) -> Vec<String> {
    let ids = wardrobe.iter().map(|item| item.id.as_str());
    did_you_mean(id.as_str(), ids)
        .into_iter()
        .map(str::to_owned)
        .collect()
}

/// No two demanded garments may fill one place.
fn check_demanded(wardrobe: &[Item], request: &Request) -> Result<()> {
    let demanded: Vec<&Item> = wardrobe
        .iter()
        .filter(|item| request.with.contains(&item.id))
        .collect();
    for (i, first) in demanded.iter().enumerate() {
        for second in &demanded[i + 1..] {
            if let Some(slot) = shared_slot(first, second) {
                return Err(Error::WithConflict {
                    first: first.id.clone(),
                    first_category: first.category,
                    second: second.id.clone(),
                    second_category: second.category,
                    slot,
                });
            }
        }
    }
    Ok(())
}

/// The candidates with what they are ordered by, best first; ties in the order of their garments' ids.
fn score_all(
    outfits: Vec<Candidate>,
    eligible: &Eligible<'_>,
    request: &Request,
    taste: Option<&dyn Taste>,
) -> Vec<(f32, Candidate)> {
    let mut scored: Vec<(f32, Candidate)> = outfits
        .into_iter()
        .map(|outfit| (judge(&outfit, eligible, request, taste).merit(), outfit))
        .collect();
    scored.sort_by(|(a, a_outfit), (b, b_outfit)| {
        b.total_cmp(a).then_with(|| a_outfit.cmp(b_outfit))
    });
    scored
}

fn judge<'a>(
    outfit: &[usize],
    eligible: &Eligible<'a>,
    request: &Request,
    taste: Option<&dyn Taste>,
) -> Judgement<'a> {
    let items = outfit.iter().map(|&index| eligible.items[index]).collect();
    Judgement::of(items, request, taste)
}

fn explained(
    outfit: &[usize],
    eligible: &Eligible<'_>,
    request: &Request,
    taste: Option<&dyn Taste>,
) -> ScoredOutfit {
    let mut items: Vec<&Item> = outfit.iter().map(|&index| eligible.items[index]).collect();
    items.sort_by_key(|item| (item.category.slots().first(), item.category));
    ScoredOutfit {
        id: outfit_id(items.iter().map(|item| item.id.as_str())),
        garments: items.iter().map(|item| item.id.clone()).collect(),
        scored: judge(outfit, eligible, request, taste).explained(),
    }
}

/// Why the candidates gave fewer outfits than asked for.
fn why_few(shown: usize, candidates: usize, exhaustive: bool, supply: Supply) -> String {
    let shown = phrase::counted(shown, "different outfit", "different outfits");
    if exhaustive {
        format!("only {shown} can be made of {}", supply.text())
    } else {
        format!(
            "only {shown} among {}",
            phrase::counted(candidates, "candidate", "candidates")
        )
    }
}
