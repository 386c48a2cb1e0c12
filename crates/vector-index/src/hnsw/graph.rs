//! The graph: nodes in layers, each linked to near ones.

use pulp::bytemuck;

use super::codes::{Codes, Query};
use super::kernel;
use super::tune::Tuning;
use crate::lines::values;

/// Where a list of links has ended.
pub(super) const NONE: u32 = u32::MAX;

/// Links a node gets in each layer it is in; the lowest keeps up to twice as many.
pub(crate) const M: usize = 16;

/// How many candidates an insertion chooses its links from.
pub(crate) const EF_CONSTRUCTION: usize = 200;

/// A hierarchical navigable small world over the slots `0..len` of a collection: Malkov and
/// Yashunin, "Efficient and robust approximate nearest neighbor search using Hierarchical Navigable
/// Small World graphs", 2016 (arXiv:1603.09320).
///
/// Searching never changes it, so any number of threads do so at once. Growing is done on a copy.
#[derive(Debug, Clone)]
pub(crate) struct Graph {
    pub(super) codes: Codes,
    /// The highest layer each node is in.
    pub(super) levels: Vec<u8>,
    /// `[len, 2 M]` links of the lowest layer, [`NONE`] behind the last of a node.
    pub(super) base: Vec<u32>,
    /// Where in `upper` a node's links of layer 1 begin, `M` a layer.
    pub(super) upper_at: Vec<u32>,
    pub(super) upper: Vec<u32>,
    /// A node of the highest layer, where walks begin.
    pub(super) entry: u32,
    pub(super) tuning: Tuning,
}

/// The single numbers of a graph in a file.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Head {
    m: usize,
    ef_construction: usize,
    entry: u32,
    tuning: Tuning,
}

impl Graph {
    /// No nodes yet; `mean` as in [`Codes::new`].
    pub(crate) fn new(mean: Vec<f32>) -> Self {
        Self {
            codes: Codes::new(mean),
            levels: Vec::new(),
            base: Vec::new(),
            upper_at: Vec::new(),
            upper: Vec::new(),
            entry: 0,
            tuning: Tuning::default(),
        }
    }

    /// How many nodes it links.
    pub(crate) fn len(&self) -> usize {
        self.levels.len()
    }

    pub(crate) fn tuning(&self) -> Tuning {
        self.tuning
    }

    /// A vector to search for.
    pub(crate) fn query(&self, vector: &[f32]) -> Query {
        self.codes.query(vector)
    }

    /// What a file holds of it; the codes are made again from the vectors.
    pub(crate) fn parts(&self) -> (Head, [&[u8]; 5]) {
        let head = Head {
            m: M,
            ef_construction: EF_CONSTRUCTION,
            entry: self.entry,
            tuning: self.tuning,
        };
        let words = |words| bytemuck::cast_slice::<u32, u8>(words);
        let mean = bytemuck::cast_slice(self.codes.mean());
        let [base, upper_at, upper] =
            [&self.base, &self.upper_at, &self.upper].map(|part| words(part));
        (head, [mean, &self.levels, base, upper_at, upper])
    }

    /// The graph of such parts over the vectors that `vector` gives; `None` where they don't fit
    /// together.
    pub(crate) fn from_parts<'a>(
        head: &Head,
        parts: [Vec<u8>; 5],
        vector: impl Fn(usize) -> &'a [f32] + Sync,
    ) -> Option<Self> {
        let [mean, levels, base, upper_at, upper] = parts;
        let mut graph = Self {
            codes: Codes::new(values(&mean)),
            levels,
            base: values(&base),
            upper_at: values(&upper_at),
            upper: values(&upper),
            entry: head.entry,
            tuning: head.tuning,
        };
        let nodes = graph.len();
        let mut at = 0;
        let offsets = graph
            .levels
            .iter()
            .zip(&graph.upper_at)
            .all(|(level, offset)| {
                let fits = *offset as usize == at;
                at += usize::from(*level) * M;
                fits
            });
        let known = |link: &u32| *link == NONE || (*link as usize) < nodes;
        let fits = (head.m, head.ef_construction) == (M, EF_CONSTRUCTION)
            && (head.entry as usize) < nodes
            && graph.base.len() == nodes * 2 * M
            && graph.upper_at.len() == nodes
            && offsets
            && at == graph.upper.len()
            && graph.base.iter().chain(&graph.upper).all(known);
        fits.then(|| {
            graph.codes.extend(nodes, vector);
            graph
        })
    }

    /// Bytes in memory.
    pub(crate) fn bytes(&self) -> usize {
        let links = self.base.len() + self.upper_at.len() + self.upper.len();
        self.codes.bytes() + self.levels.len() + links * size_of::<u32>()
    }

    /// The highest layer.
    pub(super) fn top(&self) -> usize {
        self.levels
            .get(self.entry as usize)
            .map_or(0, |level| usize::from(*level))
    }

    /// Whether a node is in the lowest layer alone.
    pub(crate) fn is_lowest(&self, node: u32) -> bool {
        self.levels.get(node as usize) == Some(&0)
    }

    /// How many links a node may have in a layer.
    pub(super) fn capacity(layer: usize) -> usize {
        if layer == 0 { 2 * M } else { M }
    }

    /// A node's neighbours in a layer it is in.
    pub(super) fn links(&self, node: u32, layer: usize) -> &[u32] {
        let links = match layer {
            0 => &self.base[node as usize * 2 * M..][..2 * M],
            _ => &self.upper[self.upper_at[node as usize] as usize + (layer - 1) * M..][..M],
        };
        let used = links.iter().position(|link| *link == NONE);
        &links[..used.unwrap_or(links.len())]
    }

    /// Asks memory for the links of a node that is likely to be next.
    pub(super) fn prefetch_links(&self, node: u32, layer: usize) {
        if layer == 0 {
            let links = &self.base[node as usize * 2 * M..][..2 * M];
            kernel::prefetch(bytemuck::cast_slice(links));
        }
    }

    /// Replaces a node's neighbours in a layer.
    pub(super) fn set_links(&mut self, node: u32, layer: usize, to: impl Iterator<Item = u32>) {
        let links = match layer {
            0 => &mut self.base[node as usize * 2 * M..][..2 * M],
            _ => &mut self.upper[self.upper_at[node as usize] as usize + (layer - 1) * M..][..M],
        };
        links.fill(NONE);
        links
            .iter_mut()
            .zip(to)
            .for_each(|(link, node)| *link = node);
    }

    /// Appends a node without links.
    pub(super) fn push_node(&mut self) {
        let level = level_of(self.levels.len());
        self.levels.push(level);
        self.base.resize(self.levels.len() * 2 * M, NONE);
        self.upper_at.push(self.upper.len() as u32);
        self.upper
            .resize(self.upper.len() + usize::from(level) * M, NONE);
    }
}

/// The highest layer of the node in `slot`: l with probability M^-l, and the same in every build.
pub(super) fn level_of(slot: usize) -> u8 {
    let bits = crate::record::token(0, slot) as u64;
    let uniform = ((bits >> 11) as f64 + 0.5) / (1u64 << 53) as f64;
    (-uniform.ln() / (M as f64).ln()) as u8
}
