//! `wardrobe duplicates`

use std::path::PathBuf;

use anyhow::Result;
use serde::Serialize;
use wardrobe::{LookAlike, Shot};

use crate::command::recommend::write_png;
use crate::context::Context;
use crate::failure::Status;
use crate::table;

/// Show photos that look alike, which may be of one garment
///
/// `wardrobe add-photo ID OTHER` makes one garment of two, `wardrobe remove ID` removes one.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  wardrobe duplicates\n  wardrobe duplicates --picture pairs.png"
)]
pub struct Args {
    /// Write the pairs as one picture, side by side, three pairs a row
    #[arg(long, value_name = "FILE.png")]
    picture: Option<PathBuf>,
}

#[derive(Serialize)]
struct Document {
    pairs: Vec<LookAlike>,
}

pub fn run(args: Args, context: &Context) -> Result<Status> {
    let wardrobe = context.wardrobe_to_read()?;
    let document = Document {
        pairs: wardrobe.look_alikes()?,
    };
    if document.pairs.is_empty() {
        context.note("no two photos look alike");
    }
    if let Some(path) = &args.picture {
        match wardrobe.look_alikes_picture(&document.pairs)? {
            Some(picture) => write_png(path, &picture, context)?,
            None => context.note(format_args!("so no picture in {}", path.display())),
        }
    }
    context.out.answer(&document, || {
        if document.pairs.is_empty() {
            return String::new();
        }
        let mut table = table::table(&["bits", "photo", "garments", "looks like", "garments"]);
        for LookAlike { bits, photos } in &document.pairs {
            let [first, second] = photos;
            table.add_row([
                bits.to_string(),
                second.name.clone(),
                ids(second),
                first.name.clone(),
                ids(first),
            ]);
        }
        table::trimmed(&table)
    })?;
    Ok(Status::Done)
}

fn ids(shot: &Shot) -> String {
    let ids: Vec<&str> = shot
        .garments
        .iter()
        .map(|garment| garment.id.as_str())
        .collect();
    ids.join(" ")
}
