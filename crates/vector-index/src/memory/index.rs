//! Keeping a graph over the slots.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rayon::prelude::*;

use super::chunk::Chunk;
use super::{Snapshot, generation};
use crate::collection::Metric;
use crate::exact::TopK;
use crate::hnsw::{self, EF_CONSTRUCTION, Graph, M};
use crate::mask::CHUNK;
use crate::record::Scope;
use crate::store::GraphStats;

/// One dead slot in so many costs more than a new graph does.
const DEAD: usize = 5;

/// So many slots behind the graph are scanned in about the time of a walk ...
const BEHIND: usize = 256;
/// ... or this part of the graph's, so that copying the graph doesn't outweigh growing it.
const BEHIND_SHARE: usize = 256;

/// Queries to measure the recall with.
const SAMPLE: usize = 400;

/// Vectors to take the mean of.
const MEAN_OF: usize = 8192;

impl Snapshot {
    /// Whether the graph is missing, behind, or full of dead slots. Collections of fewer than
    /// `from` records have none, and none helps with dot products, which are no distance.
    pub(crate) fn wants_index(&self, from: usize) -> bool {
        let wanted = self.spec.metric != Metric::Dot && self.state.records as usize >= from.max(1);
        wanted && (self.wants_compaction() || self.behind() >= self.may_be_behind())
    }

    /// Slots behind the graph.
    pub(crate) fn behind(&self) -> usize {
        self.slots() - self.graph.as_ref().map_or(0, |graph| graph.len())
    }

    fn may_be_behind(&self) -> usize {
        self.graph
            .as_ref()
            .map_or(1, |graph| BEHIND.max(graph.len() / BEHIND_SHARE))
    }

    pub(super) fn wants_compaction(&self) -> bool {
        self.dead() * DEAD > self.slots().max(CHUNK)
    }

    pub(crate) fn has_graph(&self) -> bool {
        self.graph.is_some()
    }

    /// The same records with a graph over all slots; `None` where `cancel` was set meanwhile.
    pub(crate) fn indexed(&self, cancel: &AtomicBool) -> Option<Self> {
        let mut next = if self.wants_compaction() {
            self.compacted()
        } else {
            self.share()
        };
        let mut graph = match next.graph.take() {
            Some(graph) => Graph::clone(&graph),
            None => Graph::new(next.mean()),
        };
        if !graph.extend(next.slots(), |slot| next.vector(slot), cancel) {
            return None;
        }
        if graph.tuning().is_outgrown(graph.len()) {
            let sample = Sample::new(&next, &graph);
            graph.tune(|graph, ef| sample.recall(&next, graph, ef));
        }
        next.graph = Some(Arc::new(graph));
        Some(next)
    }

    /// The same with another's graph, which must be over the same slots.
    pub(crate) fn with_graph_of(&self, other: &Self) -> Self {
        let mut next = self.share();
        next.graph.clone_from(&other.graph);
        next
    }

    /// The same records without dead slots, and without a graph.
    pub(super) fn compacted(&self) -> Self {
        let mut next = Self::empty(self.state.collection, &self.spec);
        next.users.clone_from(&self.users);
        for (chunk, live) in self.chunks.iter().zip(&self.live) {
            for row in live.iter() {
                let to: &mut Chunk = next.chunk_with_room();
                to.push_from(chunk, row as usize);
                next.enter(chunk.tokens[row as usize]);
            }
        }
        next.state = self.state;
        next.generation = generation();
        next
    }

    /// Bytes in memory, and how wide to search.
    pub(crate) fn graph_stats(&self) -> Option<GraphStats> {
        let graph = self.graph.as_deref()?;
        let tuning = graph.tuning();
        Some(GraphStats {
            nodes: graph.len(),
            dead: self.dead(),
            behind: self.behind(),
            m: M,
            ef_construction: EF_CONSTRUCTION,
            ef: tuning.ef_for(hnsw::K),
            recall_at_10: tuning.recall,
            bytes: graph.bytes(),
        })
    }

    fn mean(&self) -> Vec<f32> {
        let step = self.slots().div_ceil(MEAN_OF).max(1);
        let rows: Vec<usize> = (0..self.slots()).step_by(step).collect();
        let mut mean = vec![0.0f64; self.spec.dimension];
        for row in &rows {
            let values = mean.iter_mut().zip(self.vector(*row));
            values.for_each(|(sum, value)| *sum += f64::from(*value));
        }
        mean.iter()
            .map(|sum| (sum / rows.len().max(1) as f64) as f32)
            .collect()
    }
}

/// Queries like the vectors stored, with their true neighbours.
///
/// Half are stored vectors, walked around as if they weren't there, for a node's own links lead to its neighbours as no
/// query's do; half are moved off by half their length in a random direction, for queries seldom are what is stored.
struct Sample {
    queries: Vec<Vec<f32>>,
    /// For each query the slot that it is, if any.
    own: Vec<Option<u32>>,
    /// For each query the score of its K-th neighbour.
    least: Vec<f32>,
}

impl Sample {
    fn new(of: &Snapshot, graph: &Graph) -> Self {
        let all = of.select(Scope::AllUsers, None);
        let live = (0u32..).zip(&all.masks);
        let live: Vec<u32> = live
            .flat_map(|(i, mask)| mask.iter().map(move |row| i * CHUNK as u32 + row))
            .collect();
        let picked: Vec<u32> = live
            .iter()
            .copied()
            .step_by(live.len().div_ceil(SAMPLE).max(1))
            .collect();
        let own: Vec<Option<u32>> = picked
            .iter()
            .enumerate()
            .map(|(i, slot)| (i.is_multiple_of(2) && graph.is_lowest(*slot)).then_some(*slot))
            .collect();
        let queries: Vec<Vec<f32>> = picked
            .iter()
            .zip(&own)
            .map(|(slot, own)| match own {
                Some(_) => of.vector(*slot as usize).to_vec(),
                None => of.moved_off(*slot),
            })
            .collect();
        let truth = of.scan(&queries, &all, 0, hnsw::K + 1).into_iter();
        let least = truth.zip(&own).map(|(top, own)| least(top, *own)).collect();
        Self {
            queries,
            own,
            least,
        }
    }

    /// The share of the true neighbours that a walk finds.
    fn recall(&self, of: &Snapshot, graph: &Graph, ef: usize) -> f64 {
        let all = of.select(Scope::AllUsers, None);
        let found = of.walk(graph, ef, &self.queries, &self.own, &all, hnsw::K + 1);
        let hits: usize = (found.into_par_iter().zip(&self.own).zip(&self.least))
            .map(|((top, own), least)| {
                let others = top
                    .into_sorted()
                    .into_iter()
                    .filter(|found| Some(found.slot) != *own);
                others
                    .take(hnsw::K)
                    .filter(|found| found.score >= *least)
                    .count()
            })
            .sum();
        let wanted = hnsw::K.min((of.state.records as usize).saturating_sub(1));
        hits as f64 / (wanted * self.queries.len()).max(1) as f64
    }
}

/// The score of the K-th best, the query itself left out.
fn least(top: TopK<'_>, own: Option<u32>) -> f32 {
    let others = top
        .into_sorted()
        .into_iter()
        .filter(|found| Some(found.slot) != own);
    others
        .take(hnsw::K)
        .last()
        .map_or(f32::NEG_INFINITY, |found| found.score)
}

impl Snapshot {
    /// A slot's vector, moved by half its length.
    fn moved_off(&self, slot: u32) -> Vec<f32> {
        let vector = self.vector(slot as usize);
        let (dimension, length) = (self.spec.dimension, crate::record::norm(vector) as f32);
        let mut state = u64::from(slot).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut uniform = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
        };
        // A value uniform in -1..1 has variance 1/3.
        let scale = 0.5 * length * (3.0 / dimension as f32).sqrt();
        let moved: Vec<f32> = vector[..dimension]
            .iter()
            .map(|value| value + scale * uniform())
            .collect();
        crate::exact::Matrix::prepare(dimension, self.spec.metric, &moved)
    }
}
