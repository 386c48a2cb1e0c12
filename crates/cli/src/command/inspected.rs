//! The rows of `wardrobe inspect`, as JSON and as text.

use std::collections::BTreeMap;

use serde::Serialize;
use wardrobe::quality::{Blur, Exposure, QualityReport, Warning};
use wardrobe::{Look, Prediction, inspect};
use wardrobe_types::{
    BasicColor, BoxXyxy, Category, Color, ColorName, EmbedderId, Embedding, Fit, Formality,
    Pattern, Rgb8, Season, Style,
};

use crate::output::Output;
use crate::table;

/// One photo's row.
pub trait Row {
    /// Why the stage failed on it, if it did.
    fn error(&self) -> Option<&str>;
    /// What its cells are, for people.
    const HEADINGS: &[&str];
    /// The row for people.
    fn cells(&self, out: Output) -> Vec<String>;
}

/// `inspect quality`; what could not be measured is null.
#[derive(Serialize)]
pub struct Quality {
    path: String,
    ok: bool,
    width: Option<u32>,
    height: Option<u32>,
    blur: Option<Blur>,
    exposure: Option<Exposure>,
    contrast: Option<f32>,
    warnings: Vec<Warning>,
    error: Option<String>,
}

impl Quality {
    pub fn new(path: String, found: Result<QualityReport, String>) -> Self {
        let (report, error) = split(found);
        let measured = report.as_ref();
        Self {
            path,
            ok: measured.is_some_and(|report| report.ok),
            width: measured.map(|report| report.width),
            height: measured.map(|report| report.height),
            blur: measured.map(|report| report.blur),
            exposure: measured.map(|report| report.exposure),
            contrast: measured.map(|report| report.contrast),
            warnings: report.map(|report| report.warnings).unwrap_or_default(),
            error,
        }
    }
}

impl Row for Quality {
    const HEADINGS: &[&str] = &["photo", "size", "sharpness", "verdict"];

    fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    fn cells(&self, _: Output) -> Vec<String> {
        let verdict = match (self.ok, self.warnings.as_slice()) {
            (true, []) => "good".to_owned(),
            (ok, warnings) => {
                let words: Vec<&str> = warnings.iter().map(|w| w.message.as_str()).collect();
                format!("{}{}", if ok { "" } else { "rejected: " }, words.join("; "))
            }
        };
        let size = self
            .width
            .zip(self.height)
            .map(|(w, h)| format!("{w} x {h}"))
            .unwrap_or_default();
        let sharpness = self.blur.map(|blur| blur.value).unwrap_or_default();
        let sharpness = format!("{sharpness:.0}");
        vec![self.path.clone(), size, sharpness, verdict]
    }
}

/// `inspect detect`
#[derive(Serialize)]
pub struct Detected {
    path: String,
    width: Option<u32>,
    height: Option<u32>,
    detections: Vec<Found>,
    error: Option<String>,
}

#[derive(Serialize)]
struct Found {
    bbox: BoxXyxy,
    class: String,
    confidence: f32,
}

impl Detected {
    pub fn new(path: String, found: Result<inspect::Detected, String>) -> Self {
        let (found, error) = split(found);
        let size = found.as_ref().map(|found| (found.width, found.height));
        let detections = found.map(|found| found.detections).unwrap_or_default();
        let found = |d: wardrobe::Detection| Found {
            bbox: d.bbox,
            class: d.class.into_owned(),
            confidence: d.confidence,
        };
        Self {
            path,
            width: size.map(|(width, _)| width),
            height: size.map(|(_, height)| height),
            detections: detections.into_iter().map(found).collect(),
            error,
        }
    }
}

impl Row for Detected {
    const HEADINGS: &[&str] = &["photo", "garments"];

    fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    fn cells(&self, _: Output) -> Vec<String> {
        let found = |f: &Found| {
            let [x0, y0, x1, y1] = <[f32; 4]>::from(f.bbox);
            let percent = f.confidence * 100.0;
            format!(
                "{} {percent:.0} % at {x0:.0},{y0:.0} to {x1:.0},{y1:.0}",
                f.class
            )
        };
        let found: Vec<String> = self.detections.iter().map(found).collect();
        let words = match found.is_empty() {
            true => "nothing".to_owned(),
            false => found.join(", "),
        };
        vec![self.path.clone(), words]
    }
}

/// `inspect classify`
#[derive(Serialize)]
pub struct Classified {
    path: String,
    top: Vec<Guess>,
    error: Option<String>,
}

#[derive(Serialize)]
struct Guess {
    category: Category,
    confidence: f32,
}

impl Classified {
    pub fn new(path: String, found: Result<Look, String>, k: usize) -> Self {
        let (look, error) = split(found);
        let predictions = look.map(|look| look.predictions).unwrap_or_default();
        let top = predictions.into_iter().take(k);
        let guess = |p: Prediction| Guess {
            category: p.category,
            confidence: p.confidence,
        };
        Self {
            path,
            top: top.map(guess).collect(),
            error,
        }
    }
}

impl Row for Classified {
    const HEADINGS: &[&str] = &["photo", "categories"];

    fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    fn cells(&self, _: Output) -> Vec<String> {
        let percent = |p: &Guess| format!("{} {:.0} %", p.category, p.confidence * 100.0);
        let top: Vec<String> = self.top.iter().map(percent).collect();
        vec![self.path.clone(), top.join(", ")]
    }
}

/// `inspect tags`; a tag that the tagger did not learn is null.
#[derive(Serialize)]
pub struct TagsFound {
    path: String,
    pattern: Told<Option<Pattern>>,
    fit: Told<Option<Fit>>,
    formality: Option<Formality>,
    seasons: Told<Vec<Season>>,
    styles: Told<Vec<Style>>,
    error: Option<String>,
}

/// A tag, and how likely each of its labels is.
#[derive(Serialize)]
struct Told<T> {
    value: T,
    probabilities: BTreeMap<String, f32>,
}

impl TagsFound {
    pub fn new(path: String, found: Result<Look, String>) -> Self {
        let (look, error) = split(found);
        let tags = look.map(|look| look.tags).unwrap_or_default();
        Self {
            path,
            pattern: told(tags.pattern.value, tags.pattern.probabilities),
            fit: told(tags.fit.value, tags.fit.probabilities),
            formality: tags.formality,
            seasons: told(tags.seasons.values, tags.seasons.probabilities),
            styles: told(tags.styles.values, tags.styles.probabilities),
            error,
        }
    }
}

fn told<T, L: ToString>(value: T, probabilities: Vec<(L, f32)>) -> Told<T> {
    let probabilities = probabilities.into_iter();
    Told {
        value,
        probabilities: probabilities
            .map(|(label, p)| (label.to_string(), p))
            .collect(),
    }
}

impl Row for TagsFound {
    const HEADINGS: &[&str] = &["photo", "pattern", "fit", "formality", "seasons", "styles"];

    fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    fn cells(&self, _: Output) -> Vec<String> {
        let formality = self.formality.map(|f| format!("{:.2}", f.value()));
        vec![
            self.path.clone(),
            likely(&self.pattern.value, &self.pattern.probabilities),
            likely(&self.fit.value, &self.fit.probabilities),
            formality.unwrap_or_default(),
            likely(&self.seasons.value, &self.seasons.probabilities),
            likely(&self.styles.value, &self.styles.probabilities),
        ]
    }
}

/// Labels with their probabilities: `striped 81 %`.
fn likely<'a, L: ToString + 'a>(
    labels: impl IntoIterator<Item = &'a L>,
    probabilities: &BTreeMap<String, f32>,
) -> String {
    let words = labels.into_iter().filter_map(|label| {
        let name = label.to_string();
        let percent = probabilities.get(&name)? * 100.0;
        Some(format!("{name} {percent:.0} %"))
    });
    words.collect::<Vec<_>>().join(", ")
}

/// `inspect colors`
#[derive(Serialize)]
pub struct Colors {
    path: String,
    colors: Vec<NamedColor>,
    error: Option<String>,
    #[serde(skip)]
    found: Vec<Color>,
}

#[derive(Serialize)]
struct NamedColor {
    name: ColorName,
    basic: BasicColor,
    hex: Rgb8,
    fraction: f32,
}

impl Colors {
    pub fn new(path: String, found: Result<Vec<Color>, String>) -> Self {
        let (found, error) = split(found);
        let found = found.unwrap_or_default();
        let named = found.iter().map(
            |&Color {
                 name,
                 hex,
                 fraction,
             }| {
                NamedColor {
                    name,
                    basic: name.basic(),
                    hex,
                    fraction,
                }
            },
        );
        Self {
            path,
            colors: named.collect(),
            error,
            found,
        }
    }
}

impl Row for Colors {
    const HEADINGS: &[&str] = &["photo", "colours"];

    fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    fn cells(&self, out: Output) -> Vec<String> {
        vec![self.path.clone(), table::swatches(out, &self.found)]
    }
}

/// `inspect embed`: a photo or a text.
#[derive(Serialize)]
pub struct Embedded {
    #[serde(flatten)]
    of: Embeddable,
    model: Option<EmbedderId>,
    embedding: Vec<f32>,
    error: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
enum Embeddable {
    Path(String),
    Text(String),
}

impl Embedded {
    pub fn photo(path: String, found: Result<Embedding, String>) -> Self {
        let (found, error) = split(found);
        Self {
            of: Embeddable::Path(path),
            model: found.as_ref().map(|embedding| embedding.embedder().clone()),
            embedding: found.map(Embedding::into_values).unwrap_or_default(),
            error,
        }
    }

    pub fn text((text, embedding): (String, Embedding)) -> Self {
        Self {
            of: Embeddable::Text(text),
            model: Some(embedding.embedder().clone()),
            embedding: embedding.into_values(),
            error: None,
        }
    }
}

impl Row for Embedded {
    const HEADINGS: &[&str] = &["photo or text", "model", "length", "values"];

    fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    fn cells(&self, _: Output) -> Vec<String> {
        let model = self
            .model
            .as_ref()
            .map(EmbedderId::as_str)
            .unwrap_or_default();
        let first: Vec<String> = self
            .embedding
            .iter()
            .take(4)
            .map(|v| format!("{v:+.3}"))
            .collect();
        let (Embeddable::Path(of) | Embeddable::Text(of)) = &self.of;
        let values = format!("{} ...", first.join(" "));
        vec![
            of.clone(),
            model.to_owned(),
            self.embedding.len().to_string(),
            values,
        ]
    }
}

fn split<T>(found: Result<T, String>) -> (Option<T>, Option<String>) {
    match found {
        Ok(found) => (Some(found), None),
        Err(error) => (None, Some(error)),
    }
}
