//! Where in a checkpoint its tensors are, and under which names.

use std::collections::HashSet;

use super::object::{Entries, Id, Object, Objects};
use super::view::is_tensor;
use crate::{Error, Result};

/// The keys under which training scripts put a network beside an epoch, an optimiser, ..., the first that is one is
/// taken. An average is what its makers validate and publish.
const NETWORKS: [&str; 4] = ["ema", "model", "state_dict", "model_state_dict"];

/// Deeper than any network is nested.
const MAX_DEPTH: usize = 100;

/// How much a walk may cost, in bytes of names and attributes looked at: shared modules can make any number of
/// names out of a few. A large network's is some millions.
const MAX_COST: usize = 1 << 26;

/// What a name costs beside its bytes.
const NAME: usize = 64;

/// A checkpoint's tensors, and the values that may be notes.
#[derive(Debug, Default)]
pub(super) struct Found<'a> {
    pub(super) tensors: Vec<(String, Id)>,
    /// Of two of a name, the last counts.
    pub(super) notes: Vec<(&'a str, Id)>,
}

/// Finds the state dict or the module.
pub(super) fn find<'a>(objects: &Objects<'a>, file: &str) -> Result<Found<'a>> {
    let none = |found: String| Error::NoStateDict {
        file: file.to_string(),
        found,
    };
    let mut finder = Finder {
        objects,
        file,
        found: Found::default(),
        left: MAX_COST,
        plain: HashSet::new(),
    };
    if finder.take(objects.root)? {
        return Ok(finder.found);
    }
    let Some(entries) = objects.entries(objects.root) else {
        return Err(none(objects.describe(objects.root)));
    };
    finder.note(entries);
    let mut other = None;
    for key in NETWORKS {
        match objects.lookup(entries, key) {
            Some(value) if objects.is_none(value) => {}
            Some(value) if finder.take(value)? => return Ok(finder.found),
            Some(value) => other = other.or(Some((key, value))),
            None => {}
        }
    }
    Err(none(match other {
        Some((key, value)) => format!("{} under {key:?}", objects.describe(value)),
        None => keys(objects, entries),
    }))
}

/// At most a line of a dictionary's keys.
fn keys(objects: &Objects<'_>, entries: &Entries) -> String {
    const SHOWN: usize = 16;
    let shown = entries.iter().take(SHOWN);
    let mut keys: Vec<String> = shown.map(|&(key, _)| objects.describe(key)).collect();
    keys.sort();
    if entries.len() > SHOWN {
        keys.push("...".to_string());
    }
    format!("a dictionary of {}", keys.join(", "))
}

struct Finder<'o, 'a> {
    objects: &'o Objects<'a>,
    file: &'o str,
    found: Found<'a>,
    left: usize,
    /// Known to be plain.
    plain: HashSet<Id>,
}

impl<'o, 'a> Finder<'o, 'a> {
    /// Takes the tensors of a network; `false` where the object is none.
    fn take(&mut self, id: Id) -> Result<bool> {
        let objects = self.objects;
        if let Some(attributes) = self.module(id, "")? {
            self.note(attributes);
            self.walk(attributes, "", 0)?;
            return Ok(true);
        }
        match objects.entries(id) {
            Some(entries) if entries.iter().any(|&(_, value)| is_tensor(objects, value)) => {
                self.state_dict(entries)?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Tensors of a module may be notes too, those of a dictionary are weights.
    fn note(&mut self, entries: &Entries) {
        let named = entries.iter().filter_map(|&(key, value)| {
            let key = self.objects.text(key)?;
            (!NETWORKS.contains(&key)).then_some((key, value))
        });
        self.found.notes.extend(named);
    }

    /// The tensors of a dictionary. Plain values beside them (an epoch, PyTorch's `_metadata`) are notes; an object
    /// that is not a tensor may hide one, so it is an error.
    fn state_dict(&mut self, entries: &Entries) -> Result<()> {
        let objects = self.objects;
        for &(key, value) in entries {
            match (objects.text(key), is_tensor(objects, value)) {
                (Some(name), true) => self.found.tensors.push((name.to_string(), value)),
                (None, true) => {
                    let reason = "its name is not a string".to_string();
                    return Err(self.unreadable(objects.describe(key), reason));
                }
                (name, false) if self.is_plain(value) => {
                    self.found.notes.extend(name.map(|name| (name, value)));
                }
                (name, false) => {
                    let name = name.map_or_else(|| objects.describe(key), str::to_string);
                    let reason = format!("it is {}", objects.describe(value));
                    return Err(self.unreadable(name, reason));
                }
            }
        }
        Ok(())
    }

    /// The parameters and buffers of a module and of those in it, by the names that its `state_dict()` would have.
    fn walk(&mut self, attributes: &Entries, prefix: &str, depth: usize) -> Result<()> {
        let objects = self.objects;
        if depth > MAX_DEPTH {
            let reason = format!("its modules are nested deeper than {MAX_DEPTH}");
            return Err(self.unreadable(prefix.to_string(), reason));
        }
        let transient = objects
            .lookup(attributes, "_non_persistent_buffers_set")
            .and_then(|set| objects.set(set))
            .unwrap_or_default();
        self.spend(transient.len().saturating_mul(NAME), prefix)?;
        let transient: HashSet<_> = transient.iter().map(|&id| objects.text(id)).collect();
        for group in ["_parameters", "_buffers"] {
            for (name, full, value) in self.members(attributes, group, prefix)? {
                if is_tensor(objects, value) {
                    if group == "_parameters" || !transient.contains(&Some(name)) {
                        self.found.tensors.push((full, value));
                    }
                } else {
                    let reason = format!("it is {}", objects.describe(value));
                    return Err(self.unreadable(full, reason));
                }
            }
        }
        for (_, full, value) in self.members(attributes, "_modules", prefix)? {
            match self.module(value, &full)? {
                Some(attributes) => self.walk(attributes, &format!("{full}."), depth + 1)?,
                None => {
                    let reason = format!("it is {}, not a module", objects.describe(value));
                    return Err(self.unreadable(full, reason));
                }
            }
        }
        Ok(())
    }

    /// One of a module's dictionaries: names, names with the prefix, and values but `None`, which a layer without
    /// bias has.
    fn members(
        &mut self,
        attributes: &Entries,
        group: &str,
        prefix: &str,
    ) -> Result<Vec<(&'a str, String, Id)>> {
        let objects = self.objects;
        let entries = objects.lookup(attributes, group);
        let entries = entries
            .and_then(|entries| objects.entries(entries))
            .unwrap_or_default();
        let mut members = Vec::new();
        for &(key, value) in entries {
            let Some(name) = objects.text(key) else {
                let reason = format!("a name in its {group} is not a string");
                return Err(self.unreadable(prefix.to_string(), reason));
            };
            self.spend(NAME + prefix.len() + name.len(), prefix)?;
            if !objects.is_none(value) {
                members.push((name, format!("{prefix}{name}"), value));
            }
        }
        Ok(members)
    }

    fn spend(&mut self, cost: usize, at: &str) -> Result<()> {
        match self.left.checked_sub(cost) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => {
                let reason = "its modules share each other beyond all measure".to_string();
                Err(self.unreadable(at.to_string(), reason))
            }
        }
    }

    fn unreadable(&self, tensor: String, reason: String) -> Error {
        Error::Tensor {
            file: self.file.to_string(),
            tensor,
            reason,
        }
    }

    /// The attributes of an instance of `torch.nn.Module`: what keeps parameters and modules as it does.
    fn module(&mut self, id: Id, at: &str) -> Result<Option<&'o Entries>> {
        let objects = self.objects;
        let Some(attributes) = objects.attributes(id) else {
            return Ok(None);
        };
        self.spend(attributes.len(), at)?;
        let has = |key| {
            let value = objects.lookup(attributes, key);
            value.is_some_and(|value| objects.entries(value).is_some())
        };
        Ok(Some(attributes).filter(|_| has("_parameters") && has("_modules")))
    }

    /// Whether nothing in an object is an instance or a storage.
    fn is_plain(&mut self, id: Id) -> bool {
        use Object::{Bool, Dict, Float, Int, List, None, Opaque, Set, Text, Tuple};
        let mut pending = vec![id];
        while let Some(id) = pending.pop() {
            if !self.plain.insert(id) {
                continue;
            }
            match self.objects.get(id) {
                Int(_) | Float(_) | Text(_) | Bool(_) | Opaque | None => {}
                Tuple(items) | List(items) | Set(items) => pending.extend(items),
                Dict(entries) => {
                    pending.extend(entries.iter().flat_map(|&(key, value)| [key, value]));
                }
                Object::Global { .. } | Object::Instance { .. } | Object::Persistent(_) => {
                    return false;
                }
            }
        }
        true
    }
}
