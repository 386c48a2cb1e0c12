//! A garment in a few words.

use wardrobe_types::{Category, Color, ColorName, Garment, Pattern};

/// Colours of a smaller share are left out of a description.
pub(crate) const TELLING_SHARE: f32 = 0.25;

/// A garment in a few words: `navy and white striped shirt`.
pub fn describe(garment: &Garment) -> String {
    let telling = garment
        .colors
        .iter()
        .filter(|color| color.fraction >= TELLING_SHARE);
    let mut colors: Vec<String> = telling.map(color_words).collect();
    if colors.is_empty() {
        colors.extend(garment.colors.first().map(color_words));
    }
    colors.truncate(2);
    let mut words = vec![colors.join(" and ")];
    // Nobody says that a shirt is solid.
    let pattern = garment.pattern.filter(|pattern| *pattern != Pattern::Solid);
    words.extend(pattern.map(|pattern| pattern.to_string()));
    words.push(category_words(garment.category));
    words.retain(|word| !word.is_empty());
    words.join(" ")
}

/// A colour as people write it.
fn color_words(color: &Color) -> String {
    match color.name {
        ColorName::OffWhite => color.name.to_string(),
        name => name.as_str().replace('-', " "),
    }
}

/// A category as people write it.
fn category_words(category: Category) -> String {
    match category {
        Category::TShirt => category.to_string(),
        _ => category.as_str().replace('-', " "),
    }
}
