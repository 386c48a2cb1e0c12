//! A filter in Chroma's terms, where it has them.
//!
//! Chroma knows no lists of several kinds, no order of texts and no null. So a condition becomes one that holds for
//! every record the filter holds for, and maybe for more; what comes back is held to the filter itself.

use std::ops::Bound;

use chroma::types::{
    BooleanOperator, CompositeExpression, ContainsOperator, MetadataComparison, MetadataExpression,
    MetadataSetValue, MetadataValue, PrimitiveOperator, SetOperator, Where,
};
use serde_json::Value;

use super::record::{ID, ODD, USER, has_column};
use crate::filter::Filter;
use crate::record::Scope;

/// What the server need look at.
#[derive(Debug, PartialEq)]
pub(super) enum Narrow {
    /// Every record.
    All,
    /// No record.
    Nothing,
    /// Those that meet the condition.
    To(Where),
}

impl Narrow {
    /// At least the records in `scope` that match.
    pub(super) fn new(scope: Scope<'_>, filter: Option<&Filter>) -> Self {
        let user = match scope {
            Scope::User(user) => Self::text(USER, user),
            Scope::AllUsers => Self::All,
        };
        let filter = filter.map_or(Self::All, Self::filter);
        Self::and([user, filter.or_odd()])
    }

    /// The records with one of `ids`, whoever's.
    pub(super) fn to_ids(ids: &[&str]) -> Self {
        let ids = ids.iter().map(|id| (*id).to_owned()).collect();
        Self::To(Where::Metadata(MetadataExpression {
            key: ID.to_owned(),
            comparison: MetadataComparison::Set(SetOperator::In, MetadataSetValue::Str(ids)),
        }))
    }

    /// For a request; `None` for every record.
    pub(super) fn condition(&self) -> Option<Where> {
        match self {
            Self::To(condition) => Some(condition.clone()),
            Self::All | Self::Nothing => None,
        }
    }

    fn text(field: &str, text: &str) -> Self {
        let text = MetadataValue::Str(text.to_owned());
        Self::compare(field, PrimitiveOperator::Equal, text)
    }

    fn compare(field: &str, operator: PrimitiveOperator, value: MetadataValue) -> Self {
        Self::To(Where::Metadata(MetadataExpression {
            key: field.to_owned(),
            comparison: MetadataComparison::Primitive(operator, value),
        }))
    }

    fn contains(field: &str, value: MetadataValue) -> Self {
        Self::To(Where::Metadata(MetadataExpression {
            key: field.to_owned(),
            comparison: MetadataComparison::ArrayContains(ContainsOperator::Contains, value),
        }))
    }

    fn filter(filter: &Filter) -> Self {
        match filter {
            Filter::And(filters) => Self::and(filters.iter().map(Self::filter)),
            Filter::Or(filters) => Self::or(filters.iter().map(Self::filter)),
            Filter::Eq { field, .. }
            | Filter::Ne { field, .. }
            | Filter::In { field, .. }
            | Filter::Range { field, .. }
                if !has_column(field) =>
            {
                Self::All
            }
            Filter::Eq { field, value } => Self::equal(field, value),
            Filter::Ne { field, value } => Self::unequal(field, value),
            Filter::In { field, values } => {
                Self::or(values.iter().map(|value| Self::equal(field, value)))
            }
            Filter::Range {
                field,
                lower,
                upper,
            } => {
                // A bound that is left out is one all the same where it is rounded.
                let (at_least, at_most) = (
                    PrimitiveOperator::GreaterThanOrEqual,
                    PrimitiveOperator::LessThanOrEqual,
                );
                let bound = |bound: &Bound<Value>, operator| match bound {
                    Bound::Included(value) | Bound::Excluded(value) => {
                        value.as_f64().map_or(Self::All, |number| {
                            Self::compare(field, operator, MetadataValue::Float(number))
                        })
                    }
                    Bound::Unbounded => Self::All,
                };
                Self::and([bound(lower, at_least), bound(upper, at_most)])
            }
        }
    }

    fn equal(field: &str, value: &Value) -> Self {
        match value {
            Value::String(_) | Value::Bool(_) => {
                let Some(value) = plain(value) else {
                    return Self::All;
                };
                Self::or([
                    Self::compare(field, PrimitiveOperator::Equal, value.clone()),
                    Self::contains(field, value),
                ])
            }
            // Lists with numbers are odd.
            Value::Number(_) => plain(value).map_or(Self::All, |value| {
                Self::compare(field, PrimitiveOperator::Equal, value)
            }),
            _ => Self::All,
        }
    }

    /// Chroma's `$not_contains` must not be used: lists of records removed earlier, even of other collections, are taken
    /// for those of new ones (1.5.9). Where `$contains` errs so, it is towards too many.
    fn unequal(field: &str, value: &Value) -> Self {
        match (value, plain(value)) {
            // Rounded to the same, they may be unequal.
            (Value::Number(_), _) | (_, None) => Self::All,
            (_, Some(value)) => Self::compare(field, PrimitiveOperator::NotEqual, value),
        }
    }

    fn or_odd(self) -> Self {
        let odd = Self::compare(ODD, PrimitiveOperator::Equal, MetadataValue::Bool(true));
        Self::or([self, odd])
    }

    fn and(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut conditions = Vec::new();
        for part in parts {
            match part {
                Self::All => {}
                Self::Nothing => return Self::Nothing,
                Self::To(condition) => conditions.push(condition),
            }
        }
        Self::composite(BooleanOperator::And, conditions).unwrap_or(Self::All)
    }

    fn or(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut conditions = Vec::new();
        for part in parts {
            match part {
                Self::All => return Self::All,
                Self::Nothing => {}
                Self::To(condition) => conditions.push(condition),
            }
        }
        Self::composite(BooleanOperator::Or, conditions).unwrap_or(Self::Nothing)
    }

    /// `None` for no conditions; the server refuses a composite of one.
    fn composite(operator: BooleanOperator, mut children: Vec<Where>) -> Option<Self> {
        match children.len() {
            0 => None,
            1 => children.pop().map(Self::To),
            _ => Some(Self::To(Where::Composite(CompositeExpression {
                operator,
                children,
            }))),
        }
    }
}

/// A value that Chroma has too, as a record's column holds it.
pub(super) fn plain(value: &Value) -> Option<MetadataValue> {
    match value {
        Value::String(text) => Some(MetadataValue::Str(text.clone())),
        Value::Bool(flag) => Some(MetadataValue::Bool(*flag)),
        Value::Number(number) => number.as_f64().map(MetadataValue::Float),
        _ => None,
    }
}
