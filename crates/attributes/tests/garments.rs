//! Foreground and dominant colours on drawn garments with known answers, and on bad and small photos.

use proptest::prelude::*;
use wardrobe_attributes::Error;
use wardrobe_attributes::color::{DominantColors, dominant_colors};
use wardrobe_attributes::foreground::{Foreground, Method, segment};
use wardrobe_ingest::RgbImage;
use wardrobe_ingest::image::Rgb;
use wardrobe_types::{BasicColor, BoxXyxy, ColorName, Rgb8};

const NAVY: [u8; 3] = [31, 42, 68];
const RED: [u8; 3] = [200, 40, 50];
const WALL: [u8; 3] = [222, 217, 208];

/// A photo whose pixels are `color(x, y)` with noise of up to `noise` a channel, the same on every run.
fn photo(width: u32, height: u32, noise: i32, color: impl Fn(u32, u32) -> [u8; 3]) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let mut state = (x * 7919 + y * 104_729).wrapping_mul(2_654_435_761);
        Rgb(color(x, y).map(|channel| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let offset = (state >> 16) as i32 % (2 * noise + 1) - noise;
            (i32::from(channel) + offset).clamp(0, 255) as u8
        }))
    })
}

fn inside(garment: BoxXyxy, x: u32, y: u32) -> bool {
    let (x, y) = (x as f32, y as f32);
    x >= garment.x0 && x < garment.x1 && y >= garment.y0 && y < garment.y1
}

/// Intersection over union of the mask and the box drawn, by pixels.
fn mask_iou(found: &Foreground, garment: BoxXyxy, photo: &RgbImage) -> f32 {
    let (mut both, mut either) = (0, 0);
    for (x, y, _) in photo.enumerate_pixels() {
        let (drawn, masked) = (inside(garment, x, y), found.contains(x, y));
        both += u32::from(drawn && masked);
        either += u32::from(drawn || masked);
    }
    both as f32 / either as f32
}

#[test]
fn a_plain_garment_on_a_lit_wall_has_its_box_and_one_colour() {
    let garment = BoxXyxy::new(50.0, 90.0, 170.0, 280.0).unwrap();
    // The wall darkens from left to right, as a wall beside a window does.
    let shaded = |x: u32| WALL.map(|channel| channel - (x / 6) as u8);
    let photo = photo(240, 320, 4, |x, y| {
        if inside(garment, x, y) {
            NAVY
        } else {
            shaded(x)
        }
    });
    let found = segment(&photo).unwrap();
    assert_eq!(found.method, Method::BorderModel);
    assert!(found.bbox.iou(&garment) > 0.9, "{:?}", found.bbox);
    assert!(mask_iou(&found, garment, &photo) > 0.9);
    let colors = dominant_colors(&photo, &found).unwrap();
    assert_eq!(colors.len(), 1, "{colors:?}");
    assert_eq!((colors[0].name, colors[0].fraction), (ColorName::Navy, 1.0));
}

#[test]
fn the_garment_may_be_lighter_than_a_dark_ground_of_two_colours() {
    let garment = BoxXyxy::new(60.0, 40.0, 260.0, 200.0).unwrap();
    let tiles = |x: u32, y: u32| {
        if (x / 40 + y / 40).is_multiple_of(2) {
            [40, 32, 28]
        } else {
            [96, 70, 50]
        }
    };
    let photo = photo(320, 240, 5, |x, y| {
        if inside(garment, x, y) {
            [235, 233, 228]
        } else {
            tiles(x, y)
        }
    });
    let found = segment(&photo).unwrap();
    assert_eq!(found.method, Method::BorderModel);
    assert!(mask_iou(&found, garment, &photo) > 0.9);
    let colors = dominant_colors(&photo, &found).unwrap();
    assert_eq!(
        (colors.len(), colors[0].name.basic().as_str()),
        (1, "white"),
        "{colors:?}"
    );
}

#[test]
fn white_on_white_is_not_cut() {
    let garment = BoxXyxy::new(60.0, 60.0, 180.0, 260.0).unwrap();
    let photo = photo(240, 320, 3, |x, y| {
        if inside(garment, x, y) {
            [236, 235, 233]
        } else {
            [240, 239, 238]
        }
    });
    let found = segment(&photo).unwrap();
    assert_eq!(
        (found.method, found.bbox),
        (Method::CentreCrop, BoxXyxy::whole(240, 320))
    );
    assert!(found.contains(120, 160) && !found.contains(10, 10) && !found.contains(120, 319));
    assert_eq!(
        dominant_colors(&photo, &found).unwrap()[0]
            .name
            .basic()
            .as_str(),
        "white"
    );
}

#[test]
fn stripes_are_two_colours_in_their_shares() {
    let garment = BoxXyxy::new(40.0, 40.0, 200.0, 280.0).unwrap();
    // Of every 16 rows, 4 are white: a quarter.
    let stripe = |y: u32| if y % 16 < 4 { [238, 238, 236] } else { RED };
    let photo = photo(240, 320, 4, |x, y| {
        if inside(garment, x, y) {
            stripe(y)
        } else {
            [70, 110, 80]
        }
    });
    let colors = dominant_colors(&photo, &segment(&photo).unwrap()).unwrap();
    let names: Vec<_> = colors.iter().map(|color| color.name).collect();
    assert_eq!(names, [ColorName::Red, ColorName::White]);
    assert!((colors[1].fraction - 0.25).abs() < 0.06, "{colors:?}");
}

#[test]
fn two_shoes_are_one_garment_and_the_ground_between_them_is_not() {
    let left = BoxXyxy::new(50.0, 80.0, 130.0, 220.0).unwrap();
    let right = BoxXyxy::new(190.0, 80.0, 270.0, 220.0).unwrap();
    let photo = photo(320, 300, 4, |x, y| {
        if inside(left, x, y) || inside(right, x, y) {
            [40, 30, 28]
        } else {
            WALL
        }
    });
    let found = segment(&photo).unwrap();
    assert!(
        found
            .bbox
            .iou(&BoxXyxy::new(50.0, 80.0, 270.0, 220.0).unwrap())
            > 0.9,
        "{:?}",
        found.bbox
    );
    assert!(found.contains(90, 150) && found.contains(230, 150) && !found.contains(160, 150));
}

#[test]
fn ground_seen_through_a_ring_is_not_the_garment_but_a_thin_letter_is() {
    let distance = |x: u32, y: u32| (x as f32 - 150.0).hypot(y as f32 - 150.0);
    let ring = photo(300, 300, 2, |x, y| {
        if (60.0..120.0).contains(&distance(x, y)) {
            RED
        } else {
            WALL
        }
    });
    let found = segment(&ring).unwrap();
    assert!(!found.contains(150, 150) && found.contains(150, 60));

    let letter = |x: u32, y: u32| (145..155).contains(&x) && (100..200).contains(&y);
    let printed = photo(300, 300, 2, |x, y| {
        if distance(x, y) < 120.0 && !letter(x, y) {
            RED
        } else {
            WALL
        }
    });
    assert!(segment(&printed).unwrap().contains(150, 150));
}

#[test]
fn small_photos_and_other_photos_are_errors() {
    for (width, height) in [(0, 0), (1, 1), (15, 400), (400, 15)] {
        let error = segment(&RgbImage::new(width, height)).unwrap_err();
        assert!(matches!(error, Error::TooSmall { .. }), "{error}");
    }
    let (one, other) = (RgbImage::new(40, 30), RgbImage::new(30, 40));
    let found = segment(&one).unwrap();
    let message = dominant_colors(&other, &found).unwrap_err().to_string();
    assert_eq!(
        message,
        "foreground of a photo of 40 x 30 pixels used with one of 30 x 40: segment the photo it is used with"
    );
}

#[test]
fn extreme_shapes_and_single_colours_have_colours() {
    for (width, height) in [(16, 16), (16, 2000), (2000, 16), (113, 111)] {
        for color in [[0, 0, 0], [255, 255, 255], [255, 0, 0]] {
            let photo = RgbImage::from_pixel(width, height, Rgb(color));
            let found = segment(&photo).unwrap();
            assert_eq!(found.method, Method::CentreCrop);
            let colors = dominant_colors(&photo, &found).unwrap();
            assert_eq!(
                (colors.len(), colors[0].hex, colors[0].fraction),
                (1, Rgb8::from(color), 1.0)
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_photo_has_one_to_three_colours_that_sum_to_one_every_time_the_same(
        width in 16u32..90, height in 16u32..90, blocks in prop::collection::vec(any::<[u8; 3]>(), 1..9), cell in 3u32..30, noise in 0i32..60,
    ) {
        let pick = |x: u32, y: u32| blocks[((x / cell * 31 + y / cell * 17) as usize) % blocks.len()];
        let photo = photo(width, height, noise, pick);
        let found = segment(&photo).unwrap();
        let (b, whole) = (found.bbox, BoxXyxy::whole(width, height));
        prop_assert!(b.area() > 0.0 && b.clipped(width, height) == b && whole.area() >= b.area());
        prop_assert!((0.0..=1.0).contains(&found.coverage()) && found.coverage() > 0.0);
        let colors = dominant_colors(&photo, &found).unwrap();
        prop_assert!((1..=3).contains(&colors.len()));
        prop_assert!((colors.iter().map(|color| color.fraction).sum::<f32>() - 1.0).abs() < 1e-4);
        prop_assert!(colors.windows(2).all(|pair| pair[0].fraction >= pair[1].fraction));
        prop_assert_eq!(&colors, &dominant_colors(&photo, &segment(&photo).unwrap()).unwrap());
    }
}

/// A top dark grey above and red below.
fn grey_and_red() -> (RgbImage, Foreground) {
    let garment = BoxXyxy::new(50.0, 90.0, 170.0, 270.0).unwrap();
    let photo = photo(240, 320, 4, |x, y| match inside(garment, x, y) {
        false => WALL,
        true if y < 210 => [70, 70, 72],
        true => RED,
    });
    let found = segment(&photo).unwrap();
    (photo, found)
}

#[test]
fn what_people_would_call_it_is_weighed_against_the_pixels() {
    use BasicColor::{Black, Green, Grey, Red};
    let (photo, found) = grey_and_red();
    let colors = DominantColors::of(&photo, &found).unwrap();
    let plain = colors.named();
    let named = |belief: &[(BasicColor, f32)]| -> Vec<BasicColor> {
        let named = colors.named_with(belief);
        // What is measured stays as it is, whatever it is called.
        let shares = |colors: &[wardrobe_types::Color]| {
            let mut shares: Vec<_> = colors
                .iter()
                .map(|c| (c.hex, c.fraction.to_bits()))
                .collect();
            shares.sort_unstable();
            shares
        };
        assert_eq!(shares(&named), shares(&plain));
        named.iter().map(|color| color.name.basic()).collect()
    };
    let basics: Vec<_> = plain.iter().map(|color| color.name.basic()).collect();
    assert_eq!(basics, [Grey, Red]);
    assert_eq!(colors.named_with(&[]), plain);
    // Of the pixels looked at, 0.81 are grey and 0.19 red.
    assert_eq!(named(&[(Grey, 0.5), (Red, 0.5)]), [Grey, Red]);
    // ln 0.98 + 3 ln (0.19 + 0.1) = -3.73 is more than ln 0.02 + 3 ln (0.81 + 0.1) = -4.19; ln 0.9 - 3.71 is less than
    // ln 0.1 - 0.28.
    assert_eq!(named(&[(Red, 0.98), (Grey, 0.02)]), [Red, Grey]);
    assert_eq!(named(&[(Red, 0.9), (Grey, 0.1)]), [Grey, Red]);
    // No pixel is black: 3 ln 0.1 is -6.91, and only a sure belief outweighs it.
    assert_eq!(named(&[(Black, 0.99), (Grey, 0.01)]), [Grey, Red]);
    assert_eq!(named(&[(Black, 0.999), (Grey, 0.001)]), [Black, Red]);
    // A grey has no name among the greens, whatever anybody believes: it keeps its own.
    assert_eq!(named(&[(Green, 1.0)])[0], Grey);
}
