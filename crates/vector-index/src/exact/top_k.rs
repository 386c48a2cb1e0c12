//! The best k of many, in a heap that never holds more than k.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// A slot and its score. The greatest is the worst, so that a heap has it on top.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate<'a> {
    pub(crate) score: f32,
    /// The row's user and id, which order equal scores.
    pub(crate) key: (&'a str, &'a str),
    pub(crate) slot: u32,
}

impl Ord for Candidate<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        other
            .score
            .total_cmp(&self.score)
            .then_with(|| self.key.cmp(&other.key))
    }
}

impl PartialOrd for Candidate<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Candidate<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Candidate<'_> {}

#[derive(Debug, Clone)]
pub(crate) struct TopK<'a> {
    k: usize,
    heap: BinaryHeap<Candidate<'a>>,
}

impl<'a> TopK<'a> {
    pub(crate) fn new(k: usize) -> Self {
        Self {
            k,
            heap: BinaryHeap::new(),
        }
    }

    /// The score a candidate must reach to be kept; below it, don't bother to offer.
    pub(crate) fn least(&self) -> f32 {
        match self.heap.peek() {
            Some(worst) if self.heap.len() >= self.k => worst.score,
            _ => f32::NEG_INFINITY,
        }
    }

    pub(crate) fn offer(&mut self, candidate: Candidate<'a>) {
        if self.heap.len() < self.k {
            self.heap.push(candidate);
        } else if let Some(mut worst) = self.heap.peek_mut()
            && candidate < *worst
        {
            *worst = candidate;
        }
    }

    pub(crate) fn merge(mut self, other: Self) -> Self {
        other
            .heap
            .into_iter()
            .for_each(|candidate| self.offer(candidate));
        self
    }

    /// The best first.
    pub(crate) fn into_sorted(self) -> Vec<Candidate<'a>> {
        self.heap.into_sorted_vec()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn top<'a>(k: usize, candidates: &[Candidate<'a>]) -> TopK<'a> {
        let mut top = TopK::new(k);
        for candidate in candidates {
            if candidate.score >= top.least() {
                top.offer(*candidate);
            }
        }
        top
    }

    proptest! {
        #[test]
        fn keeps_what_a_full_sort_would(
            scores in prop::collection::vec(-3..3i8, 0..60), k in 0..12usize, cut in 0..60usize
        ) {
            let ids: Vec<String> = (0..scores.len()).map(|i| format!("{:02}", i * 7 % 60)).collect();
            let candidates = scores.iter().zip(&ids).enumerate().map(|(row, (score, id))| {
                Candidate { score: f32::from(*score), key: ("u", id), slot: row as u32 }
            });
            let mut all: Vec<_> = candidates.collect();
            let (left, right) = all.split_at(cut.min(all.len()));
            let got = top(k, left).merge(top(k, right)).into_sorted();
            all.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.key.cmp(&b.key)));
            let rows = |candidates: &[Candidate<'_>]| -> Vec<u32> {
                candidates.iter().take(k).map(|c| c.slot).collect()
            };
            prop_assert_eq!(rows(&got), rows(&all));
        }
    }
}
