//! Which slots a query may answer with.

use std::sync::{Arc, PoisonError};

use super::Snapshot;
use crate::filter::Filter;
use crate::mask::Mask;
use crate::record::Scope;

/// Slots, a mask a chunk.
#[derive(Debug)]
pub(super) struct Selection {
    pub(super) masks: Vec<Mask>,
    pub(super) count: usize,
}

/// The selections of the last queries, for the next ones often ask for the same.
#[derive(Debug, Default)]
pub(super) struct Selections(Vec<Known>);

#[derive(Debug)]
struct Known {
    /// `None` for all users.
    user: Option<String>,
    filter: Option<Filter>,
    selection: Arc<Selection>,
}

/// How many selections to keep, an eighth of a byte a slot each.
const KEPT: usize = 8;

impl Snapshot {
    /// The live slots in `scope` that match.
    pub(super) fn select(&self, scope: Scope<'_>, filter: Option<&Filter>) -> Arc<Selection> {
        let user = match scope {
            Scope::User(name) => Some(name),
            Scope::AllUsers => None,
        };
        let lock = || {
            self.selections
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        let same =
            |known: &&Known| known.user.as_deref() == user && known.filter.as_ref() == filter;
        if let Some(known) = lock().0.iter().find(same) {
            return known.selection.clone();
        }
        let masks: Vec<Mask> = (0..self.chunks.len())
            .map(|i| self.mask(i, user, filter))
            .collect();
        let count = masks.iter().map(Mask::count).sum();
        let selection = Arc::new(Selection { masks, count });
        let known = &mut lock().0;
        known.truncate(KEPT - 1);
        known.insert(
            0,
            Known {
                user: user.map(str::to_owned),
                filter: filter.cloned(),
                selection: selection.clone(),
            },
        );
        selection
    }

    fn mask(&self, chunk: usize, user: Option<&str>, filter: Option<&Filter>) -> Mask {
        let (chunk, mut mask) = (&self.chunks[chunk], self.live[chunk]);
        if let Some(name) = user {
            let place = self.users.iter().position(|user| user == name);
            mask = mask.and(&Mask::of(chunk.len(), |row| {
                Some(chunk.users[row] as usize) == place
            }));
        }
        match filter {
            Some(filter) if mask != Mask::NONE => mask.and(&chunk.fields.matching(filter)),
            _ => mask,
        }
    }
}
