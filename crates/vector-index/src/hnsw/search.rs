//! Walking the graph towards a query.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use super::codes::Query;
use super::graph::Graph;

/// A node and its squared distance.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Near {
    pub(crate) distance: f32,
    pub(crate) node: u32,
}

impl Ord for Near {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_distance = self.distance.total_cmp(&other.distance);
        by_distance.then(self.node.cmp(&other.node))
    }
}

impl PartialOrd for Near {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Near {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Near {}

/// The memory of a walk, kept for the next one.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// A bit a node.
    seen: Vec<u64>,
    fresh: Vec<u32>,
    distances: Vec<f32>,
    pool: Pool,
    frontier: BinaryHeap<Reverse<Near>>,
}

impl Scratch {
    /// Forgets the last walk, for one over `nodes` nodes that keeps `ef`.
    pub(super) fn begin(&mut self, nodes: usize, ef: usize) {
        self.seen.clear();
        self.seen.resize(nodes.div_ceil(64), 0);
        self.pool.begin(ef);
        self.frontier.clear();
    }

    /// Counts a node as seen, so that no walk comes to it.
    fn leave_out(&mut self, node: Option<u32>) {
        if let Some(node) = node {
            Self::first_sight(&mut self.seen, node);
        }
    }

    /// Whether a node is seen for the first time.
    fn first_sight(seen: &mut [u64], node: u32) -> bool {
        let (word, bit) = (&mut seen[node as usize / 64], 1 << (node % 64));
        let first = *word & bit == 0;
        *word |= bit;
        first
    }
}

/// The `ef` nearest nodes so far, nearest first, each with whether its links were followed.
#[derive(Debug, Default)]
struct Pool {
    ef: usize,
    nearest: Vec<(Near, bool)>,
    /// All before are followed.
    next: usize,
}

impl Pool {
    fn begin(&mut self, ef: usize) {
        self.ef = ef;
        self.nearest.clear();
        self.next = 0;
    }

    /// What a node must be nearer than to be kept.
    fn limit(&self) -> f32 {
        match self.nearest.last() {
            Some((farthest, _)) if self.nearest.len() >= self.ef => farthest.distance,
            _ => f32::INFINITY,
        }
    }

    fn offer(&mut self, near: Near) {
        if near.distance >= self.limit() {
            return;
        }
        let at = self.nearest.partition_point(|(held, _)| *held < near);
        if self.nearest.len() >= self.ef {
            self.nearest.pop();
        }
        self.nearest.insert(at, (near, false));
        self.next = self.next.min(at);
    }

    /// What [`Pool::follow`] is likely to return next.
    fn upcoming(&self) -> Option<u32> {
        let rest = &self.nearest[self.next..];
        rest.iter()
            .find(|(_, followed)| !followed)
            .map(|(near, _)| near.node)
    }

    /// The nearest node whose links were not followed yet; they will be now.
    fn follow(&mut self) -> Option<u32> {
        while let Some((near, followed)) = self.nearest.get_mut(self.next) {
            self.next += 1;
            if !std::mem::replace(followed, true) {
                return Some(near.node);
            }
        }
        None
    }
}

impl Graph {
    /// The `ef` nodes nearest to `query`, as far as the walk finds them, nearest first. `absent` is walked around, as if it
    /// were not there: a node of the lowest layer alone, for a walk may begin at others.
    pub(crate) fn nearest(
        &self,
        query: &Query,
        absent: Option<u32>,
        ef: usize,
        scratch: &mut Scratch,
    ) -> Vec<Near> {
        if self.len() == 0 {
            return Vec::new();
        }
        let entry = self.descend(query, 0);
        scratch.begin(self.len(), ef);
        scratch.leave_out(absent);
        self.walk(query, 0, &[entry], scratch).collect()
    }

    /// The same among the nodes that `accept` holds for; `absent` is walked around. `None` once more than `budget` nodes were
    /// looked at: where what is accepted lies far from the query, a scan is quicker.
    pub(crate) fn nearest_where(
        &self,
        query: &Query,
        absent: Option<u32>,
        ef: usize,
        budget: usize,
        accept: impl Fn(u32) -> bool,
        scratch: &mut Scratch,
    ) -> Option<Vec<Near>> {
        if self.len() == 0 {
            return Some(Vec::new());
        }
        scratch.begin(self.len(), ef);
        scratch.leave_out(absent);
        let Scratch {
            seen,
            fresh,
            distances,
            pool,
            frontier,
        } = scratch;
        let entry = self.descend(query, 0);
        let mut looked_at = 1;
        fresh.clear();
        fresh.push(entry.node);
        Scratch::first_sight(seen, entry.node);
        loop {
            self.codes.distances(query, fresh, distances);
            for (node, distance) in fresh.iter().zip(&*distances) {
                let near = Near {
                    distance: *distance,
                    node: *node,
                };
                if near.distance < pool.limit() {
                    frontier.push(Reverse(near));
                    if accept(near.node) {
                        pool.offer(near);
                    }
                }
            }
            match frontier.pop() {
                Some(Reverse(near)) if near.distance <= pool.limit() => {
                    let links = self.links(near.node, 0).iter().copied();
                    fresh.clear();
                    fresh.extend(links.filter(|node| Scratch::first_sight(seen, *node)));
                    looked_at += fresh.len();
                }
                _ => break,
            }
            if looked_at > budget {
                return None;
            }
        }
        Some(pool.nearest.iter().map(|(near, _)| *near).collect())
    }

    /// Goes from the top to the layer above `layer`, in each to the nearest node.
    pub(super) fn descend(&self, query: &Query, layer: usize) -> Near {
        let distance = self.codes.distance(query, self.entry);
        let mut nearest = Near {
            distance,
            node: self.entry,
        };
        let mut distances = Vec::new();
        for layer in (layer + 1..=self.top()).rev() {
            loop {
                let links = self.links(nearest.node, layer);
                self.codes.distances(query, links, &mut distances);
                let near = links.iter().zip(&distances);
                let near = near.map(|(node, distance)| Near {
                    distance: *distance,
                    node: *node,
                });
                match near.min() {
                    Some(nearer) if nearer.distance < nearest.distance => nearest = nearer,
                    _ => break,
                }
            }
        }
        nearest
    }

    /// Leaves the nodes of `layer` nearest to `query` in the scratch, which has begun, and returns them.
    pub(super) fn walk<'s>(
        &self,
        query: &Query,
        layer: usize,
        from: &[Near],
        scratch: &'s mut Scratch,
    ) -> impl Iterator<Item = Near> + use<'s> {
        let Scratch {
            seen,
            fresh,
            distances,
            pool,
            ..
        } = scratch;
        for near in from {
            if Scratch::first_sight(seen, near.node) {
                pool.offer(*near);
            }
        }
        while let Some(node) = pool.follow() {
            let links = self.links(node, layer).iter().copied();
            fresh.clear();
            fresh.extend(links.filter(|node| Scratch::first_sight(seen, *node)));
            if let Some(node) = pool.upcoming() {
                self.prefetch_links(node, layer);
            }
            self.codes.distances(query, fresh, distances);
            for (node, distance) in fresh.iter().zip(&*distances) {
                pool.offer(Near {
                    distance: *distance,
                    node: *node,
                });
            }
        }
        pool.nearest.iter().map(|(near, _)| *near)
    }
}
