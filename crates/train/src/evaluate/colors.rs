//! How often the dominant colour of a product photo is the one its catalogue names.
//!
//! The catalogue's 46 names (`baseColour`) are mapped by [`wardrobe_types::labels::BASE_COLOURS`]; `Multi`, `Metallic` and
//! `NA` name no colour and are left out.

use crate::error::{Error, Result};
use crate::progress::Event;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use wardrobe_attributes::color::{DominantColors, delta_e};
use wardrobe_attributes::foreground::segment;
use wardrobe_attributes::tagger::Tagger;
use wardrobe_classify::Classifier;
use wardrobe_eval::{Bootstrap, Interval, confused_pairs, confusion, wilson_ci95};
use wardrobe_ingest::RgbImage;
use wardrobe_types::labels::base_colour;
use wardrobe_types::{BasicColor, Color, ColorName};

/// Agreement of the largest colour found with the colour named.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Share of photos whose basic colour, one of 12, is the named one's.
    pub top1_basic: f64,
    /// Share of photos where the basic colour of one of the two largest colours found is the named one's.
    pub top2_basic: f64,
    /// Share of photos whose palette name, one of 39, is the named colour, over the photos whose catalogue name is in the
    /// palette too. Strict: a photo of "blue" named `denim` counts as wrong.
    pub top1: f64,
    /// Mean CIEDE2000 between the colour measured and the palette's value of the named colour, over the same photos.
    pub mean_delta_e: f64,
    /// As `top1_basic`, with the colours named as `ingest` does, by a tagger too; `None` without one.
    pub stored_top1_basic: Option<f64>,
    /// As `top2_basic`, likewise.
    pub stored_top2_basic: Option<f64>,
}

/// [`Metrics`] with what stands behind them.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The metrics.
    pub metrics: Metrics,
    /// Photos measured.
    pub n: usize,
    /// Photos among them whose catalogue name is in the palette.
    pub n_named: usize,
    /// 95 % intervals: Wilson's for the shares, the bootstrap's over photos for the mean.
    pub ci95: BTreeMap<&'static str, Interval>,
    /// Basic colours taken for others, most often first: (named, found, photos).
    pub confused: Vec<(BasicColor, BasicColor, usize)>,
    /// The basic colour each catalogue name was taken as.
    pub labels: BTreeMap<String, BasicColor>,
    /// Catalogue names that name no colour, and the photos they leave out.
    pub unmapped: BTreeMap<String, usize>,
    /// Photos that could not be read, with the reason.
    pub failed: Vec<String>,
}

/// A row of the table.
#[derive(Deserialize)]
struct Row {
    id: String,
    #[serde(rename = "baseColour")]
    base_colour: String,
}

/// A photo and what its catalogue says of it.
struct Sample {
    photo: PathBuf,
    basic: BasicColor,
    name: Option<ColorName>,
}

#[derive(Default)]
struct Catalogue {
    samples: Vec<Sample>,
    labels: BTreeMap<String, BasicColor>,
    unmapped: BTreeMap<String, usize>,
}

/// What was named and what was found, a photo.
struct Outcome {
    basic: BasicColor,
    name: Option<ColorName>,
    /// Named by their pixels; at least one.
    found: Vec<Color>,
    /// Named by a tagger too.
    stored: Option<Vec<Color>>,
}

impl Outcome {
    /// Whether one of the first `count` has the basic colour named.
    fn is_hit(&self, colors: &[Color], count: usize) -> bool {
        let mut first = colors.iter().take(count);
        first.any(|color| color.name.basic() == self.basic)
    }
}

/// Finds the dominant colour of every photo of the catalogue in folder `data` and compares; with a tagger, also as `ingest`
/// names it.
///
/// The folder holds `images/ID.jpg` and `styles_val.csv`, or else `styles.csv`, with the columns `id` and `baseColour`;
/// `data` may also be the table itself.
///
/// # Errors
/// No table, no photo that can be read, no photo whose name is in the palette.
pub fn colors(
    data: &Path,
    tagger: Option<(&Classifier, &Tagger)>,
    watch: &mut dyn FnMut(Event),
) -> Result<Report> {
    const BATCH: usize = 64;
    let catalogue = read(&table(data)?)?;
    let total = catalogue.samples.len();
    let (mut outcomes, mut failed) = (Vec::with_capacity(total), Vec::new());
    for (i, batch) in catalogue.samples.chunks(BATCH).enumerate() {
        let found: Vec<Result<(RgbImage, DominantColors), String>> = batch
            .par_iter()
            .map(|sample| colors_of(&sample.photo))
            .collect();
        let photos = found.iter().flatten().map(|(photo, _)| photo);
        let mut beliefs = beliefs(tagger, &photos.collect::<Vec<_>>())?.into_iter();
        for (sample, found) in batch.iter().zip(found) {
            match found {
                Ok((_, colors)) => outcomes.push(Outcome {
                    basic: sample.basic,
                    name: sample.name,
                    found: colors.named(),
                    stored: beliefs.next().map(|belief| colors.named_with(&belief)),
                }),
                Err(reason) => {
                    watch(Event::Skipped {
                        reason: reason.clone(),
                    });
                    failed.push(reason);
                }
            }
        }
        watch(Event::Loading {
            done: i * BATCH + batch.len(),
            total,
        });
    }
    report(catalogue, &outcomes, failed)
}

/// The catalogue's table in a folder, or the table itself.
pub(super) fn table(data: &Path) -> Result<PathBuf> {
    let candidates = [
        data.to_path_buf(),
        data.join("styles_val.csv"),
        data.join("styles.csv"),
    ];
    candidates
        .into_iter()
        .find(|path| path.is_file())
        .ok_or_else(|| Error::Data {
            path: data.to_path_buf(),
            problem: "expected styles_val.csv or styles.csv, with images/ beside it".to_owned(),
        })
}

fn read(table: &Path) -> Result<Catalogue> {
    let invalid = |e: csv::Error| Error::Data {
        path: table.to_path_buf(),
        problem: format!("expected a table with the columns id and baseColour: {e}"),
    };
    // Product names hold stray commas: the columns read here come before them.
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_path(table)
        .map_err(invalid)?;
    let images = table.with_file_name("images");
    let mut catalogue = Catalogue::default();
    for row in reader.deserialize() {
        let Row {
            id,
            base_colour: label,
        } = row.map_err(invalid)?;
        let photo = images.join(format!("{id}.jpg"));
        // The public archive names a few photos that it does not hold.
        if !photo.is_file() {
            continue;
        }
        match base_colour(&label).and_then(|entry| Some((entry.basic?, entry.name))) {
            Some((basic, name)) => {
                catalogue.samples.push(Sample { photo, basic, name });
                catalogue.labels.insert(label, basic);
            }
            None => *catalogue.unmapped.entry(label).or_default() += 1,
        }
    }
    Ok(catalogue)
}

/// A photo and its colours, at least one.
fn colors_of(path: &Path) -> Result<(RgbImage, DominantColors), String> {
    let photo = wardrobe_ingest::load(path)
        .map_err(|error| error.to_string())?
        .image;
    let colors = segment(&photo).and_then(|found| DominantColors::of(&photo, &found));
    let colors = colors.map_err(|error| format!("{}: {error}", path.display()))?;
    match colors.named().is_empty() {
        true => Err(format!("{}: no colour", path.display())),
        false => Ok((photo, colors)),
    }
}

/// What a tagger believes of each photo's main colour; nothing without one.
fn beliefs(
    tagger: Option<(&Classifier, &Tagger)>,
    photos: &[&RgbImage],
) -> Result<Vec<Vec<(BasicColor, f32)>>> {
    let Some((classifier, tagger)) = tagger else {
        return Ok(Vec::new());
    };
    let seen = classifier.classify(photos)?.into_iter();
    seen.map(|seen| Ok(tagger.tag(&seen.descriptors)?.color.probabilities))
        .collect()
}

fn report(catalogue: Catalogue, outcomes: &[Outcome], failed: Vec<String>) -> Result<Report> {
    let named: Vec<(ColorName, Color)> = outcomes
        .iter()
        .filter_map(|o| Some((o.name?, o.found[0])))
        .collect();
    let n = outcomes.len();
    let found = |count| {
        let hits = outcomes.iter().filter(|o| o.is_hit(&o.found, count));
        hits.count()
    };
    let stored = |count| {
        let stored = outcomes
            .iter()
            .map(|o| o.stored.as_ref().map(|s| o.is_hit(s, count)));
        let right: Option<Vec<bool>> = stored.collect();
        right.map(|right| right.into_iter().filter(|right| *right).count())
    };
    let hits = named
        .iter()
        .filter(|(name, found)| found.name == *name)
        .count();
    let differences: Vec<f64> = named
        .iter()
        .map(|(name, found)| f64::from(delta_e(found.hex, name.srgb())))
        .collect();
    let mean = |drawn: &mut dyn Iterator<Item = usize>| {
        let (sum, count) = drawn.fold((0.0, 0_usize), |(sum, count), i| {
            (sum + differences[i], count + 1)
        });
        sum / count as f64
    };
    let mut ci95 = BTreeMap::from([
        ("top1_basic", wilson_ci95(found(1), n)?),
        ("top2_basic", wilson_ci95(found(2), n)?),
        ("top1", wilson_ci95(hits, named.len())?),
        (
            "mean_delta_e",
            Bootstrap::default()
                .ci95(named.len(), |drawn| Some(mean(&mut drawn.iter().copied())))?
                .interval,
        ),
    ]);
    for (name, hits) in [
        ("stored_top1_basic", stored(1)),
        ("stored_top2_basic", stored(2)),
    ] {
        if let Some(hits) = hits {
            ci95.insert(name, wilson_ci95(hits, n)?);
        }
    }
    let share = |hits: usize| hits as f64 / n as f64;
    let metrics = Metrics {
        top1_basic: share(found(1)),
        top2_basic: share(found(2)),
        top1: hits as f64 / named.len() as f64,
        mean_delta_e: mean(&mut (0..named.len())),
        stored_top1_basic: stored(1).map(share),
        stored_top2_basic: stored(2).map(share),
    };
    Ok(Report {
        metrics,
        n: outcomes.len(),
        n_named: named.len(),
        ci95,
        confused: confused(outcomes)?,
        labels: catalogue.labels,
        unmapped: catalogue.unmapped,
        failed,
    })
}

/// The ten most frequent confusions of basic colours, as stored where a tagger named them too.
fn confused(outcomes: &[Outcome]) -> Result<Vec<(BasicColor, BasicColor, usize)>> {
    let truth: Vec<usize> = outcomes.iter().map(|o| o.basic as usize).collect();
    let found: Vec<usize> = outcomes
        .iter()
        .map(|o| o.stored.as_ref().unwrap_or(&o.found)[0].name.basic() as usize)
        .collect();
    let pairs = confused_pairs(&confusion(&truth, &found, BasicColor::ALL.len())?, 10);
    Ok(pairs
        .into_iter()
        .map(|pair| {
            (
                BasicColor::ALL[pair.truth],
                BasicColor::ALL[pair.predicted],
                pair.count,
            )
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardrobe_ingest::image::Rgb;

    /// Writes a catalogue of 64 px squares on white: (id, colour drawn, name in the table).
    fn catalogue(folder: &Path, table: &str, rows: &[(&str, [u8; 3], &str)]) {
        std::fs::create_dir_all(folder.join("images")).unwrap();
        let mut text = "id,gender,articleType,baseColour,productDisplayName\n".to_owned();
        for (id, color, name) in rows {
            text += &format!("{id},Men,Tshirts,{name},Plain, with a stray comma\n");
            let photo = RgbImage::from_fn(64, 64, |x, y| {
                let inside = (16..48).contains(&x) && (16..48).contains(&y);
                Rgb(if inside { *color } else { [255; 3] })
            });
            photo.save(folder.join(format!("images/{id}.jpg"))).unwrap();
        }
        std::fs::write(
            folder.join(table),
            text + "404,Men,Tshirts,Red,Not in the archive\n",
        )
        .unwrap();
    }

    #[test]
    fn a_catalogue_counted_by_hand() {
        let folder = tempfile::tempdir().unwrap();
        let [red, navy, green] =
            [ColorName::Red, ColorName::Navy, ColorName::Green].map(|n| n.srgb().to_array());
        let rows = [
            ("1", red, "Red"),
            ("2", red, "Red"),
            ("3", navy, "Blue"),       // right among the basics, another name
            ("4", green, "Red"),       // wrong
            ("5", green, "Sea Green"), // a basic without a palette name
            ("6", green, "Multi"),
        ];
        catalogue(folder.path(), "styles.csv", &rows);
        let report = colors(folder.path(), None, &mut |_| ()).unwrap();
        assert_eq!((report.n, report.n_named), (5, 4));
        assert_eq!((report.metrics.top1_basic, report.metrics.top1), (0.8, 0.5));
        assert_eq!(report.confused, [(BasicColor::Red, BasicColor::Green, 1)]);
        assert_eq!(report.unmapped, BTreeMap::from([("Multi".to_owned(), 1)]));
        assert!(report.ci95["top1_basic"].contains(0.8) && report.failed.is_empty());
        let far = delta_e(ColorName::Navy.srgb(), ColorName::Blue.srgb())
            + delta_e(ColorName::Green.srgb(), ColorName::Red.srgb());
        // JPEG moves the plain colours by less than one ΔE.
        assert!(
            (report.metrics.mean_delta_e - f64::from(far) / 4.0).abs() < 1.0,
            "{:?}",
            report.metrics
        );
    }

    #[test]
    fn a_broken_photo_is_reported_and_the_val_table_is_preferred() {
        let folder = tempfile::tempdir().unwrap();
        catalogue(folder.path(), "styles.csv", &[("9", [0, 0, 0], "White")]);
        catalogue(
            folder.path(),
            "styles_val.csv",
            &[("1", [20, 20, 20], "Black"), ("2", [20, 20, 20], "Black")],
        );
        std::fs::write(folder.path().join("images/2.jpg"), "no photo").unwrap();
        let mut skipped = 0;
        let mut count = |event| skipped += usize::from(matches!(event, Event::Skipped { .. }));
        let report = colors(folder.path(), None, &mut count).unwrap();
        assert_eq!((report.n, report.failed.len(), skipped), (1, 1, 1));
        assert!(report.failed[0].contains("2.jpg"), "{}", report.failed[0]);
        assert_eq!(report.metrics.top1, 1.0);
    }

    #[test]
    fn the_second_colour_counts_where_two_do() {
        let folder = tempfile::tempdir().unwrap();
        catalogue(
            folder.path(),
            "styles.csv",
            &[("1", [20, 20, 20], "Red"), ("2", [20, 20, 20], "Red")],
        );
        let striped = RgbImage::from_fn(64, 64, |x, y| {
            let inside = (16..48).contains(&x) && (16..48).contains(&y);
            Rgb(match (inside, y % 8 < 3) {
                (false, _) => [255; 3],
                (true, true) => [206, 55, 62],
                (true, false) => [20; 3],
            })
        });
        striped.save(folder.path().join("images/1.jpg")).unwrap();
        let report = colors(folder.path(), None, &mut |_| ()).unwrap();
        assert_eq!(
            (report.metrics.top1_basic, report.metrics.top2_basic),
            (0.0, 0.5)
        );
    }

    #[test]
    fn a_folder_without_a_table_says_what_is_expected() {
        let folder = tempfile::tempdir().unwrap();
        let error = colors(folder.path(), None, &mut |_| ())
            .unwrap_err()
            .to_string();
        assert!(error.contains("styles.csv"), "{error}");
    }
}
