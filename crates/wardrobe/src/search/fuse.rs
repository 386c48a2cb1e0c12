//! The best by tags and meaning together, without asking for the meaning of all.
//!
//! Whoever holds the vectors is asked for the garments nearest to the text alone, and once: a server is not made to list the
//! wardrobe. A garment it does not name is no nearer than the last it does, which bounds its score. Those whose bound
//! reaches the best `k` are looked up in the wardrobe's own database, by falling bounds, until none can reach them: the
//! threshold algorithm (Fagin, Lotem and Naor 2003, <https://doi.org/10.1016/S0022-0000(03)00026-6>). The answer is the one
//! that all cosines would give.

use std::collections::HashMap;

use wardrobe_types::{Embedding, Garment, GarmentId};

use super::LEAST_SCORE;
use super::meaning::Spread;
use crate::{Result, Wardrobe};

/// Garments whose cosines say how all lie. Of a thousand, the mean is known to a thirtieth of the deviation.
const SAMPLE: usize = 1000;
/// How many of the nearest are asked for, for each garment wanted: what is near need not have the right tags.
const NEAREST: usize = 4;
/// Garments looked up at once.
const LOOKED_UP: usize = 256;

/// A garment that may be among the best.
struct Candidate<T> {
    item: T,
    /// What its tags score.
    tags: f32,
    /// Once it is known; `None` within for one without a vector.
    cosine: Option<Option<f32>>,
}

/// How tags and cosines make a score.
struct Fusion {
    spread: Spread,
    weight: f32,
    /// The nearest that a garment can be whose cosine is not known.
    nearest_unknown: Option<f32>,
}

impl Fusion {
    fn score(&self, tags: f32, cosine: Option<f32>) -> f32 {
        (1.0 - self.weight) * tags + self.weight * self.spread.place(cosine)
    }

    /// The most that a garment can score whose cosine is not known. One without a vector has the mean, which may be better
    /// than the last of the nearest.
    fn bound(&self, tags: f32) -> f32 {
        let near = self.score(tags, self.nearest_unknown);
        near.max(self.score(tags, None))
    }

    /// All candidates that can be among the `k` best, in the order given, with their scores. `look_up` gives the cosines
    /// of some.
    fn best<T>(
        &self,
        candidates: Vec<Candidate<T>>,
        k: usize,
        look_up: impl Fn(&[&T]) -> Result<Vec<Option<f32>>>,
    ) -> Result<Vec<(T, f32)>> {
        let (mut known, mut open) = (Vec::new(), Vec::new());
        for (order, candidate) in candidates.into_iter().enumerate() {
            match candidate.cosine {
                Some(cosine) => {
                    let score = self.score(candidate.tags, cosine);
                    known.push((order, candidate.item, score));
                }
                None => open.push((order, candidate)),
            }
        }
        open.sort_by(|(_, a), (_, b)| b.tags.total_cmp(&a.tags));
        let mut open = open.into_iter().peekable();
        while let Some((_, first)) = open.peek()
            && self.bound(first.tags) >= least_of_best(&known, k)
        {
            let some: Vec<(usize, Candidate<T>)> = open.by_ref().take(LOOKED_UP).collect();
            let items: Vec<&T> = some.iter().map(|(_, candidate)| &candidate.item).collect();
            let cosines = look_up(&items)?;
            known.extend(some.into_iter().zip(cosines).map(|((order, c), cosine)| {
                let score = self.score(c.tags, cosine);
                (order, c.item, score)
            }));
        }
        known.sort_by_key(|(order, ..)| *order);
        let scored = known.into_iter().map(|(_, item, score)| (item, score));
        Ok(scored.collect())
    }
}

/// The score from which one is among the best `k`.
fn least_of_best<T>(known: &[(usize, T, f32)], k: usize) -> f32 {
    let mut scores: Vec<f32> = known.iter().map(|(.., score)| *score).collect();
    if scores.len() < k {
        return LEAST_SCORE;
    }
    let (_, least, _) = scores.select_nth_unstable_by(k - 1, |a, b| b.total_cmp(a));
    least.max(LEAST_SCORE)
}

impl Wardrobe {
    /// Of garments with what their tags score, all that can be among the `k` best once a text's meaning has `weight` in
    /// the score, in the order given, with that score. `shown` are all garments there are.
    pub(super) fn fuse(
        &self,
        tagged: Vec<(Garment, f32)>,
        shown: &[GarmentId],
        (text, weight): (&Embedding, f32),
        k: usize,
    ) -> Result<Vec<(Garment, f32)>> {
        if k == 0 {
            return Ok(Vec::new());
        }
        let photos = self.further_photos()?;
        let sample = self.sampled_cosines(shown, &photos, text)?;
        let mut there: Vec<f32> = sample.values().copied().flatten().collect();
        // A map's order changes from run to run, and with it the rounding of a sum.
        there.sort_by(f32::total_cmp);
        let ask = k.saturating_mul(NEAREST).min(shown.len());
        let nearest = self.nearest(std::slice::from_ref(text), ask)?;
        let fusion = Fusion {
            spread: Spread::of(&there),
            weight,
            nearest_unknown: nearest.last().map(|(_, cosine)| *cosine),
        };
        let nearest = nearest.into_iter().map(|(id, cosine)| (id, Some(cosine)));
        let mut cosines: HashMap<GarmentId, Option<f32>> = nearest.collect();
        cosines.extend(sample);
        let candidates = tagged.into_iter().map(|(garment, tags)| Candidate {
            cosine: cosines.get(&garment.id).copied(),
            item: garment,
            tags,
        });
        fusion.best(candidates.collect(), k, |garments| {
            let ids: Vec<&GarmentId> = garments.iter().map(|garment| &garment.id).collect();
            let cosines = self.cosines(&ids, &photos, text)?;
            Ok(ids
                .iter()
                .map(|id| cosines.get(*id).copied().flatten())
                .collect())
        })
    }

    /// The further photos of each garment that has some.
    fn further_photos(&self) -> Result<HashMap<GarmentId, Vec<GarmentId>>> {
        let mut photos: HashMap<GarmentId, Vec<GarmentId>> = HashMap::new();
        for (photo, garment) in self.store.hidden()? {
            if let Some(garment) = garment {
                photos.entry(garment).or_default().push(photo);
            }
        }
        Ok(photos)
    }

    /// The cosines of [`SAMPLE`] garments, or of all where there are fewer. Ids are digits of hashes, so that the least of
    /// them are as good as drawn, and stay the same from one search to the next.
    fn sampled_cosines(
        &self,
        shown: &[GarmentId],
        photos: &HashMap<GarmentId, Vec<GarmentId>>,
        text: &Embedding,
    ) -> Result<HashMap<GarmentId, Option<f32>>> {
        let mut ids: Vec<&GarmentId> = shown.iter().collect();
        ids.sort_unstable();
        let (mut sample, mut there) = (HashMap::new(), 0);
        for ids in ids.chunks(SAMPLE) {
            let cosines = self.cosines(ids, photos, text)?;
            there += cosines.values().flatten().count();
            sample.extend(cosines);
            if there >= SAMPLE {
                break;
            }
        }
        Ok(sample)
    }

    /// The cosines of a text and each garment's best photo, by the wardrobe's own database; `None` for one without a vector.
    fn cosines(
        &self,
        ids: &[&GarmentId],
        photos: &HashMap<GarmentId, Vec<GarmentId>>,
        text: &Embedding,
    ) -> Result<HashMap<GarmentId, Option<f32>>> {
        let all = ids.iter().flat_map(|id| photos_of(id, photos));
        let vectors = self.vectors()?.some(text.embedder(), all)?;
        let best = |id: &GarmentId| {
            let there = photos_of(id, photos).filter_map(|photo| vectors.get(photo));
            let cosines = there.map(|vector| text.cosine(vector));
            let cosines = cosines.collect::<wardrobe_types::Result<Vec<f32>>>()?;
            Ok((id.clone(), cosines.into_iter().reduce(f32::max)))
        };
        ids.iter().copied().map(best).collect()
    }
}

/// The first photo of a garment, which has its id, and the further ones.
fn photos_of<'a>(
    id: &'a GarmentId,
    further: &'a HashMap<GarmentId, Vec<GarmentId>>,
) -> impl Iterator<Item = &'a GarmentId> {
    std::iter::once(id).chain(further.get(id).into_iter().flatten())
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// A tag score and a cosine for each of many, the latter missing here and there.
    fn many(seed: usize) -> Vec<(f32, Option<f32>)> {
        let one = |i: usize| {
            let tags = ((i * 7 + seed) % 23 % 5) as f32 / 4.0;
            let cosine = 0.1 + 0.0002 * ((i * 7919 + seed * 331) % 1499) as f32;
            (tags, (i % 11 != seed % 11).then_some(cosine))
        };
        (0..1499).map(one).collect()
    }

    /// The scores of the best `k` where the `asked` nearest and every 20th are known, and how many more were looked up.
    fn best(all: &[(f32, Option<f32>)], weight: f32, k: usize, asked: usize) -> (Vec<f32>, usize) {
        let mut nearest: Vec<f32> = all.iter().filter_map(|(_, cosine)| *cosine).collect();
        nearest.sort_by(|a, b| b.total_cmp(a));
        let fusion = Fusion {
            spread: Spread::of(&nearest),
            weight,
            nearest_unknown: nearest.get(asked - 1).copied(),
        };
        let looked_up = Cell::new(0);
        let candidates = all.iter().enumerate().map(|(place, (tags, cosine))| {
            let near = *cosine >= fusion.nearest_unknown;
            Candidate {
                item: place,
                tags: *tags,
                cosine: (near || place % 20 == 0).then_some(*cosine),
            }
        });
        let look_up = |places: &[&usize]| {
            looked_up.set(looked_up.get() + places.len());
            Ok(places.iter().map(|place| all[**place].1).collect())
        };
        let found = fusion.best(candidates.collect(), k, look_up).unwrap();
        assert!(found.is_sorted_by_key(|(place, _)| *place));
        let plain = |(place, score): &(usize, f32)| {
            let (tags, cosine) = all[*place];
            *score == fusion.score(tags, cosine)
        };
        assert!(found.iter().all(plain));
        let mut scores: Vec<f32> = found.into_iter().map(|(_, score)| score).collect();
        scores.sort_by(|a, b| b.total_cmp(a));
        scores.truncate(k);
        (scores, looked_up.get())
    }

    #[test]
    fn the_best_are_those_that_all_cosines_would_give() {
        for weight in [0.3, 0.65, 1.0] {
            for k in [1, 10, 100] {
                let all = many(k);
                let (truth, _) = best(&all, weight, k, all.len());
                let (found, looked_up) = best(&all, weight, k, k * NEAREST);
                assert_eq!(found, truth, "{weight} {k}");
                assert!(looked_up < all.len() / 2, "{weight} {k}: {looked_up}");
            }
        }
        // Where meaning alone counts, the nearest are the answer.
        assert_eq!(best(&many(3), 1.0, 10, 40).1, 0);
    }
}
