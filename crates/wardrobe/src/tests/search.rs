//! The search in words over a wardrobe. No garment here has a vector of CLIP's, so that tags alone count whether its weights
//! are at hand or not.

use wardrobe_types::{ColorName, Pattern};

use super::stocked;
use crate::{Edit, Found, Wardrobe};

fn ids(wardrobe: &Wardrobe, text: &str, k: usize) -> Vec<String> {
    let found = wardrobe.search(text, k).unwrap().garments;
    found
        .iter()
        .map(|found| found.garment.id.to_string())
        .collect()
}

#[test]
fn the_best_answer_comes_first_with_what_it_matched() {
    let (_folder, wardrobe, stored) = stocked();
    let [shirt, chinos, loafers, coat] = [&stored[0], &stored[1], &stored[2], &stored[3]];
    let search = wardrobe.search("navy pants", 10).unwrap();
    let Found {
        garment,
        score,
        matched,
    } = &search.garments[0];
    assert_eq!(
        (garment.id.as_str(), matched.join(" ")),
        (chinos.as_str(), "navy pants".into())
    );
    assert!((0.9..=1.0).contains(score), "{score}");
    assert!(
        search
            .garments
            .windows(2)
            .all(|pair| pair[0].score >= pair[1].score)
    );
    assert!(
        search
            .meaning
            .is_none_or(|meaning| meaning.garments_without == 4 && meaning.weight == 0.0)
    );
    assert_eq!(ids(&wardrobe, "a warm coat, not blue", 1), [coat.as_str()]);
    assert_eq!(ids(&wardrobe, "brown slip-ons", 1), [loafers.as_str()]);
    // All that is not excluded, in the order it came in, and no more than asked for.
    assert_eq!(
        ids(&wardrobe, "not blue", 10),
        [loafers.as_str(), coat.as_str()]
    );
    assert_eq!(ids(&wardrobe, "not blue", 1), [loafers.as_str()]);
    assert_eq!(
        ids(&wardrobe, "blue", 10),
        [shirt.as_str(), chinos.as_str()]
    );
}

#[test]
fn what_the_wearer_said_is_found() {
    let (_folder, mut wardrobe, stored) = stocked();
    let edit = Edit {
        colors: Edit::named_colors(&[ColorName::Burgundy]),
        pattern: Some(Pattern::Plaid),
        ..Edit::default()
    };
    wardrobe.edit(&stored[0], &edit).unwrap();
    assert_eq!(
        ids(&wardrobe, "checked shirt in wine red", 1),
        [stored[0].as_str()]
    );
}

#[test]
fn words_that_mean_nothing_find_nothing() {
    let (_folder, wardrobe, _) = stocked();
    for text in ["zorblax", "", "something"] {
        let search = wardrobe.search(text, 10).unwrap();
        assert!(search.garments.is_empty(), "{text}");
        assert_eq!(
            search.query.not_understood.len(),
            usize::from(text == "zorblax")
        );
    }
    let (_folder, empty) = super::empty();
    assert!(empty.search("red dress", 10).unwrap().garments.is_empty());
}
