//! What can be wrong with a request or with the garments it is about.

use wardrobe_types::{Category, GarmentId, Slot};

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// A request that cannot be answered, or garments that cannot be judged.
///
/// A wardrobe that has too little for the request is not an error: see [`crate::Recommendation::reason`].
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing to score.
    #[error("no items to score: expected at least one garment")]
    NoItems,
    /// A number of the request outside its range.
    #[error("{field} is {got}: expected {expected}")]
    BadRequest {
        /// The request's field.
        field: &'static str,
        /// What it was set to.
        got: String,
        /// What it may be.
        expected: &'static str,
    },
    /// The request names a garment that is not in the wardrobe.
    #[error("`{field}` names `{id}`, which is not in the wardrobe{}", hint(.near))]
    UnknownGarment {
        /// `with` or `without`.
        field: &'static str,
        /// The name given.
        id: GarmentId,
        /// Names in the wardrobe near it, nearest first.
        near: Vec<String>,
    },
    /// A garment is both demanded and forbidden.
    #[error("`{id}` is both in `with` and in `without`: take it out of one of them")]
    WithAndWithout {
        /// The garment.
        id: GarmentId,
    },
    /// Two demanded garments fill the same place.
    #[error("`with` names `{first}` ({first_category}) and `{second}` ({second_category}), and an outfit has {}: keep one of them", only_one(.slot, .second_category))]
    WithConflict {
        /// One of the garments.
        first: GarmentId,
        /// Its category.
        first_category: Category,
        /// The other.
        second: GarmentId,
        /// Its category.
        second_category: Category,
        /// The place both fill.
        slot: Slot,
    },
    /// Two garments of the wardrobe have one name.
    #[error("two garments are called `{id}`: give every garment its own id")]
    DuplicateGarment {
        /// The name.
        id: GarmentId,
    },
    /// A garment has a value outside its range.
    #[error("garment `{id}`: {what} is {got}, expected {expected}")]
    BadItem {
        /// The garment.
        id: GarmentId,
        /// `formality`, `color fraction` or `embedding`.
        what: &'static str,
        /// The value.
        got: f32,
        /// What it may be.
        expected: &'static str,
    },
    /// The trained model cannot judge these garments.
    #[error("the trained model: {problem}")]
    Opinion {
        /// What it says.
        problem: String,
    },
    /// A field of the score input that means nothing.
    #[error("items[{index}]: unknown field `{field}`{}", hint(.near))]
    UnknownField {
        /// Which item, counted from 0.
        index: usize,
        /// The field's name.
        field: String,
        /// Known fields near it, nearest first.
        near: Vec<String>,
    },
    /// A name or number of the score input that is not in the vocabulary.
    #[error("items[{index}].{field}: {source}")]
    BadInput {
        /// Which item, counted from 0.
        index: usize,
        /// Which of its fields.
        field: &'static str,
        /// What is wrong with it, with near names.
        source: wardrobe_types::Error,
    },
}

fn hint(near: &[String]) -> String {
    if near.is_empty() {
        String::new()
    } else {
        format!("; did you mean {}?", near.join(", "))
    }
}

fn only_one(slot: &Slot, category: &Category) -> String {
    match slot {
        Slot::Accessory => format!("one {category} at most"),
        slot => format!("one garment in its {slot} slot"),
    }
}
