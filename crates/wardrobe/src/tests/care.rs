//! Years with a wardrobe: wear, settings, several photos of a garment, removing and coming back, older databases.

use jiff::civil::{Date, date};
use rusqlite::Connection;
use wardrobe_types::{Category, ColorName, Hemisphere, Material, Season, Signal};

use super::{look, photo, put, ready, stocked};
use crate::ingest::row_of;
use crate::{Edit, Error, Filter, Request, Settings, Target, Usage, Wardrobe};

const DAY: Date = date(2026, 5, 4);

fn listed(wardrobe: &Wardrobe) -> Vec<String> {
    let garments = wardrobe.garments(&Filter::default()).unwrap();
    garments
        .iter()
        .map(|garment| garment.id.to_string())
        .collect()
}

#[test]
fn wear_is_counted_by_days_and_shares_the_price() {
    let (_folder, mut wardrobe, ids) = stocked();
    let price = Edit {
        price: Some(60.0),
        ..Edit::default()
    };
    wardrobe.edit(&ids[0], &price).unwrap();
    let details = wardrobe.details(&ids[0]).unwrap();
    assert_eq!((details.price, details.cost_per_wear), (Some(60.0), None));
    assert_eq!(details.worn, Usage::default());

    wardrobe.wear(&[&ids[0][..8], &ids[1]], DAY).unwrap();
    // The same day twice, once in an outfit of commas, is one day.
    let named = format!("{},{}", ids[0], ids[2]);
    let second = wardrobe.wear(&[named], DAY).unwrap();
    assert_eq!((second.number, second.garments.len()), (Some(2), 2));
    let earlier = wardrobe.wear(&[&ids[0]], DAY.yesterday().unwrap()).unwrap();
    let details = wardrobe.details(&ids[0]).unwrap();
    let worn = Usage {
        times: 2,
        last: Some(DAY),
    };
    assert_eq!((details.worn, details.cost_per_wear), (worn, Some(30.0)));
    let log = wardrobe.wears().unwrap();
    let days: Vec<Date> = log.iter().map(|wear| wear.day).collect();
    assert_eq!(days, [DAY, DAY, DAY.yesterday().unwrap()]);

    // Taking back the latest said, which is not the latest day.
    assert_eq!(wardrobe.undo_wear(None).unwrap(), earlier);
    assert_eq!(wardrobe.details(&ids[0]).unwrap().worn.times, 1);
    assert_eq!(wardrobe.undo_wear(Some(1)).unwrap().number, Some(1));
    assert!(matches!(
        wardrobe.undo_wear(Some(1)),
        Err(Error::NoWear { number: Some(1) })
    ));
    // Corrections go, what it cost and how often it was worn stay.
    wardrobe.reset(&ids[0]).unwrap();
    let details = wardrobe.details(&ids[0]).unwrap();
    assert_eq!((details.worn.times, details.price), (1, Some(60.0)));
}

#[test]
fn wear_names_garments_or_outfits_of_days_gone_by() {
    let (_folder, mut wardrobe, ids) = stocked();
    let outfit = wardrobe.recommend(&Request::default()).unwrap().outfits[0].clone();
    let worn = wardrobe
        .wear(&[outfit.id.as_str()], Wardrobe::today())
        .unwrap();
    assert_eq!(worn.garments.len(), outfit.garments.len());
    let tomorrow = Wardrobe::today().tomorrow().unwrap();
    let error = wardrobe.wear(&[&ids[0]], tomorrow).unwrap_err();
    assert!(matches!(error, Error::NotYet { .. }), "{error}");
    let error = wardrobe.wear(&["zzz"], DAY).unwrap_err();
    assert!(matches!(error, Error::NothingToWear { .. }), "{error}");
    assert_eq!(
        wardrobe.wears().unwrap().len(),
        1,
        "nothing of the failed ones"
    );
}

#[test]
fn worn_feedback_is_in_the_log_until_it_is_taken_back() {
    let (_folder, mut wardrobe, ids) = stocked();
    let boots = put(
        &mut wardrobe,
        Category::Boots,
        &photo(ColorName::Black, 9),
        "test-embedder",
    );
    let outfit = ids[..3].join(",");
    wardrobe
        .feedback(&outfit, Signal::Wear, Some(&boots))
        .unwrap();
    wardrobe.feedback(&outfit, Signal::Like, None).unwrap();
    let log = wardrobe.wears().unwrap();
    assert_eq!(
        (log.len(), log[0].number, log[0].feedback),
        (1, None, Some(1))
    );
    assert_eq!(log[0].day, Wardrobe::today());
    let times = |wardrobe: &Wardrobe, id: &str| wardrobe.details(id).unwrap().worn.times;
    assert_eq!(times(&wardrobe, &boots), 1, "worn instead");
    assert_eq!(times(&wardrobe, &ids[2]), 0, "the loafers stayed at home");
    assert_eq!(times(&wardrobe, &ids[0]), 1);
    assert!(matches!(
        wardrobe.undo_wear(None),
        Err(Error::NoWear { number: None })
    ));
    wardrobe.undo_feedback(Some(1)).unwrap();
    assert_eq!(times(&wardrobe, &boots), 0);
    // Forgetting the taste forgets no wear.
    wardrobe.feedback(&outfit, Signal::Wear, None).unwrap();
    wardrobe.reset_preferences().unwrap();
    assert!(wardrobe.preferences().unwrap().feedback.is_empty());
    assert_eq!(times(&wardrobe, &ids[2]), 1);
    assert_eq!(wardrobe.wears().unwrap()[0].number, Some(1));
}

#[test]
fn what_was_worn_waits_on_the_days_after() {
    let (_folder, mut wardrobe, ids) = stocked();
    wardrobe.wear(&[&ids[2]], DAY).unwrap();
    let request = Request {
        not_worn_days: Some(3),
        ..Request::default()
    };
    let on = |day: Date| wardrobe.recommend_on(day, &request).unwrap();
    for (days, waits) in [(0, true), (2, true), (3, false)] {
        let answer = on(DAY.saturating_add(jiff::Span::new().days(days)));
        assert_eq!(answer.outfits.is_empty(), waits, "{days}");
        let reason = "no shoes left after leaving out what was worn in the last 3 days";
        assert_eq!(answer.reason.as_deref() == Some(reason), waits, "{days}");
    }
    // The log after a day says nothing of it.
    assert!(!on(DAY.yesterday().unwrap()).outfits.is_empty());
    let breakdown = on(DAY.saturating_add(jiff::Span::new().days(9))).outfits[0]
        .scored
        .breakdown;
    assert!(breakdown.rotation.is_some());
}

#[test]
fn suede_stays_at_home_in_the_rain() {
    let (_folder, mut wardrobe, ids) = stocked();
    let edit = |material, open| Edit {
        category: Some(Category::AnkleBoots),
        material,
        open,
        ..Edit::default()
    };
    let rain = Request {
        rain: true,
        ..Request::default()
    };
    for (material, open, goes) in [
        (None, None, true),
        (Some(Material::Suede), None, false),
        (Some(Material::Rubber), None, true),
        (None, Some(true), false),
    ] {
        wardrobe.reset(&ids[2]).unwrap();
        let boots = wardrobe.edit(&ids[2], &edit(material, open)).unwrap();
        assert_eq!((boots.material, boots.open), (material, open));
        let answer = wardrobe.recommend(&rain).unwrap();
        assert_eq!(!answer.outfits.is_empty(), goes, "{material:?} {open:?}");
    }
}

#[test]
fn settings_are_kept_and_tell_the_season() {
    let (folder, mut wardrobe, _) = stocked();
    assert_eq!(wardrobe.settings().unwrap(), Settings::default());
    assert_eq!(Settings::default().season(DAY), Some(Season::Spring));
    let south = Settings {
        hemisphere: Hemisphere::South,
    };
    wardrobe.set(&south).unwrap();
    drop(wardrobe);
    let wardrobe = Wardrobe::open_to_read(folder.path().join("home"), Default::default()).unwrap();
    assert_eq!(wardrobe.settings().unwrap(), south);
    let seasons = [
        date(2026, 1, 1),
        date(2026, 4, 1),
        date(2026, 8, 31),
        date(2026, 9, 1),
    ];
    let seasons = seasons.map(|day| south.season(day).unwrap());
    assert_eq!(
        seasons,
        [Season::Summer, Season::Fall, Season::Winter, Season::Spring]
    );
}

#[test]
fn what_is_removed_can_come_back_until_it_is_purged() {
    let (_folder, mut wardrobe, ids) = stocked();
    let edit = Edit {
        material: Some(Material::Suede),
        price: Some(120.0),
        ..Edit::default()
    };
    let edited = wardrobe.edit(&ids[2], &edit).unwrap();
    wardrobe.wear(&[&ids[2]], DAY).unwrap();
    let before = wardrobe.details(&ids[2]).unwrap();
    assert_eq!(wardrobe.remove(&ids[2][..9]).unwrap(), edited);
    assert_eq!(listed(&wardrobe).len(), 3);
    for error in [
        wardrobe.garment(&ids[2]).unwrap_err(),
        wardrobe.remove(&ids[2]).unwrap_err(),
        wardrobe.edit(&ids[2], &edit).unwrap_err(),
    ] {
        assert!(matches!(error, Error::UnknownGarment { .. }), "{error}");
    }
    let alike = wardrobe
        .similar(&Target::Garment(ids[0].clone()), 9)
        .unwrap();
    assert_eq!(alike.len(), 2);
    assert!(
        wardrobe
            .recommend(&Request::default())
            .unwrap()
            .outfits
            .is_empty()
    );
    // Taking its photo in again, with another model, does not bring it back.
    let again = put(
        &mut wardrobe,
        Category::Sandals,
        &photo(ColorName::Brown, 2),
        "new-embedder",
    );
    assert_eq!((again, listed(&wardrobe).len()), (ids[2].clone(), 3));
    assert_eq!(wardrobe.removed().unwrap()[0].id.as_str(), ids[2]);

    let restored = wardrobe.restore(&ids[2][..9]).unwrap();
    assert_eq!(
        (restored.material, restored.category),
        (Some(Material::Suede), Category::Sandals)
    );
    let after = wardrobe.details(&ids[2]).unwrap();
    assert_eq!((after.worn, after.price), (before.worn, before.price));
    let error = wardrobe.restore(&ids[2]).unwrap_err();
    assert!(matches!(error, Error::NotRemoved { .. }), "{error}");
    assert_eq!(listed(&wardrobe), ids, "in its old place");

    wardrobe.remove(&ids[2]).unwrap();
    wardrobe.remove(&ids[3]).unwrap();
    assert_eq!(wardrobe.removed().unwrap().len(), 2);
    assert!(wardrobe.path(&restored.crop).exists());
    assert_eq!(wardrobe.purge_removed().unwrap().len(), 2);
    assert!(!wardrobe.path(&restored.crop).exists() && !wardrobe.path(&restored.photo).exists());
    assert!(wardrobe.removed().unwrap().is_empty());
    assert!(matches!(
        wardrobe.restore(&ids[2]),
        Err(Error::NotRemoved { .. })
    ));
    // What is gone for good comes back as new.
    put(
        &mut wardrobe,
        Category::Loafers,
        &photo(ColorName::Brown, 2),
        "test-embedder",
    );
    assert_eq!(wardrobe.garment(&ids[2]).unwrap().material, None);
}

/// Adds a further photo as `add_photo` does, without models.
fn add_view(wardrobe: &mut Wardrobe, id: &str, color: ColorName, mark: u32) -> String {
    let ready = ready(&photo(color, mark));
    let looks = [look(Category::Shirt, &ready.cuts[0], "test-embedder")];
    let row = row_of("back.jpg".as_ref(), &ready);
    let seen = wardrobe
        .store_photo_of(&row, &ready, &looks, Some(&id.into()))
        .unwrap();
    seen[0].id.to_string()
}

#[test]
fn further_photos_are_one_garment_with_the_first() {
    let (_folder, mut wardrobe, ids) = stocked();
    let before = wardrobe.garment(&ids[0]).unwrap();
    let back = add_view(&mut wardrobe, &ids[0], ColorName::Red, 7);
    assert_eq!(listed(&wardrobe), ids);
    assert_eq!(
        wardrobe.garment(&ids[0]).unwrap(),
        before,
        "the first photo stays the main one"
    );
    let photos = wardrobe.details(&ids[0]).unwrap().photos;
    let shown: Vec<&str> = photos.iter().map(|view| view.id.as_str()).collect();
    assert_eq!(shown, [&ids[0], &back]);
    assert!(wardrobe.path(&photos[1].photo).is_file() && wardrobe.path(&photos[1].crop).is_file());

    // A red shirt is like this garment for its red back.
    let red = put(
        &mut wardrobe,
        Category::Shirt,
        &photo(ColorName::Red, 8),
        "test-embedder",
    );
    let alike = wardrobe.similar(&Target::Garment(red.clone()), 9).unwrap();
    assert_eq!(
        (alike[0].garment.id.as_str(), alike.len()),
        (ids[0].as_str(), 4)
    );
    assert!(alike[0].score > 0.999, "{}", alike[0].score);
    let alike = wardrobe
        .similar(&Target::Garment(ids[0].clone()), 1)
        .unwrap();
    assert_eq!(alike[0].garment.id.as_str(), red);

    // Looked at again with other models: still one, and the photo shows nothing else.
    let again = put(
        &mut wardrobe,
        Category::Coat,
        &photo(ColorName::Red, 7),
        "new-embedder",
    );
    assert_eq!(again, back);
    assert_eq!(listed(&wardrobe).len(), 5);

    // A photo is removed, comes back, and becomes a garment of its own.
    wardrobe.remove(&back).unwrap();
    assert_eq!(wardrobe.details(&ids[0]).unwrap().photos.len(), 1);
    wardrobe.restore(&back).unwrap();
    assert_eq!(wardrobe.details(&ids[0]).unwrap().photos.len(), 2);
    assert_eq!(wardrobe.split(&back).unwrap().id.as_str(), back);
    assert_eq!(listed(&wardrobe).len(), 6);
    let error = wardrobe.split(&back).unwrap_err();
    assert!(matches!(error, Error::NoFurtherPhoto { .. }), "{error}");
}

#[test]
fn two_garments_that_are_one_are_joined_with_their_wear() {
    let (_folder, mut wardrobe, ids) = stocked();
    let twin = put(
        &mut wardrobe,
        Category::Shirt,
        &photo(ColorName::LightBlue, 7),
        "test-embedder",
    );
    let back = add_view(&mut wardrobe, &twin, ColorName::Red, 8);
    let price = Edit {
        price: Some(10.0),
        ..Edit::default()
    };
    wardrobe.edit(&twin, &price).unwrap();
    wardrobe.wear(&[&twin], DAY).unwrap();
    wardrobe.wear(&[&ids[0]], DAY.yesterday().unwrap()).unwrap();
    let joined = wardrobe.join(&ids[0], &twin).unwrap();
    let photos: Vec<&str> = joined.photos.iter().map(|view| view.id.as_str()).collect();
    assert_eq!(photos, [&ids[0], &twin, &back]);
    assert_eq!((joined.worn.times, joined.price), (2, None));
    for other in [&twin, &ids[0]] {
        let error = wardrobe.join(&ids[0], other).unwrap_err();
        assert!(matches!(error, Error::AlreadyItsPhoto { .. }), "{error}");
    }
    wardrobe.split(&twin).unwrap();
    let apart = wardrobe.details(&twin).unwrap();
    assert_eq!((apart.price, apart.worn.times), (Some(10.0), 1));
    // For good, with all photos.
    let crop = wardrobe.path(&wardrobe.details(&ids[0]).unwrap().photos[1].crop);
    assert!(crop.exists());
    wardrobe.purge(&ids[0]).unwrap();
    assert!(!crop.exists());
    assert!(matches!(
        wardrobe.split(&back),
        Err(Error::NoFurtherPhoto { .. })
    ));
}

#[test]
fn what_was_worn_is_not_lost_when_another_model_does_not_see_it() {
    let (_folder, mut wardrobe, ids) = stocked();
    wardrobe.wear(&[&ids[0]], DAY).unwrap();
    let picture = photo(ColorName::LightBlue, 0);
    let mut ready = ready(&picture);
    // Nothing where the shirt was, and something beside it.
    ready.cuts[0].bbox = wardrobe_types::BoxXyxy::new(0.0, 0.0, 40.0, 40.0).unwrap();
    let (cut, jpeg) = (&ready.cuts[0], ready.jpegs[0].clone());
    let looks = vec![look(Category::Hat, cut, "test-embedder"); 2];
    let second = crate::ingest::examine::Cut {
        bbox: wardrobe_types::BoxXyxy::new(250.0, 350.0, 300.0, 400.0).unwrap(),
        crop: cut.crop.clone(),
        shown: cut.shown.clone(),
        colors: cut.colors.clone(),
        detected: Vec::new(),
    };
    ready.cuts.push(second);
    ready.jpegs.push(jpeg);
    let row = row_of("shirt.jpg".as_ref(), &ready);
    wardrobe.store_photo(&row, &ready, &looks).unwrap();
    assert_eq!(wardrobe.garment(&ids[0]).unwrap().category, Category::Shirt);
    assert_eq!(listed(&wardrobe).len(), 6);
}

#[test]
fn photos_that_look_alike_are_paired_and_shown_side_by_side() {
    let (_folder, mut wardrobe, ids) = stocked();
    let twin = put(
        &mut wardrobe,
        Category::Shirt,
        &photo(ColorName::LightBlue, 1),
        "test-embedder",
    );
    let pairs = wardrobe.look_alikes().unwrap();
    let of = |a: &str, b: &str| {
        let of =
            |place: usize, pair: &crate::LookAlike| pair.photos[place].garments[0].id.to_string();
        pairs
            .iter()
            .any(|pair| of(0, pair) == a && of(1, pair) == b)
    };
    assert!(of(&ids[0], &twin));
    assert!(pairs.is_sorted_by_key(|pair| pair.bits));
    let picture = wardrobe.look_alikes_picture(&pairs[..1]).unwrap().unwrap();
    assert_eq!(picture.dimensions(), (2 * 328 + 8, 328 + 8));
    // Joined or removed, they are no pair any more.
    wardrobe.join(&ids[0], &twin).unwrap();
    let left = wardrobe.look_alikes().unwrap().len();
    wardrobe.split(&twin).unwrap();
    wardrobe.remove(&twin).unwrap();
    assert_eq!(wardrobe.look_alikes().unwrap().len(), left);
    assert!(left < pairs.len());
    assert!(wardrobe.look_alikes_picture(&[]).unwrap().is_none());
}

/// A folder with a database made by these statements.
fn old(sql: &str) -> tempfile::TempDir {
    let folder = tempfile::TempDir::new().unwrap();
    let database = Connection::open(folder.path().join("wardrobe.db")).unwrap();
    database.execute_batch(sql).unwrap();
    folder
}

#[test]
fn databases_of_older_formats_are_brought_up_to_date() {
    let formats = [
        include_str!("formats/v1.sql"),
        include_str!("formats/v2.sql"),
    ];
    for (feedback, sql) in [0, 2].into_iter().zip(formats) {
        let folder = old(sql);
        let mut wardrobe = Wardrobe::open(folder.path(), Default::default()).unwrap();
        assert_eq!(
            listed(&wardrobe),
            ["aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc"]
        );
        let shirt = wardrobe.garment("aaa").unwrap();
        assert_eq!(
            (shirt.category, shirt.category_confidence),
            (Category::Shirt, 1.0)
        );
        assert_eq!(wardrobe.preferences().unwrap().feedback.len(), feedback);
        wardrobe.wear(&["aaa", "ccc"], DAY).unwrap();
        wardrobe.remove("bbb").unwrap();
        wardrobe.restore("bbb").unwrap();
        let usage = wardrobe.usage().unwrap();
        assert_eq!(usage[&"aaaaaaaaaaaa".into()].times, 1);
        // The loafers stayed at home on the day of the old feedback, and the boots are gone since.
        assert_eq!(usage.contains_key(&"dddddddddddd".into()), feedback > 0);
    }
}

#[test]
fn a_database_that_cannot_be_written_is_read_whatever_its_format() {
    for sql in [
        include_str!("formats/v1.sql"),
        include_str!("formats/v2.sql"),
    ] {
        let folder = old(sql);
        let path = folder.path().join("wardrobe.db");
        let before = std::fs::read(&path).unwrap();
        let frozen = crate::database::open_frozen(&path).unwrap();
        let store = crate::store::Store::new(frozen, path.clone());
        assert_eq!(store.garments().unwrap().len(), 3);
        assert!(store.hidden().unwrap().is_empty());
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }
}
