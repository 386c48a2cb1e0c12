//! The trait every backend implements.

use crate::collection::CollectionSpec;
use crate::error::Result;
use crate::filter::Filter;
use crate::record::{Hit, Record, Scope, check_vector};

/// Collections of vectors with metadata, searched by similarity.
///
/// Every call names its collection by the whole [`CollectionSpec`]; an unknown name, and a stored
/// collection with another dimension, metric or embedder, are errors. A call that fails has changed
/// nothing. A call that returned has stored its changes for good: they outlive the process and a
/// power cut. Stores are shared between threads by reference.
pub trait VectorStore: Send + Sync {
    /// Makes the collection, or does nothing where it exists just so.
    ///
    /// # Errors
    /// A spec that cannot exist; the name taken by a collection that differs.
    fn create_collection(&self, spec: &CollectionSpec) -> Result<()>;

    /// All collections, by name.
    fn collections(&self) -> Result<Vec<CollectionSpec>>;

    /// Removes a collection with all its records. Returns whether there was one.
    fn drop_collection(&self, name: &str) -> Result<bool>;

    /// Stores the records, all or none. A record replaces the one of the same user and id, metadata
    /// included; of two in one call the later stays.
    ///
    /// # Errors
    /// A record that fails [`Record::check`].
    fn upsert(&self, spec: &CollectionSpec, records: &[Record]) -> Result<()>;

    /// One user's records with these ids, in the order of `ids`; `None` where there is none.
    fn get(&self, spec: &CollectionSpec, user: &str, ids: &[&str]) -> Result<Vec<Option<Record>>>;

    /// Removes the records in `scope` with these ids and returns how many there were. Unknown ids
    /// are no error.
    fn delete(&self, spec: &CollectionSpec, scope: Scope<'_>, ids: &[&str]) -> Result<usize>;

    /// Removes the records in `scope` that match and returns how many there were.
    fn delete_where(
        &self,
        spec: &CollectionSpec,
        scope: Scope<'_>,
        filter: &Filter,
    ) -> Result<usize>;

    /// For each of `vectors`, the records most like it: the best first, equal scores by user and
    /// id, as many as `options.k` or as match.
    ///
    /// # Errors
    /// A vector of another dimension, not finite, zero or too long; a filter that fails
    /// [`Filter::check`].
    fn query_batch(
        &self,
        spec: &CollectionSpec,
        vectors: &[&[f32]],
        options: &QueryOptions<'_>,
    ) -> Result<Vec<Vec<Hit>>>;

    /// [`VectorStore::query_batch`] for one vector.
    fn query(
        &self,
        spec: &CollectionSpec,
        vector: &[f32],
        options: &QueryOptions<'_>,
    ) -> Result<Vec<Hit>> {
        Ok(self
            .query_batch(spec, &[vector], options)?
            .pop()
            .unwrap_or_default())
    }

    /// How many records in `scope` match; without a filter, all do.
    fn count(
        &self,
        spec: &CollectionSpec,
        scope: Scope<'_>,
        filter: Option<&Filter>,
    ) -> Result<usize>;

    /// At most `limit` records in `scope`, ordered by user and id, from the first one after
    /// `after` on.
    fn page(
        &self,
        spec: &CollectionSpec,
        scope: Scope<'_>,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Vec<Record>>;

    /// All records in `scope`, ordered by user and id, read page by page.
    ///
    /// Each record that stays untouched meanwhile comes exactly once; whether one written or
    /// removed meanwhile comes is not said. The iterator ends after an error.
    fn iterate<'a>(&'a self, spec: &'a CollectionSpec, scope: Scope<'a>) -> Records<'a>
    where
        Self: Sized,
    {
        Records::new(self, spec, scope)
    }

    /// How much a collection holds.
    fn stats(&self, spec: &CollectionSpec) -> Result<Stats>;
}

/// What a query asks for beside its vector.
#[derive(Debug, Clone, Copy)]
pub struct QueryOptions<'a> {
    /// The most hits wanted. 0 gives none.
    pub k: usize,
    /// Whose records to search.
    pub scope: Scope<'a>,
    /// Which of them; `None` for all.
    pub filter: Option<&'a Filter>,
}

impl<'a> QueryOptions<'a> {
    /// The best `k` of the default user's records.
    pub fn top(k: usize) -> Self {
        Self {
            k,
            scope: Scope::default(),
            filter: None,
        }
    }

    /// The same for other users' records.
    pub fn in_scope(self, scope: Scope<'a>) -> Self {
        Self { scope, ..self }
    }

    /// The same among the records that match.
    pub fn matching(self, filter: &'a Filter) -> Self {
        Self {
            filter: Some(filter),
            ..self
        }
    }
}

/// A place in a collection's order of users and ids.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// The user.
    pub user: String,
    /// The id.
    pub id: String,
}

impl From<&Record> for Cursor {
    fn from(record: &Record) -> Self {
        Self {
            user: record.user.clone(),
            id: record.id.clone(),
        }
    }
}

/// How much a collection holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    /// Records, of all users.
    pub records: usize,
    /// Users with at least one record.
    pub users: usize,
    /// Bytes of vector values as stored: records x dimension x 4, or x 2 in half precision.
    pub vector_bytes: usize,
}

/// The graph of a collection, where it has one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GraphStats {
    /// Records the graph links, dead ones included.
    pub nodes: usize,
    /// Records in memory that are removed or replaced; a fifth of all makes a new graph.
    pub dead: usize,
    /// Records not in the graph yet, which are scanned.
    pub behind: usize,
    /// Links a record gets in each layer.
    pub m: usize,
    /// Candidates those are chosen from.
    pub ef_construction: usize,
    /// Candidates a search for ten keeps. `None` where none tried reached a recall of 0.99: then
    /// search stays exact.
    pub ef: Option<usize>,
    /// Recall@10 measured on the collection's own vectors.
    pub recall_at_10: f64,
    /// Bytes in memory beside the vectors.
    pub bytes: usize,
}

/// The iterator of [`VectorStore::iterate`].
pub struct Records<'a> {
    store: &'a dyn VectorStore,
    spec: &'a CollectionSpec,
    scope: Scope<'a>,
    page: std::vec::IntoIter<Record>,
    last: Option<Cursor>,
    done: bool,
}

impl<'a> Records<'a> {
    const PAGE: usize = 256;

    /// All records of `spec` in `scope`.
    pub fn new(store: &'a dyn VectorStore, spec: &'a CollectionSpec, scope: Scope<'a>) -> Self {
        let page = Vec::new().into_iter();
        Self {
            store,
            spec,
            scope,
            page,
            last: None,
            done: false,
        }
    }

    fn turn_page(&mut self) -> Result<()> {
        let page = self
            .store
            .page(self.spec, self.scope, self.last.as_ref(), Self::PAGE)?;
        self.done = page.is_empty();
        self.last = page.last().map(Cursor::from);
        self.page = page.into_iter();
        Ok(())
    }
}

impl Iterator for Records<'_> {
    type Item = Result<Record>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.page.len() == 0
            && !self.done
            && let Err(error) = self.turn_page()
        {
            self.done = true;
            return Some(Err(error));
        }
        self.page.next().map(Ok)
    }
}

/// Whether queries can be answered: vectors of the collection's dimension, and a filter that can hold.
pub(crate) fn check_queries(
    spec: &CollectionSpec,
    vectors: &[&[f32]],
    options: &QueryOptions<'_>,
) -> Result<()> {
    for (i, vector) in vectors.iter().enumerate() {
        check_vector(&format!("query {i}"), vector, spec.dimension)?;
    }
    options.filter.map_or(Ok(()), Filter::check)
}
