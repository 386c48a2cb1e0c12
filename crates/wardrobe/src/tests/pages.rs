//! The pages and the collage.

use wardrobe_types::{Category, ColorName};

use super::{photo, put, stocked};
use crate::{Edit, Request};

fn occurrences(text: &str, part: &str) -> usize {
    text.matches(part).count()
}

#[test]
fn the_report_is_self_contained_and_says_all() {
    let (_folder, mut wardrobe, ids) = stocked();
    wardrobe
        .edit(
            &ids[1],
            &Edit {
                laundry: Some(true),
                ..Edit::default()
            },
        )
        .unwrap();
    let outfits = wardrobe.recommend(&Request::default()).unwrap();
    let page = wardrobe.report_page(&outfits).unwrap();
    for outside in ["http://", "https://", "<script", "<link", "url(", "@import"] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.contains("default-src 'none'") && page.contains("prefers-color-scheme: dark"));
    let pictures = occurrences(&page, "<img ");
    assert_eq!(
        pictures, 4,
        "one a garment, and no outfit without the chinos"
    );
    assert_eq!(occurrences(&page, " alt=\""), pictures);
    assert_eq!(
        occurrences(&page, "src=\"data:image/jpeg;base64,"),
        pictures
    );
    for words in [
        "<h1>Wardrobe</h1>",
        "light blue shirt",
        "in the laundry",
        "id=\"shoes\"",
        "<main",
        "<nav ",
    ] {
        assert!(page.contains(words), "{words}");
    }
    assert!(ids.iter().all(|id| page.contains(id)));
}

#[test]
fn the_outfits_page_shows_scores_terms_and_reasons() {
    let (_folder, wardrobe, _) = stocked();
    let outfits = wardrobe.recommend(&Request::default()).unwrap();
    let page = wardrobe.outfits_page(&outfits).unwrap();
    assert_eq!(occurrences(&page, "<article"), outfits.outfits.len());
    for outfit in &outfits.outfits {
        assert!(page.contains(&format!("{:.2}", outfit.scored.score)));
        for reason in &outfit.scored.explanation {
            let escaped = reason
                .replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;");
            assert!(page.contains(&escaped), "{reason}");
        }
    }
    assert_eq!(
        occurrences(&page, "<dt>Learned</dt>"),
        0,
        "a term that does not apply"
    );
}

#[test]
fn a_lost_crop_costs_only_its_picture() {
    let (_folder, wardrobe, ids) = stocked();
    let garment = wardrobe.garment(&ids[0]).unwrap();
    std::fs::remove_file(wardrobe.path(&garment.crop)).unwrap();
    let outfits = wardrobe.recommend(&Request::default()).unwrap();
    let page = wardrobe.outfits_page(&outfits).unwrap();
    assert!(page.contains("role=\"img\" aria-label=\"light blue shirt\""));
}

#[test]
fn the_collage_has_a_row_an_outfit() {
    let (_folder, mut wardrobe, _) = stocked();
    let polo = photo(ColorName::Olive, 6);
    put(&mut wardrobe, Category::Polo, &polo, "test-embedder");
    let outfits = wardrobe.recommend(&Request::default()).unwrap();
    assert!(outfits.outfits.len() >= 2, "{:?}", outfits.reason);
    let collage = wardrobe.collage(&outfits).unwrap().unwrap();
    let most = outfits
        .outfits
        .iter()
        .map(|outfit| outfit.items.len())
        .max()
        .unwrap() as u32;
    assert_eq!(collage.width(), 24 + most * (300 + 24));
    let rows = outfits.outfits.len() as u32;
    assert_eq!(collage.height(), 24 + rows * (400 + 14 + 8 + 3 * 24));
    // The middle of the first tile is the first garment's cloth.
    let cloth = outfits.outfits[0].items[0].colors[0].hex.to_array();
    let pixel = collage.get_pixel(24 + 150, 24 + 200).0;
    let distance: i32 = pixel
        .iter()
        .zip(cloth)
        .map(|(a, b)| (i32::from(*a) - i32::from(b)).abs())
        .sum();
    assert!(distance < 24, "{pixel:?} {cloth:?}");
    let none = crate::Outfits {
        outfits: Vec::new(),
        ..outfits
    };
    assert!(wardrobe.collage(&none).unwrap().is_none());
}
