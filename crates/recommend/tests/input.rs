//! The JSON of an outfit to be scored.

use wardrobe_recommend::{Error, ScoreInput, score};
use wardrobe_types::{Category, ColorName, Rgb8};

/// Stands for the namer of the caller.
fn as_navy(_: Rgb8) -> ColorName {
    ColorName::Navy
}

fn parse(json: &str) -> Result<Vec<wardrobe_recommend::Item>, Error> {
    serde_json::from_str::<ScoreInput>(json)
        .unwrap()
        .into_items(as_navy)
}

#[test]
fn names_and_hex_and_defaults() {
    let items = parse(
        r##"{"items": [
            {"category": "chinos", "colors": ["#1f2a44", "tan"], "pattern": null, "seasons": ["fall"]},
            {"category": "shirt", "colors": ["white"], "formality": 0.8, "pattern": "striped", "embedding": [0.6, 0.8]},
            {"id": "s", "category": "sneakers", "photo": "x.jpg", "laundry": true}
        ]}"##,
    )
    .unwrap();
    assert_eq!(items[0].category, Category::Chinos);
    assert_eq!(items[0].colors[0].name, ColorName::Navy);
    assert_eq!(items[0].colors[0].hex, Rgb8::from_u32(0x1f_2a_44));
    assert_eq!(items[0].colors[1].hex, ColorName::Tan.srgb());
    assert_eq!(items[0].colors[1].fraction, 0.5);
    assert_eq!(items[0].formality, Category::Chinos.formality().value());
    assert_eq!(
        (items[0].id.as_str(), items[2].id.as_str()),
        ("items[0]", "s")
    );
    assert_eq!(items[1].formality, 0.8);
    assert!(items[2].colors.is_empty());
    assert!(
        score(&items)
            .unwrap()
            .explanation
            .iter()
            .all(|why| !why.contains("not complete"))
    );
}

#[test]
fn errors_name_the_place_and_what_is_near() {
    for (json, expected) in [
        (
            r#"{"items": []}"#,
            "no items to score: expected at least one garment",
        ),
        (
            r#"{"items": [{"category": "chinos"}, {"category": "jaket"}]}"#,
            "items[1].category: unknown category `jaket`: did you mean jacket?",
        ),
        (
            r#"{"items": [{"category": "chinos", "colors": ["navyy"]}]}"#,
            "items[0].colors: unknown color `navyy`: did you mean navy?",
        ),
        (
            r##"{"items": [{"category": "chinos", "colors": ["#12"]}]}"##,
            "items[0].colors: `#12` is not a colour: expected # and six hexadecimal digits, as in #1f2a44",
        ),
        (
            r#"{"items": [{"category": "chinos", "formality": 3}]}"#,
            "items[0].formality: formality is 3: expected a number from 0 to 1",
        ),
        (
            r#"{"items": [{"category": "chinos", "colour": ["navy"]}]}"#,
            "items[0]: unknown field `colour`; did you mean colors?",
        ),
    ] {
        assert_eq!(parse(json).unwrap_err().to_string(), expected);
    }
}
