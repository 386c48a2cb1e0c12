//! Photos with tags: what data sets say of a garment's pattern, fit, formality, seasons and styles, each in its own words.
//!
//! | layout | told by | photos |
//! |---|---|---|
//! | catalogue | `styles_train.csv`, `styles_val.csv` | `images/ID.jpg` |
//! | Fashionpedia | `instances_attributes_train2020.json` and `..._val2020.json`, or COCO's `annotations_train.json` and `annotations_val.json` with `attributes` | `train/`, `test/`, `images/`, `photos/` |
//! | iMaterialist 2018 | `train.json`, `validation.json` (or `val.json`) | `images/train/ID.jpg`, `images/validation/ID.jpg` |

mod fashionpedia;
mod imaterialist;
mod styles_csv;

use super::{Picture, Split};
use crate::error::{Error, Result};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use wardrobe_types::labels::{TagValue, agreed_pattern};
use wardrobe_types::{BasicColor, Fit, Formality, Pattern, Season, Style};

/// Problems named in an error; the rest are counted.
const NAMED: usize = 3;

/// What is known of a garment; a data set that says nothing of a tag leaves it `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tags {
    /// The pattern.
    pub pattern: Option<Pattern>,
    /// The fit.
    pub fit: Option<Fit>,
    /// How formal it is.
    pub formality: Option<Formality>,
    /// All seasons it is for.
    pub seasons: Option<Vec<Season>>,
    /// All styles it has of those that the data set tells.
    pub styles: Option<Vec<Style>>,
    /// What the data set calls its main colour.
    pub color: Option<BasicColor>,
}

impl Tags {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What several labels say together: seasons and styles add up; where labels say different fits or formalities, or
    /// patterns beyond [`agreed_pattern`], none of them counts.
    fn of(values: &[TagValue]) -> Self {
        let seasons: Vec<Season> = picked(values, |value| match value {
            TagValue::Season(season) => Some(season),
            _ => None,
        });
        let styles: Vec<Style> = picked(values, |value| match value {
            TagValue::Style(style) => Some(style),
            _ => None,
        });
        Self {
            pattern: agreed_pattern(picked(values, |value| match value {
                TagValue::Pattern(pattern) => Some(pattern),
                _ => None,
            })),
            fit: only(picked(values, |value| match value {
                TagValue::Fit(fit) => Some(fit),
                _ => None,
            })),
            formality: only(picked(values, |value| match value {
                TagValue::Formality(formality) => Some(formality),
                _ => None,
            })),
            seasons: (!seasons.is_empty()).then_some(seasons),
            styles: (!styles.is_empty()).then_some(styles),
            color: None,
        }
    }
}

/// The values of one kind, each once.
fn picked<T: PartialEq>(values: &[TagValue], of_kind: impl Fn(TagValue) -> Option<T>) -> Vec<T> {
    let mut picked = Vec::new();
    for value in values.iter().filter_map(|&value| of_kind(value)) {
        if !picked.contains(&value) {
            picked.push(value);
        }
    }
    picked
}

fn only<T: Copy>(values: Vec<T>) -> Option<T> {
    match values[..] {
        [value] => Some(value),
        _ => None,
    }
}

/// A garment with tags.
#[derive(Clone, Debug, PartialEq)]
pub struct TagSample {
    /// Where it is to be seen.
    pub picture: Picture,
    /// What kind of garment the data set says it is, in its own words: what the lookup baseline looks up.
    pub kind: Option<String>,
    /// What is known of it.
    pub tags: Tags,
}

/// Photos with tags.
#[derive(Clone, Debug, Default)]
pub struct TagSet {
    /// Those of which something is known.
    pub samples: Vec<TagSample>,
    /// Labels that have no tag here, as `usage: Ethnic`, and on how many garments they are.
    pub unmapped: BTreeMap<String, usize>,
    /// Photos that the data set names and that are not there: not downloaded, most often.
    pub missing: usize,
    /// What is wrong: labels that do not exist, boxes that are none, photos that cannot be read.
    pub problems: Vec<String>,
}

impl TagSet {
    /// One part of a data set, in any of the layouts above. `None` where there is no such part.
    ///
    /// # Errors
    /// A folder in none of the layouts, a table that cannot be read, anything that [`TagSet::problems`] would list, no
    /// photo of which anything is known.
    pub fn split(path: &Path, split: Split) -> Result<Option<Self>> {
        let Some(set) = Self::read(path, split)? else {
            return Ok(None);
        };
        let failed = |problem: String| Error::Data {
            path: path.to_path_buf(),
            problem,
        };
        if !set.problems.is_empty() {
            let named = set.problems[..set.problems.len().min(NAMED)].join("; ");
            let rest = match set.problems.len().saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(" (and {more} more: `wardrobe data verify` lists them)"),
            };
            return Err(failed(named + &rest));
        }
        if set.samples.is_empty() {
            let (unmapped, missing) = (set.unmapped.len(), set.missing);
            return Err(failed(format!(
                "no photo with a tag in its {} part: {missing} photos are not there, {unmapped} labels have no tag",
                split.name()
            )));
        }
        Ok(Some(set))
    }

    /// As [`TagSet::split`], with what is wrong listed in place of an error.
    ///
    /// # Errors
    /// A folder in none of the layouts, a table that cannot be read at all.
    pub fn read(path: &Path, split: Split) -> Result<Option<Self>> {
        if styles_csv::is_at(path) {
            styles_csv::read(path, split)
        } else if fashionpedia::is_at(path) {
            fashionpedia::read(path, split)
        } else if imaterialist::is_at(path) {
            imaterialist::read(path, split)
        } else {
            Err(Error::Data {
                path: path.to_path_buf(),
                problem: EXPECTED.to_owned(),
            })
        }
    }

    /// Counts a label that says nothing of our tags.
    fn count_unmapped(&mut self, group: &str, label: &str) {
        let key = format!("{group}: {label}");
        *self.unmapped.entry(key).or_default() += 1;
    }
}

const EXPECTED: &str = "no photos with tags: expected styles_train.csv or styles_val.csv with images/ (catalogue), \
                        instances_attributes_train2020.json, annotations_train.json or their val parts with photos \
                        (Fashionpedia, COCO with attributes), or train.json, validation.json or val.json with images/ \
                        (iMaterialist 2018)";

/// The first of a folder's files by these names that is there.
fn first_file(folder: &Path, names: &[&str]) -> Option<PathBuf> {
    let mut paths = names.iter().map(|name| folder.join(name));
    paths.find(|path| path.is_file())
}
