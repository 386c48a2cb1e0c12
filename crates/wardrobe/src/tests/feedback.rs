//! Feedback: kept, learned from, taken back, and read from older databases.

use wardrobe_types::{Category, ColorName, Signal};

use super::{photo, put, stocked};
use crate::{Edit, Error, Learned, Request, Wardrobe};

/// The one outfit of shirt, chinos and loafers.
fn shown(wardrobe: &Wardrobe) -> crate::Outfit {
    let warm = Request {
        temperature: Some(24.0),
        ..Request::default()
    };
    let outfits = wardrobe.recommend(&warm).unwrap().outfits;
    assert_eq!(outfits.len(), 1);
    assert_eq!(outfits[0].items.len(), 3, "no coat");
    outfits.into_iter().next().unwrap()
}

fn weight(learned: &Learned, feature: &str) -> f64 {
    let found = learned
        .weights
        .iter()
        .find(|weight| weight.feature.to_string() == feature);
    found.map_or(0.0, |weight| weight.weight)
}

#[test]
fn what_is_liked_scores_higher_until_it_is_taken_back() {
    let (folder, mut wardrobe, _) = stocked();
    let before = shown(&wardrobe);
    assert_eq!(before.scored.breakdown.preference, None);
    let id = before.id.as_str();
    let taught = wardrobe.feedback(id, Signal::Like, None).unwrap();
    assert_eq!(
        (&taught.said.outfit, taught.said.number, taught.undone),
        (&before.id, 1, false)
    );
    assert!(
        taught
            .changed
            .iter()
            .all(|change| change.before == 0.0 && change.after > 0.0)
    );
    let liked = shown(&wardrobe);
    assert!(liked.scored.score > before.scored.score);
    assert!(
        liked.scored.score < before.scored.score + 0.051,
        "one like moves little"
    );

    // Another like, told by the beginning of the id; and all is there when the wardrobe is opened again.
    assert_eq!(
        wardrobe
            .feedback(&id[..6], Signal::Like, None)
            .unwrap()
            .said
            .number,
        2
    );
    drop(wardrobe);
    let mut wardrobe = Wardrobe::open(folder.path().join("home"), Default::default()).unwrap();
    // The score itself may have reached 1.
    let preference = |outfit: &crate::Outfit| outfit.scored.breakdown.preference;
    assert!(preference(&shown(&wardrobe)) > preference(&liked));
    let learned = wardrobe.preferences().unwrap();
    assert_eq!(
        learned
            .feedback
            .iter()
            .map(|said| said.number)
            .collect::<Vec<_>>(),
        [2, 1]
    );
    assert_eq!(learned.weights[0].because.len(), 2);

    let undone = wardrobe.undo_feedback(None).unwrap();
    assert!(undone.undone && undone.said.number == 2);
    assert_eq!(shown(&wardrobe).scored, liked.scored);
    let missing = wardrobe.undo_feedback(Some(2)).unwrap_err();
    assert!(
        matches!(missing, Error::NoFeedback { number: Some(2) }),
        "{missing}"
    );
    assert_eq!(wardrobe.reset_preferences().unwrap(), 1);
    assert_eq!(shown(&wardrobe).scored, before.scored);
    assert!(matches!(
        wardrobe.undo_feedback(None),
        Err(Error::NoFeedback { number: None })
    ));
}

#[test]
fn a_garment_worn_instead_is_liked_for_what_the_other_is_not() {
    let (_folder, mut wardrobe, ids) = stocked();
    let boots = put(
        &mut wardrobe,
        Category::Boots,
        &photo(ColorName::Black, 9),
        "test-embedder",
    );
    let with = Request {
        with: vec![ids[2].as_str().into()],
        ..Request::default()
    };
    let outfit = &wardrobe.recommend(&with).unwrap().outfits[0];
    let id = outfit.id.as_str();
    wardrobe.feedback(id, Signal::Wear, Some(&boots)).unwrap();
    let learned = wardrobe.preferences().unwrap();
    assert!(weight(&learned, "category:boots") > 0.0 && weight(&learned, "category:loafers") < 0.0);
    assert_eq!(weight(&learned, "category:shirt"), 0.0);
    assert_eq!(
        learned.feedback[0].instead.as_ref().map(|id| id.as_str()),
        Some(boots.as_str())
    );
    let wrong = wardrobe
        .feedback(id, Signal::Wear, Some(&ids[2]))
        .unwrap_err();
    assert!(matches!(wrong, Error::NotInstead { .. }), "{wrong}");
    let wrong = wardrobe
        .feedback(id, Signal::Like, Some(&boots))
        .unwrap_err();
    assert!(matches!(wrong, Error::InsteadIsWorn { .. }), "{wrong}");
}

#[test]
fn any_garments_may_be_named_and_unknown_outfits_are_told() {
    let (_folder, mut wardrobe, ids) = stocked();
    let outfit = shown(&wardrobe);
    let named = [&ids[2], &ids[0], &ids[1]].map(String::as_str).join(", ");
    let taught = wardrobe.feedback(&named, Signal::Wear, None).unwrap();
    assert_eq!(
        taught.said.outfit, outfit.id,
        "the same garments are the same outfit"
    );
    for wrong in ["", "zzz", "%"] {
        let error = wardrobe.feedback(wrong, Signal::Like, None).unwrap_err();
        assert!(
            matches!(error, Error::UnknownOutfit { .. }),
            "{wrong}: {error}"
        );
    }
    let error = wardrobe
        .feedback("zzz,yyy", Signal::Like, None)
        .unwrap_err();
    assert!(matches!(error, Error::UnknownGarment { .. }), "{error}");
}

#[test]
fn corrections_renew_what_was_learned_and_removed_garments_are_remembered() {
    let (_folder, mut wardrobe, ids) = stocked();
    let id = shown(&wardrobe).id;
    wardrobe.feedback(id.as_str(), Signal::Like, None).unwrap();
    assert!(weight(&wardrobe.preferences().unwrap(), "category:shirt") > 0.0);
    let edit = Edit {
        category: Some(Category::Blouse),
        ..Edit::default()
    };
    wardrobe.edit(&ids[0], &edit).unwrap();
    let learned = wardrobe.preferences().unwrap();
    assert!(weight(&learned, "category:blouse") > 0.0);
    assert_eq!(weight(&learned, "category:shirt"), 0.0);
    wardrobe.remove(&ids[1]).unwrap();
    assert!(weight(&wardrobe.preferences().unwrap(), "category:chinos") > 0.0);
}
