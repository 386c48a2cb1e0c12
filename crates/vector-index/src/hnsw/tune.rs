//! How wide a walk must be, measured on the graph itself.

use super::graph::Graph;

/// The recall@10 that a search must reach on the sample. A little above the 0.99 promised, for a
/// sample errs.
const WANTED: f64 = 0.993;

/// Recall is promised for so many neighbours.
pub(crate) const K: usize = 10;

/// Widths to try, narrow first.
const WIDTHS: [usize; 11] = [32, 40, 48, 64, 80, 96, 128, 192, 256, 384, 512];

/// How wide to search, as measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Tuning {
    /// Candidates a search for [`K`] keeps; 0 where none tried finds enough.
    pub(crate) ef: usize,
    /// Recall@10 with it, against exact search.
    pub(crate) recall: f64,
    /// The graph's size then.
    pub(crate) nodes: usize,
}

impl Tuning {
    /// Candidates a search for `k` keeps: in proportion, from [`K`] on. `None` where the graph must
    /// not be used.
    pub(crate) fn ef_for(&self, k: usize) -> Option<usize> {
        (self.ef > 0).then(|| (self.ef * k.max(K)).div_ceil(K))
    }

    /// Whether the graph has grown so much that it should be measured anew.
    pub(crate) fn is_outgrown(&self, nodes: usize) -> bool {
        nodes > self.nodes + self.nodes / 4
    }
}

impl Graph {
    /// Records the narrowest width that reaches the wanted recall; `recall` measures one.
    pub(crate) fn tune(&mut self, recall: impl Fn(&Self, usize) -> f64) {
        let nodes = self.len();
        self.tuning = Tuning {
            nodes,
            ..Tuning::default()
        };
        for ef in WIDTHS {
            // To four places, which JSON gives back to the bit.
            self.tuning.recall = (recall(self, ef) * 1e4).round() / 1e4;
            if self.tuning.recall >= WANTED {
                self.tuning.ef = ef;
                break;
            }
        }
    }
}
