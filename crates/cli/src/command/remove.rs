//! `wardrobe remove`

use anyhow::Result;
use serde::Serialize;
use wardrobe_types::Garment;

use crate::context::Context;
use crate::failure::{self, Status};
use crate::{server, table};

/// Remove garments, and each photo with the last garment on it
///
/// The wardrobe's copy of the photo is removed, never the file it was taken in from.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  wardrobe remove 3fa9c1 77b0d2")]
pub struct Args {
    /// The garments' ids, or the beginnings of them
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
}

#[derive(Serialize)]
struct Document {
    removed: Vec<Garment>,
    failed: Vec<Failed>,
}

#[derive(Serialize)]
struct Failed {
    id: String,
    error: String,
}

pub fn run(args: Args, context: &Context) -> Result<Status> {
    let mut wardrobe = context.wardrobe_to_change()?;
    let mut document = Document {
        removed: Vec::new(),
        failed: Vec::new(),
    };
    for id in args.ids {
        match wardrobe.remove(&id) {
            Ok(garment) => document.removed.push(garment),
            Err(error) => {
                document.failed.push(Failed {
                    id,
                    error: error.to_string(),
                });
                failure::report(&error.into(), context.verbose);
            }
        }
    }
    server::deliver(&wardrobe, context)?;
    context
        .out
        .answer(&document, || match document.removed.as_slice() {
            [] => String::new(),
            removed => format!(
                "{}\n\n{} removed",
                table::garments(context.out, removed),
                removed.len()
            ),
        })?;
    Ok(Status::of(document.removed.len(), document.failed.len()))
}
