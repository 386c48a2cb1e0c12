//! Photos that show no clothes.

use wardrobe_types::{Category, ColorName};

use super::{look, photo, ready};
use crate::WarningKind;
use crate::ingest::no_clothes;

#[test]
fn a_photo_is_doubted_where_a_detector_saw_nothing_and_the_classifier_is_unsure() {
    let mut seen = ready(&photo(ColorName::Navy, 0));
    let mut look = look(Category::Shirt, &seen.cuts[0], "a");
    look.predictions[0].confidence = 0.1;
    let doubt =
        |detected: Option<f32>, look: &crate::Look, seen: &mut crate::ingest::examine::Ready| {
            seen.detected = detected;
            no_clothes(seen, std::slice::from_ref(look))
        };
    let warning = doubt(Some(0.0), &look, &mut seen).unwrap();
    assert_eq!(warning.kind, WarningKind::NoClothes);
    assert!((0.0..0.04).contains(&warning.value), "{warning:?}");
    assert_eq!(doubt(Some(0.8), &look, &mut seen), None, "detected");
    assert_eq!(
        doubt(None, &look, &mut seen),
        None,
        "no detector has looked"
    );
    look.predictions[0].confidence = 0.9;
    assert_eq!(doubt(Some(0.0), &look, &mut seen), None, "a sure class");
}
