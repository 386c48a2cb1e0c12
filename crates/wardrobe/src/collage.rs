//! Outfits as one picture.

use image::Rgb;
use image::imageops::{crop_imm, replace};
use rayon::prelude::*;
use wardrobe_detect::{Face, Lettering};
use wardrobe_ingest::RgbImage;
use wardrobe_ingest::resize::{Filter, resize};
use wardrobe_types::Garment;

use crate::flat_lay::{Column, flat_lay};
use crate::{Outfit, Outfits, Result, Wardrobe, describe};

/// Width of an outfit's card, in pixels.
const CARD: u32 = 800;
/// Space around cards.
const MARGIN: u32 = 40;
/// Space between words and their card's edge.
const PADDING: u32 = 40;
/// Space between a card's photos.
const GAP: u32 = 4;
/// Radius of a card's corners.
const CORNER: f32 = 22.0;
/// Height of a line of words.
const LINE: u32 = 36;
/// Height of a card's title and of the bar under it, with the space below each.
const TITLE: u32 = 62;
const BAR: u32 = 5;
const UNDER_BAR: u32 = 26;
/// Lines for the strongest reason.
const REASON_LINES: usize = 2;

const GROUND: [u8; 3] = [236, 230, 221];
const PAPER: [u8; 3] = [255, 253, 250];
const INK: [u8; 3] = [33, 29, 26];
const SOFT: [u8; 3] = [105, 95, 86];
const ACCENT: [u8; 3] = [47, 93, 80];

impl Wardrobe {
    /// Outfits as one picture, a card each: the garments side by side, under them the score, their names and colours, and
    /// the strongest reason. `None` where there are no outfits.
    ///
    /// # Errors
    /// A crop that cannot be read.
    pub fn collage(&self, outfits: &Outfits) -> Result<Option<RgbImage>> {
        let outfits = outfits.outfits.as_slice();
        if outfits.is_empty() {
            return Ok(None);
        }
        let photos = outfits
            .iter()
            .map(|outfit| self.photos(outfit))
            .collect::<Result<Vec<_>>>()?;
        let lays: Vec<Vec<Column>> = outfits
            .iter()
            .zip(&photos)
            .map(|(outfit, photos)| flat_lay(&outfit.items, |garment| aspect(photos, garment)))
            .collect();
        let sheet = Sheet::of(outfits, &lays);
        let cards = (outfits, &photos, &lays).into_par_iter();
        let cards = cards.enumerate().map(|(place, (outfit, photos, lay))| {
            let mut card = RgbImage::from_pixel(CARD, sheet.card_height(), Rgb(PAPER));
            lay_out(lay, photos, sheet.photos, &mut card)?;
            write(place + 1, outfit, sheet.photos + PADDING, &mut card);
            round_corners(&mut card);
            Ok(card)
        });
        Ok(Some(sheet.put(&cards.collect::<Result<Vec<_>>>()?)))
    }

    fn photos(&self, outfit: &Outfit) -> Result<Vec<Photo>> {
        let items = outfit.items.iter();
        items
            .map(|garment| {
                let photo = wardrobe_ingest::load(self.path(&garment.crop))?;
                Ok((garment.id.to_string(), photo.image))
            })
            .collect()
    }
}

/// A garment's id and its picture.
type Photo = (String, RgbImage);

fn find<'a>(photos: &'a [Photo], garment: &Garment) -> Option<&'a RgbImage> {
    let (_, photo) = photos.iter().find(|(id, _)| id == garment.id.as_str())?;
    Some(photo)
}

fn aspect(photos: &[Photo], garment: &Garment) -> f32 {
    find(photos, garment).map_or(0.75, |photo| photo.width() as f32 / photo.height() as f32)
}

/// Where cards lie: all are of one size.
struct Sheet {
    columns: u32,
    rows: u32,
    /// Height of a card's photos.
    photos: u32,
    /// Lines of a card's words.
    lines: u32,
}

impl Sheet {
    fn of(outfits: &[Outfit], lays: &[Vec<Column>]) -> Self {
        let widths = lays
            .iter()
            .map(|lay| lay.iter().map(|column| column.width).sum::<f32>());
        let mean = widths.sum::<f32>() / lays.len() as f32;
        let garments = outfits.iter().map(|outfit| outfit.items.len()).max();
        let count = outfits.len() as u32;
        let columns = match count {
            1 => 1,
            2..=4 => 2,
            _ => 3,
        };
        Self {
            columns,
            rows: count.div_ceil(columns),
            photos: ((CARD as f32 / mean) as u32).clamp(CARD * 2 / 5, CARD),
            lines: garments.unwrap_or(0) as u32 + REASON_LINES as u32,
        }
    }

    fn card_height(&self) -> u32 {
        self.photos + PADDING + TITLE + BAR + UNDER_BAR + self.lines * LINE + PADDING
    }

    fn put(&self, cards: &[RgbImage]) -> RgbImage {
        let (wide, high) = (CARD + MARGIN, self.card_height() + MARGIN);
        let (width, height) = (self.columns * wide + MARGIN, self.rows * high + MARGIN);
        let mut sheet = RgbImage::from_pixel(width, height, Rgb(GROUND));
        for (row, cards) in (0..).zip(cards.chunks(self.columns as usize)) {
            // A row that is not full is centred.
            let free = (self.columns - cards.len() as u32) * wide / 2;
            for (column, card) in (0..).zip(cards) {
                let (x, y) = (MARGIN + free + column * wide, MARGIN + row * high);
                replace(&mut sheet, card, x.into(), y.into());
            }
        }
        sheet
    }
}

/// The photos in their columns, over the card's whole width.
fn lay_out(lay: &[Column], photos: &[Photo], height: u32, card: &mut RgbImage) -> Result<()> {
    let total: f32 = lay.iter().map(|column| column.width).sum();
    let mut from = 0.0;
    for column in lay {
        let to = from + column.width / total;
        let (left, width) = part(CARD, from, to);
        let count = column.garments.len() as f32;
        for (place, garment) in column.garments.iter().enumerate() {
            let (top, height) = part(height, place as f32 / count, (place + 1) as f32 / count);
            if let Some(photo) = find(photos, garment) {
                let cut = cover(photo, width, height)?;
                replace(card, &cut, left.into(), top.into());
            }
        }
        from = to;
    }
    Ok(())
}

/// The start and length of a part of `length`, with half a gap left free at each inner end.
fn part(length: u32, from: f32, to: f32) -> (u32, u32) {
    let at = |share: f32| (share * (length + GAP) as f32).round() as u32;
    (at(from), at(to) - at(from) - GAP)
}

/// The picture scaled to fill a place, its middle kept.
fn cover(picture: &RgbImage, width: u32, height: u32) -> Result<RgbImage> {
    let scale =
        (width as f32 / picture.width() as f32).max(height as f32 / picture.height() as f32);
    let side = |length: u32, least: u32| ((length as f32 * scale).round() as u32).max(least);
    let (scaled_width, scaled_height) =
        (side(picture.width(), width), side(picture.height(), height));
    let scaled = resize(picture, scaled_width, scaled_height, Filter::Bicubic)?;
    let (x, y) = ((scaled_width - width) / 2, (scaled_height - height) / 2);
    Ok(crop_imm(&scaled, x, y, width, height).to_image())
}

/// The card's words, from `y` down.
fn write(place: usize, outfit: &Outfit, y: u32, card: &mut RgbImage) {
    let (left, right) = (PADDING as f32, (CARD - PADDING) as f32);
    let mut y = y as f32;
    let title = Lettering::new(Face::Light, 40.0);
    title.draw(card, left, y, INK, &format!("Outfit {place}"));
    let score = format!("{:.2}", outfit.scored.score);
    title.draw(card, right - title.width(&score), y, ACCENT, &score);
    y += TITLE as f32;
    let length = (right - left) * outfit.scored.score.clamp(0.0, 1.0);
    fill(card, left, y, right - left, GROUND);
    fill(card, left, y, length, ACCENT);
    y += (BAR + UNDER_BAR) as f32;
    let name = Lettering::new(Face::Regular, 24.0);
    for garment in &outfit.items {
        for (place, color) in garment.colors.iter().enumerate() {
            let middle = (left + 10.0 + 15.0 * place as f32, y + 13.0);
            dot(card, middle, 10.0, color.hex.to_array());
        }
        name.draw(card, left + 66.0, y, INK, &describe(garment));
        y += LINE as f32;
    }
    let reason = Lettering::new(Face::Oblique, 22.0);
    for line in outfit
        .scored
        .explanation
        .first()
        .map(|words| wrap(&reason, words, right - left))
        .into_iter()
        .flatten()
    {
        reason.draw(card, left, y + 10.0, SOFT, &line);
        y += LINE as f32;
    }
}

/// The words in as many lines as there is room for; what is too long ends in an ellipsis.
fn wrap(lettering: &Lettering, words: &str, width: f32) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in words.split_whitespace() {
        let full = lines.len() == REASON_LINES;
        let Some(line) = lines.last_mut() else { break };
        let longer = if line.is_empty() {
            word.to_owned()
        } else {
            format!("{line} {word}")
        };
        if lettering.width(&longer) <= width {
            *line = longer;
        } else if full {
            line.push('…');
            break;
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// The score's bar, or the trough it lies in.
fn fill(picture: &mut RgbImage, x: f32, y: f32, length: f32, color: [u8; 3]) {
    for y in y as u32..y as u32 + BAR {
        for x in x as u32..(x + length) as u32 {
            picture.put_pixel(x, y, Rgb(color));
        }
    }
}

/// A filled circle with a rim of the card's colour, its edge smooth.
fn dot(picture: &mut RgbImage, (x, y): (f32, f32), radius: f32, color: [u8; 3]) {
    let rim = radius + 2.0;
    for py in (y - rim) as u32..=(y + rim) as u32 {
        for px in (x - rim) as u32..=(x + rim) as u32 {
            let distance = (px as f32 + 0.5 - x).hypot(py as f32 + 0.5 - y);
            let pixel = picture.get_pixel_mut(px, py);
            blend(pixel, PAPER, rim - distance);
            blend(pixel, color, radius - distance);
        }
    }
}

/// The ground shows through outside the card's corners.
fn round_corners(card: &mut RgbImage) {
    let (width, height) = card.dimensions();
    let side = CORNER as u32;
    for dy in 0..side {
        for dx in 0..side {
            let from_middle = (CORNER - dx as f32 - 0.5).hypot(CORNER - dy as f32 - 0.5);
            for (x, y) in [
                (dx, dy),
                (width - 1 - dx, dy),
                (dx, height - 1 - dy),
                (width - 1 - dx, height - 1 - dy),
            ] {
                blend(card.get_pixel_mut(x, y), GROUND, from_middle - CORNER);
            }
        }
    }
}

/// Lays a colour over a pixel whose centre is this far inside the colour's edge, in pixels.
fn blend(pixel: &mut Rgb<u8>, color: [u8; 3], inside: f32) {
    let share = (inside + 0.5).clamp(0.0, 1.0);
    for (value, color) in pixel.0.iter_mut().zip(color) {
        *value = (f32::from(*value) * (1.0 - share) + f32::from(color) * share).round() as u8;
    }
}
