//! Answering queries, by a scan or by the graph.

use pulp::Arch;
use rayon::prelude::*;

use super::Snapshot;
use super::selection::Selection;
use crate::exact::{Candidate, Matrix, Part, TopK, score, search};
use crate::hnsw::{Graph, Scratch};
use crate::mask::CHUNK;
use crate::record::Hit;
use crate::store::QueryOptions;

/// A selection of fewer than this part of the graph's nodes is scanned: walking past the others
/// takes longer. With 100,000 nodes of 512 values both take as long at about 7 %.
const FEW: usize = 14;

/// Among some of the records a walk is so much wider: their neighbours are farther off than those the
/// width was measured with.
const WIDER: usize = 2;

impl Snapshot {
    /// The answers to checked queries. Fewer than `graph_from` records are scanned.
    pub(crate) fn query(
        &self,
        vectors: &[&[f32]],
        options: &QueryOptions<'_>,
        graph_from: usize,
    ) -> Vec<Vec<Hit>> {
        let (dimension, metric) = (self.spec.dimension, self.spec.metric);
        let prepare = |query: &&[f32]| Matrix::prepare(dimension, metric, query);
        let queries: Vec<_> = vectors.iter().map(prepare).collect();
        let selection = self.select(options.scope, options.filter);
        let k = options.k.min(selection.count);
        let tops = match self.graph_for(&selection, k, graph_from) {
            Some((graph, ef)) => self.walk(graph, ef, &queries, &[], &selection, k),
            None => self.scan(&queries, &selection, 0, k),
        };
        let hits = |top: TopK<'_>| {
            top.into_sorted()
                .iter()
                .map(|found| self.hit(found))
                .collect()
        };
        tops.into_iter().map(hits).collect()
    }

    /// The graph, where it is quicker than a scan, and how wide to walk it.
    fn graph_for(&self, selection: &Selection, k: usize, from: usize) -> Option<(&Graph, usize)> {
        let graph = self.graph.as_deref()?;
        let ef = graph.tuning().ef_for(k)?;
        let few = selection.count * FEW < graph.len() || selection.count < from;
        let many = 2 * k > selection.count;
        (k > 0 && !few && !many).then_some((graph, ef))
    }

    /// Compares with every selected slot from `from` on.
    pub(super) fn scan(
        &self,
        queries: &[Vec<f32>],
        selection: &Selection,
        from: usize,
        k: usize,
    ) -> Vec<TopK<'_>> {
        let mut masks = selection.masks[from / CHUNK..].to_vec();
        if let Some(mask) = masks.first_mut() {
            (0..from % CHUNK).for_each(|row| mask.remove(row));
        }
        let parts = self.chunks[from / CHUNK..].iter().zip(&masks).enumerate();
        let parts: Vec<Part<'_>> = parts
            .map(|(i, (chunk, rows))| Part {
                first: ((from / CHUNK + i) * CHUNK) as u32,
                matrix: &chunk.matrix,
                rows,
            })
            .collect();
        search(&parts, queries, k, |slot| self.key(slot))
    }

    /// Walks the graph and scans the slots behind it. A query's `absent` node, where it has one, is walked around.
    pub(super) fn walk<'a>(
        &'a self,
        graph: &Graph,
        ef: usize,
        queries: &[Vec<f32>],
        absent: &[Option<u32>],
        selection: &Selection,
        k: usize,
    ) -> Vec<TopK<'a>> {
        let behind = self.scan(queries, selection, graph.len(), k);
        let all = selection.count == self.slots();
        let ef = if all { ef } else { WIDER * ef };
        let one = |scratch: &mut Scratch, ((i, query), top): ((usize, &Vec<f32>), TopK<'a>)| {
            let absent = absent.get(i).copied().flatten();
            let codes = graph.query(query);
            let near = if all {
                Some(graph.nearest(&codes, absent, ef, scratch))
            } else {
                let accept = |slot: u32| {
                    let slot = slot as usize;
                    selection.masks[slot / CHUNK].contains(slot % CHUNK)
                };
                graph.nearest_where(&codes, absent, ef, selection.count, accept, scratch)
            };
            match near {
                Some(near) => near
                    .iter()
                    .fold(top, |top, near| self.rank(query, near.node, top)),
                None => {
                    let scanned = self.scan(std::slice::from_ref(query), selection, 0, k);
                    scanned.into_iter().next().unwrap_or(top)
                }
            }
        };
        if let [query] = queries {
            let behind = behind.into_iter();
            return behind
                .map(|top| one(&mut Scratch::default(), ((0, query), top)))
                .collect();
        }
        let pairs = queries.par_iter().enumerate().zip(behind);
        pairs
            .map_init(Scratch::default, |scratch, pair| one(scratch, pair))
            .collect()
    }

    /// Offers a slot with its exact score.
    fn rank<'a>(&'a self, query: &Vec<f32>, slot: u32, mut top: TopK<'a>) -> TopK<'a> {
        let (chunk, row) = self.at(slot);
        let mut exact = [0.0];
        let query = std::slice::from_ref(query);
        score(Arch::new(), &chunk.matrix, query, &[row as u32], &mut exact);
        if exact[0] >= top.least() {
            let (score, key) = (exact[0], self.key(slot));
            top.offer(Candidate { score, key, slot });
        }
        top
    }

    fn hit(&self, found: &Candidate<'_>) -> Hit {
        let (chunk, row) = self.at(found.slot);
        Hit {
            user: found.key.0.to_owned(),
            id: found.key.1.to_owned(),
            score: found.score,
            metadata: chunk.fields.row(row),
        }
    }
}
