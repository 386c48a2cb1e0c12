//! What a pickle describes, as data in one table.
//!
//! Objects name each other by their place in the table, so that shared and circular ones cost nothing to hold and
//! nothing to drop, however deep they are nested. Walks over them must bound themselves.

/// An object's place in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Id(pub(super) u32);

/// What was pickled. Nothing here can be called.
#[derive(Debug)]
pub(super) enum Object<'a> {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(&'a str),
    /// Bytes, and integers of more than 64 bits: no weights are described by them.
    Opaque,
    Tuple(Vec<Id>),
    List(Vec<Id>),
    Set(Vec<Id>),
    /// Also Python's `OrderedDict` and `defaultdict`. A key may be there twice; the last counts.
    Dict(Vec<(Id, Id)>),
    /// A class or a function, by name.
    Global {
        module: &'a str,
        name: &'a str,
    },
    /// What a call would have made, not called, and the state it would have been given.
    Instance {
        callable: Id,
        args: Id,
        state: Option<Id>,
    },
    /// A storage: data kept outside of the pickle.
    Persistent(Id),
}

/// A pickle's objects.
#[derive(Debug)]
pub(super) struct Objects<'a> {
    pub(super) table: Vec<Object<'a>>,
    pub(super) root: Id,
}

/// How much of a text an error shows.
const TEXT: usize = 80;

/// A dictionary's keys and values.
pub(super) type Entries = [(Id, Id)];

impl<'a> Objects<'a> {
    pub(super) fn get(&self, id: Id) -> &Object<'a> {
        // The reader hands out places of this table alone.
        &self.table[id.0 as usize]
    }

    pub(super) fn text(&self, id: Id) -> Option<&'a str> {
        match self.get(id) {
            Object::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn is_none(&self, id: Id) -> bool {
        matches!(self.get(id), Object::None)
    }

    /// A length, an offset, a stride.
    pub(super) fn size(&self, id: Id) -> Option<usize> {
        match self.get(id) {
            Object::Int(value) => usize::try_from(*value).ok(),
            _ => None,
        }
    }

    pub(super) fn tuple(&self, id: Id) -> Option<&[Id]> {
        match self.get(id) {
            Object::Tuple(items) => Some(items),
            _ => None,
        }
    }

    pub(super) fn entries(&self, id: Id) -> Option<&Entries> {
        match self.get(id) {
            Object::Dict(entries) => Some(entries),
            _ => None,
        }
    }

    pub(super) fn lookup(&self, entries: &Entries, key: &str) -> Option<Id> {
        let found = |&&(name, _): &&(Id, Id)| self.text(name) == Some(key);
        entries.iter().rev().find(found).map(|&(_, value)| value)
    }

    /// The function or class that a call names, and the call's arguments.
    pub(super) fn call(&self, id: Id) -> Option<(&'a str, &'a str, &[Id])> {
        let Object::Instance { callable, args, .. } = self.get(id) else {
            return None;
        };
        let Object::Global { module, name } = self.get(*callable) else {
            return None;
        };
        Some((module, name, self.tuple(*args)?))
    }

    /// An instance's attributes.
    pub(super) fn attributes(&self, id: Id) -> Option<&Entries> {
        match self.get(id) {
            Object::Instance { state, .. } => self.entries((*state)?),
            _ => None,
        }
    }

    /// The members of a set: protocol 2 has no sets, and pickles a call of `set` with a list.
    pub(super) fn set(&self, id: Id) -> Option<&[Id]> {
        if let Object::Set(items) = self.get(id) {
            return Some(items);
        }
        match self.call(id)? {
            ("builtins" | "__builtin__", "set" | "frozenset", [list]) => match self.get(*list) {
                Object::List(items) => Some(items),
                _ => None,
            },
            ("builtins" | "__builtin__", "set" | "frozenset", []) => Some(&[]),
            _ => None,
        }
    }

    /// An object in few words.
    pub(super) fn describe(&self, id: Id) -> String {
        match self.get(id) {
            Object::Text(text) => format!("{:?}", text.chars().take(TEXT).collect::<String>()),
            Object::Int(value) => value.to_string(),
            Object::List(items) => format!("a list of {}", items.len()),
            Object::Tuple(items) => format!("a tuple of {}", items.len()),
            Object::Dict(entries) if entries.is_empty() => "an empty dictionary".to_string(),
            Object::Dict(_) => "a dictionary without tensors".to_string(),
            Object::Global { module, name } => format!("{module}.{name}"),
            Object::Instance { .. } => format!("a pickled {}", self.class(id)),
            _ => "a plain value".to_string(),
        }
    }

    /// What an instance is of.
    fn class(&self, id: Id) -> String {
        let global = |id: Id| match self.get(id) {
            Object::Global { module, name } => Some(format!("{module}.{name}")),
            _ => None,
        };
        let class = match self.call(id) {
            // How protocol 2 makes instances of some classes: the first argument is the class.
            Some(("copy_reg" | "copyreg", "_reconstructor", [class, ..])) => global(*class),
            Some((module, name, _)) => Some(format!("{module}.{name}")),
            None => match self.get(id) {
                Object::Instance { callable, .. } => global(*callable),
                _ => None,
            },
        };
        class.unwrap_or_else(|| "object".to_string())
    }
}
