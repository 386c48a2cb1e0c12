//! Garments: found, filtered, corrected, removed, compared.

use wardrobe_types::{Category, ColorName, Fit, Formality, Garment, Pattern, Season, Slot, Style};

use wardrobe_attributes::tagger::{Choice, Choices, Tagged};

use super::{empty, look, photo, put, ready, stocked};
use crate::ingest::row_of;
use crate::{ColorQuery, Edit, Error, Filter, Look, Request, Target, describe};

fn ids(garments: &[Garment]) -> Vec<&str> {
    garments.iter().map(|garment| garment.id.as_str()).collect()
}

#[test]
fn what_no_model_knows_is_not_guessed() {
    let (_folder, wardrobe, ids) = stocked();
    let coat = wardrobe.garment(&ids[3]).unwrap();
    assert_eq!(
        (coat.pattern, coat.fit, coat.styles.as_slice()),
        (None, None, &[][..])
    );
    assert_eq!(coat.formality, Category::Coat.formality().value());
    assert_eq!(coat.seasons, [Season::Fall, Season::Winter]);
    assert_eq!(coat.slots, [Slot::Outerwear]);
    assert!(!coat.laundry);
    let total: f32 = coat.colors.iter().map(|color| color.fraction).sum();
    assert!((total - 1.0).abs() < 1e-3, "{total}");
    // RFC 3339 in UTC: 2026-11-23T05:11:00.123Z
    assert_eq!(coat.created_at.len(), 24, "{}", coat.created_at);
    assert!(coat.created_at.ends_with('Z') && coat.created_at.as_bytes()[10] == b'T');
}

#[test]
fn what_the_tagger_sees_is_kept_under_what_the_wearer_says() {
    let (_folder, mut wardrobe) = empty();
    let mut see = |category, mark| {
        let ready = ready(&photo(ColorName::LightBlue, mark));
        let tags = Tagged {
            pattern: Choice {
                value: Some(Pattern::Striped),
                probabilities: vec![(Pattern::Striped, 1.0)],
            },
            seasons: Choices {
                values: vec![Season::Winter],
                probabilities: vec![(Season::Winter, 1.0)],
            },
            styles: Choices {
                values: vec![Style::Sporty],
                probabilities: vec![(Style::Sporty, 1.0)],
            },
            ..Tagged::default()
        };
        let look = Look {
            tags,
            ..look(category, &ready.cuts[0], "test-embedder")
        };
        let row = row_of("photo.jpg".as_ref(), &ready);
        let id = wardrobe.store_photo(&row, &ready, &[look]).unwrap()[0]
            .id
            .clone();
        wardrobe.garment(id.as_str()).unwrap()
    };
    let (shirt, shoes) = (see(Category::Shirt, 1), see(Category::Sneakers, 2));
    assert_eq!(shirt.pattern, Some(Pattern::Striped));
    assert_eq!(shirt.styles, [Style::Sporty]);
    // Of seasons the category knows more; of patterns on shoes nobody told.
    assert_eq!(shirt.seasons, Season::ALL);
    assert_eq!(
        (shoes.pattern, &shoes.styles[..]),
        (None, &[Style::Sporty][..])
    );
    let edit = Edit {
        pattern: Some(Pattern::Solid),
        styles: Some(Vec::new()),
        ..Edit::default()
    };
    wardrobe.edit(shirt.id.as_str(), &edit).unwrap();
    let shirt = wardrobe.garment(shirt.id.as_str()).unwrap();
    assert_eq!(
        (shirt.pattern, shirt.styles.len()),
        (Some(Pattern::Solid), 0)
    );
}

#[test]
fn ids_may_be_shortened_while_they_are_one() {
    let (_folder, wardrobe, ids) = stocked();
    assert_eq!(wardrobe.garment(&ids[0][..8]).unwrap().id.as_str(), ids[0]);
    for wrong in ["", "zzz", "%", "_"] {
        let error = wardrobe.garment(wrong).unwrap_err();
        assert!(
            matches!(error, Error::UnknownGarment { .. }),
            "{wrong}: {error}"
        );
    }
    let mut first: Vec<char> = ids.iter().filter_map(|id| id.chars().next()).collect();
    first.sort_unstable();
    if let Some(pair) = first.windows(2).find(|pair| pair[0] == pair[1]) {
        let error = wardrobe.garment(&pair[0].to_string()).unwrap_err();
        assert!(matches!(error, Error::AmbiguousGarment { .. }), "{error}");
    }
}

#[test]
fn filters_hold_together() {
    let (_folder, wardrobe, ids_in) = stocked();
    let list = |filter: Filter| wardrobe.garments(&filter).unwrap();
    let blue: ColorQuery = "blue".parse().unwrap();
    let navy: ColorQuery = "navy".parse().unwrap();
    let found = list(Filter {
        color: Some(blue),
        ..Filter::default()
    });
    assert_eq!(ids(&found), [&ids_in[0], &ids_in[1]]);
    let found = list(Filter {
        color: Some(navy),
        ..Filter::default()
    });
    assert_eq!(ids(&found), [&ids_in[1]]);
    let found = list(Filter {
        color: Some(blue),
        slot: Some(Slot::Top),
        ..Filter::default()
    });
    assert_eq!(ids(&found), [&ids_in[0]]);
    let found = list(Filter {
        season: Some(Season::Summer),
        slot: Some(Slot::Outerwear),
        ..Filter::default()
    });
    assert!(found.is_empty());
    let found = list(Filter {
        text: Some("NAVY chin".into()),
        ..Filter::default()
    });
    assert_eq!(ids(&found), [&ids_in[1]]);
    assert!(
        list(Filter {
            style: Some(Style::Casual),
            ..Filter::default()
        })
        .is_empty()
    );
    assert!(
        "navi"
            .parse::<ColorQuery>()
            .unwrap_err()
            .to_string()
            .contains("navy")
    );
}

#[test]
fn corrections_win_for_good() {
    let (_folder, mut wardrobe, ids) = stocked();
    let id = &ids[0];
    let edit = Edit {
        category: Some(Category::Sweater),
        colors: Edit::named_colors(&[ColorName::White, ColorName::Red]),
        pattern: Some(Pattern::Striped),
        fit: Some(Fit::Slim),
        styles: Some(vec![Style::Preppy]),
        laundry: Some(true),
        ..Edit::default()
    };
    let edited = wardrobe.edit(id, &edit).unwrap();
    assert_eq!(edited.category, Category::Sweater);
    assert_eq!((edited.category_confidence, edited.laundry), (1.0, true));
    assert_eq!(
        edited.formality,
        Category::Sweater.formality().value(),
        "the new category's prior"
    );
    assert_eq!(
        edited.seasons,
        [Season::Spring, Season::Fall, Season::Winter]
    );
    assert_eq!(describe(&edited), "white and red striped sweater");
    // The same photo again, seen by another model as something else.
    let again = put(
        &mut wardrobe,
        Category::Blouse,
        &photo(ColorName::LightBlue, 0),
        "new-embedder",
    );
    assert_eq!(&again, id);
    let renewed = wardrobe.garment(id).unwrap();
    assert_eq!(renewed.embedder.as_str(), "new-embedder");
    assert_eq!(
        Garment {
            embedder: edited.embedder.clone(),
            ..renewed
        },
        edited
    );
    // A second edit adds to the first.
    let formality = Some(Formality::new(0.7).unwrap());
    let edited = wardrobe
        .edit(
            id,
            &Edit {
                formality,
                laundry: Some(false),
                ..Edit::default()
            },
        )
        .unwrap();
    assert_eq!(
        (edited.formality, edited.laundry, edited.pattern),
        (0.7, false, Some(Pattern::Striped))
    );
    // Taking all back shows what the models saw last.
    let reset = wardrobe.reset(id).unwrap();
    assert_eq!((reset.category, reset.pattern), (Category::Blouse, None));
}

#[test]
fn purging_takes_rows_files_and_vector() {
    let (_folder, mut wardrobe, ids) = stocked();
    wardrobe
        .edit(
            &ids[2],
            &Edit {
                laundry: Some(true),
                ..Edit::default()
            },
        )
        .unwrap();
    let removed = wardrobe.purge(&ids[2]).unwrap();
    assert_eq!(removed.category, Category::Loafers);
    assert!(!wardrobe.path(&removed.photo).exists() && !wardrobe.path(&removed.crop).exists());
    assert!(matches!(
        wardrobe.garment(&ids[2]),
        Err(Error::UnknownGarment { .. })
    ));
    assert_eq!(
        wardrobe
            .similar(&Target::Garment(ids[0].clone()), 9)
            .unwrap()
            .len(),
        2
    );
    let outfits = wardrobe.recommend(&Request::default()).unwrap();
    assert!(outfits.outfits.is_empty());
    assert!(
        outfits
            .reason
            .as_deref()
            .unwrap_or_default()
            .contains("shoes"),
        "{:?}",
        outfits.reason
    );
    // Coming back, it is as new: corrections went with it.
    let again = put(
        &mut wardrobe,
        Category::Loafers,
        &photo(ColorName::Brown, 2),
        "test-embedder",
    );
    assert_eq!(again, ids[2]);
    assert!(!wardrobe.garment(&again).unwrap().laundry);
}

#[test]
fn the_laundry_is_not_worn() {
    let (_folder, mut wardrobe, ids) = stocked();
    wardrobe
        .edit(
            &ids[3],
            &Edit {
                laundry: Some(true),
                ..Edit::default()
            },
        )
        .unwrap();
    let outfits = wardrobe.recommend(&Request::default()).unwrap().outfits;
    assert_eq!(outfits.len(), 1);
    assert_eq!(outfits[0].items.len(), 3);
    assert!(
        outfits[0]
            .items
            .iter()
            .all(|garment| garment.category != Category::Coat)
    );
}

#[test]
fn requests_name_garments_by_the_beginning_of_their_ids() {
    let (_folder, wardrobe, ids) = stocked();
    let with = vec![ids[3][..9].into()];
    let outfits = wardrobe
        .recommend(&Request {
            with,
            ..Request::default()
        })
        .unwrap()
        .outfits;
    assert!(!outfits.is_empty());
    assert!(
        outfits
            .iter()
            .all(|outfit| outfit.garments.iter().any(|id| id.as_str() == ids[3]))
    );
    let request = Request {
        without: vec!["nothing".into()],
        ..Request::default()
    };
    assert!(matches!(
        wardrobe.recommend(&request),
        Err(Error::UnknownGarment { .. })
    ));
}

#[test]
fn alike_is_nearest_first_and_within_one_embedder() {
    let (_folder, mut wardrobe, ids) = stocked();
    let twin = put(
        &mut wardrobe,
        Category::Shirt,
        &photo(ColorName::LightBlue, 7),
        "test-embedder",
    );
    let stranger = put(
        &mut wardrobe,
        Category::Shirt,
        &photo(ColorName::LightBlue, 8),
        "other",
    );
    let alike = wardrobe
        .similar(&Target::Garment(ids[0].clone()), 3)
        .unwrap();
    assert_eq!(alike.len(), 3);
    assert_eq!(alike[0].garment.id.as_str(), twin);
    assert!(alike[0].score > 0.99 && alike.is_sorted_by(|a, b| a.score >= b.score));
    assert!(
        alike
            .iter()
            .all(|similar| similar.garment.id.as_str() != stranger)
    );
}
