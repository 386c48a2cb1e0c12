//! A Chroma server as a store, for wardrobes that many machines share.

mod client;
mod collections;
mod narrow;
mod options;
mod record;
mod search;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Bound;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chroma::ChromaCollection;
use chroma::client::ChromaHttpClientError;
use chroma::types::{
    GetResponse, Include, IncludeList, UpdateMetadata, UpdateMetadataValue, Where,
};

use self::client::Client;
use self::narrow::Narrow;
pub use self::options::ChromaOptions;
use crate::collection::CollectionSpec;
use crate::error::{IndexError, Result};
use crate::filter::Filter;
use crate::record::{Hit, Record, Scope, check_record, check_vector};
use crate::store::{Cursor, QueryOptions, Stats, VectorStore};

/// Collections asked for at once.
const COLLECTIONS: u32 = 100;
/// Records asked for at once, with what they hold ...
const RECORDS: u32 = 1000;
/// ... and names alone.
const NAMES: u32 = 10_000;
/// Bytes sent at once, about: a server takes 40 MB.
const BYTES: usize = 8 << 20;

/// A [`VectorStore`] on a Chroma server (API v2; tried with 1.5.9).
///
/// Built with the feature `chroma`. The server finds the nearest by its own index, which misses a few; what it answers
/// with is held to the filter here, and scored from the vectors as they were given. Needs no server to be made: each
/// call connects, and fails with [`IndexError::Unreachable`] once its retries are used up. Calls block, and must not be
/// made from asynchronous code.
///
/// Beyond the contract, for a server has no transactions: a call with more records than the server takes at once sends
/// several batches, and one that fails between them leaves the first ones stored. Each can be sent again as it is.
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

/// All records of a collection in a scope when its first page was read.
#[derive(Debug)]
struct Listing {
    collection: String,
    user: Option<String>,
    keys: Arc<BTreeSet<Cursor>>,
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

    /// All records that meet a condition, page by page.
    fn list(
        &self,
        spec: &CollectionSpec,
        condition: Option<&Where>,
        include: &[Include],
        mut each: impl FnMut(GetResponse) -> Result<()>,
    ) -> Result<()> {
        let limit = if include.is_empty() { NAMES } else { RECORDS };
        for page in 0.. {
            let got = self.on(spec, "list vectors", |collection| {
                let (condition, include) = (condition.cloned(), including(include));
                let (limit, offset) = (Some(limit), Some(page * limit));
                async move {
                    collection
                        .get(None, condition, limit, offset, include)
                        .await
                }
            })?;
            let last = got.ids.len() < limit as usize;
            each(got)?;
            if last {
                break;
            }
        }
        Ok(())
    }

    /// The names of the records in `scope` that match.
    fn matching(
        &self,
        spec: &CollectionSpec,
        scope: Scope<'_>,
        filter: Option<&Filter>,
    ) -> Result<HashSet<String>> {
        let narrow = Narrow::new(scope, filter);
        // Also where nothing can match, the collection must be there.
        self.find(spec)?;
        let mut keys = HashSet::new();
        if narrow == Narrow::Nothing {
            return Ok(keys);
        }
        let include: &[Include] = if filter.is_some() {
            &[Include::Metadata]
        } else {
            &[]
        };
        self.list(spec, narrow.condition().as_ref(), include, |got| {
            let Some(filter) = filter else {
                keys.extend(got.ids);
                return Ok(());
            };
            for record in self.records(spec, got)? {
                if filter.matches(&record.metadata) {
                    keys.insert(record::key(&record.user, &record.id));
                }
            }
            Ok(())
        })?;
        Ok(keys)
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

    /// The users and ids in `scope`, ordered.
    fn keys(&self, spec: &CollectionSpec, scope: Scope<'_>) -> Result<BTreeSet<Cursor>> {
        let keys = self.matching(spec, scope, None)?;
        let cursors = keys.iter().filter_map(|key| record::user_and_id(key));
        let cursors = cursors.map(|(user, id)| Cursor {
            user: user.to_owned(),
            id: id.to_owned(),
        });
        Ok(cursors.collect())
    }

    /// What pages are read from: the listing that the page before was read from, or a new one.
    fn listing(
        &self,
        spec: &CollectionSpec,
        scope: Scope<'_>,
        after: Option<&Cursor>,
    ) -> Result<Arc<BTreeSet<Cursor>>> {
        let user = match scope {
            Scope::User(user) => Some(user.to_owned()),
            Scope::AllUsers => None,
        };
        if let (Some(listing), Some(after)) = (&*lock(&self.listing), after)
            && (&listing.collection, &listing.user) == (&spec.name, &user)
            && listing.keys.contains(after)
        {
            return Ok(listing.keys.clone());
        }
        let keys = Arc::new(self.keys(spec, scope)?);
        *lock(&self.listing) = Some(Listing {
            collection: spec.name.clone(),
            user,
            keys: keys.clone(),
        });
        Ok(keys)
    }

    /// Sends one batch. What the records held before goes: Chroma itself would keep columns that are not given.
    fn send(&self, spec: &CollectionSpec, batch: &[Outgoing<'_>]) -> Result<()> {
        let keys: Vec<String> = batch.iter().map(|record| record.key.clone()).collect();
        let mut columns: HashMap<&str, UpdateMetadata> = batch
            .iter()
            .map(|record| (record.key.as_str(), record.columns.clone()))
            .collect();
        let held = self.get_some(spec, &keys, &[Include::Metadata])?;
        for (key, held) in held.ids.iter().zip(held.metadatas.unwrap_or_default()) {
            if let (Some(columns), Some(held)) = (columns.get_mut(key.as_str()), held) {
                for name in held.into_keys() {
                    columns.entry(name).or_insert(UpdateMetadataValue::None);
                }
            }
        }
        let columns: Vec<Option<UpdateMetadata>> = keys
            .iter()
            .map(|key| columns.get(key.as_str()).cloned())
            .collect();
        let metric = spec.metric;
        let vectors: Vec<Vec<f32>> = batch
            .iter()
            .map(|record| record::compared(metric, &record.vector))
            .collect();
        self.on(spec, "store vectors", |collection| {
            let (keys, vectors, columns) = (keys.clone(), vectors.clone(), columns.clone());
            async move {
                let columns = Some(columns);
                collection.upsert(keys, vectors, None, None, columns).await
            }
        })?;
        Ok(())
    }

    /// Removes those of `keys` that there are; returns how many.
    fn remove(&self, spec: &CollectionSpec, keys: Vec<String>) -> Result<usize> {
        *lock(&self.listing) = None;
        let most = self.client.most_records()?;
        for batch in keys.chunks(most) {
            self.on(spec, "remove vectors", |collection| {
                let keys = batch.to_vec();
                async move { collection.delete(Some(keys), None, None).await }
            })?;
        }
        Ok(keys.len())
    }
}

/// A checked record on its way.
struct Outgoing<'a> {
    key: String,
    vector: Vec<f32>,
    columns: UpdateMetadata,
    record: &'a Record,
}

impl Outgoing<'_> {
    /// Bytes in a request, about: a value of a vector takes up to 12 as JSON and 6 as base64.
    fn bytes(&self) -> usize {
        18 * self.vector.len() + 2 * self.record.metadata.len() * 64 + 256
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
        // Of two in one call the later stays: a server refuses both.
        let mut outgoing: BTreeMap<String, Outgoing<'_>> = BTreeMap::new();
        for record in records {
            let vector = check_record(record, spec)?;
            let columns = record::columns(record, &vector);
            let columns = columns.map_err(|source| IndexError::MetadataJson {
                id: record.id.clone(),
                source,
            })?;
            let key = record::key(&record.user, &record.id);
            let out = Outgoing {
                key: key.clone(),
                vector,
                columns,
                record,
            };
            outgoing.insert(key, out);
        }
        if outgoing.is_empty() {
            return Ok(());
        }
        *lock(&self.listing) = None;
        let most = self.client.most_records()?;
        let (mut batch, mut bytes) = (Vec::new(), 0);
        for record in outgoing.into_values() {
            bytes += record.bytes();
            batch.push(record);
            if batch.len() == most || bytes >= BYTES {
                self.send(spec, &batch)?;
                (batch, bytes) = (Vec::new(), 0);
            }
        }
        if batch.is_empty() {
            Ok(())
        } else {
            self.send(spec, &batch)
        }
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
        let mut held = HashSet::new();
        for ids in ids.chunks(RECORDS as usize) {
            match scope {
                Scope::User(user) => {
                    let keys: BTreeSet<String> =
                        ids.iter().map(|id| record::key(user, id)).collect();
                    let keys: Vec<String> = keys.into_iter().collect();
                    held.extend(self.get_some(spec, &keys, &[])?.ids);
                }
                Scope::AllUsers => {
                    let condition = Narrow::to_ids(ids).condition();
                    self.list(spec, condition.as_ref(), &[], |got| {
                        held.extend(got.ids);
                        Ok(())
                    })?;
                }
            }
        }
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
        for (i, vector) in vectors.iter().enumerate() {
            check_vector(&format!("query {i}"), vector, spec.dimension)?;
        }
        options.filter.map_or(Ok(()), Filter::check)?;
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
        let keys = self.listing(spec, scope, after)?;
        let start: Bound<&Cursor> = after.map_or(Bound::Unbounded, Bound::Excluded);
        let rest: (Bound<&Cursor>, Bound<&Cursor>) = (start, Bound::Unbounded);
        let mut rest = keys.range::<Cursor, _>(rest).peekable();
        let mut page = Vec::new();
        // A record removed since the listing is left out, and makes room for the next.
        while page.len() < limit && rest.peek().is_some() {
            let wanted = rest
                .by_ref()
                .take((limit - page.len()).min(RECORDS as usize));
            let wanted: Vec<String> = wanted.map(|at| record::key(&at.user, &at.id)).collect();
            let got = self.get_some(spec, &wanted, &[Include::Metadata])?;
            page.extend(self.records(spec, got)?);
        }
        page.sort_by(|a, b| (&a.user, &a.id).cmp(&(&b.user, &b.id)));
        Ok(page)
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
