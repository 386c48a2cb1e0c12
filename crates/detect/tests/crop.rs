//! Crops: margins, edges and boxes that are none.

use wardrobe_detect::{Error, crop_with_margin};
use wardrobe_ingest::image::{Rgb, RgbImage};
use wardrobe_types::BoxXyxy;

/// A photo whose every pixel tells its own place.
fn graded(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| Rgb([x as u8, y as u8, (x + y) as u8]))
}

#[test]
fn without_margin_it_is_the_box() {
    let crop = crop_with_margin(
        &graded(97, 61),
        BoxXyxy {
            x0: 10.0,
            y0: 20.0,
            x1: 30.0,
            y1: 50.0,
        },
        0.0,
    )
    .unwrap();
    assert_eq!(crop.dimensions(), (20, 30));
    assert_eq!(crop.get_pixel(0, 0).0, [10, 20, 30]);
    assert_eq!(crop.get_pixel(19, 29).0, [29, 49, 78]);
}

#[test]
fn a_margin_is_a_share_of_each_side_and_stops_at_the_edge() {
    let crop = crop_with_margin(
        &graded(97, 61),
        BoxXyxy {
            x0: 1.0,
            y0: 20.0,
            x1: 21.0,
            y1: 60.0,
        },
        0.1,
    )
    .unwrap();
    // x: 1 - 2 is clipped to 0, 21 + 2 = 23; y: 20 - 4 = 16, 60 + 4 is clipped to 61.
    assert_eq!(crop.dimensions(), (23, 45));
    assert_eq!(crop.get_pixel(0, 0).0, [0, 16, 16]);
}

#[test]
fn an_infinite_margin_is_the_whole_photo() {
    let (photo, bbox) = (
        graded(97, 61),
        BoxXyxy {
            x0: 3.0,
            y0: 9.0,
            x1: 4.0,
            y1: 11.0,
        },
    );
    assert_eq!(
        crop_with_margin(&photo, bbox, f32::INFINITY).unwrap(),
        photo
    );
}

#[test]
fn fractions_of_a_pixel_are_kept_whole() {
    let crop = crop_with_margin(
        &graded(50, 40),
        BoxXyxy {
            x0: 4.9,
            y0: 3.2,
            x1: 5.1,
            y1: 3.3,
        },
        0.0,
    )
    .unwrap();
    assert_eq!(crop.dimensions(), (2, 1));
}

#[test]
fn a_box_that_covers_no_pixel_is_an_error() {
    let photo = graded(50, 40);
    for [x0, y0, x1, y1] in [
        [60.0, 0.0, 70.0, 10.0],
        [0.0, -20.0, 10.0, 0.0],
        [10.0, 10.0, 10.0, 20.0],
        [20.0, 10.0, 10.0, 20.0],
        [f32::NAN, 0.0, 10.0, 10.0],
    ] {
        let error = crop_with_margin(&photo, BoxXyxy { x0, y0, x1, y1 }, 0.1).unwrap_err();
        assert!(
            matches!(
                error,
                Error::EmptyBox {
                    width: 50,
                    height: 40,
                    ..
                }
            ),
            "{error}"
        );
    }
}
