//! Which of the scored candidates are shown: good ones that differ.

use crate::candidates::Candidate;
use crate::weights::rule;

/// Outfits that share more than this part of their garments look like one.
const MOST_SHARED: f32 = 0.5;

/// Indices of up to `n` candidates, in the order they are chosen. `scored` is sorted from the best score down, ties in a fixed order.
///
/// Maximal marginal relevance (J. Carbonell, J. Goldstein, SIGIR 1998): each next one has the best score less what it
/// repeats of those before it. No two share more than half of their garments while there is another choice; then the
/// one that repeats least follows. One outfit that contains another is the same outfit with a scarf, and never follows.
pub(crate) fn select(scored: &[(f32, Candidate)], n: usize) -> Vec<usize> {
    let mut chosen: Vec<usize> = Vec::new();
    let mut shared = vec![0.0_f32; scored.len()];
    while chosen.len() < n {
        let Some(next) = best(scored, &shared) else {
            break;
        };
        for (most, (_, outfit)) in shared.iter_mut().zip(scored) {
            *most = most.max(overlap(outfit, &scored[next].1));
        }
        chosen.push(next);
    }
    chosen
}

/// The best candidate that repeats little, else the one that repeats least; `None` where all contain one another.
fn best(scored: &[(f32, Candidate)], shared: &[f32]) -> Option<usize> {
    let fresh = (0..scored.len()).filter(|&index| shared[index] <= MOST_SHARED);
    let relevance = |&index: &usize| scored[index].0 - rule::REDUNDANCY * shared[index];
    first_max(fresh, relevance).or_else(|| {
        let different = (0..scored.len()).filter(|&index| shared[index] < 1.0);
        first_max(different, |&index| -shared[index])
    })
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
        assert_eq!(select(&scored, 1), [0]);
        assert_eq!(select(&scored, 3), [0, 3, 2]);
        // Forced: the near-repeat comes last rather than not at all.
        assert_eq!(select(&scored, 9), [0, 3, 2, 1]);
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
            let chosen = select(&scored, n);
            let most_shared = |index: usize, before: &[usize]| {
                let with = |&other: &usize| overlap(&scored[index].1, &scored[other].1);
                before.iter().map(with).fold(0.0, f32::max)
            };
            for (step, &index) in chosen.iter().enumerate() {
                let before = &chosen[..step];
                let shared = most_shared(index, before);
                let least = (0..scored.len()).map(|other| most_shared(other, before)).fold(1.0, f32::min);
                proptest::prop_assert!(shared <= MOST_SHARED || shared == least);
                proptest::prop_assert!(shared < 1.0);
            }
            let left = (0..scored.len()).map(|other| most_shared(other, &chosen)).fold(1.0, f32::min);
            proptest::prop_assert!(chosen.len() == n || left >= 1.0);
        }
    }

    #[test]
    fn a_scarf_makes_no_other_outfit() {
        let scored = [(0.9, vec![0, 1, 2]), (0.8, vec![0, 1, 2, 3])];
        assert_eq!(select(&scored, 5), [0]);
    }
}
