//! From a wardrobe and a request to outfits.

use std::collections::HashSet;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use wardrobe_types::{GarmentId, OutfitId, Scored, did_you_mean};

use crate::candidates::{self, Candidate};
use crate::filter::{self, Eligible};
use crate::rotation::Rotation;
use crate::score::{Judgement, outfit_id};
use crate::slots::shared_slot;
use crate::weights::rule;
use crate::{Error, Item, Opinion, Request, Result, Taste, phrase, select};

/// The answer to a [`Request`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recommendation {
    /// The outfits, best first; at most as many as asked for, and as different as the wardrobe allows.
    pub outfits: Vec<ScoredOutfit>,
    /// How many candidates were made and scored.
    pub candidates: usize,
    /// The seed that makes this answer again.
    pub seed: u64,
    /// Why there are fewer outfits than asked for: the missing slot, or the filter that emptied it; and why some share more
    /// than half of their garments.
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
    let advice = Advice { taste, model: None };
    recommend_with(wardrobe, request, advice)
}

/// Who is asked about outfits besides the rules; each is one more term of the score.
#[derive(Clone, Copy, Default)]
pub struct Advice<'a> {
    /// The wearer's taste.
    pub taste: Option<&'a dyn Taste>,
    /// A trained model.
    pub model: Option<&'a dyn Opinion>,
}

/// [`recommend`] with advice.
///
/// # Errors
/// As [`recommend`], and the model's.
pub fn recommend_with(
    wardrobe: &[Item],
    request: &Request,
    advice: Advice<'_>,
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
    let rotation = Rotation::of(wardrobe);
    let judge = Judge {
        request,
        advice,
        rotation: rotation.as_ref(),
    };
    let mut scored = judge.score_all(candidates.outfits, &eligible)?;
    // The candidates of a wardrobe that is tried whole are the same for every seed.
    if candidates.exhaustive && request.seed != 0 {
        vary(&mut scored, &mut rng);
    }
    let selection = select::select(&scored, request.n);
    let chosen = selection.chosen.iter().map(|&index| &scored[index].1);
    let mut judged = chosen
        .map(|outfit| judge.of(eligible.outfit(outfit)).advised_by(advice.model))
        .collect::<Result<Vec<_>>>()?;
    judged.sort_by(|a, b| b.merit().total_cmp(&a.merit()));
    let outfits: Vec<ScoredOutfit> = judged.iter().map(explained).collect();
    let to_choose_from = if candidates.exhaustive {
        format!("can be made of {}", what_is_left(&eligible, request))
    } else {
        format!(
            "among {}",
            phrase::counted(count, "candidate", "candidates")
        )
    };
    let reason = if outfits.len() < request.n {
        Some(why_few(outfits.len(), selection.repeats, &to_choose_from))
    } else {
        let repeats = selection.repeats;
        (repeats > 0).then(|| why_alike(repeats, outfits.len(), &eligible, request))
    };
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

/// What outfits are judged by.
struct Judge<'a> {
    request: &'a Request,
    advice: Advice<'a>,
    rotation: Option<&'a Rotation>,
}

impl<'a> Judge<'a> {
    fn of(&self, items: Vec<&'a Item>) -> Judgement<'a> {
        Judgement::of(items, self.request, self.advice.taste, self.rotation)
    }

    /// The candidates with what they are ordered by, best first; ties in the order of their garments' ids.
    fn score_all(
        &self,
        outfits: Vec<Candidate>,
        eligible: &Eligible<'a>,
    ) -> Result<Vec<(f32, Candidate)>> {
        let items: Vec<Vec<&Item>> = outfits.iter().map(|o| eligible.outfit(o)).collect();
        let learned = match self.advice.model {
            Some(model) => model.judge(&items)?,
            None => vec![None; items.len()],
        };
        let merits = items.into_iter().zip(learned);
        let merits = merits.map(|(items, term)| self.of(items).with_learned(term).merit());
        let mut scored: Vec<(f32, Candidate)> = merits.zip(outfits).collect();
        sort(&mut scored);
        Ok(scored)
    }
}

fn sort(scored: &mut [(f32, Candidate)]) {
    scored.sort_by(|(a, a_outfit), (b, b_outfit)| {
        b.total_cmp(a).then_with(|| a_outfit.cmp(b_outfit))
    });
}

/// Shuffles outfits that are nearly as good as each other.
fn vary(scored: &mut [(f32, Candidate)], rng: &mut ChaCha8Rng) {
    for (merit, _) in scored.iter_mut() {
        *merit += rule::VARIETY * rng.random::<f32>();
    }
    sort(scored);
}

fn explained(judgement: &Judgement<'_>) -> ScoredOutfit {
    let mut items: Vec<&Item> = judgement.items().to_vec();
    items.sort_by(|a, b| {
        let from_the_top = |item: &Item| (item.category.slots().first(), item.category);
        from_the_top(a)
            .cmp(&from_the_top(b))
            .then_with(|| a.id.cmp(&b.id))
    });
    ScoredOutfit {
        id: outfit_id(items.iter().map(|item| item.id.as_str())),
        garments: items.iter().map(|item| item.id.clone()).collect(),
        scored: judgement.explained(),
    }
}

impl<'a> Eligible<'a> {
    /// The garments of a candidate.
    fn outfit(&self, candidate: &[usize]) -> Vec<&'a Item> {
        candidate.iter().map(|&index| self.items[index]).collect()
    }
}

/// Why the candidates gave fewer outfits than asked for, and how many of those are much like another.
fn why_few(shown: usize, repeats: usize, to_choose_from: &str) -> String {
    let shown = phrase::counted(shown, "different outfit", "different outfits");
    let alike = match repeats {
        0 => String::new(),
        1 => ", and 1 of them shares more than half of its garments with another".to_owned(),
        _ => format!(", and {repeats} of them share more than half of their garments with others"),
    };
    format!("only {shown} {to_choose_from}{alike}")
}

/// Why outfits that share more than half of their garments are shown beside each other.
fn why_alike(repeats: usize, shown: usize, eligible: &Eligible<'_>, request: &Request) -> String {
    let alike = if repeats == 1 {
        "shares more than half of its garments with another"
    } else {
        "share more than half of their garments with others"
    };
    let left = what_is_left(eligible, request);
    format!("{repeats} of these {shown} {alike}: there are {left} to choose from")
}

/// "2 tops, 1 bottom and 1 pair of shoes, after leaving out what is in the laundry".
fn what_is_left(eligible: &Eligible<'_>, request: &Request) -> String {
    let supply = eligible.supply().text();
    match eligible.left_out(request) {
        Some(left_out) => format!("{supply}, after leaving out {left_out}"),
        None => supply,
    }
}
