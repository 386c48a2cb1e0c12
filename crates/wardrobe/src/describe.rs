//! A garment in a few words.

use wardrobe_types::{Category, Color, Garment};

/// Colours of a smaller share are left out of a description.
const TELLING_SHARE: f32 = 0.25;

/// A garment in a few words: `navy and white striped shirt`.
pub fn describe(garment: &Garment) -> String {
    let telling = garment
        .colors
        .iter()
        .filter(|color| color.fraction >= TELLING_SHARE);
    let words = |color: &Color| color.name.as_str().replace('-', " ");
    let mut colors: Vec<String> = telling.map(words).collect();
    if colors.is_empty() {
        colors.extend(garment.colors.first().map(words));
    }
    colors.truncate(2);
    let mut words = vec![colors.join(" and ")];
    words.extend(garment.pattern.map(|pattern| pattern.to_string()));
    words.push(category_words(garment.category));
    words.retain(|word| !word.is_empty());
    words.join(" ")
}

/// A category as people write it.
fn category_words(category: Category) -> String {
    match category {
        Category::TShirt => category.to_string(),
        _ => category.as_str().replace('-', " "),
    }
}
