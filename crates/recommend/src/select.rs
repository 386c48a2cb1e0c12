//! Which of the scored candidates are shown: good ones that differ.

use crate::candidates::Candidate;
use crate::weights::rule;

/// Outfits that share more than this part of their garments look like one.
const MOST_SHARED: f32 = 0.5;

/// The candidates to show.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Selection {
    /// Their indices, in the order they are chosen.
    pub chosen: Vec<usize>,
    /// How many of them share more than half of their garments with one chosen before.
    pub repeats: usize,
}

/// Up to `n` candidates. `scored` is sorted from the best score down, ties in a fixed order.
///
/// Maximal marginal relevance (J. Carbonell, J. Goldstein, SIGIR 1998): each next one has the best score less what it
/// repeats of those before it. No two share more than half of their garments while there is another choice: where that
/// ends early, as many as possible are looked for that differ from each other, and only then the one that repeats least
/// follows. One outfit that contains another is the same outfit with a scarf, and never follows.
pub(crate) fn select(scored: &[(f32, Candidate)], n: usize) -> Selection {
    let mut chosen = by_relevance(scored, n);
    if chosen.len() < n {
        let wider = Wider::search(scored, n);
        if wider.len() > chosen.len() {
            chosen = wider;
        }
    }
    let different = chosen.len();
    while chosen.len() < n {
        let Some(next) = least_repeated(scored, &chosen) else {
            break;
        };
        chosen.push(next);
    }
    Selection {
        repeats: chosen.len() - different,
        chosen,
    }
}

/// Good outfits that differ, each chosen for its score less what it repeats of those before.
fn by_relevance(scored: &[(f32, Candidate)], n: usize) -> Vec<usize> {
    let mut chosen = Vec::new();
    let mut shared = vec![0.0_f32; scored.len()];
    while chosen.len() < n {
        let fresh = (0..scored.len())
            .filter(|&index| shared[index] <= MOST_SHARED && !chosen.contains(&index));
        let relevance = |&index: &usize| scored[index].0 - rule::REDUNDANCY * shared[index];
        let Some(next) = first_max(fresh, relevance) else {
            break;
        };
        for (most, (_, outfit)) in shared.iter_mut().zip(scored) {
            *most = most.max(overlap(outfit, &scored[next].1));
        }
        chosen.push(next);
    }
    chosen
}

/// Of those that do not contain, or lie in, a chosen one, the one that repeats least.
fn least_repeated(scored: &[(f32, Candidate)], chosen: &[usize]) -> Option<usize> {
    let shared = |&index: &usize| {
        let with = chosen
            .iter()
            .map(|&other| overlap(&scored[index].1, &scored[other].1));
        with.fold(0.0, f32::max)
    };
    let different = (0..scored.len()).filter(|index| shared(index) < 1.0);
    first_max(different, |index| -shared(index))
}

/// A search for as many outfits as are wanted of which no two share more than half, the better ones first. Choosing the
/// best one after the other may end early: of two tops, bottoms and pairs of shoes each, it takes one outfit and its
/// opposite, where four can be had.
struct Wider<'a> {
    scored: &'a [(f32, Candidate)],
    wanted: usize,
    best: Vec<usize>,
    steps_left: usize,
}

impl<'a> Wider<'a> {
    /// Depth first, and no further than this: there may be as many ways as subsets.
    const STEPS: usize = 2000;

    fn search(scored: &'a [(f32, Candidate)], wanted: usize) -> Vec<usize> {
        let mut search = Self {
            scored,
            wanted,
            best: Vec::new(),
            steps_left: Self::STEPS,
        };
        let all: Vec<usize> = (0..scored.len()).collect();
        search.extend(&mut Vec::new(), &all);
        search.best
    }

    /// Goes on from `chosen` with each of `open`, which go with all that are chosen.
    fn extend(&mut self, chosen: &mut Vec<usize>, open: &[usize]) {
        if chosen.len() > self.best.len() {
            self.best.clone_from(chosen);
        }
        for (place, &next) in open.iter().enumerate() {
            let most = chosen.len() + open.len() - place;
            if self.best.len() >= self.wanted || self.steps_left == 0 || most <= self.best.len() {
                return;
            }
            self.steps_left -= 1;
            let differs = |&&other: &&usize| {
                overlap(&self.scored[next].1, &self.scored[other].1) <= MOST_SHARED
            };
            let left: Vec<usize> = open[place + 1..].iter().filter(differs).copied().collect();
            chosen.push(next);
            self.extend(chosen, &left);
            chosen.pop();
        }
    }
}

/// The first of the largest: candidates are sorted, so ties go to the better score.
fn first_max(indices: impl Iterator<Item = usize>, value: impl Fn(&usize) -> f32) -> Option<usize> {
    indices.reduce(|best, index| {
        if value(&index) > value(&best) {
            index
        } else {
            best
        }
    })
}

/// The part of the smaller outfit's garments that the other has too, 0..=1; both ascending.
pub(crate) fn overlap(a: &[usize], b: &[usize]) -> f32 {
    let common = a
        .iter()
        .filter(|index| b.binary_search(index).is_ok())
        .count();
    common as f32 / a.len().min(b.len()).max(1) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_and_different() {
        let scored = [
            (0.9, vec![0, 1, 2]),
            (0.89, vec![0, 1, 3]), // two of three shared with the best
            (0.8, vec![0, 4, 5]),  // one of three
            (0.78, vec![6, 7, 8]), // none: 0.78 beats 0.8 less 0.05
        ];
        let chosen = |n| {
            let selection = select(&scored, n);
            (selection.chosen, selection.repeats)
        };
        assert_eq!(chosen(1), (vec![0], 0));
        assert_eq!(chosen(3), (vec![0, 3, 2], 0));
        // Forced: the near-repeat comes last rather than not at all.
        assert_eq!(chosen(9), (vec![0, 3, 2, 1], 1));
    }

    #[test]
    fn the_best_does_not_stand_in_the_way_of_enough() {
        // Two tops (0, 1), bottoms (2, 3) and pairs of shoes (4, 5); the best and its opposite leave nothing else.
        let scored: Vec<(f32, Candidate)> = [
            [0, 2, 4],
            [1, 3, 5],
            [0, 2, 5],
            [0, 3, 4],
            [1, 2, 4],
            [0, 3, 5],
            [1, 2, 5],
            [1, 3, 4],
        ]
        .into_iter()
        .enumerate()
        .map(|(i, outfit)| (1.0 - i as f32 / 100.0, outfit.to_vec()))
        .collect();
        let four = select(&scored, 4);
        assert_eq!((four.chosen, four.repeats), (vec![0, 5, 6, 7], 0));
        let five = select(&scored, 5);
        assert_eq!((five.chosen.len(), five.repeats), (5, 1));
    }

    proptest::proptest! {
        #[test]
        fn repeats_only_where_the_wardrobe_forces_them(
            outfits in proptest::collection::hash_set(proptest::collection::btree_set(0_usize..12, 2..6), 0..40),
            n in 1_usize..12,
        ) {
            let scored: Vec<(f32, Candidate)> = outfits
                .into_iter()
                .enumerate()
                .map(|(i, outfit)| (1.0 - i as f32 / 50.0, outfit.into_iter().collect()))
                .collect();
            let Selection { chosen, repeats } = select(&scored, n);
            let most_shared = |index: usize, before: &[usize]| {
                let with = |&other: &usize| overlap(&scored[index].1, &scored[other].1);
                before.iter().map(with).fold(0.0, f32::max)
            };
            let mut repeated = 0;
            for (step, &index) in chosen.iter().enumerate() {
                let before = &chosen[..step];
                let shared = most_shared(index, before);
                let least = (0..scored.len()).map(|other| most_shared(other, before)).fold(1.0, f32::min);
                proptest::prop_assert!(shared <= MOST_SHARED || shared == least);
                proptest::prop_assert!(shared < 1.0);
                repeated += usize::from(shared > MOST_SHARED);
            }
            proptest::prop_assert_eq!(repeated, repeats);
            let left = (0..scored.len()).map(|other| most_shared(other, &chosen)).fold(1.0, f32::min);
            proptest::prop_assert!(chosen.len() == n || left >= 1.0);
        }
    }

    #[test]
    fn a_scarf_makes_no_other_outfit() {
        let scored = [(0.9, vec![0, 1, 2]), (0.8, vec![0, 1, 2, 3])];
        assert_eq!(select(&scored, 5).chosen, [0]);
    }
}
