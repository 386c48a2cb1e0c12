//! Asking the server for the nearest, until what it says is enough.

use chroma::types::Include;

use super::narrow::Narrow;
use super::{ChromaStore, including, record};
use crate::collection::CollectionSpec;
use crate::error::Result;
use crate::record::{Hit, Scope};
use crate::store::{QueryOptions, VectorStore};

/// More records asked for than wanted, for equal scores and for those the filter then leaves out.
const SPARE: usize = 8;
/// How much more to ask for where that was not enough.
const MORE: usize = 4;
/// Records one answer may hold.
const ANSWER: usize = 2000;

impl ChromaStore {
    /// The answers to checked queries.
    pub(super) fn search(
        &self,
        spec: &CollectionSpec,
        vectors: &[&[f32]],
        options: &QueryOptions<'_>,
    ) -> Result<Vec<Vec<Hit>>> {
        let mut answers = vec![Vec::new(); vectors.len()];
        let narrow = Narrow::new(options.scope, options.filter);
        let k = match options.k {
            k if k > ANSWER => k.min(self.count(spec, Scope::AllUsers, None)?),
            k => k,
        };
        if k == 0 || narrow == Narrow::Nothing {
            return Ok(answers);
        }
        let condition = narrow.condition();
        let mut open: Vec<usize> = (0..vectors.len()).collect();
        let mut ask = k + SPARE;
        while !open.is_empty() {
            let mut unfinished = Vec::new();
            for part in open.chunks((ANSWER / ask).max(1)) {
                let queries: Vec<Vec<f32>> = part
                    .iter()
                    .map(|i| record::compared(spec.metric, vectors[*i]))
                    .collect();
                let most = u32::try_from(ask).unwrap_or(u32::MAX);
                let got = self.on(spec, "search", |collection| {
                    let (queries, condition) = (queries.clone(), condition.clone());
                    let include = including(&[Include::Metadata]);
                    async move {
                        collection
                            .query(queries, Some(most), condition, None, include)
                            .await
                    }
                })?;
                let columns = got.metadatas.unwrap_or_default();
                for (at, i) in part.iter().enumerate() {
                    let keys = got.ids.get(at).map_or(&[][..], Vec::as_slice);
                    let columns = columns.get(at).map_or(&[][..], Vec::as_slice);
                    let mut found = Found::default();
                    for (row, key) in keys.iter().enumerate() {
                        let columns = columns.get(row).and_then(Option::as_ref);
                        let record = self.record(spec, key, columns)?;
                        let score = record::score(spec.metric, vectors[*i], &record.vector);
                        found.least = found.least.min(score);
                        let wanted = options.scope.contains(&record.user)
                            && options.filter.is_none_or(|f| f.matches(&record.metadata));
                        if wanted {
                            found.hits.push(Hit {
                                user: record.user,
                                id: record.id,
                                score,
                                metadata: record.metadata,
                            });
                        }
                    }
                    let all = keys.len() < ask;
                    if found.sort(k) || all {
                        found.hits.truncate(k);
                        answers[*i] = found.hits;
                    } else {
                        unfinished.push(*i);
                    }
                }
            }
            open = unfinished;
            ask *= MORE;
        }
        Ok(answers)
    }
}

/// What the server has found for one query.
struct Found {
    hits: Vec<Hit>,
    /// The score of the worst of all it has sent.
    least: f32,
}

impl Default for Found {
    fn default() -> Self {
        Self {
            hits: Vec::new(),
            least: f32::INFINITY,
        }
    }
}

impl Found {
    /// Puts the best first, equal ones by user and id. Returns whether none that the server did not send can be among
    /// the first `k`: there are so many, and something it sent is worse.
    fn sort(&mut self, k: usize) -> bool {
        self.hits.sort_by(|a, b| {
            (b.score.total_cmp(&a.score)).then_with(|| (&a.user, &a.id).cmp(&(&b.user, &b.id)))
        });
        self.hits
            .get(k - 1)
            .is_some_and(|last| last.score > self.least)
    }
}
