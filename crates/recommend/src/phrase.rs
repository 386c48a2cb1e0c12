//! Garments and colours in plain words.

use wardrobe_types::{Category, ColorName};

use crate::Item;

/// "royal blue"; "off-white" keeps its hyphen.
pub(crate) fn color(name: ColorName) -> String {
    match name {
        ColorName::OffWhite => name.as_str().to_owned(),
        name => name.as_str().replace('-', " "),
    }
}

/// "dress shoes"; "t-shirt" keeps its hyphen.
pub(crate) fn category(category: Category) -> String {
    match category {
        Category::TShirt => category.as_str().to_owned(),
        category => category.as_str().replace('-', " "),
    }
}

/// "navy chinos", "white shirt", or "shirt" where the colour is unknown.
pub(crate) fn item(item: &Item) -> String {
    match item.main_color() {
        Some(name) => format!("{} {}", color(name), category(item.category)),
        None => category(item.category),
    }
}

/// "navy chinos", "a white shirt".
pub(crate) fn a(garment: &Item) -> String {
    with_article(garment.category, &item(garment))
}

/// "the navy chinos".
pub(crate) fn the(garment: &Item) -> String {
    format!("the {}", item(garment))
}

/// The garment named by one of its colours: "a white shirt", or "a blue shirt with white" where white is not its
/// main colour.
pub(crate) fn a_in(garment: &Item, shown: ColorName) -> String {
    if garment.main_color() == Some(shown) {
        a(garment)
    } else {
        format!("{} with {}", a(garment), color(shown))
    }
}

/// Two colours on the garments that show them (indices into `items`), in the order of the items: "a white shirt and navy chinos", or "navy and
/// white in the striped shirt" where one garment has both.
pub(crate) fn two_colors(
    items: &[&Item],
    one: (usize, ColorName),
    other: (usize, ColorName),
) -> String {
    let ((first, first_color), (second, second_color)) = (one.min(other), one.max(other));
    if first == second {
        let category = category(items[first].category);
        return format!(
            "{} and {} in the {category}",
            color(first_color),
            color(second_color)
        );
    }
    format!(
        "{} and {}",
        a_in(items[first], first_color),
        a_in(items[second], second_color)
    )
}

/// "white, navy and black".
pub(crate) fn list(parts: impl IntoIterator<Item = String>) -> String {
    let parts: Vec<String> = parts.into_iter().collect();
    match parts.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

/// "1 top", "3 pairs of shoes".
pub(crate) fn counted(count: usize, singular: &str, plural: &str) -> String {
    format!("{count} {}", if count == 1 { singular } else { plural })
}

/// The verb after a garment.
pub(crate) fn is_or_are(category: Category) -> &'static str {
    if is_plural(category) { "are" } else { "is" }
}

/// Whether its name is a plural: "jeans", where a shirt is "a shirt".
pub(crate) fn is_plural(category: Category) -> bool {
    use Category::{
        AnkleBoots, Boots, Chinos, DressShoes, Flats, Heels, Jeans, Joggers, Leggings, Loafers,
        Sandals, Shorts, Sneakers, Sunglasses, Trousers,
    };
    matches!(
        category,
        AnkleBoots
            | Boots
            | Chinos
            | DressShoes
            | Flats
            | Heels
            | Jeans
            | Joggers
            | Leggings
            | Loafers
            | Sandals
            | Shorts
            | Sneakers
            | Sunglasses
            | Trousers
    )
}

fn with_article(category: Category, words: &str) -> String {
    if is_plural(category) {
        return words.to_owned();
    }
    let vowel = words.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {words}", if vowel { "an" } else { "a" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn articles_and_plurals() {
        let said = |category, color| a(&Item::new("x", category, color));
        assert_eq!(
            said(Category::TShirt, ColorName::OffWhite),
            "an off-white t-shirt"
        );
        assert_eq!(
            said(Category::DressShoes, ColorName::RoyalBlue),
            "royal blue dress shoes"
        );
        assert_eq!(said(Category::Coat, ColorName::Camel), "a camel coat");
        let mut plain = Item::new("x", Category::EveningDress, ColorName::Red);
        plain.colors.clear();
        assert_eq!(a(&plain), "an evening dress");
    }

    #[test]
    fn lists() {
        let said = |parts: &[&str]| list(parts.iter().map(|&part| part.to_owned()));
        assert_eq!(said(&[]), "");
        assert_eq!(said(&["red"]), "red");
        assert_eq!(said(&["red", "blue", "green"]), "red, blue and green");
    }
}
