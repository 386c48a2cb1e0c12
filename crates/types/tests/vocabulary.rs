//! The closed vocabularies: counts, names, round trips, tables.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::collections::BTreeSet;
use std::fmt::{Debug, Display};
use std::str::FromStr;

use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use wardrobe_types::{
    BasicColor, BoxXyxy, Category, Color, ColorName, EmbedderId, Embedding, Error, Fit,
    FormalityBand, Garment, Hemisphere, Material, Pattern, Rgb8, Season, Slot, Style,
    labels::ClothingLabel,
};

/// Text and JSON round trips, kebab-case, distinct names, and that near misses are refused.
fn check<T, const N: usize>(all: [T; N])
where
    T: FromStr<Err = Error> + Display + Debug + Copy + PartialEq + Serialize + DeserializeOwned,
{
    let names: BTreeSet<String> = all.iter().map(T::to_string).collect();
    assert_eq!(names.len(), N);
    for value in all {
        let name = value.to_string();
        assert!(
            name.bytes().all(|c| c.is_ascii_lowercase() || c == b'-'),
            "{name}"
        );
        assert!(!name.starts_with('-') && !name.ends_with('-'), "{name}");
        assert_eq!(name.parse::<T>().unwrap(), value);
        let json = serde_json::to_string(&value).unwrap();
        assert_eq!(json, format!("\"{name}\""));
        assert_eq!(serde_json::from_str::<T>(&json).unwrap(), value);
        for wrong in [name.to_uppercase(), format!(" {name}"), format!("{name}x")] {
            assert!(wrong.parse::<T>().is_err(), "{wrong}");
            let message = wrong.parse::<T>().unwrap_err().to_string();
            assert!(message.contains(&name), "{message}");
        }
    }
}

#[test]
fn every_vocabulary_round_trips() {
    check(Category::ALL);
    check(Slot::ALL);
    check(Pattern::ALL);
    check(Material::ALL);
    check(Hemisphere::ALL);
    check(Fit::ALL);
    check(Season::ALL);
    check(Style::ALL);
    check(FormalityBand::ALL);
    check(ColorName::ALL);
    check(BasicColor::ALL);
    check(ClothingLabel::ALL);
}

#[test]
fn there_are_exactly_47_categories_in_the_taxonomys_slots() {
    assert_eq!(Category::ALL.len(), 47);
    let of = |slots: &[Slot]| Category::ALL.iter().filter(|c| c.slots() == slots).count();
    assert_eq!(of(&[Slot::Top]), 11);
    assert_eq!(of(&[Slot::Bottom]), 8);
    assert_eq!(of(&[Slot::Top, Slot::Bottom]), 4);
    assert_eq!(of(&[Slot::Outerwear]), 9);
    assert_eq!(of(&[Slot::Shoes]), 8);
    assert_eq!(of(&[Slot::Accessory]), 7);
    assert_eq!(Category::of_slot(Slot::Bottom).count(), 12);
    for (index, category) in Category::ALL.into_iter().enumerate() {
        assert_eq!(category as usize, index);
    }
}

#[test]
fn priors_are_in_range_and_as_the_taxonomy_states() {
    for category in Category::ALL {
        let (formality, warmth) = (category.formality().value(), category.warmth());
        assert!((0.0..=1.0).contains(&formality), "{category} {formality}");
        assert!((0.0..=1.0).contains(&warmth), "{category} {warmth}");
    }
    for (category, formality) in [
        (Category::Sneakers, 0.2),
        (Category::Jeans, 0.3),
        (Category::Polo, 0.45),
        (Category::Chinos, 0.5),
        (Category::Blazer, 0.75),
        (Category::DressShoes, 0.9),
        (Category::SuitJacket, 0.95),
        (Category::EveningDress, 0.95),
    ] {
        assert_eq!(category.formality().value(), formality, "{category}");
    }
    assert!(Category::PufferJacket.warmth() > Category::Jacket.warmth());
    assert!(Category::DressShoes.rain_ruins() && !Category::Boots.rain_ruins());
}

#[test]
fn there_are_39_colours_over_12_basics() {
    assert_eq!((ColorName::ALL.len(), BasicColor::ALL.len()), (39, 12));
    let count = |basic| {
        ColorName::ALL
            .iter()
            .filter(|name| name.basic() == basic)
            .count()
    };
    let counts = BasicColor::ALL.map(count);
    // black, grey, white, beige, brown, blue, green, yellow, orange, red, pink, purple
    assert_eq!(counts, [1, 3, 2, 4, 3, 7, 4, 3, 3, 3, 3, 3]);
    let neutral: Vec<_> = ColorName::ALL
        .iter()
        .filter(|name| name.is_neutral())
        .map(|n| n.as_str())
        .collect();
    let expected = "black charcoal grey silver white off-white cream beige navy denim";
    assert_eq!(neutral.join(" "), expected);
    let values: BTreeSet<Rgb8> = ColorName::ALL.into_iter().map(ColorName::srgb).collect();
    assert_eq!(values.len(), 39, "two names share a value");
}

#[test]
fn unknown_names_list_the_near_ones() {
    let message = "tshirt".parse::<Category>().unwrap_err().to_string();
    assert!(
        message.starts_with("unknown category `tshirt`: did you mean t-shirt"),
        "{message}"
    );
    let message = "xyzzy".parse::<Season>().unwrap_err().to_string();
    assert_eq!(
        message,
        "unknown season `xyzzy`: expected one of spring, summer, fall, winter"
    );
    let message = "xyzzy".parse::<Category>().unwrap_err().to_string();
    assert_eq!(
        message,
        "unknown category `xyzzy`: no known name is near it"
    );
    let message = serde_json::from_str::<Category>("\"blazr\"")
        .unwrap_err()
        .to_string();
    assert!(message.contains("did you mean blazer"), "{message}");
}

#[test]
fn garment_json_is_exactly_the_documented_one() {
    let json = serde_json::json!({
        "id": "g1", "photo": "photos/1.jpg", "crop": "crops/1.jpg", "bbox": [1.0, 2.0, 30.5, 40.0],
        "category": "dress", "category_confidence": 0.5, "slots": ["top", "bottom"],
        "colors": [{"name": "navy", "hex": "#1f2a44", "fraction": 1.0}],
        "pattern": "striped", "fit": null, "material": "cotton", "open": null, "formality": 0.5,
        "seasons": ["summer", "fall"], "styles": ["preppy"],
        "embedder": "starter", "laundry": false, "created_at": "2025-01-02T03:04:05Z",
    });
    let garment: Garment = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(garment.colors[0].hex, Rgb8::new(0x1f, 0x2a, 0x44));
    assert_eq!(serde_json::to_value(&garment).unwrap(), json);
}

#[test]
fn bad_values_are_errors_that_say_so() {
    for bad in [
        "1f2a44", "#1f2a4", "#1f2a444", "#1f2a4g", "#+f2a44", "", "#é2a4",
    ] {
        assert!(
            bad.parse::<Rgb8>()
                .unwrap_err()
                .to_string()
                .contains("#1f2a44"),
            "{bad}"
        );
    }
    for bad in [
        [2.0, 0.0, 1.0, 5.0],
        [0.0, 2.0, 5.0, 1.0],
        [f32::NAN, 0.0, 1.0, 1.0],
        [0.0, 0.0, f32::INFINITY, 1.0],
    ] {
        assert!(BoxXyxy::try_from(bad).is_err(), "{bad:?}");
    }
    for bad in [vec![], vec![0.0, 0.0], vec![1.0, f32::NAN]] {
        assert!(Embedding::new(EmbedderId::new("e"), bad).is_err());
    }
    let json = r#"{"embedder":"e","values":[0.0]}"#;
    assert!(
        serde_json::from_str::<Embedding>(json)
            .unwrap_err()
            .to_string()
            .contains("is all zeros")
    );
    let other = Embedding::new(EmbedderId::new("f"), vec![1.0]).unwrap();
    let one = Embedding::new(EmbedderId::new("e"), vec![1.0]).unwrap();
    assert!(matches!(
        one.cosine(&other),
        Err(Error::EmbedderMismatch { .. })
    ));
    assert_eq!(Color::plain(ColorName::Red).hex, ColorName::Red.srgb());
}

fn boxes() -> impl Strategy<Value = BoxXyxy> {
    (0..200i32, 0..200i32, 0..100i32, 0..100i32).prop_map(|(x, y, w, h)| {
        BoxXyxy::new(
            x as f32 - 50.0,
            y as f32 - 50.0,
            (x + w) as f32 - 50.0,
            (y + h) as f32 - 50.0,
        )
        .unwrap()
    })
}

/// IoU by counting unit cells: slow and plain.
fn iou_by_cells(a: &BoxXyxy, b: &BoxXyxy) -> f32 {
    let inside = |r: &BoxXyxy, x: i32, y: i32| {
        (x as f32) >= r.x0
            && ((x + 1) as f32) <= r.x1
            && (y as f32) >= r.y0
            && ((y + 1) as f32) <= r.y1
    };
    let (mut both, mut either) = (0u32, 0u32);
    for y in -50..250 {
        for x in -50..250 {
            both += u32::from(inside(a, x, y) && inside(b, x, y));
            either += u32::from(inside(a, x, y) || inside(b, x, y));
        }
    }
    if either == 0 {
        0.0
    } else {
        both as f32 / either as f32
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn iou_equals_counting_cells(a in boxes(), b in boxes()) {
        prop_assert!((a.iou(&b) - iou_by_cells(&a, &b)).abs() < 1e-6);
        prop_assert_eq!(a.iou(&b), b.iou(&a));
    }

    #[test]
    fn clipping_stays_in_the_photo_and_expanding_keeps_the_centre(b in boxes(), margin in -0.4f32..2.0) {
        let clipped = b.clipped(70, 30);
        prop_assert!(clipped.x0 >= 0.0 && clipped.y0 >= 0.0 && clipped.x1 <= 70.0 && clipped.y1 <= 30.0);
        prop_assert!((clipped.area() - b.intersection(&BoxXyxy::whole(70, 30)).map_or(0.0, |i| i.area())).abs() < 1e-3);
        let wide = b.expanded(margin);
        prop_assert!((wide.x0 + wide.x1 - b.x0 - b.x1).abs() < 1e-3);
        prop_assert!((wide.height() - b.height() * (1.0 + 2.0 * margin)).abs() < 1e-3);
    }

    #[test]
    fn hex_round_trips(r: u8, g: u8, b: u8) {
        let color = Rgb8::new(r, g, b);
        prop_assert_eq!(color.to_string().parse::<Rgb8>().unwrap(), color);
        prop_assert_eq!(color.to_string().to_uppercase().parse::<Rgb8>().unwrap(), color);
    }

    #[test]
    fn embeddings_are_unit_vectors_at_any_scale(values in prop::collection::vec(-1.0f32..1.0, 2..40), power in -30..30i32) {
        prop_assume!(values.iter().any(|v| v.abs() > 1e-3));
        let scaled: Vec<f32> = values.iter().map(|v| v * 10f32.powi(power)).collect();
        let unit = Embedding::new(EmbedderId::new("e"), values).unwrap();
        let other = Embedding::new(EmbedderId::new("e"), scaled).unwrap();
        let length: f64 = other.values().iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt();
        prop_assert!((length - 1.0).abs() < 1e-5);
        prop_assert!((unit.cosine(&other).unwrap() - 1.0).abs() < 1e-4);
    }
}
