//! Metadata by column, so that a filter looks at each distinct value once and not at each record.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use crate::filter::Filter;
use crate::mask::Mask;
use crate::record::Metadata;

/// The metadata of a chunk's rows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields {
    pub(super) columns: BTreeMap<String, Column>,
    rows: usize,
}

/// One field of a chunk's rows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Column {
    /// The distinct values, lists as they are.
    pub(super) values: Vec<Value>,
    /// For each row 0 where the field is missing, else the value's place in `values`, from 1 on.
    pub(super) codes: Vec<u16>,
    /// `values` reversed; empty in a column that was read from a file, until it grows.
    places: HashMap<Value, u16>,
}

impl Column {
    pub(super) fn new(values: Vec<Value>, codes: Vec<u16>) -> Self {
        let places = HashMap::new();
        Self {
            values,
            codes,
            places,
        }
    }

    fn push(&mut self, value: Value) {
        if self.places.is_empty() {
            self.places = self.values.iter().cloned().zip(1..).collect();
        }
        let next = self.values.len() as u16 + 1;
        let place = *self.places.entry(value.clone()).or_insert(next);
        if place == next {
            self.values.push(value);
        }
        self.codes.push(place);
    }

    fn get(&self, row: usize) -> Option<&Value> {
        let place = usize::from(*self.codes.get(row)?).checked_sub(1)?;
        self.values.get(place)
    }
}

impl Fields {
    pub(super) fn new(columns: BTreeMap<String, Column>, rows: usize) -> Self {
        Self { columns, rows }
    }

    /// Appends a row's metadata.
    pub(super) fn push(&mut self, metadata: Metadata) {
        for (field, value) in metadata {
            let column = self.columns.entry(field).or_default();
            column.codes.resize(self.rows, 0);
            column.push(value);
        }
        self.rows += 1;
    }

    /// A row's metadata.
    pub(super) fn row(&self, row: usize) -> Metadata {
        let held =
            |(field, column): (&String, &Column)| Some((field.clone(), column.get(row)?.clone()));
        self.columns.iter().filter_map(held).collect()
    }

    /// The rows that match.
    pub(super) fn matching(&self, filter: &Filter) -> Mask {
        let all = Mask::of(self.rows, |_| true);
        match filter {
            Filter::And(filters) => filters
                .iter()
                .fold(all, |mask, f| mask.and(&self.matching(f))),
            Filter::Or(filters) => filters
                .iter()
                .fold(Mask::NONE, |mask, f| mask.or(&self.matching(f))),
            Filter::Eq { field, .. }
            | Filter::Ne { field, .. }
            | Filter::In { field, .. }
            | Filter::Range { field, .. } => {
                let missing = filter.holds_for(None);
                let Some(column) = self.columns.get(field) else {
                    return if missing { all } else { Mask::NONE };
                };
                let held = column
                    .values
                    .iter()
                    .map(|value| filter.holds_for(Some(value)));
                let holds: Vec<bool> = std::iter::once(missing).chain(held).collect();
                Mask::of(self.rows, |row| {
                    holds[usize::from(column.codes.get(row).copied().unwrap_or(0))]
                })
            }
        }
    }
}
