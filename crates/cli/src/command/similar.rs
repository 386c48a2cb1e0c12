//! `wardrobe similar`

use std::path::Path;

use anyhow::Result;
use serde::Serialize;
use wardrobe::{Similar, Target};

use crate::context::Context;
use crate::failure::Status;
use crate::{server, table};

/// Find garments by looks
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  wardrobe similar 3fa9c1\n  wardrobe similar seen-in-a-shop.jpg -n 3"
)]
pub struct Args {
    /// A garment's id or the beginning of it, or a photo
    #[arg(value_name = "ID-or-PHOTO")]
    target: String,
    /// How many
    #[arg(short, long, default_value_t = 10)]
    number: usize,
}

#[derive(Serialize)]
struct Document {
    garments: Vec<Similar>,
}

pub fn run(args: Args, context: &Context) -> Result<Status> {
    let wardrobe = context.wardrobe_to_read()?;
    // A file of that name is meant; an id is twelve digits without an extension.
    let target = match Path::new(&args.target) {
        path if path.exists() || path.extension().is_some() => Target::Photo(path.into()),
        _ => Target::Garment(args.target),
    };
    server::deliver_before_asking(&wardrobe, context)?;
    let document = Document {
        garments: wardrobe.similar(&target, args.number)?,
    };
    context.out.answer(&document, || {
        let mut table = table::table(&[
            "score",
            "id",
            "garment",
            "colours",
            "slot",
            "formality",
            "seasons",
        ]);
        for Similar { garment, score } in &document.garments {
            let mut row = table::row(context.out, garment);
            row.insert(0, format!("{score:.3}"));
            table.add_row(row);
        }
        table::trimmed(&table)
    })?;
    Ok(Status::Done)
}
