//! Detections drawn on their photo, and pictures side by side.

use wardrobe_ingest::RgbImage;
use wardrobe_ingest::image::{Rgb, imageops};
use wardrobe_ingest::resize::{Filter, resize};
use wardrobe_types::BoxXyxy;
use wardrobe_types::labels::DetectorClass;

use crate::{Detection, Face, Lettering, Result};

/// Colours of boxes, one a class of the detector: those of Okabe and Ito (2008), which the colour-blind tell apart, with
/// white and grey for black.
const COLORS: [[u8; 3]; DetectorClass::ALL.len()] = [
    [230, 159, 0],
    [86, 180, 233],
    [0, 158, 115],
    [240, 228, 66],
    [0, 114, 178],
    [213, 94, 0],
    [204, 121, 167],
    [255, 255, 255],
    [150, 150, 150],
];
/// Width of a line, as a share of the photo's longer side.
const LINE: f32 = 0.004;
/// Height of the text, as a share of the photo's longer side.
const TEXT: f32 = 0.026;

/// A copy of the photo with each box and, above it, its class and confidence in per cent (none where it is 1).
///
/// The surest lie on top. A class has the same colour in every photo.
pub fn draw(photo: &RgbImage, detections: &[Detection]) -> RgbImage {
    let mut picture = photo.clone();
    let longer = photo.width().max(photo.height()) as f32;
    let line = (longer * LINE).round().max(1.0);
    let mut order: Vec<&Detection> = detections.iter().collect();
    order.sort_by(|p, q| p.confidence.total_cmp(&q.confidence));
    for detection in order {
        let color = color_of(&detection.class);
        outline(&mut picture, detection.bbox, line, color);
        let label = match detection.confidence {
            1.0 => detection.class.to_string(),
            sure => format!("{} {:.0} %", detection.class, sure * 100.0),
        };
        tag(
            &mut picture,
            detection.bbox,
            &label,
            (longer * TEXT).max(11.0),
            color,
        );
    }
    picture
}

/// Side of a picture's place on a contact sheet, in pixels.
const TILE: u32 = 320;
/// Space between places.
const GAP: u32 = 8;
/// Pictures a row.
const ROW: usize = 6;

/// A contact sheet: pictures in rows of six, each within 320 x 320 pixels, on white.
///
/// # Errors
/// A picture without pixels.
pub fn contact_sheet(pictures: &[RgbImage]) -> Result<RgbImage> {
    let columns = pictures.len().clamp(1, ROW) as u32;
    let rows = pictures.len().div_ceil(ROW).max(1) as u32;
    let step = TILE + GAP;
    let mut sheet = RgbImage::from_pixel(columns * step + GAP, rows * step + GAP, Rgb([255; 3]));
    for (place, picture) in pictures.iter().enumerate() {
        let small = thumbnail(picture)?;
        let (column, row) = ((place % ROW) as u32, (place / ROW) as u32);
        let left = GAP + column * step + (TILE - small.width()) / 2;
        let top = GAP + row * step + (TILE - small.height()) / 2;
        imageops::replace(&mut sheet, &small, left.into(), top.into());
    }
    Ok(sheet)
}

/// The picture as large as its place on a contact sheet allows.
///
/// # Errors
/// A picture without pixels.
pub fn thumbnail(picture: &RgbImage) -> Result<RgbImage> {
    let scale = TILE as f32 / picture.width().max(picture.height()) as f32;
    let side = |length: u32| ((length as f32 * scale) as u32).clamp(1, TILE);
    let (width, height) = (side(picture.width()), side(picture.height()));
    Ok(resize(picture, width, height, Filter::Bilinear)?)
}

/// The same for the same name, in whatever order classes come.
fn color_of(class: &str) -> [u8; 3] {
    if let Some(known) = DetectorClass::of_name(class) {
        return COLORS[known as usize];
    }
    let sum = class.bytes().fold(0_usize, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(byte.into())
    });
    COLORS[sum % COLORS.len()]
}

fn outline(picture: &mut RgbImage, b: BoxXyxy, line: f32, color: [u8; 3]) {
    fill(
        picture,
        BoxXyxy {
            y1: b.y0 + line,
            ..b
        },
        color,
    );
    fill(
        picture,
        BoxXyxy {
            y0: b.y1 - line,
            ..b
        },
        color,
    );
    fill(
        picture,
        BoxXyxy {
            x1: b.x0 + line,
            ..b
        },
        color,
    );
    fill(
        picture,
        BoxXyxy {
            x0: b.x1 - line,
            ..b
        },
        color,
    );
}

fn fill(picture: &mut RgbImage, b: BoxXyxy, color: [u8; 3]) {
    let inside = b.clipped(picture.width(), picture.height());
    for y in inside.y0.round() as u32..inside.y1.round() as u32 {
        for x in inside.x0.round() as u32..inside.x1.round() as u32 {
            picture.put_pixel(x, y, Rgb(color));
        }
    }
}

/// Text on a ground of the box's colour, above the box or, at the photo's top, inside it.
fn tag(picture: &mut RgbImage, b: BoxXyxy, label: &str, size: f32, color: [u8; 3]) {
    let lettering = Lettering::new(Face::Regular, size);
    let margin = size * 0.2;
    let top = if b.y0 >= size {
        b.y0 - size
    } else {
        b.y0.max(0.0)
    };
    let ground = BoxXyxy {
        x0: b.x0,
        y0: top,
        x1: b.x0 + lettering.width(label) + 2.0 * margin,
        y1: top + size,
    };
    fill(picture, ground, color);
    let [r, g, blue] = color.map(u32::from);
    let ink = if r * 3 + g * 6 + blue < 1200 { 255 } else { 0 };
    lettering.draw(picture, b.x0 + margin, top, [ink; 3], label);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_and_words_appear_where_they_belong() {
        let photo = RgbImage::from_pixel(400, 300, Rgb([90; 3]));
        let bbox = BoxXyxy::new(100.0, 120.0, 300.0, 250.0).unwrap();
        let shirt = Detection {
            bbox,
            class: "top".into(),
            confidence: 0.87,
        };
        let drawn = draw(&photo, &[shirt]);
        let color = Rgb(color_of("top"));
        assert_ne!(color_of("top"), color_of("outerwear"));
        assert_eq!(color_of("top"), color_of("t-shirt"));
        assert_eq!(*drawn.get_pixel(100, 200), color);
        assert_eq!(*drawn.get_pixel(299, 200), color);
        assert_eq!(*drawn.get_pixel(200, 249), color);
        assert_eq!(*drawn.get_pixel(200, 200), Rgb([90; 3]));
        assert_eq!(*drawn.get_pixel(200, 100), Rgb([90; 3]));
        // Letters in the tag above the box: neither its ground nor the photo.
        let in_tag = |x: u32, y: u32| *drawn.get_pixel(x, y);
        let inked = (100..160).flat_map(|x| (110..119).map(move |y| (x, y)));
        assert!(inked.clone().any(|(x, y)| in_tag(x, y) == color));
        assert!(
            inked
                .clone()
                .any(|(x, y)| ![color, Rgb([90; 3])].contains(&in_tag(x, y)))
        );
        assert_eq!(
            photo.get_pixel(100, 200),
            &Rgb([90; 3]),
            "the photo is not touched"
        );
    }

    #[test]
    fn boxes_beyond_the_photo_are_drawn_as_far_as_it_goes() {
        let photo = RgbImage::new(40, 30);
        for corners in [
            [-20.0, -20.0, 60.0, 50.0],
            [0.0; 4],
            [100.0, 100.0, 120.0, 130.0],
        ] {
            let bbox = BoxXyxy::try_from(corners).unwrap();
            let odd = Detection {
                bbox,
                class: "ärmel ✂".into(),
                confidence: f32::NAN,
            };
            assert_eq!(draw(&photo, &[odd]).dimensions(), (40, 30));
        }
    }
}
