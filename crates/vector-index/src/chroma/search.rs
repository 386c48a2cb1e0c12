//! Asking the server for the nearest, until what it says is enough.

use std::collections::HashSet;

use chroma::types::{Include, Where};

use super::narrow::Narrow;
use super::{ChromaStore, RECORDS, including, record};
use crate::collection::{CollectionSpec, Metric};
use crate::error::Result;
use crate::record::{Hit, Record, Scope};
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
        let narrow = narrow.condition();
        // A condition makes the server list all that meet it before it searches. That may be most of the collection where
        // there is no filter: so it is first asked for the nearest of all users, which may be this one's.
        let mut condition = narrow.as_ref().filter(|_| options.filter.is_some());
        let mut open: Vec<usize> = (0..vectors.len()).collect();
        let mut ask = k + SPARE;
        while !open.is_empty() {
            let (mut unfinished, mut names) = (Vec::new(), None);
            for part in open.chunks((ANSWER / ask).max(1)) {
                let queries: Vec<&[f32]> = part.iter().map(|i| vectors[*i]).collect();
                let nearest = self.nearest(spec, &queries, ask, condition)?;
                for (i, mut records) in part.iter().zip(nearest) {
                    let all = records.len() < ask;
                    if all {
                        self.add_missed(spec, condition, &mut names, &mut records)?;
                    }
                    let mut found = Found::new(records, spec.metric, vectors[*i], options);
                    if found.sort(k) || all {
                        found.hits.truncate(k);
                        answers[*i] = found.hits;
                    } else {
                        unfinished.push(*i);
                    }
                }
            }
            open = unfinished;
            if condition.is_none() && narrow.is_some() {
                condition = narrow.as_ref();
            } else {
                ask *= MORE;
            }
        }
        Ok(answers)
    }

    /// For each query at most `ask` of the records that meet a condition, the nearest by the server's index.
    fn nearest(
        &self,
        spec: &CollectionSpec,
        queries: &[&[f32]],
        ask: usize,
        condition: Option<&Where>,
    ) -> Result<Vec<Vec<Record>>> {
        let vectors = queries.iter().map(|q| record::compared(spec.metric, q));
        let vectors: Vec<Vec<f32>> = vectors.collect();
        let most = u32::try_from(ask).unwrap_or(u32::MAX);
        let got = self.on(spec, "search", |collection| {
            let (vectors, condition) = (vectors.clone(), condition.cloned());
            let include = including(&[Include::Metadata]);
            async move {
                collection
                    .query(vectors, Some(most), condition, None, include)
                    .await
            }
        })?;
        let columns = got.metadatas.unwrap_or_default();
        let answer = |at: usize| {
            let keys = got.ids.get(at).map_or(&[][..], Vec::as_slice);
            let columns = columns.get(at).map_or(&[][..], Vec::as_slice);
            let row = |(row, key): (usize, &String)| {
                self.record(spec, key, columns.get(row).and_then(Option::as_ref))
            };
            keys.iter().enumerate().map(row).collect()
        };
        (0..queries.len()).map(answer).collect()
    }

    /// Adds those records that meet a condition and that the server's index did not come to: changes can cut records
    /// off in its graph. What it says to be all is thus all. `names` are the condition's, once they are known.
    fn add_missed(
        &self,
        spec: &CollectionSpec,
        condition: Option<&Where>,
        names: &mut Option<HashSet<String>>,
        records: &mut Vec<Record>,
    ) -> Result<()> {
        let names = match names {
            Some(names) => names,
            unknown => {
                let mut all = HashSet::new();
                self.list(spec, condition, &[], |got| {
                    all.extend(got.ids);
                    Ok(())
                })?;
                unknown.insert(all)
            }
        };
        let found = records.iter().map(|r| record::key(&r.user, &r.id));
        let found: HashSet<String> = found.collect();
        let missed: Vec<String> = names.difference(&found).cloned().collect();
        for keys in missed.chunks(RECORDS as usize) {
            let got = self.get_some(spec, keys, &[Include::Metadata])?;
            records.extend(self.records(spec, got)?);
        }
        Ok(())
    }
}

/// What the server has found for one query.
struct Found {
    hits: Vec<Hit>,
    /// The score of the worst of all it has sent.
    least: f32,
}

impl Found {
    /// Scores the records, and leaves out those that are not asked for.
    fn new(
        records: Vec<Record>,
        metric: Metric,
        query: &[f32],
        options: &QueryOptions<'_>,
    ) -> Self {
        let mut found = Self {
            hits: Vec::new(),
            least: f32::INFINITY,
        };
        for record in records {
            let score = record::score(metric, query, &record.vector);
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
        found
    }

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
