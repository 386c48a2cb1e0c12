//! Whether learning from feedback helps: synthetic wearers with hidden tastes, before and after they have said something.
//!
//! Each wearer has a wardrobe drawn from real garments' tags and a taste nobody sees: basic colours and their names, a
//! formality, styles, and to some part what the rules say. Day after day five outfits are recommended, the wearer looks
//! at one of them and taps: liked or worn as likely as its true utility says, else disliked, skipped, or worn with another
//! garment instead; one tap in ten is a slip. The styles are in the wearer's mind alone, for the tags have none.
//!
//! The measure is NDCG@5 of the true utility over the five outfits shown for requests kept for measuring, against
//! the five best of all the candidates that could have been shown.

mod garments;
mod plot;
mod wearer;

use std::collections::HashMap;

use rand::SeedableRng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use wardrobe_eval::{Bootstrap, Interval, ndcg};
use wardrobe_personalize::{Feedback, Preferences, Rule};
use wardrobe_recommend::{Item, Request, ScoredOutfit, WEIGHTS, blend, recommend, recommend_for};
use wardrobe_types::GarmentId;

use self::wearer::{Outfit, Wearer};
use crate::error::Result;
pub use garments::read;
pub use plot::plot;

/// After how many feedbacks the wearers' outfits are looked at.
pub const CHECKPOINTS: [usize; 5] = [0, 5, 10, 20, 50];
/// Outfits shown at a time.
const SHOWN: usize = 5;
/// Candidates of a request.
const CANDIDATES: usize = 300;
/// Requests kept for measuring.
const MEASURED: u64 = 4;

/// Who is simulated.
#[derive(Debug, Clone, Copy)]
pub struct Simulation {
    /// How many wearers.
    pub wearers: usize,
    /// Another seed draws other wearers, wardrobes and taps.
    pub seed: u64,
    /// Whether the taps mean nothing.
    pub taps_at_random: bool,
    /// After this many feedbacks no more are given.
    pub feedbacks: usize,
    /// What is learned by.
    pub rule: Rule,
}

impl Default for Simulation {
    fn default() -> Self {
        Self {
            wearers: 100,
            seed: 0,
            taps_at_random: false,
            feedbacks: CHECKPOINTS[CHECKPOINTS.len() - 1],
            rule: Rule::default(),
        }
    }
}

/// Each wearer's NDCG@5 at the checkpoints, a row a wearer.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    /// At which numbers of feedbacks.
    pub checkpoints: Vec<usize>,
    /// A wearer's NDCG at each.
    pub ndcg: Vec<Vec<f64>>,
}

/// A mean over the wearers with the bootstrap's 95 % interval over them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The mean.
    pub value: f64,
    /// Its interval.
    pub ci95: Interval,
}

impl Course {
    /// Mean NDCG@5 at a checkpoint, by its place.
    ///
    /// # Errors
    /// No wearers.
    pub fn at(&self, place: usize) -> Result<Estimate> {
        self.estimate(|rows| mean(rows.map(|row| row[place])))
    }

    /// By which part the mean NDCG@5 grew from no feedback to a checkpoint: 0.1 is a tenth.
    ///
    /// # Errors
    /// No wearers.
    pub fn gain(&self, place: usize) -> Result<Estimate> {
        self.estimate(|rows| {
            let (before, after) = rows.fold((0.0, 0.0), |(before, after), row| {
                (before + row[0], after + row[place])
            });
            after / before - 1.0
        })
    }

    fn estimate(
        &self,
        of: impl Fn(&mut dyn Iterator<Item = &Vec<f64>>) -> f64,
    ) -> Result<Estimate> {
        let drawn = |drawn: &[usize]| Some(of(&mut drawn.iter().map(|&row| &self.ndcg[row])));
        Ok(Estimate {
            value: of(&mut self.ndcg.iter()),
            ci95: Bootstrap::default().ci95(self.ndcg.len(), drawn)?.interval,
        })
    }
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    sum / count
}

impl Simulation {
    /// Lets every wearer tap and measures on the way; `done` is called after each. Wearers run on all cores, and the
    /// answer is the same on any number of them.
    ///
    /// # Errors
    /// Garments of which no outfits can be made.
    pub fn run(&self, garments: &[Item], done: impl Fn() + Sync) -> Result<Course> {
        let kept = CHECKPOINTS
            .into_iter()
            .filter(|&count| count <= self.feedbacks);
        let checkpoints: Vec<usize> = kept.collect();
        let wearers = (0..self.wearers as u64).into_par_iter();
        let ndcg = wearers.map(|number| {
            let course = self.course_of(number, garments, &checkpoints);
            done();
            course
        });
        Ok(Course {
            ndcg: ndcg.collect::<Result<_>>()?,
            checkpoints,
        })
    }

    fn course_of(&self, number: u64, garments: &[Item], checkpoints: &[usize]) -> Result<Vec<f64>> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(number);
        let life = Life::begin(garments, self.taps_at_random, &mut rng)?;
        let mut preferences = Preferences::new(self.rule);
        let mut course = Vec::new();
        for day in 0..=self.feedbacks {
            if checkpoints.contains(&day) {
                course.push(life.measure(&preferences, day as i64)?);
            }
            if let Some(feedback) = life.day(&preferences, day as i64, &mut rng)? {
                preferences.learn(feedback);
            }
        }
        Ok(course)
    }
}

/// A wearer with a wardrobe, and the requests kept for measuring.
struct Life {
    wardrobe: Vec<Item>,
    wearer: Wearer,
    /// The utilities of all candidates of each measured request.
    candidates: Vec<Vec<f64>>,
}

impl Life {
    fn begin(garments: &[Item], taps_at_random: bool, rng: &mut ChaCha8Rng) -> Result<Self> {
        let wardrobe = garments::wardrobe(garments, rng);
        let mut pools = Vec::new();
        for number in 0..MEASURED {
            // Asking for all candidates gives all that are no other with an accessory more.
            let request = Request {
                n: CANDIDATES,
                ..measured(number)
            };
            pools.push(recommend(&wardrobe, &request)?.outfits);
        }
        let outfits: Vec<Outfit<'_>> = pools
            .iter()
            .flatten()
            .map(|shown| outfit(shown, &wardrobe))
            .collect();
        let wearer = Wearer::draw(taps_at_random, &outfits, rng);
        let utility = |shown: &ScoredOutfit| wearer.utility(&outfit(shown, &wardrobe));
        let candidates = pools
            .iter()
            .map(|pool| pool.iter().map(utility).collect())
            .collect();
        Ok(Self {
            wardrobe,
            wearer,
            candidates,
        })
    }

    /// Mean NDCG@5 over the measured requests.
    fn measure(&self, preferences: &Preferences, now: i64) -> Result<f64> {
        let taste = preferences.taste(now);
        let mut sum = 0.0;
        for (number, candidates) in (0..MEASURED).zip(&self.candidates) {
            let shown = recommend_for(&self.wardrobe, &measured(number), Some(&taste));
            let shown = shown?.outfits;
            let utility =
                |shown: &ScoredOutfit| self.wearer.utility(&outfit(shown, &self.wardrobe));
            let gains: Vec<f64> = shown.iter().map(utility).collect();
            sum += ndcg(&gains, candidates, SHOWN)?.unwrap_or_default();
        }
        Ok(sum / MEASURED as f64)
    }

    /// One day: five outfits, of which the wearer looks at one.
    fn day(
        &self,
        preferences: &Preferences,
        day: i64,
        rng: &mut ChaCha8Rng,
    ) -> Result<Option<Feedback>> {
        let request = Request {
            seed: day.unsigned_abs(),
            ..request()
        };
        let taste = preferences.taste(day);
        let shown = recommend_for(&self.wardrobe, &request, Some(&taste))?;
        let Some(seen) = shown.outfits.choose(rng) else {
            return Ok(None);
        };
        let outfit = outfit(seen, &self.wardrobe);
        let tap = self.wearer.tap(&outfit, &self.wardrobe, rng);
        Ok(Some(Feedback {
            number: day,
            day,
            signal: tap.signal,
            items: outfit.items.into_iter().cloned().collect(),
            instead: tap.instead.cloned(),
        }))
    }
}

fn request() -> Request {
    Request {
        n: SHOWN,
        candidates: CANDIDATES,
        ..Request::default()
    }
}

/// A request of a seed that no day has.
fn measured(number: u64) -> Request {
    Request {
        seed: u64::MAX - number,
        ..request()
    }
}

/// A shown outfit with its garments. What the rules alone say of it is its score without the wearer's own term.
fn outfit<'a>(shown: &ScoredOutfit, wardrobe: &'a [Item]) -> Outfit<'a> {
    let by_id: HashMap<&GarmentId, &Item> = wardrobe.iter().map(|item| (&item.id, item)).collect();
    let mut rules = shown.scored.breakdown;
    rules.preference = None;
    Outfit {
        items: shown
            .garments
            .iter()
            .filter_map(|id| by_id.get(id).copied())
            .collect(),
        rules: f64::from(blend(&rules, &WEIGHTS)),
    }
}
