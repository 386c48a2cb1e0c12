use std::fmt;

use candle_core::Shape;
use wardrobe_types::did_you_mean;

/// What became of a model's tensors and of a file's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoadReport {
    /// The model's tensors that the file filled.
    pub applied: Vec<String>,
    /// The model's tensors that the file lacks.
    pub missing: Vec<String>,
    /// The file's tensors that the model lacks, by the file's names.
    pub unexpected: Vec<String>,
    /// Tensors of both, of different shapes.
    pub misshaped: Vec<Misshaped>,
    /// The model's tensors left unfilled because the caller said so.
    pub excepted: Vec<String>,
    /// The file's tensors left out because the caller or a rule said so, by the file's names.
    pub ignored: Vec<String>,
}

/// A tensor whose shape in the file is not the model's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misshaped {
    /// The model's name for it.
    pub name: String,
    /// The model's shape.
    pub expected: Shape,
    /// The file's shape.
    pub found: Shape,
}

impl LoadReport {
    /// Whether every tensor of either side found its counterpart, but for those said to have none.
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty() && self.unexpected.is_empty() && self.misshaped.is_empty()
    }

    /// Names of the file's unexpected tensors that are spelled like `missing`, nearest first.
    pub fn near(&self, missing: &str) -> Vec<&str> {
        did_you_mean(missing, self.unexpected.iter().map(String::as_str))
    }
}

/// How many tensors of a kind are named before the rest is counted.
const NAMED: usize = 4;

impl fmt::Display for LoadReport {
    /// One line: the counts, and the first few names of each kind of trouble.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} tensors applied", self.applied.len())?;
        list(f, "missing", &self.missing, |f, name| {
            write!(f, "{name}")?;
            match self.near(name).first() {
                Some(near) => write!(f, " (did you mean {near}?)"),
                None => Ok(()),
            }
        })?;
        list(f, "unexpected", &self.unexpected, |f, name| {
            write!(f, "{name}")
        })?;
        list(f, "of another shape", &self.misshaped, |f, tensor| {
            let (found, expected) = (tensor.found.dims(), tensor.expected.dims());
            write!(f, "{} (has {found:?}, expected {expected:?})", tensor.name)
        })
    }
}

fn list<T>(
    f: &mut fmt::Formatter<'_>,
    kind: &str,
    items: &[T],
    write_item: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    if items.is_empty() {
        return Ok(());
    }
    write!(f, "; {} {kind}: ", items.len())?;
    for (i, item) in items.iter().take(NAMED).enumerate() {
        f.write_str(if i == 0 { "" } else { ", " })?;
        write_item(f, item)?;
    }
    if items.len() > NAMED {
        f.write_str(", ...")?;
    }
    Ok(())
}
