//! A collection in memory: the copy that queries search.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::Connection;

use super::rows;
use super::schema::Stored;
use crate::error::Result;
use crate::exact::{Matrix, search};
use crate::record::{Hit, Metadata, Record, Scope};
use crate::store::QueryOptions;

/// One collection's records as of one revision. Row numbers are this struct's own.
#[derive(Debug)]
pub(super) struct Cache {
    collection: i64,
    revision: i64,
    matrix: Matrix,
    rows: Vec<RowInfo>,
    users: Vec<User>,
}

#[derive(Debug)]
struct RowInfo {
    /// Index into `users`.
    user: u32,
    id: Arc<str>,
    metadata: Metadata,
}

#[derive(Debug)]
struct User {
    name: String,
    rows: HashMap<Arc<str>, u32>,
}

impl Cache {
    /// Before the first revision, empty.
    pub(super) fn new(stored: &Stored) -> Self {
        let matrix = Matrix::new(stored.spec.dimension, stored.spec.metric);
        let (rows, users) = (Vec::new(), Vec::new());
        Self {
            collection: stored.id,
            revision: -1,
            matrix,
            rows,
            users,
        }
    }

    pub(super) fn is_at(&self, stored: &Stored) -> bool {
        self.collection == stored.id && self.revision == stored.revision
    }

    /// Reads what changed since the cache's revision. `connection` is in the transaction that
    /// `stored` was read in. After an error the cache is as of no revision and will read anew.
    pub(super) fn catch_up(&mut self, connection: &Connection, stored: &Stored) -> Result<()> {
        if self.collection != stored.id || self.revision > stored.revision {
            *self = Self::new(stored);
        }
        let since = std::mem::replace(&mut self.revision, -1);
        rows::written_after(connection, stored, since, |record, norm| {
            self.put(record, norm)
        })?;
        // Everything stored is here now, so a surplus is what was deleted.
        if self.rows.len() > rows::count(connection, stored, Scope::AllUsers)? {
            self.drop_deleted(connection, stored)?;
        }
        self.revision = stored.revision;
        Ok(())
    }

    /// The answers to queries of [`QueryOptions::scope`], all checked.
    pub(super) fn query(&self, vectors: &[&[f32]], options: &QueryOptions<'_>) -> Vec<Vec<Hit>> {
        let queries: Vec<_> = vectors
            .iter()
            .map(|query| self.matrix.prepare(query))
            .collect();
        let candidates = self.candidates(options);
        let key = |row: u32| {
            let info = &self.rows[row as usize];
            (self.users[info.user as usize].name.as_str(), &*info.id)
        };
        let found = search(&self.matrix, &queries, &candidates, options.k, key);
        let hits = |rows: Vec<(u32, f32)>| rows.into_iter().map(|row| self.hit(row)).collect();
        found.into_iter().map(hits).collect()
    }

    fn hit(&self, (row, score): (u32, f32)) -> Hit {
        let RowInfo { user, id, metadata } = &self.rows[row as usize];
        let user = self.users[*user as usize].name.clone();
        Hit {
            user,
            id: id.to_string(),
            score,
            metadata: metadata.clone(),
        }
    }

    /// The rows that a query may answer with, ascending, so that memory is read in order.
    fn candidates(&self, options: &QueryOptions<'_>) -> Vec<u32> {
        let seen: Vec<bool> = self
            .users
            .iter()
            .map(|u| options.scope.contains(&u.name))
            .collect();
        let wanted = |row: &RowInfo| {
            seen[row.user as usize]
                && options
                    .filter
                    .is_none_or(|filter| filter.matches(&row.metadata))
        };
        (0u32..)
            .zip(&self.rows)
            .filter(|(_, row)| wanted(row))
            .map(|(i, _)| i)
            .collect()
    }

    fn put(&mut self, record: Record, norm: f64) {
        let Record {
            user,
            id,
            vector,
            metadata,
        } = record;
        let user = self.user(user);
        if let Some(row) = self.users[user].rows.get(&*id) {
            self.matrix.set(*row as usize, &vector, norm);
            self.rows[*row as usize].metadata = metadata;
            return;
        }
        let id: Arc<str> = id.into();
        self.users[user]
            .rows
            .insert(id.clone(), self.rows.len() as u32);
        self.matrix.push(&vector, norm);
        self.rows.push(RowInfo {
            user: user as u32,
            id,
            metadata,
        });
    }

    /// The user's index, given one where there is none yet.
    fn user(&mut self, name: String) -> usize {
        self.users
            .iter()
            .position(|user| user.name == name)
            .unwrap_or_else(|| {
                self.users.push(User {
                    name,
                    rows: HashMap::new(),
                });
                self.users.len() - 1
            })
    }

    fn drop_deleted(&mut self, connection: &Connection, stored: &Stored) -> Result<()> {
        let mut alive = vec![false; self.rows.len()];
        rows::keys(connection, stored, |user, id| {
            let user = self.users.iter().find(|known| known.name == user);
            if let Some(row) = user.and_then(|user| user.rows.get(id)) {
                alive[*row as usize] = true;
            }
        })?;
        // From the end, so that the row moved into a gap is one already seen.
        for row in (0..alive.len()).rev().filter(|row| !alive[*row]) {
            self.remove(row);
        }
        Ok(())
    }

    fn remove(&mut self, row: usize) {
        self.matrix.swap_remove(row);
        let removed = self.rows.swap_remove(row);
        self.users[removed.user as usize].rows.remove(&removed.id);
        if let Some(moved) = self.rows.get(row) {
            let rows = &mut self.users[moved.user as usize].rows;
            rows.insert(moved.id.clone(), row as u32);
        }
    }
}
