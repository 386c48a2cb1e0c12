//! A Chroma server as a store, for wardrobes that many machines share.

mod client;
mod collections;
mod list;
mod narrow;
mod options;
mod record;
mod search;
mod write;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chroma::ChromaCollection;
use chroma::client::ChromaHttpClientError;
use chroma::types::{GetResponse, Include, IncludeList};

use self::client::Client;
use self::list::Listing;
pub use self::options::ChromaOptions;
use crate::collection::CollectionSpec;
use crate::error::{IndexError, Result};
use crate::filter::Filter;
use crate::record::{Hit, Record, Scope};
use crate::store::{Cursor, QueryOptions, Stats, VectorStore, check_queries};

/// Collections asked for at once.
const COLLECTIONS: u32 = 100;
/// Records asked for at once, with what they hold.
const RECORDS: u32 = 1000;

/// A [`VectorStore`] on a Chroma server (API v2; tried with 1.5.9).
///
/// Built with the feature `chroma`. The server finds the nearest by its own index (HNSW), which in a large collection misses
/// a few (`cargo bench --bench chroma` says how many); what it answers with is held to the filter here, and scored from the
/// vectors as they were given, and an answer of fewer than `k` is complete. Needs no server to be made: each call connects,
/// and fails with [`IndexError::Unreachable`] once its retries are used up. Calls block, and must not be made from
/// asynchronous code.
///
/// Beyond the contract, for a server has no transactions: a call with more records than the server takes at once sends
/// several batches, and a record that gets another vector is removed before it is stored anew. A call that fails in between
/// leaves the first ones stored, or the record removed. Each call can be made again as it is.
#[derive(Debug)]
pub struct ChromaStore {
    client: Client,
    known: Mutex<HashMap<String, Arc<Known>>>,
    /// The names that pages are being read from.
    listing: Mutex<Option<Listing>>,
}

/// A collection as the server last described it.
#[derive(Debug)]
struct Known {
    spec: CollectionSpec,
    remote: ChromaCollection,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What they guard is replaced as a whole, so that a panic leaves nothing half-done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn including(parts: &[Include]) -> Option<IncludeList> {
    Some(IncludeList(parts.to_vec()))
}

impl ChromaStore {
    /// The store on the server that `options` name. Nothing is sent yet.
    ///
    /// # Errors
    /// An address that is none, a token that no header can hold.
    pub fn new(options: ChromaOptions) -> Result<Self> {
        Ok(Self {
            client: Client::new(options)?,
            known: Mutex::default(),
            listing: Mutex::default(),
        })
    }

    /// The collection `spec` describes, as known or as the server has it.
    fn find(&self, spec: &CollectionSpec) -> Result<Arc<Known>> {
        let known = lock(&self.known).get(&spec.name).cloned();
        let known = match known {
            Some(known) => known,
            None => match self.fetch(&spec.name)? {
                Some(known) => known,
                None => {
                    let known = self.collections()?.into_iter().map(|spec| spec.name);
                    return Err(IndexError::UnknownCollection {
                        name: spec.name.clone(),
                        known: known.collect(),
                    });
                }
            },
        };
        spec.check_same(&known.spec)?;
        Ok(known)
    }

    /// What the server says of a collection, which is then known.
    fn fetch(&self, name: &str) -> Result<Option<Arc<Known>>> {
        let remote_name = collections::name_of(name)?;
        let got = self.client.call("look up a collection", |client| {
            let name = remote_name.clone();
            async move { client.get_collection(name).await }
        });
        match got {
            Ok(remote) => self.remember(remote).map(Some),
            Err(failure) if failure.is_missing() => Ok(None),
            Err(failure) => Err(self.client.error(failure)),
        }
    }

    fn remember(&self, remote: ChromaCollection) -> Result<Arc<Known>> {
        let spec = collections::spec_of(self.client.url(), &remote)?;
        let known = Arc::new(Known { spec, remote });
        lock(&self.known).insert(known.spec.name.clone(), known.clone());
        Ok(known)
    }

    fn forget(&self, name: &str) {
        lock(&self.known).remove(name);
        *lock(&self.listing) = None;
    }

    /// Sends a request to the collection, once more where another process has made it anew.
    fn on<T, F: Future<Output = std::result::Result<T, ChromaHttpClientError>>>(
        &self,
        spec: &CollectionSpec,
        operation: &'static str,
        request: impl Fn(ChromaCollection) -> F,
    ) -> Result<T> {
        let send = |known: &Known| self.client.call_on(operation, &known.remote, &request);
        match send(&*self.find(spec)?) {
            Err(failure) if failure.is_missing() => {
                self.forget(&spec.name);
                send(&*self.find(spec)?)
            }
            answer => answer,
        }
        .map_err(|failure| self.client.error(failure))
    }

    fn get_some(
        &self,
        spec: &CollectionSpec,
        keys: &[String],
        include: &[Include],
    ) -> Result<GetResponse> {
        self.on(spec, "read vectors", |collection| {
            let (keys, include) = (keys.to_vec(), including(include));
            async move { collection.get(Some(keys), None, None, None, include).await }
        })
    }

    /// The records of an answer with metadata.
    fn records(&self, spec: &CollectionSpec, got: GetResponse) -> Result<Vec<Record>> {
        let columns = got.metadatas.unwrap_or_default();
        let rows = got.ids.iter().enumerate();
        rows.map(|(i, key)| {
            let columns = columns.get(i).and_then(Option::as_ref);
            self.record(spec, key, columns)
        })
        .collect()
    }

    fn record(
        &self,
        spec: &CollectionSpec,
        key: &str,
        columns: Option<&chroma::types::Metadata>,
    ) -> Result<Record> {
        record::record(key, columns, spec).map_err(|what| IndexError::Damaged {
            path: PathBuf::from(self.client.url()),
            what: format!("record \"{key}\" of \"{}\" {what}", spec.name),
            source: None,
        })
    }
}

impl VectorStore for ChromaStore {
    fn create_collection(&self, spec: &CollectionSpec) -> Result<()> {
        spec.check()?;
        let name = collections::name_of(&spec.name)?;
        self.forget(&spec.name);
        if let Some(known) = self.fetch(&spec.name)? {
            return spec.check_same(&known.spec);
        }
        let made = self.client.call("create a collection", |client| {
            let (name, (schema, columns)) = (name.clone(), collections::described(spec));
            async move { client.create_collection(name, schema, Some(columns)).await }
        });
        match made {
            Ok(remote) => self.remember(remote).map(|_| ()),
            // Another process was quicker, or the answer to an earlier try was lost.
            Err(failure) if failure.is_taken() => self.find(spec).map(|_| ()),
            Err(failure) => Err(self.client.error(failure)),
        }
    }

    fn collections(&self) -> Result<Vec<CollectionSpec>> {
        let mut specs = Vec::new();
        for page in 0.. {
            let (limit, offset) = (COLLECTIONS as usize, page * COLLECTIONS as usize);
            let got = self
                .client
                .call("list the collections", |client| async move {
                    client.list_collections(limit, Some(offset)).await
                });
            let got = got.map_err(|failure| self.client.error(failure))?;
            let last = got.len() < limit;
            for remote in got
                .iter()
                .filter(|remote| collections::is_ours(remote.name()))
            {
                specs.push(collections::spec_of(self.client.url(), remote)?);
            }
            if last {
                break;
            }
        }
        specs.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(specs)
    }

    fn drop_collection(&self, name: &str) -> Result<bool> {
        self.forget(name);
        let remote_name = collections::name_of(name)?;
        let dropped = self.client.call("remove a collection", |client| {
            let name = remote_name.clone();
            async move { client.delete_collection(name).await }
        });
        match dropped {
            Ok(()) => Ok(true),
            Err(failure) if failure.is_missing() => Ok(false),
            Err(failure) => Err(self.client.error(failure)),
        }
    }

    fn upsert(&self, spec: &CollectionSpec, records: &[Record]) -> Result<()> {
        self.find(spec)?;
        self.write(spec, records)
    }

    fn get(&self, spec: &CollectionSpec, user: &str, ids: &[&str]) -> Result<Vec<Option<Record>>> {
        self.find(spec)?;
        let keys: BTreeSet<String> = ids.iter().map(|id| record::key(user, id)).collect();
        let keys: Vec<String> = keys.into_iter().collect();
        let mut found = HashMap::new();
        for keys in keys.chunks(RECORDS as usize) {
            let got = self.get_some(spec, keys, &[Include::Metadata])?;
            let records = self.records(spec, got)?.into_iter();
            found.extend(records.map(|record| (record.id.clone(), record)));
        }
        Ok(ids.iter().map(|id| found.get(*id).cloned()).collect())
    }

    fn delete(&self, spec: &CollectionSpec, scope: Scope<'_>, ids: &[&str]) -> Result<usize> {
        self.find(spec)?;
        let held = self.held(spec, scope, ids)?;
        self.remove(spec, held.into_iter().collect())
    }

    fn delete_where(
        &self,
        spec: &CollectionSpec,
        scope: Scope<'_>,
        filter: &Filter,
    ) -> Result<usize> {
        filter.check()?;
        let keys = self.matching(spec, scope, Some(filter))?;
        self.remove(spec, keys.into_iter().collect())
    }

    fn query_batch(
        &self,
        spec: &CollectionSpec,
        vectors: &[&[f32]],
        options: &QueryOptions<'_>,
    ) -> Result<Vec<Vec<Hit>>> {
        check_queries(spec, vectors, options)?;
        self.find(spec)?;
        self.search(spec, vectors, options)
    }

    fn count(
        &self,
        spec: &CollectionSpec,
        scope: Scope<'_>,
        filter: Option<&Filter>,
    ) -> Result<usize> {
        filter.map_or(Ok(()), Filter::check)?;
        if (scope, filter.is_none()) == (Scope::AllUsers, true) {
            let count = self.on(spec, "count the vectors", |collection| async move {
                collection.count().await
            })?;
            return Ok(count as usize);
        }
        Ok(self.matching(spec, scope, filter)?.len())
    }

    fn page(
        &self,
        spec: &CollectionSpec,
        scope: Scope<'_>,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Vec<Record>> {
        self.find(spec)?;
        if limit == 0 {
            return Ok(Vec::new());
        }
        self.read_page(spec, scope, after, limit)
    }

    fn stats(&self, spec: &CollectionSpec) -> Result<Stats> {
        let keys = self.keys(spec, Scope::AllUsers)?;
        let users: HashSet<&str> = keys.iter().map(|key| key.user.as_str()).collect();
        Ok(Stats {
            records: keys.len(),
            users: users.len(),
            vector_bytes: keys.len() * spec.dimension * spec.precision.bytes(),
        })
    }
}
