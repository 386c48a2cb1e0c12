//! `wardrobe data prepare cut-paste`

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context as _, Result};
use serde::Serialize;
use wardrobe_train::data::PerSplit;
use wardrobe_train::data::cut_paste::{Made, Options, generate, preview};
use wardrobe_train::data::detection::DetectionSet;

use crate::context::Context;
use crate::failure::Status;
use crate::progress;

/// Pictures on a contact sheet.
const SHOWN: usize = 36;
/// Of as many pictures to learn from, one to measure on.
const VAL_EVERY: usize = 10;

/// Compose pictures of several garments from photos of one, with true boxes (YOLO layout)
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  wardrobe data prepare cut-paste --data clothing --catalogue products --out made -n 20000 --whole 2000\n  wardrobe data prepare cut-paste --data clothing --out try -n 60 --preview sheet.png\n\nThe data needs a train and a val part with a folder of photos for each label; each is made of its own photos alone."
)]
pub struct Args {
    /// Photos of one garment each; may be given several times
    #[arg(long, value_name = "DIR", required = true)]
    data: Vec<PathBuf>,
    /// A catalogue (styles_train.csv, styles_val.csv, images/) to cut bags, shoes and hats from; may be given several times
    #[arg(long, value_name = "DIR")]
    catalogue: Vec<PathBuf>,
    /// Photos without garments to paste on, beside the data's own grounds
    #[arg(long, value_name = "DIR", num_args = 1..)]
    backgrounds: Vec<PathBuf>,
    /// A new folder to write to
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Pictures to compose for training
    #[arg(short, long, value_name = "N", default_value_t = 5000)]
    number: usize,
    /// Pictures to compose for validation [default: a tenth of -n]
    #[arg(long, value_name = "N")]
    val: Option<usize>,
    /// Photos to take as they are, with the box of their garment; a tenth as many for validation
    #[arg(long, value_name = "N", default_value_t = 0)]
    whole: usize,
    /// The same seed and data give the same files
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
    /// Also draw some of the pictures with their boxes, to look at
    #[arg(long, value_name = "FILE.png")]
    preview: Option<PathBuf>,
}

#[derive(Serialize)]
struct Document {
    data: PathBuf,
    pictures: PerSplit<usize>,
    /// Boxes by class.
    boxes: PerSplit<BTreeMap<String, usize>>,
    /// Photos of the data whose garment is surely told from its ground.
    sure: PerSplit<usize>,
    photos: PerSplit<usize>,
    seconds: f64,
}

pub fn run(args: Args, context: &Context) -> Result<Status> {
    let start = Instant::now();
    let tenth = |count: usize| count.div_ceil(VAL_EVERY);
    let options = Options {
        data: args.data,
        catalogues: args.catalogue,
        backgrounds: args.backgrounds,
        pictures: PerSplit {
            train: args.number,
            val: args.val.unwrap_or(tenth(args.number)),
        },
        whole: PerSplit {
            train: args.whole,
            val: tenth(args.whole),
        },
        seed: args.seed,
    };
    let bar = progress::bar(context.quiet);
    let made = generate(&options, &args.out, &mut progress::watch(&bar, context));
    bar.finish_and_clear();
    let made = made?;
    if let Some(file) = args.preview {
        preview(&made.parts.train, SHOWN)?
            .save(&file)
            .with_context(|| format!("{}: cannot write the preview", file.display()))?;
    }
    let document = document(made, start);
    context.out.answer(&document, || text(&document))?;
    Ok(Status::Done)
}

fn document(made: Made, start: Instant) -> Document {
    let PerSplit { train, val } = &made.parts;
    Document {
        data: made.file,
        pictures: PerSplit {
            train: train.photos.len(),
            val: val.photos.len(),
        },
        boxes: PerSplit {
            train: by_name(train),
            val: by_name(val),
        },
        sure: made.sure,
        photos: made.photos,
        seconds: start.elapsed().as_secs_f64(),
    }
}

fn by_name(set: &DetectionSet) -> BTreeMap<String, usize> {
    set.names
        .iter()
        .cloned()
        .zip(set.boxes_by_class())
        .collect()
}

fn text(document: &Document) -> String {
    let mut text = format!(
        "{} pictures to learn from, {} to measure on, in {:.1} s\n{} of {} photos show a garment that stands out from its ground\nboxes\n",
        document.pictures.train,
        document.pictures.val,
        document.seconds,
        document.sure.train + document.sure.val,
        document.photos.train + document.photos.val,
    );
    for (name, boxes) in &document.boxes.train {
        let _ = writeln!(text, "  {name:10} {boxes}");
    }
    let _ = write!(text, "{}", document.data.display());
    text
}
