//! `wardrobe inspect`: one stage alone.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::Serialize;
use wardrobe::{Clip, ModelOptions, Models, contact_sheet, draw, inspect, thumbnail};

use crate::command::inspected::{Classified, Colors, Detected, Embedded, Quality, Row, TagsFound};
use crate::context::Context;
use crate::failure::Status;
use crate::{output, progress, table};

/// Run one stage alone on photos; nothing is stored
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  wardrobe inspect quality photos/\n  wardrobe inspect classify shirt.jpg -k 3 --json\n  wardrobe inspect colors shirt.jpg\n  wardrobe inspect tags shirt.jpg --json\n  wardrobe inspect detect outfit.jpg --draw boxes.png\n  wardrobe inspect embed shirt.jpg --text \"a striped shirt\" --json"
)]
pub struct Args {
    #[command(subcommand)]
    stage: Stage,
}

#[derive(Debug, clap::Subcommand)]
enum Stage {
    /// Resolution, sharpness and exposure
    #[command(
        after_help = "Example:\n  wardrobe inspect quality photos/ --json | jq '.photos[] | select(.ok | not)'"
    )]
    Quality(Photos),
    /// The garments in each photo, with their boxes
    #[command(
        after_help = "Examples:\n  wardrobe inspect detect outfit.jpg --draw boxes.png\n  wardrobe inspect detect photos/ --detector yolov8s.pt --json"
    )]
    Detect {
        #[command(flatten)]
        photos: Photos,
        /// Also draw the boxes: one photo in full, several as a contact sheet
        #[arg(long, value_name = "OUT.png")]
        draw: Option<PathBuf>,
    },
    /// The most likely categories of the garment in each photo
    #[command(after_help = "Example:\n  wardrobe inspect classify shirt.jpg -k 3")]
    Classify {
        #[command(flatten)]
        photos: Photos,
        /// How many categories
        #[arg(short, default_value_t = 5, value_name = "K")]
        k: usize,
    },
    /// The dominant colours of the garment in each photo, named by its pixels alone; `ingest` asks the tagger too
    #[command(
        after_help = "Example:\n  wardrobe inspect colors photos/ --json | jq '.photos[].colors[0].hex'"
    )]
    Colors(Photos),
    /// Pattern, fit, formality, seasons and styles of the garment in each photo, with their probabilities
    #[command(
        after_help = "Examples:\n  wardrobe inspect tags shirt.jpg\n  wardrobe inspect tags photos/ --json"
    )]
    Tags {
        #[command(flatten)]
        photos: Photos,
        /// The tagger's file instead of the usual one, as `train tag` wrote it for the classifier in use
        #[arg(long, value_name = "FILE")]
        tagger: Option<PathBuf>,
    },
    /// The embedding of the garment in each photo, or of texts; by CLIP where its weights are at hand
    #[command(
        after_help = "Examples:\n  wardrobe inspect embed photos/ --json\n  wardrobe inspect embed shirt.jpg --text \"a striped shirt\" --text \"a red dress\" --json"
    )]
    Embed {
        /// Photos, or folders of them
        #[arg(required_unless_present = "text", value_name = "PATH")]
        paths: Vec<PathBuf>,
        /// Words to embed, comparable with photos; several times for several texts. Needs CLIP's weights
        #[arg(long, value_name = "TEXT")]
        text: Vec<String>,
    },
}

#[derive(Debug, clap::Args)]
struct Photos {
    /// Photos, or folders of them
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

#[derive(Serialize)]
struct PhotosDocument<T> {
    photos: Vec<T>,
}

#[derive(Serialize)]
struct ItemsDocument<T> {
    items: Vec<T>,
}

pub fn run(args: Args, context: &Context) -> Result<Status> {
    let bar = progress::bar(context.quiet);
    bar.set_message("photos");
    let watch: inspect::Watch = &|done, total| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
        if done == total {
            bar.finish_and_clear();
        }
    };
    match args.stage {
        Stage::Quality(Photos { paths }) => {
            let rows = rows(inspect::quality(&paths, watch), Quality::new);
            tell(
                PhotosDocument { photos: rows },
                |document| &document.photos,
                context,
            )
        }
        Stage::Colors(Photos { paths }) => {
            let found = inspect::colors(&paths, watch);
            let rows = rows(found, Colors::new);
            tell(
                PhotosDocument { photos: rows },
                |document| &document.photos,
                context,
            )
        }
        Stage::Detect { photos, draw } => {
            let found = inspect::detect(&context.detector()?, &photos.paths, watch);
            if let Some(file) = draw {
                save_drawn(&found, &file)?;
            }
            let rows = rows(found, Detected::new);
            tell(
                PhotosDocument { photos: rows },
                |document| &document.photos,
                context,
            )
        }
        Stage::Classify { photos, k } => {
            let models = Models::load(context.models())?;
            let looks = inspect::looks(&models, &photos.paths, watch)?;
            let rows = rows(looks, |path, look| Classified::new(path, look, k));
            tell(
                PhotosDocument { photos: rows },
                |document| &document.photos,
                context,
            )
        }
        Stage::Tags { photos, tagger } => {
            let models = Models::load(&ModelOptions {
                tagger,
                ..context.models().clone()
            })?;
            models.tagger().context(
                "no tagger for this classifier: `wardrobe train tag --weights FILE` trains one",
            )?;
            let rows = rows(
                inspect::looks(&models, &photos.paths, watch)?,
                TagsFound::new,
            );
            tell(
                PhotosDocument { photos: rows },
                |document| &document.photos,
                context,
            )
        }
        Stage::Embed { paths, text } => {
            let rows = embed(&paths, &text, watch, context)?;
            tell(
                ItemsDocument { items: rows },
                |document| &document.items,
                context,
            )
        }
    }
}

/// The photos' detections on a picture.
fn save_drawn(found: &[inspect::Inspected<inspect::Detected>], file: &Path) -> Result<()> {
    let good: Vec<_> = found
        .iter()
        .filter_map(|(path, found)| Some((path, found.as_ref().ok()?)))
        .collect();
    let drawn = |(path, found): &(&PathBuf, &inspect::Detected)| {
        anyhow::Ok(draw(&inspect::photo(path)?, &found.detections))
    };
    let picture = match good.as_slice() {
        // Nothing could be read, as is told beside this.
        [] => return Ok(()),
        [one] => drawn(one)?,
        several => {
            let small = |one| anyhow::Ok(thumbnail(&drawn(one)?)?);
            contact_sheet(&several.iter().map(small).collect::<Result<Vec<_>>>()?)?
        }
    };
    picture.save(file).with_context(|| {
        format!(
            "{}: cannot write the picture; name a .png or .jpg file in a folder that is there",
            file.display()
        )
    })
}

fn embed(
    paths: &[PathBuf],
    texts: &[String],
    watch: inspect::Watch,
    context: &Context,
) -> Result<Vec<Embedded>> {
    let clip = Clip::find(context.models())?;
    let mut embedded = Vec::new();
    if !paths.is_empty() {
        let found = inspect::embeddings(context.models(), clip.as_ref(), paths, watch)?;
        embedded = rows(found, Embedded::photo);
    }
    if !texts.is_empty() {
        let clip = clip.with_context(|| {
            let weights = Clip::WEIGHTS;
            format!("no CLIP weights to embed texts with: `wardrobe weights pull {weights}`, or name a file with --clip")
        })?;
        let borrowed: Vec<&str> = texts.iter().map(String::as_str).collect();
        let embeddings = clip.embed_texts(&borrowed)?;
        embedded.extend(texts.iter().cloned().zip(embeddings).map(Embedded::text));
    }
    Ok(embedded)
}

fn rows<T, R>(
    inspected: Vec<inspect::Inspected<T>>,
    row: impl Fn(String, Result<T, String>) -> R,
) -> Vec<R> {
    let rows = inspected.into_iter().map(|(path, found)| {
        row(
            path.display().to_string(),
            found.map_err(|error| error.to_string()),
        )
    });
    rows.collect()
}

/// Prints the rows, the failed ones on standard error.
fn tell<D: Serialize, R: Row>(
    document: D,
    rows: impl Fn(&D) -> &Vec<R>,
    context: &Context,
) -> Result<Status> {
    let (mut good, mut bad) = (0, 0);
    for row in rows(&document) {
        match row.error() {
            Some(error) => {
                bad += 1;
                output::to_stderr(format_args!("error: {error}"));
            }
            None => good += 1,
        }
    }
    context.out.answer(&document, || {
        if good == 0 {
            return String::new();
        }
        let mut table = table::table(R::HEADINGS);
        let rows = rows(&document).iter();
        for row in rows.filter(|row| row.error().is_none()) {
            table.add_row(row.cells(context.out));
        }
        table::trimmed(&table)
    })?;
    Ok(Status::of(good, bad))
}
