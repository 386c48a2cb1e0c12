//! Outfits as one picture.

use image::Rgb;
use image::imageops::{crop_imm, replace};
use wardrobe_ingest::RgbImage;
use wardrobe_ingest::resize::{Filter, resize};
use wardrobe_types::Garment;

use crate::{Outfit, Outfits, Result, Wardrobe};

/// A garment's place, in pixels: three wide to four high.
const TILE: (u32, u32) = (300, 400);
/// Space around tiles.
const GAP: u32 = 24;
/// Height of the strip of colours under a tile.
const STRIP: u32 = 14;
/// Height of the bar that shows an outfit's score.
const BAR: u32 = 8;

const GROUND: Rgb<u8> = Rgb([250, 249, 247]);
const TROUGH: Rgb<u8> = Rgb([230, 225, 218]);
const SCORE: Rgb<u8> = Rgb([47, 93, 80]);

impl Wardrobe {
    /// Outfits as one picture, a row each: the garments, their colours under them, and a bar as
    /// long as the score. `None` where there are no outfits.
    ///
    /// # Errors
    /// A crop that cannot be read.
    pub fn collage(&self, outfits: &Outfits) -> Result<Option<RgbImage>> {
        let most = outfits
            .outfits
            .iter()
            .map(|outfit| outfit.items.len())
            .max()
            .unwrap_or(0) as u32;
        if most == 0 {
            return Ok(None);
        }
        let row = TILE.1 + STRIP + BAR + 3 * GAP;
        let height = GAP + row * outfits.outfits.len() as u32;
        let mut canvas = RgbImage::from_pixel(GAP + most * (TILE.0 + GAP), height, GROUND);
        for (place, outfit) in outfits.outfits.iter().enumerate() {
            self.draw(outfit, &mut canvas, GAP + place as u32 * row)?;
        }
        Ok(Some(canvas))
    }

    /// Draws an outfit's row with its upper edge at `y`.
    fn draw(&self, outfit: &Outfit, canvas: &mut RgbImage, y: u32) -> Result<()> {
        for (place, garment) in outfit.items.iter().enumerate() {
            let x = GAP + place as u32 * (TILE.0 + GAP);
            let crop = wardrobe_ingest::load(self.path(&garment.crop))?.image;
            replace(canvas, &cover(&crop)?, i64::from(x), i64::from(y));
            strip(garment, canvas, x, y + TILE.1);
        }
        let y = y + TILE.1 + STRIP + GAP / 2;
        let length = canvas.width() - 2 * GAP;
        fill(canvas, (GAP, y), (length, BAR), TROUGH);
        let scored = (length as f32 * outfit.scored.score.clamp(0.0, 1.0)).round() as u32;
        fill(canvas, (GAP, y), (scored, BAR), SCORE);
        Ok(())
    }
}

/// The picture scaled to fill a tile, its middle kept.
fn cover(picture: &RgbImage) -> Result<RgbImage> {
    let (width, height) = picture.dimensions();
    let scale = (TILE.0 as f32 / width as f32).max(TILE.1 as f32 / height as f32);
    let side = |length: u32, least: u32| ((length as f32 * scale).round() as u32).max(least);
    let scaled = resize(
        picture,
        side(width, TILE.0),
        side(height, TILE.1),
        Filter::Bicubic,
    )?;
    let (x, y) = (
        (scaled.width() - TILE.0) / 2,
        (scaled.height() - TILE.1) / 2,
    );
    Ok(crop_imm(&scaled, x, y, TILE.0, TILE.1).to_image())
}

/// A garment's colours side by side, each as wide as its share.
fn strip(garment: &Garment, canvas: &mut RgbImage, x: u32, y: u32) {
    let mut done = 0.0;
    for color in &garment.colors {
        let (from, to) = (
            done * TILE.0 as f32,
            (done + color.fraction).min(1.0) * TILE.0 as f32,
        );
        let (from, to) = (from.round() as u32, to.round() as u32);
        fill(
            canvas,
            (x + from, y),
            (to - from, STRIP),
            Rgb(color.hex.to_array()),
        );
        done += color.fraction;
    }
}

fn fill(canvas: &mut RgbImage, (x, y): (u32, u32), (width, height): (u32, u32), color: Rgb<u8>) {
    for y in y..(y + height).min(canvas.height()) {
        for x in x..(x + width).min(canvas.width()) {
            canvas.put_pixel(x, y, color);
        }
    }
}
