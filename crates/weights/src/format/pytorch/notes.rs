//! A checkpoint's plain values as metadata.

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value};

use super::object::{Entries, Id, Object, Objects};

/// Deeper than anyone nests settings.
const MAX_DEPTH: usize = 32;

/// How much all values may weigh together, in bytes or so. What is shared in a pickle is written out here, so that a
/// few bytes can stand for any number of values.
const MAX_WEIGHT: usize = 16 << 20;

/// What a value weighs beside its text.
const VALUE: usize = 64;

/// Text as it is, and anything else as JSON; of two values of a name, the last. Values that are not plain, too large
/// or too deep are left out.
pub(super) fn notes<'a>(
    objects: &Objects<'a>,
    named: &[(&'a str, Id)],
    tensor: impl FnMut(Id) -> Option<Value>,
) -> BTreeMap<String, String> {
    let mut writer = Writer {
        objects,
        left: MAX_WEIGHT,
        tensor,
    };
    let mut notes = BTreeMap::new();
    for &(name, id) in named.iter().rev() {
        // A module's own affairs: `_parameters`, `_backward_hooks`, `training`.
        if name.starts_with('_') || name == "training" || notes.contains_key(name) {
            continue;
        }
        match writer.value(id, 0) {
            Some(Value::String(text)) => notes.insert(name.to_string(), text),
            Some(value) => notes.insert(name.to_string(), value.to_string()),
            None => None,
        };
    }
    notes
}

struct Writer<'o, 'a, F> {
    objects: &'o Objects<'a>,
    left: usize,
    /// Writes out a small tensor.
    tensor: F,
}

impl<F: FnMut(Id) -> Option<Value>> Writer<'_, '_, F> {
    fn value(&mut self, id: Id, depth: usize) -> Option<Value> {
        let objects = self.objects;
        self.spend(VALUE)?;
        if depth > MAX_DEPTH {
            return None;
        }
        if let Some(items) = objects.set(id) {
            return self.list(items, depth);
        }
        Some(match objects.get(id) {
            Object::None => Value::Null,
            Object::Bool(value) => Value::Bool(*value),
            Object::Int(value) => Value::from(*value),
            Object::Float(value) => number(*value),
            Object::Text(text) => {
                self.spend(text.len())?;
                Value::from(*text)
            }
            Object::Tuple(items) | Object::List(items) => self.list(items, depth)?,
            Object::Dict(entries) => self.dict(entries, depth)?,
            Object::Instance { .. } => match objects.attributes(id) {
                Some(attributes) => self.namespace(attributes, depth)?,
                // A module's own; those of an optimiser are no notes.
                None if depth == 0 => (self.tensor)(id)?,
                None => return None,
            },
            _ => return None,
        })
    }

    fn list(&mut self, items: &[Id], depth: usize) -> Option<Value> {
        let items = items.iter().map(|&item| self.value(item, depth + 1));
        items.collect::<Option<Vec<_>>>().map(Value::from)
    }

    /// A dictionary without the entries that are not plain, unless none is.
    fn dict(&mut self, entries: &Entries, depth: usize) -> Option<Value> {
        let mut map = Map::new();
        for &(key, value) in entries {
            self.spend(VALUE)?;
            if let (Some(key), Some(value)) = (self.key(key), self.value(value, depth + 1)) {
                map.insert(key, value);
            }
        }
        (entries.is_empty() || !map.is_empty()).then_some(Value::Object(map))
    }

    /// An instance whose attributes are all plain: settings.
    fn namespace(&mut self, attributes: &Entries, depth: usize) -> Option<Value> {
        let entries = attributes.iter().map(|&(key, value)| {
            self.spend(VALUE)?;
            Some((self.key(key)?, self.value(value, depth + 1)?))
        });
        entries.collect::<Option<Map<_, _>>>().map(Value::Object)
    }

    fn key(&mut self, id: Id) -> Option<String> {
        match self.objects.get(id) {
            Object::Text(text) => {
                self.spend(text.len())?;
                Some(text.to_string())
            }
            Object::Int(value) => Some(value.to_string()),
            Object::Bool(value) => Some(value.to_string()),
            _ => None,
        }
    }

    fn spend(&mut self, weight: usize) -> Option<()> {
        self.left = self.left.checked_sub(weight)?;
        Some(())
    }
}

/// JSON has no infinities: they become text.
pub(super) fn number(value: f64) -> Value {
    Number::from_f64(value).map_or_else(|| Value::from(value.to_string()), Value::Number)
}
