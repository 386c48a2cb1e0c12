//! Catalogue products as a phone would show them at home.
//!
//! Catalogues photograph on white, people on beds and floors. A product that stands out from its white is cut along its
//! outline, laid on a ground from people's own photos and lit as these are; what the catalogue says of it stays true.
//! Train products lie on train grounds and val products on val grounds.

use super::backgrounds::Backgrounds;
use super::compose::{Canvas, Shadow, picture_size};
use super::cutout::{Garment, sure_garments};
use super::patch::{Change, Light};
use super::preview::preview_photos;
use super::{in_chunks, nothing_to_cut, samples, stream};
use crate::data::new_folder::new_folder;
use crate::data::{PerSplit, Split};
use crate::error::{AtPath, Error, Result};
use crate::progress::Event;
use csv::StringRecord;
use rand::{Rng, RngExt};
use std::collections::HashSet;
use std::ops::{Range, RangeInclusive};
use std::path::{Path, PathBuf};
use wardrobe_ingest::RgbImage;
use wardrobe_ingest::image::RgbaImage;

/// The longer side of a picture, in pixels: catalogues' small photos are not sharper.
const LONGER_SIDE: RangeInclusive<u32> = 240..=272;
/// How much of the picture a product takes, of what fits.
const SHARE: Range<f32> = 0.55..0.95;
/// The most that a product is turned to either side, in degrees.
const MOST_TURN: f32 = 15.0;
/// How often the phone is held so that the product fits.
const FITTING: f64 = 0.8;
/// The blur of pictures out of focus, as the standard deviation in pixels: more would take fine stripes away.
const BLUR: Range<f32> = 0.2..0.6;
/// Pixels of an outline that are no further than this from the catalogue's ground, of 255 in each channel, are ground.
const GROUND: f32 = 40.0;

/// What to make.
#[derive(Clone, Debug)]
pub struct Options {
    /// Data sets of photos of one garment each, with `train` and `val` parts, whose grounds are laid under the products.
    pub data: Vec<PathBuf>,
    /// A catalogue: `styles_train.csv`, `styles_val.csv` or both, and `images/`.
    pub catalogue: PathBuf,
    /// Folders of photos without garments, as further grounds.
    pub backgrounds: Vec<PathBuf>,
    /// The same seed and data give the same files.
    pub seed: u64,
}

/// What was made.
#[derive(Clone, Debug, Default)]
pub struct Made {
    /// The pictures, in their table's order.
    pub pictures: PerSplit<Vec<PathBuf>>,
    /// Products of the catalogue that have a photo.
    pub products: PerSplit<usize>,
}

impl Made {
    /// A contact sheet of at most `count` pictures to learn from, spread evenly over them.
    ///
    /// # Errors
    /// A picture that cannot be read.
    pub fn preview(&self, count: usize) -> Result<RgbImage> {
        preview_photos(&self.pictures.train, count)
    }
}

/// Writes a catalogue of those products whose outline is sure to `out`: the same tables with fewer rows, other pictures.
///
/// # Errors
/// A catalogue or a data set that cannot be read, an id that is no file's name or is given twice, a part without a product
/// or a ground that can be cut out; an `out` that is not empty or cannot be written.
pub fn generate(options: &Options, out: &Path, watch: &mut dyn FnMut(Event)) -> Result<Made> {
    let mut ids = HashSet::new();
    let train = Products::read(&options.catalogue, Split::Train, &mut ids)?;
    let val = Products::read(&options.catalogue, Split::Val, &mut ids)?;
    if train.is_none() && val.is_none() {
        return Err(Error::Data {
            path: options.catalogue.clone(),
            problem: "no catalogue: expected styles_train.csv or styles_val.csv, and images/"
                .to_owned(),
        });
    }
    new_folder(out)?;
    let images = out.join("images");
    std::fs::create_dir_all(&images).at(&images)?;
    let mut made = Made::default();
    if let Some(products) = train {
        made.products.train = products.photos.len();
        made.pictures.train = products.lay_out(options, out, watch)?;
    }
    if let Some(products) = val {
        made.products.val = products.photos.len();
        made.pictures.val = products.lay_out(options, out, watch)?;
    }
    Ok(made)
}

/// One part of a catalogue.
struct Products {
    table: PathBuf,
    split: Split,
    header: StringRecord,
    rows: Vec<StringRecord>,
    /// Photos, each with its row's number.
    photos: Vec<(PathBuf, usize)>,
}

impl Products {
    fn read(catalogue: &Path, split: Split, ids: &mut HashSet<String>) -> Result<Option<Self>> {
        let table = catalogue.join(format!("styles_{}.csv", split.name()));
        if !table.is_file() {
            return Ok(None);
        }
        let invalid = |problem: String| Error::Data {
            path: table.clone(),
            problem,
        };
        // Product names hold stray commas, which stay where they are.
        let reader = csv::ReaderBuilder::new().flexible(true).from_path(&table);
        let mut reader = reader.map_err(|e| invalid(e.to_string()))?;
        let header = reader
            .headers()
            .map_err(|e| invalid(e.to_string()))?
            .clone();
        let id_column = header.iter().position(|column| column == "id");
        let id_column = id_column.ok_or_else(|| invalid("expected a column id".to_owned()))?;
        let (mut rows, mut photos) = (Vec::new(), Vec::new());
        for row in reader.into_records() {
            let row = row.map_err(|e| invalid(e.to_string()))?;
            let id = row.get(id_column).unwrap_or_default();
            if Path::new(id).file_name() != Some(id.as_ref()) {
                return Err(invalid(format!("the id {id:?} can be no file's name")));
            }
            if !ids.insert(id.to_owned()) {
                return Err(invalid(format!("the id {id} is given twice")));
            }
            let photo = catalogue.join("images").join(format!("{id}.jpg"));
            // The public archive names a few photos that it does not hold.
            if photo.is_file() {
                photos.push((photo, rows.len()));
            }
            rows.push(row);
        }
        Ok(Some(Self {
            table,
            split,
            header,
            rows,
            photos,
        }))
    }

    /// Makes the pictures and writes them and their table.
    fn lay_out(
        &self,
        options: &Options,
        out: &Path,
        watch: &mut dyn FnMut(Event),
    ) -> Result<Vec<PathBuf>> {
        let own_ground = samples(&options.data, self.split)?;
        let at_home = sure_garments(&own_ground, watch);
        if at_home.is_empty() {
            let path = options.data.first().cloned().unwrap_or_default();
            return Err(nothing_to_cut(path, own_ground.len(), self.split));
        }
        let grounds = Backgrounds::new(&at_home, &options.backgrounds, self.split)?;
        let products = sure_garments(&self.photos, watch);
        if products.is_empty() {
            return Err(nothing_to_cut(
                self.table.clone(),
                self.photos.len(),
                self.split,
            ));
        }
        let pictures = in_chunks(products.len(), watch, |number| {
            let product = &products[number];
            let mut rng = stream(options.seed, self.split, product.label as u64);
            let jpeg = at_home_picture(product, &grounds, &mut rng)?;
            let name = product.path.file_name().unwrap_or_default();
            let path = out.join("images").join(name);
            std::fs::write(&path, jpeg).at(&path)?;
            Ok(path)
        })?;
        self.write_table(out, &products)?;
        Ok(pictures)
    }

    fn write_table(&self, out: &Path, products: &[Garment]) -> Result<()> {
        let table = out.join(format!("styles_{}.csv", self.split.name()));
        let rows = products.iter().map(|product| &self.rows[product.label]);
        let write = || -> csv::Result<()> {
            let mut writer = csv::WriterBuilder::new().flexible(true).from_path(&table)?;
            for row in std::iter::once(&self.header).chain(rows) {
                writer.write_record(row)?;
            }
            Ok(writer.flush()?)
        };
        write().map_err(std::io::Error::from).at(&table)
    }
}

/// The product on a ground at home, as JPEG.
fn at_home_picture(
    product: &Garment,
    grounds: &Backgrounds<'_>,
    rng: &mut impl Rng,
) -> Result<Vec<u8>> {
    let cut = without_halo(product.cut()?);
    let (cut_width, cut_height) = (cut.width() as f32, cut.height() as f32);
    let (mut width, mut height) = picture_size(rng.random_range(LONGER_SIDE), rng);
    if (cut_width > cut_height) != (width > height) && rng.random_bool(FITTING) {
        (width, height) = (height, width);
    }
    let angle = rng.random_range(-MOST_TURN..MOST_TURN).to_radians();
    let (sin, cos) = (angle.sin().abs(), angle.cos());
    let across = (cut_width * cos + cut_height * sin) / width as f32;
    let down = (cut_width * sin + cut_height * cos) / height as f32;
    let change = Change {
        longer: rng.random_range(SHARE) * cut_width.max(cut_height) / across.max(down),
        angle,
        // Writing on it would be mirrored.
        flip: false,
        light: Light::draw(0.15, 0.04, rng),
    };
    let patch = change.apply(&cut);
    let mut canvas = Canvas::new(grounds.draw(width, height, rng)?);
    // Rather near the middle.
    let mut within = |room: u32, own: u32| {
        let most = i64::from(room.saturating_sub(own));
        (rng.random_range(0..=most) + rng.random_range(0..=most)) / 2
    };
    let place = (within(width, patch.width()), within(height, patch.height()));
    let shadow = Shadow {
        strength: rng.random_range(0.1..0.5),
        radius: rng.random_range(1..5),
        offset: (rng.random_range(-3..=3), rng.random_range(-1..=4)),
    };
    canvas.paste(&patch, product.label, place, &shadow);
    canvas.photographed(BLUR, rng)
}

/// The catalogue's white shines along outlines, where a cut takes some of it along.
fn without_halo(mut cut: RgbaImage) -> RgbaImage {
    let beyond: Vec<[u8; 4]> = cut.pixels().map(|p| p.0).filter(|p| p[3] == 0).collect();
    let ground: [f32; 3] = std::array::from_fn(|c| {
        beyond.iter().map(|p| f32::from(p[c])).sum::<f32>() / beyond.len().max(1) as f32
    });
    for pixel in cut.pixels_mut().filter(|p| p.0[3] < u8::MAX) {
        let near = |c: usize| (f32::from(pixel.0[c]) - ground[c]).abs() <= GROUND;
        if (0..3).all(near) {
            pixel.0[3] = 0;
        }
    }
    cut
}
