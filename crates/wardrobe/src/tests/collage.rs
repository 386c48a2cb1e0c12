//! The collage.

use wardrobe_types::{Category, ColorName};

use super::{photo, put, stocked};
use crate::{Outfits, Request};

#[test]
fn a_card_an_outfit_with_its_garments_and_words() {
    let (_folder, mut wardrobe, _) = stocked();
    let polo = photo(ColorName::Olive, 6);
    put(&mut wardrobe, Category::Polo, &polo, "test-embedder");
    let outfits = wardrobe.recommend(&Request::default()).unwrap();
    assert!(outfits.outfits.len() >= 2, "{:?}", outfits.reason);
    let all = wardrobe.collage(&outfits).unwrap().unwrap();
    let first = Outfits {
        outfits: outfits.outfits[..1].to_vec(),
        ..outfits.clone()
    };
    let card = wardrobe.collage(&first).unwrap().unwrap();
    assert_eq!(card.width(), 40 + 800 + 40);
    assert_eq!(all.width(), 40 + 2 * (800 + 40));

    // The ground, its corner shown by the round one of the card, and the first column's cloth.
    assert_eq!(card.get_pixel(20, 20), card.get_pixel(40, 40));
    let cloth: Vec<[u8; 3]> = outfits.outfits[0]
        .items
        .iter()
        .map(|garment| garment.colors[0].hex.to_array())
        .collect();
    let near = |pixel: [u8; 3], color: &[u8; 3]| {
        let apart = pixel.iter().zip(color).map(|(a, b)| a.abs_diff(*b));
        apart.max().unwrap() < 12
    };
    for color in &cloth {
        let covered = card.pixels().filter(|pixel| near(pixel.0, color)).count();
        assert!(covered > 10_000, "{color:?} covers {covered} pixels");
    }
    // Words: ink on paper below the photos.
    let words = card
        .enumerate_pixels()
        .filter(|(_, y, pixel)| *y > card.height() / 2 && pixel.0 == [33, 29, 26]);
    assert!(words.count() > 500);
}

#[test]
fn no_outfits_no_collage() {
    let (_folder, wardrobe) = super::empty();
    let outfits = wardrobe.recommend(&Request::default()).unwrap();
    assert!(wardrobe.collage(&outfits).unwrap().is_none());
}
