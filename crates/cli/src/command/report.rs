//! `wardrobe report`

use std::path::PathBuf;

use anyhow::Result;
use serde::Serialize;
use wardrobe::Filter;

use crate::command::recommend::{Wishes, write};
use crate::context::Context;
use crate::failure::Status;

/// Write the wardrobe and its best outfits as one self-contained page with pictures
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  wardrobe report lookbook.html --season winter")]
pub struct Args {
    /// The page
    #[arg(value_name = "FILE.html")]
    file: PathBuf,
    #[command(flatten)]
    wishes: Wishes,
}

#[derive(Serialize)]
struct Document {
    file: String,
    bytes: usize,
    garments: usize,
    outfits: usize,
}

pub fn run(args: Args, context: &Context) -> Result<Status> {
    let wardrobe = context.wardrobe_to_read()?;
    let answer = args.wishes.ask(&wardrobe)?;
    let outfits = answer.outfits;
    if let Some(assumption) = answer.assumption {
        context.note(assumption);
    }
    let page = wardrobe.report_page(&outfits)?;
    write(&args.file, page.as_bytes())?;
    let document = Document {
        file: args.file.display().to_string(),
        bytes: page.len(),
        garments: wardrobe.garments(&Filter::default())?.len(),
        outfits: outfits.outfits.len(),
    };
    context.out.answer(&document, || {
        let Document {
            file,
            garments,
            outfits,
            ..
        } = &document;
        format!("{file}: {garments} garments, {outfits} outfits")
    })?;
    Ok(Status::Done)
}
