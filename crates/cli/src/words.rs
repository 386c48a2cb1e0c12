//! Words people use for what the vocabulary calls otherwise.

use wardrobe::{Query, Term};
use wardrobe_types::Category;

/// A category by its name. For another word, as in jumper, the error says what such a garment is called here.
pub fn category(text: &str) -> Result<Category, String> {
    text.parse().map_err(|error: wardrobe_types::Error| {
        let meant = categories(text);
        if meant.is_empty() {
            return error.to_string();
        }
        format!(
            "unknown category `{text}`: did you mean {}?",
            meant.join(", ")
        )
    })
}

/// What a search would take the word for.
fn categories(text: &str) -> Vec<String> {
    let Ok(query) = text.parse::<Query>();
    let terms = query.wanted.iter().flat_map(|wish| &wish.any_of);
    let category = |term: &Term| match term {
        Term::Category(category) => Some(category.to_string()),
        _ => None,
    };
    terms.filter_map(category).collect()
}
