//! Which records there are: conditions, deletions and pages begin with their names.

use std::collections::{BTreeSet, HashSet};
use std::ops::Bound;
use std::sync::Arc;

use chroma::types::{GetResponse, Include, Where};

use super::narrow::Narrow;
use super::{ChromaStore, RECORDS, including, lock, record};
use crate::collection::CollectionSpec;
use crate::error::Result;
use crate::filter::Filter;
use crate::record::{Record, Scope};
use crate::store::Cursor;

/// Names asked for at once, without what the records hold.
const NAMES: u32 = 10_000;

/// All records of a collection in a scope when its first page was read.
#[derive(Debug)]
pub(super) struct Listing {
    collection: String,
    user: Option<String>,
    keys: Arc<BTreeSet<Cursor>>,
}

impl ChromaStore {
    /// All records that meet a condition, page by page.
    pub(super) fn list(
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
    pub(super) fn matching(
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

    /// The names of those of `ids` that there are in `scope`.
    pub(super) fn held(
        &self,
        spec: &CollectionSpec,
        scope: Scope<'_>,
        ids: &[&str],
    ) -> Result<HashSet<String>> {
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
        Ok(held)
    }

    /// The users and ids in `scope`, ordered.
    pub(super) fn keys(&self, spec: &CollectionSpec, scope: Scope<'_>) -> Result<BTreeSet<Cursor>> {
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

    /// At most `limit` records in `scope`, in order, after `after`.
    pub(super) fn read_page(
        &self,
        spec: &CollectionSpec,
        scope: Scope<'_>,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Vec<Record>> {
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
}
