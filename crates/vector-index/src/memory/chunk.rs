//! A run of slots: what a collection in memory is made of.

use std::sync::Arc;

use super::fields::Fields;
use crate::collection::CollectionSpec;
use crate::exact::Matrix;
use crate::mask::CHUNK;
use crate::record::Record;

/// Up to [`CHUNK`] records. A full chunk never changes; the last one of a collection is copied when
/// it grows while a query still reads it.
#[derive(Debug, Clone)]
pub(crate) struct Chunk {
    pub(super) matrix: Matrix,
    /// What tells one writing of a record from any other.
    pub(super) tokens: Vec<i64>,
    /// Places in the collection's list of users.
    pub(super) users: Vec<u32>,
    pub(super) ids: Vec<Arc<str>>,
    pub(super) fields: Fields,
}

impl Chunk {
    pub(super) fn new(spec: &CollectionSpec) -> Self {
        Self {
            matrix: Matrix::new(spec.dimension, spec.metric),
            tokens: Vec::new(),
            users: Vec::new(),
            ids: Vec::new(),
            fields: Fields::default(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.tokens.len()
    }

    pub(super) fn is_full(&self) -> bool {
        self.len() >= CHUNK
    }

    pub(super) fn push(&mut self, record: Record, norm: f64, token: i64, user: u32) {
        self.matrix.push(&record.vector, norm);
        self.tokens.push(token);
        self.users.push(user);
        self.ids.push(record.id.into());
        self.fields.push(record.metadata);
    }

    /// Appends a row of another chunk, whose users are numbered alike.
    pub(super) fn push_from(&mut self, other: &Self, row: usize) {
        self.matrix.push_row(other.matrix.row(row));
        self.tokens.push(other.tokens[row]);
        self.users.push(other.users[row]);
        self.ids.push(other.ids[row].clone());
        self.fields.push(other.fields.row(row));
    }
}
