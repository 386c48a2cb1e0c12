//! Which records a query, count or deletion concerns, by their metadata.

use std::cmp::Ordering;
use std::ops::{Bound, RangeBounds};

use serde_json::Value;

use crate::error::{IndexError, Result};
use crate::record::Metadata;

/// A condition on a record's metadata.
///
/// A field that holds a list meets a condition where any of its values does: `seasons` of
/// `["spring", "summer"]` equals `"summer"`. A missing field equals nothing, so only
/// [`Filter::ne`] holds for it. Numbers compare by value (1 equals 1.0), text by Unicode code
/// points, so RFC 3339 times in one zone compare by time. Values of different kinds are unequal
/// and in no range.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Filter {
    /// The field is, or its list contains, the value.
    Eq {
        /// The metadata field.
        field: String,
        /// Text, number, boolean or null.
        value: Value,
    },
    /// Not [`Filter::Eq`]: the field is missing, another value, or a list without the value.
    Ne {
        /// The metadata field.
        field: String,
        /// Text, number, boolean or null.
        value: Value,
    },
    /// The field equals any of the values.
    In {
        /// The metadata field.
        field: String,
        /// Texts, numbers, booleans or nulls.
        values: Vec<Value>,
    },
    /// The field is between the bounds.
    Range {
        /// The metadata field.
        field: String,
        /// Number or text.
        lower: Bound<Value>,
        /// Number or text.
        upper: Bound<Value>,
    },
    /// All of the conditions hold; true where there are none.
    And(Vec<Filter>),
    /// Any of the conditions holds; false where there are none.
    Or(Vec<Filter>),
}

impl Filter {
    /// The field is, or its list contains, `value`.
    pub fn eq(field: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::Eq {
            field: field.into(),
            value: value.into(),
        }
    }

    /// The field is missing, is another value, or is a list without `value`.
    pub fn ne(field: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::Ne {
            field: field.into(),
            value: value.into(),
        }
    }

    /// The field equals any of `values`.
    pub fn any_of<V: Into<Value>>(
        field: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        Self::In {
            field: field.into(),
            values: values.into_iter().map(Into::into).collect(),
        }
    }

    /// The field lies in `range`: `Filter::range("formality", 0.4..=0.7)`.
    pub fn range<V: Into<Value> + Clone>(
        field: impl Into<String>,
        range: impl RangeBounds<V>,
    ) -> Self {
        let owned = |bound: Bound<&V>| bound.cloned().map(Into::into);
        let (lower, upper) = (owned(range.start_bound()), owned(range.end_bound()));
        Self::Range {
            field: field.into(),
            lower,
            upper,
        }
    }

    /// Every condition of `filters` holds.
    pub fn and(filters: impl IntoIterator<Item = Self>) -> Self {
        Self::And(filters.into_iter().collect())
    }

    /// Any condition of `filters` holds.
    pub fn or(filters: impl IntoIterator<Item = Self>) -> Self {
        Self::Or(filters.into_iter().collect())
    }

    /// Whether a record with this metadata meets the condition.
    pub fn matches(&self, metadata: &Metadata) -> bool {
        match self {
            Self::And(filters) => filters.iter().all(|filter| filter.matches(metadata)),
            Self::Or(filters) => filters.iter().any(|filter| filter.matches(metadata)),
            Self::Eq { field, .. }
            | Self::Ne { field, .. }
            | Self::In { field, .. }
            | Self::Range { field, .. } => self.holds_for(metadata.get(field)),
        }
    }

    /// Whether a condition on one field holds where the field is `held`, `None` where it is
    /// missing. Conditions on several fields hold for none alone.
    pub(crate) fn holds_for(&self, held: Option<&Value>) -> bool {
        match self {
            Self::Eq { value, .. } => any(held, |held| equal(held, value)),
            Self::Ne { value, .. } => !any(held, |held| equal(held, value)),
            Self::In { values, .. } => {
                any(held, |held| values.iter().any(|value| equal(held, value)))
            }
            Self::Range { lower, upper, .. } => {
                any(held, |held| above(held, lower) && below(held, upper))
            }
            Self::And(_) | Self::Or(_) => false,
        }
    }

    /// Whether every value is one that a field can hold.
    ///
    /// # Errors
    /// A list or object to compare with, range bounds that are not two numbers or two texts. (A
    /// float that is not finite has become null on its way into a [`Value`].)
    pub fn check(&self) -> Result<()> {
        let bad = |field: &str, why| {
            Err(IndexError::BadFilter {
                field: field.to_owned(),
                why,
            })
        };
        let nested = |value: &Value| value.is_array() || value.is_object();
        match self {
            Self::Eq { field, value } | Self::Ne { field, value } if nested(value) => bad(
                field,
                "compare with text, a number, a boolean or null; lists go to any_of",
            ),
            Self::In { field, values } if values.iter().any(nested) => {
                bad(field, "any_of takes texts, numbers, booleans or nulls")
            }
            Self::Range {
                field,
                lower,
                upper,
            } => match (kind(lower), kind(upper)) {
                (Some(lower), Some(upper)) if lower == upper || lower * upper == 0 => Ok(()),
                _ => bad(
                    field,
                    "a range goes between two finite numbers or two texts",
                ),
            },
            Self::And(filters) | Self::Or(filters) => filters.iter().try_for_each(Self::check),
            _ => Ok(()),
        }
    }
}

/// 0 unbounded, 1 number, 2 text; `None` for what has no order.
fn kind(bound: &Bound<Value>) -> Option<u8> {
    match bound {
        Bound::Unbounded => Some(0),
        Bound::Included(value) | Bound::Excluded(value) => match value {
            Value::Number(_) => Some(1),
            Value::String(_) => Some(2),
            _ => None,
        },
    }
}

/// Whether the test holds for the value, or for any of the list.
fn any(held: Option<&Value>, test: impl Fn(&Value) -> bool) -> bool {
    match held {
        Some(Value::Array(values)) => values.iter().any(test),
        Some(value) => test(value),
        None => false,
    }
}

fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(_), Value::Number(_)) => order(a, b) == Some(Ordering::Equal),
        _ => a == b,
    }
}

/// The order of two numbers or two texts.
fn order(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        (Value::Number(a), Value::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => Some(a.cmp(&b)), // f64 would merge neighbours above 2^53
            _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
        },
        _ => None,
    }
}

fn above(held: &Value, lower: &Bound<Value>) -> bool {
    match lower {
        Bound::Included(bound) => order(held, bound).is_some_and(Ordering::is_ge),
        Bound::Excluded(bound) => order(held, bound).is_some_and(Ordering::is_gt),
        Bound::Unbounded => held.is_number() || held.is_string(),
    }
}

fn below(held: &Value, upper: &Bound<Value>) -> bool {
    match upper {
        Bound::Included(bound) => order(held, bound).is_some_and(Ordering::is_le),
        Bound::Excluded(bound) => order(held, bound).is_some_and(Ordering::is_lt),
        Bound::Unbounded => held.is_number() || held.is_string(),
    }
}
