//! `wardrobe data prepare phone-like`

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context as _, Result};
use serde::Serialize;
use wardrobe_train::data::PerSplit;
use wardrobe_train::data::cut_paste::phone_like::{Options, generate};

use crate::context::Context;
use crate::failure::Status;
use crate::progress;

/// Pictures on a contact sheet.
const SHOWN: usize = 48;

/// Lay a catalogue's products on the grounds of photos taken at home (styles.csv and images/ again)
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  wardrobe data prepare phone-like --data clothing --catalogue products --out phone\n  wardrobe data prepare phone-like --data clothing --catalogue products --out phone --seed 2 --preview sheet.png\n\nThe new catalogue holds the products that stand out from their white ground, with the rows they had; it is read wherever the\nold one is. Train products lie on train photos' grounds, val products on val photos'."
)]
pub struct Args {
    /// Photos of one garment each, taken at home, with a train and a val part; may be given several times
    #[arg(long, value_name = "DIR", required = true)]
    data: Vec<PathBuf>,
    /// The catalogue: styles_train.csv, styles_val.csv, images/
    #[arg(long, value_name = "DIR")]
    catalogue: PathBuf,
    /// Photos without garments as further grounds
    #[arg(long, value_name = "DIR", num_args = 1..)]
    backgrounds: Vec<PathBuf>,
    /// A new folder to write to
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The same seed and data give the same files
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
    /// Also draw some of the pictures on one sheet, to look at
    #[arg(long, value_name = "FILE.png")]
    preview: Option<PathBuf>,
}

#[derive(Serialize)]
struct Document {
    data: PathBuf,
    pictures: PerSplit<usize>,
    /// Products of the catalogue that have a photo.
    products: PerSplit<usize>,
    seconds: f64,
}

pub fn run(args: Args, context: &Context) -> Result<Status> {
    let start = Instant::now();
    let options = Options {
        data: args.data,
        catalogue: args.catalogue,
        backgrounds: args.backgrounds,
        seed: args.seed,
    };
    let bar = progress::bar(context.quiet);
    let made = generate(&options, &args.out, &mut progress::watch(&bar, context));
    bar.finish_and_clear();
    let made = made?;
    if let Some(file) = args.preview {
        made.preview(SHOWN)?
            .save(&file)
            .with_context(|| format!("{}: cannot write the preview", file.display()))?;
    }
    let document = Document {
        data: args.out,
        pictures: PerSplit {
            train: made.pictures.train.len(),
            val: made.pictures.val.len(),
        },
        products: made.products,
        seconds: start.elapsed().as_secs_f64(),
    };
    context.out.answer(&document, || {
        let (pictures, products) = (document.pictures, document.products);
        format!(
            "{} pictures to learn from, {} to measure on, in {:.1} s\n{} of {} products stand out from their ground\n{}",
            pictures.train,
            pictures.val,
            document.seconds,
            pictures.train + pictures.val,
            products.train + products.val,
            document.data.display()
        )
    })?;
    Ok(Status::Done)
}
