//! Words on pictures.

use ab_glyph::{Font, FontRef, Glyph, PxScale, ScaleFont, point};
use wardrobe_ingest::RgbImage;

/// A face of the font that is part of the program, DejaVu Sans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    /// Upright.
    Regular,
    /// Upright, of thin strokes: for large letters.
    Light,
    /// Slanted.
    Oblique,
}

/// Letters of one face and size.
#[derive(Debug, Clone)]
pub struct Lettering {
    /// `None` only where the program's own font is broken; a test reads each.
    font: Option<FontRef<'static>>,
    size: f32,
}

impl Lettering {
    /// Letters of this height from ascent to descent, in pixels.
    pub fn new(face: Face, size: f32) -> Self {
        let bytes = match face {
            Face::Regular => dejavu::sans::regular(),
            Face::Light => dejavu::sans::extra_light(),
            Face::Oblique => dejavu::sans::oblique(),
        };
        Self {
            font: FontRef::try_from_slice(bytes).ok(),
            size,
        }
    }

    /// How wide the words are, in pixels.
    pub fn width(&self, words: &str) -> f32 {
        self.set(words, 0.0, 0.0).1
    }

    /// Draws the words with the upper left corner of the first at (`x`, `y`). What lies outside the picture is left out.
    pub fn draw(&self, picture: &mut RgbImage, x: f32, y: f32, ink: [u8; 3], words: &str) {
        let Some(font) = &self.font else { return };
        let outlines = self.set(words, x, y).0.into_iter();
        for outlined in outlines.filter_map(|glyph| font.outline_glyph(glyph)) {
            let corner = outlined.px_bounds().min;
            outlined.draw(|dx, dy, coverage| {
                let (x, y) = (corner.x + dx as f32, corner.y + dy as f32);
                if x < 0.0 || y < 0.0 {
                    return;
                }
                if let Some(pixel) = picture.get_pixel_mut_checked(x as u32, y as u32) {
                    for (value, ink) in pixel.0.iter_mut().zip(ink) {
                        let blended =
                            f32::from(*value) * (1.0 - coverage) + f32::from(ink) * coverage;
                        *value = blended.round() as u8;
                    }
                }
            });
        }
    }

    /// The glyphs of the words from (`x`, `y`) on, and where the next would begin.
    fn set(&self, words: &str, mut x: f32, y: f32) -> (Vec<Glyph>, f32) {
        let Some(font) = &self.font else {
            return (Vec::new(), x);
        };
        let scale = PxScale::from(self.size);
        let scaled = font.as_scaled(scale);
        let (mut glyphs, mut last) = (Vec::new(), None);
        for letter in words.chars() {
            let id = font.glyph_id(letter);
            x += last.map_or(0.0, |last| scaled.kern(last, id));
            glyphs.push(id.with_scale_and_position(scale, point(x, y + scaled.ascent())));
            x += scaled.h_advance(id);
            last = Some(id);
        }
        (glyphs, x)
    }
}

#[cfg(test)]
mod tests {
    use wardrobe_ingest::image::Rgb;

    use super::*;

    #[test]
    fn every_face_draws_within_its_width_and_no_further() {
        for face in [Face::Regular, Face::Light, Face::Oblique] {
            let lettering = Lettering::new(face, 24.0);
            let width = lettering.width("navy chinos");
            assert!((80.0..200.0).contains(&width), "{face:?} {width}");
            assert!(lettering.width("navy chinos and") > width);
            let mut picture = RgbImage::from_pixel(300, 40, Rgb([255; 3]));
            lettering.draw(&mut picture, 10.0, 5.0, [0; 3], "navy chinos");
            let inked: Vec<u32> = picture
                .enumerate_pixels()
                .filter(|(_, _, pixel)| pixel.0[0] < 128)
                .map(|(x, _, _)| x)
                .collect();
            assert!(inked.len() > 200, "{face:?} {}", inked.len());
            let end = (10.0 + width).ceil() as u32 + 3;
            assert!(inked.iter().all(|x| (8..end).contains(x)), "{face:?}");
        }
    }

    #[test]
    fn what_lies_outside_the_picture_is_left_out() {
        let mut picture = RgbImage::from_pixel(20, 20, Rgb([255; 3]));
        let lettering = Lettering::new(Face::Regular, 40.0);
        lettering.draw(&mut picture, -10.0, -10.0, [0; 3], "MMMM");
        assert!(picture.pixels().any(|pixel| pixel.0 == [0; 3]));
    }
}
