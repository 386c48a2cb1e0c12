//! Formality, combinations, completeness and their words, worked by hand.

use wardrobe_recommend::{Error, Item, score};
use wardrobe_types::{Category, ColorName, Pattern, Scored};

/// These categories, all in black.
fn worn(categories: &[Category]) -> Vec<Item> {
    let named = categories.iter().enumerate();
    named
        .map(|(i, &category)| Item::new(format!("g{i}"), category, ColorName::Black))
        .collect()
}

fn scored(categories: &[Category]) -> Scored {
    score(&worn(categories)).unwrap()
}

fn formality(categories: &[Category]) -> f32 {
    scored(categories).breakdown.formality.unwrap()
}

fn category(categories: &[Category]) -> f32 {
    scored(categories).breakdown.category.unwrap()
}

use Category::*;

#[test]
fn all_formal_and_all_casual_are_high() {
    for outfit in [
        &[Shirt, Trousers, SuitJacket, DressShoes][..],
        &[EveningDress, Heels],
        &[Shirt, Trousers, Blazer, Loafers],
        &[TShirt, Jeans, Sneakers],
        &[Hoodie, Joggers, Sneakers],
        &[TankTop, Shorts, Sandals],
        &[Polo, Chinos, Loafers],
    ] {
        let found = formality(outfit);
        assert!(found >= 0.65, "{outfit:?}: {found}");
    }
}

#[test]
fn blazer_joggers_and_sneakers_are_low() {
    // Joggers are 0.15, a blazer 0.75: the variance of the two is 0.3 squared, and 1 - 10 x 0.09 = 0.1.
    let found = formality(&[TShirt, Joggers, Blazer, Sneakers]);
    assert!((found - 0.1).abs() < 1e-6, "{found}");
    let explained = scored(&[TShirt, Joggers, Blazer, Sneakers]).explanation;
    let said = explained
        .iter()
        .any(|why| why == "the black blazer is much dressier than the black joggers");
    assert!(said, "{explained:?}");
    assert!(
        scored(&[TShirt, Joggers, Blazer, Sneakers]).score
            < scored(&[TShirt, Joggers, Sneakers]).score - 0.2
    );
}

#[test]
fn an_accessory_counts_half() {
    // Trousers 0.65, shirt 0.6, loafers 0.65 and a hat of 0.3: half of 0.35 apart.
    let found = formality(&[Shirt, Trousers, Loafers, Hat]);
    let expected = 1.0 - 10.0 * (0.5_f32 * 0.35 / 2.0).powi(2);
    assert!((found - expected).abs() < 1e-6, "{found}");
}

#[test]
fn given_formality_speaks_before_the_prior() {
    let mut items = worn(&[TShirt, Jeans, Sneakers]);
    items[0].formality = 0.9;
    assert!(
        score(&items).unwrap().breakdown.formality.unwrap()
            < formality(&[TShirt, Jeans, Sneakers]) - 0.5
    );
}

#[test]
fn combinations_that_do_not_go() {
    for (good, bad) in [
        (
            &[TShirt, Jeans, Coat, Boots][..],
            &[TShirt, Shorts, Coat, Boots][..],
        ),
        (
            &[Shirt, Trousers, DressShoes],
            &[Shirt, Joggers, DressShoes],
        ),
        (
            &[TShirt, Shorts, Sandals],
            &[TShirt, Shorts, PufferJacket, Sandals],
        ),
        (
            &[Shirt, Trousers, Loafers, Tie],
            &[TShirt, Trousers, Loafers, Tie],
        ),
        (&[EveningDress, Heels], &[EveningDress, Sneakers]),
    ] {
        let (high, low) = (category(good), category(bad));
        assert!(
            high >= 0.8 && low <= high - 0.2,
            "{good:?} {high}, {bad:?} {low}"
        );
    }
    let explained = scored(&[Shirt, Joggers, DressShoes]).explanation;
    let said = explained
        .iter()
        .any(|why| why.contains("black joggers with black dress shoes: gym wear"));
    assert!(said, "{explained:?}");
}

#[test]
fn two_loud_patterns_compete() {
    let mut items = worn(&[Shirt, Skirt, Flats]);
    let plain = score(&items).unwrap().breakdown.category.unwrap();
    items[0].pattern = Some(Pattern::Plaid);
    assert_eq!(score(&items).unwrap().breakdown.category.unwrap(), plain);
    items[1].pattern = Some(Pattern::Floral);
    let both = score(&items).unwrap();
    assert!((both.breakdown.category.unwrap() - (plain - 0.3)).abs() < 1e-6);
    assert!(
        both.explanation
            .iter()
            .any(|why| why.contains("the plaid shirt and the floral skirt compete"))
    );
}

#[test]
fn an_incomplete_outfit_names_what_is_missing() {
    let partial = scored(&[Shirt, Chinos]);
    assert_eq!(
        partial.explanation.last().unwrap(),
        "not complete: no shoes"
    );
    assert!(partial.score > 0.7);
    let accessory = scored(&[Hat]);
    assert_eq!(
        accessory.explanation.last().unwrap(),
        "not complete: no top, no bottom and no shoes"
    );
}

#[test]
fn two_bottoms_cannot_be_worn() {
    let two = scored(&[Shirt, Chinos, Jeans, Loafers]);
    assert_eq!(two.breakdown.category, Some(0.0));
    assert!(
        two.explanation
            .iter()
            .any(|why| why.contains("cannot be worn at once")),
        "{:?}",
        two.explanation
    );
    assert_eq!(category(&[Dress, Jeans, Flats]), 0.0);
    // A sweater over a shirt is odd to these rules, and can be worn.
    let layered = category(&[Shirt, Sweater, Chinos, Loafers]);
    assert!(layered > 0.3 && layered < category(&[Shirt, Chinos, Loafers]));
}

#[test]
fn nonsense_is_an_error() {
    assert_eq!(score(&[]), Err(Error::NoItems));
    let mut items = worn(&[Shirt]);
    items[0].formality = f32::NAN;
    assert!(
        score(&items)
            .unwrap_err()
            .to_string()
            .contains("garment `g0`: formality is NaN")
    );
}
