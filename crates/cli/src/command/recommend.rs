//! `wardrobe recommend`

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context as _, Result};
use image::RgbImage;
use serde::Serialize;
use wardrobe::{Date, Filter, Outfit, Outfits, Request, Wardrobe, describe};
use wardrobe_types::{Formality, GarmentId, Hemisphere, Season, Style};

use crate::context::Context;
use crate::day::day;
use crate::failure::Status;
use crate::output::Output;
use crate::table;

/// Recommend outfits of what is in the wardrobe
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  wardrobe recommend\n  wardrobe recommend -n 3 --formality business --temperature 8 --rain\n  wardrobe recommend --with 3fa9c1 --seed 2\n  wardrobe recommend --not-worn-days 7 --season any\n  wardrobe recommend --html lookbook.html --collage lookbook.png"
)]
pub struct Args {
    #[command(flatten)]
    wishes: Wishes,
    /// Write the outfits as a self-contained page with pictures
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write the outfits as one picture, a .png or .jpg file
    #[arg(long, value_name = "FILE.png", value_parser = picture_path)]
    collage: Option<PathBuf>,
}

/// What outfits are wanted.
#[derive(Debug, clap::Args)]
pub struct Wishes {
    /// How many outfits
    #[arg(short, long, default_value_t = 5)]
    number: usize,
    /// casual, smart-casual, business, formal, or a number from 0 to 1
    #[arg(long)]
    formality: Option<Formality>,
    /// spring, summer, fall or winter; any for no season [default: that of the date, unless a temperature is given]
    #[arg(long)]
    season: Option<SeasonWish>,
    /// Where you are, for the season: north, south or equator [default: as in `wardrobe settings`]
    #[arg(long)]
    hemisphere: Option<Hemisphere>,
    /// The day to dress for: today, or a date as in 2026-11-23
    #[arg(long, value_name = "DAY", value_parser = day, default_value = "today")]
    date: Date,
    /// The temperature outside, in degrees Celsius
    #[arg(long, value_name = "C", allow_negative_numbers = true)]
    temperature: Option<f32>,
    /// It rains
    #[arg(long)]
    rain: bool,
    /// A style, as in casual
    #[arg(long)]
    style: Option<Style>,
    /// A garment every outfit must have; may be given several times
    #[arg(long, value_name = "ID")]
    with: Vec<GarmentId>,
    /// A garment no outfit may have; may be given several times
    #[arg(long, value_name = "ID")]
    without: Vec<GarmentId>,
    /// Leave out what was worn in the last N days, that day included; 0 leaves out nothing [default: tops and dresses of
    /// today and yesterday, as long as there are others]
    #[arg(long, value_name = "N")]
    not_worn_days: Option<u32>,
    /// Another number gives other outfits; the same gives the same
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// How many outfits to try
    #[arg(long, value_name = "N", default_value_t = 500)]
    candidates: usize,
}

/// A season, or none in particular.
#[derive(Debug, Clone, Copy)]
enum SeasonWish {
    Any,
    In(Season),
}

impl FromStr for SeasonWish {
    type Err = wardrobe_types::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "any" => Ok(Self::Any),
            season => season.parse().map(Self::In),
        }
    }
}

/// The outfits, and how they came about.
#[derive(Serialize)]
pub struct Answer {
    #[serde(flatten)]
    pub outfits: Outfits,
    /// Whether the season was not asked for, but follows from the date.
    season_assumed: bool,
    /// The same in words.
    #[serde(skip)]
    pub assumption: Option<String>,
}

impl Wishes {
    /// Asks the wardrobe.
    pub fn ask(self, wardrobe: &Wardrobe) -> Result<Answer> {
        let mut settings = wardrobe.settings()?;
        if let Some(hemisphere) = self.hemisphere {
            settings.hemisphere = hemisphere;
        }
        let assumed = match (self.season, self.temperature) {
            (None, None) => settings.season(self.date),
            _ => None,
        };
        let season = match self.season {
            Some(SeasonWish::In(season)) => Some(season),
            _ => assumed,
        };
        let request = Request {
            n: self.number,
            candidates: self.candidates,
            seed: self.seed,
            formality: self.formality,
            season,
            temperature: self.temperature,
            rain: self.rain,
            not_worn_days: self.not_worn_days,
            style: self.style,
            with: self.with,
            without: self.without,
            ..Request::default()
        };
        let outfits = wardrobe.recommend_on(self.date, &request)?;
        let assumption = assumed.map(|season| {
            let (day, hemisphere) = (self.date, settings.hemisphere);
            format!(
                "dressed for {season}, as on {day} in the {hemisphere}: --season or --temperature says otherwise, `wardrobe settings --hemisphere` where you live"
            )
        });
        Ok(Answer {
            outfits,
            season_assumed: assumption.is_some(),
            assumption,
        })
    }
}

pub fn run(args: Args, context: &Context) -> Result<Status> {
    let wardrobe = context.wardrobe_to_read()?;
    let answer = args.wishes.ask(&wardrobe)?;
    let outfits = &answer.outfits;
    if let Some(path) = &args.html {
        write(path, wardrobe.outfits_page(outfits)?.as_bytes())?;
        context.note(format_args!("wrote {}", path.display()));
    }
    if let Some(path) = &args.collage {
        write_collage(path, &wardrobe, outfits, context)?;
    }
    if outfits.outfits.is_empty() && wardrobe.garments(&Filter::default())?.is_empty() {
        context.note("the wardrobe is empty: `wardrobe ingest PHOTOS` fills it");
    }
    if outfits.unsure > 0 {
        context.note(format_args!(
            "{} left out, as it is unsure what they are: `wardrobe list --unsure` shows them, `wardrobe edit ID --category NAME` settles it",
            outfits.unsure
        ));
    }
    context.out.answer(&answer, || text(&answer, context.out))?;
    Ok(Status::Done)
}

fn write_collage(
    path: &Path,
    wardrobe: &Wardrobe,
    outfits: &Outfits,
    context: &Context,
) -> Result<()> {
    let Some(picture) = wardrobe.collage(outfits)? else {
        context.note(format_args!(
            "no outfits, so no picture in {}",
            path.display()
        ));
        return Ok(());
    };
    write_png(path, &picture, context)
}

/// Writes a picture the user has named, and says so.
pub fn write_png(path: &Path, picture: &RgbImage, context: &Context) -> Result<()> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture
        .write_to(&mut bytes, image::ImageFormat::from_path(path)?)
        .context("cannot encode the picture")?;
    write(path, bytes.get_ref())?;
    context.note(format_args!("wrote {}", path.display()));
    Ok(())
}

/// A file whose name says how to write it.
fn picture_path(text: &str) -> Result<PathBuf, String> {
    match image::ImageFormat::from_path(text) {
        Ok(image::ImageFormat::Png | image::ImageFormat::Jpeg) => Ok(text.into()),
        _ => Err("expected the name of a .png or .jpg file".to_owned()),
    }
}

/// Writes a file the user has named.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes).map_err(|source| {
        let message = format!(
            "cannot write {}: {source}; choose another place",
            path.display()
        );
        anyhow::Error::new(source).context(message)
    })
}

fn text(answer: &Answer, out: Output) -> String {
    let outfits = &answer.outfits;
    let mut text = String::new();
    let names = outfits.outfits.iter().flat_map(|outfit| &outfit.items);
    let width = names.map(|garment| describe(garment).chars().count()).max();
    for (place, outfit) in outfits.outfits.iter().enumerate() {
        let _ = writeln!(text, "{}", one(place + 1, outfit, width.unwrap_or(0), out));
    }
    if let Some(reason) = &outfits.reason {
        let _ = writeln!(text, "{reason}");
    }
    if let Some(assumption) = &answer.assumption {
        let _ = writeln!(text, "{assumption}");
    }
    text
}

fn one(place: usize, outfit: &Outfit, width: usize, out: Output) -> String {
    let scored = &outfit.scored;
    let terms = [
        ("colour", scored.breakdown.color),
        ("formality", scored.breakdown.formality),
        ("combination", scored.breakdown.category),
        ("learned", scored.breakdown.learned),
        ("taste", scored.breakdown.preference),
        ("rotation", scored.breakdown.rotation),
    ];
    let terms: Vec<String> = terms
        .iter()
        .filter_map(|(name, value)| Some(format!("{name} {:.2}", (*value)?)))
        .collect();
    let mut text = format!(
        "{place}. {:.2}  ({})  {}\n",
        scored.score,
        terms.join(", "),
        outfit.id
    );
    for garment in &outfit.items {
        let colors = table::swatches(out, &garment.colors);
        let _ = writeln!(
            text,
            "   {}  {:width$}  {colors}",
            garment.id,
            describe(garment)
        );
    }
    for reason in &scored.explanation {
        let _ = writeln!(text, "   - {reason}");
    }
    text
}
