//! What labels of data sets say of a garment's attributes.

use crate::{Fit, Formality, Pattern, Season, Style};

/// One thing that a label says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TagValue {
    /// What is drawn on the cloth.
    Pattern(Pattern),
    /// How close to the body it is cut.
    Fit(Fit),
    /// How formal it is.
    Formality(Formality),
    /// A season it is for, maybe one of several.
    Season(Season),
    /// A style it belongs to, maybe one of several.
    Style(Style),
}

/// A data set's labels and what each says; those that say nothing of our attributes are listed too.
#[derive(Debug, Clone, Copy)]
pub struct TagTable {
    /// What the labels are called in errors: `iMaterialist label`.
    pub kind: &'static str,
    /// The data set's number of the label, its group, its name, and what it says.
    pub mapped: &'static [(u32, &'static str, &'static str, &'static [TagValue])],
    /// By group, the numbers and names of labels that say nothing of our attributes.
    pub unmapped: &'static [(&'static str, &'static [(u32, &'static str)])],
}

/// A label of a [`TagTable`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TagLabel {
    /// The data set's number of it.
    pub id: u32,
    /// What kind of label it is: `pattern`, `neckline`.
    pub group: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What it says; nothing where it is unmapped.
    pub says: &'static [TagValue],
}

impl TagTable {
    /// Every label, the mapped ones first.
    pub fn labels(&self) -> impl Iterator<Item = TagLabel> + use<> {
        let mapped = self.mapped.iter().map(|&(id, group, name, says)| TagLabel {
            id,
            group,
            name,
            says,
        });
        let groups = self.unmapped.iter();
        mapped.chain(groups.flat_map(|&(group, labels)| {
            labels.iter().map(move |&(id, name)| TagLabel {
                id,
                group,
                name,
                says: &[],
            })
        }))
    }
}

/// The pattern that several words or labels tell of: none where two tell of different ones, unless one of them only says
/// that something is printed on the cloth.
pub fn agreed_pattern(told: impl IntoIterator<Item = Pattern>) -> Option<Pattern> {
    let mut told = told.into_iter();
    let first = told.next()?;
    told.try_fold(first, |one, other| match (one, other) {
        _ if one == other => Some(one),
        (Pattern::Graphic, other) => Some(other),
        (one, Pattern::Graphic) => Some(one),
        _ => None,
    })
}
