//! Growing the graph, a batch of nodes at a time.
//!
//! The nodes of a batch look for neighbours in the graph as it was before them, all at once, and
//! among those before them in the batch; then their links are entered, back and forth. Nothing is
//! locked, and the graph is the same on any number of threads. After Manohar et al., "ParlayANN:
//! Scalable and Deterministic Parallel Graph-Based Approximate Nearest Neighbor Search Algorithms",
//! PPoPP 2024.

use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use super::graph::{EF_CONSTRUCTION, Graph, M};
use super::search::{Near, Scratch};

/// A batch is at most this part of the nodes before it ...
const SHARE: usize = 50;
/// ... and at most this many, for each looks at all before it in the batch.
const BATCH: usize = 1024;

/// A link to enter: `from` has chosen `to.node`.
struct Link {
    layer: usize,
    from: u32,
    to: Near,
}

impl Graph {
    /// Adds the slots `len..to`, whose vectors `vector` gives; returns whether it came to the end
    /// before `cancel` was set.
    pub(crate) fn extend<'a>(
        &mut self,
        to: usize,
        vector: impl Fn(usize) -> &'a [f32] + Sync,
        cancel: &AtomicBool,
    ) -> bool {
        self.codes.extend(to, vector);
        while self.len() < to {
            if cancel.load(Ordering::Relaxed) {
                return false;
            }
            let size = (self.len() / SHARE).clamp(1, BATCH).min(to - self.len());
            self.insert(size);
        }
        true
    }

    /// Links the next `size` rows of the codes.
    fn insert(&mut self, size: usize) {
        let start = self.len();
        let mut grown = (start..start + size).map(super::graph::level_of);
        let levels: Vec<u8> = grown.by_ref().collect();
        let chosen: Vec<Vec<Link>> = (0..size)
            .into_par_iter()
            .map_init(Scratch::default, |scratch, i| {
                self.choose(start, &levels[..=i], scratch)
            })
            .collect();
        for _ in 0..size {
            self.push_node();
        }
        for links in &chosen {
            for links in links.chunk_by(|a, b| a.layer == b.layer) {
                let to = links.iter().map(|link| link.to.node);
                self.set_links(links[0].from, links[0].layer, to);
            }
        }
        self.enter_backwards(chosen.into_iter().flatten().collect());
        for (node, level) in (start as u32..).zip(&levels) {
            if start + size == 1 || usize::from(*level) > self.top() {
                self.entry = node;
            }
        }
    }

    /// The links of the last node of a batch that begins at `start`; `levels` are the batch's up to
    /// that node.
    fn choose(&self, start: usize, levels: &[u8], scratch: &mut Scratch) -> Vec<Link> {
        let last = levels.len() - 1;
        let (node, level) = ((start + last) as u32, usize::from(levels[last]));
        let query = self.codes.query_of(node);
        let beside: Vec<u32> = (start as u32..node).collect();
        let mut distances = Vec::new();
        self.codes.distances(&query, &beside, &mut distances);
        let mut from = if start == 0 {
            Vec::new()
        } else {
            vec![self.descend(&query, level)]
        };
        let mut links = Vec::new();
        for layer in (0..=level).rev() {
            let mut near: Vec<Near> = if start > 0 && layer <= self.top() {
                scratch.begin(self.len(), EF_CONSTRUCTION);
                from = self.walk(&query, layer, &from, scratch).collect();
                from.clone()
            } else {
                Vec::new()
            };
            for (i, distance) in distances.iter().enumerate() {
                if usize::from(levels[i]) >= layer {
                    near.push(Near {
                        distance: *distance,
                        node: beside[i],
                    });
                }
            }
            near.sort_unstable();
            near.truncate(EF_CONSTRUCTION);
            let chosen = self.select(&near, M).into_iter();
            links.extend(chosen.map(|to| Link {
                layer,
                from: node,
                to,
            }));
        }
        links
    }

    /// At most `most` of `candidates`, which are sorted: each that is nearer to the middle than to
    /// any chosen before, so that the links point in different directions (the paper's algorithm 4).
    fn select(&self, candidates: &[Near], most: usize) -> Vec<Near> {
        let mut chosen: Vec<Near> = Vec::with_capacity(most);
        for candidate in candidates {
            let query = self.codes.query_of(candidate.node);
            let apart =
                |other: &Near| self.codes.distance(&query, other.node) >= candidate.distance;
            if chosen.iter().all(apart) {
                chosen.push(*candidate);
                if chosen.len() == most {
                    break;
                }
            }
        }
        chosen
    }

    /// Enters the way back of each link, and chooses anew where a node then has too many.
    fn enter_backwards(&mut self, mut links: Vec<Link>) {
        links.sort_unstable_by_key(|link| (link.layer, link.to.node, link.from));
        let targets: Vec<&[Link]> = links
            .chunk_by(|a, b| (a.layer, a.to.node) == (b.layer, b.to.node))
            .collect();
        let entered: Vec<Vec<u32>> = targets
            .par_iter()
            .map(|links| self.with_links(links))
            .collect();
        for (links, entered) in targets.iter().zip(entered) {
            self.set_links(links[0].to.node, links[0].layer, entered.into_iter());
        }
    }

    /// The links of one node and layer once all of `back` lead both ways.
    fn with_links(&self, back: &[Link]) -> Vec<u32> {
        let (node, layer) = (back[0].to.node, back[0].layer);
        let held = self.links(node, layer);
        let new = back.iter().map(|link| link.from);
        if held.len() + back.len() <= Self::capacity(layer) {
            return held.iter().copied().chain(new).collect();
        }
        let mut distances = Vec::new();
        self.codes
            .distances(&self.codes.query_of(node), held, &mut distances);
        let held = held.iter().zip(&distances);
        let held = held.map(|(node, distance)| Near {
            distance: *distance,
            node: *node,
        });
        let new = back.iter().map(|link| Near {
            node: link.from,
            ..link.to
        });
        let mut near: Vec<Near> = held.chain(new).collect();
        near.sort_unstable();
        let chosen = self.select(&near, Self::capacity(layer)).into_iter();
        chosen.map(|near| near.node).collect()
    }
}
