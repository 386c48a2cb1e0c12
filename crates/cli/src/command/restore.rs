//! `wardrobe restore`

use anyhow::Result;
use serde::Serialize;
use wardrobe_types::Garment;

use crate::context::Context;
use crate::failure::{self, Status};
use crate::{server, table};

/// Bring removed garments back, with all that was known of them
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  wardrobe list --removed\n  wardrobe restore 3fa9c1")]
pub struct Args {
    /// The garments' ids, or the beginnings of them
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
}

#[derive(Serialize)]
struct Document {
    restored: Vec<Garment>,
    failed: Vec<failure::Failed>,
}

pub fn run(args: Args, context: &Context) -> Result<Status> {
    let mut wardrobe = context.wardrobe_to_change()?;
    let (restored, failed) = failure::each(args.ids, context, |id| wardrobe.restore(id));
    server::deliver(&wardrobe, context)?;
    let document = Document { restored, failed };
    context
        .out
        .answer(&document, || match document.restored.as_slice() {
            [] => String::new(),
            garments => table::garments(context.out, garments),
        })?;
    Ok(Status::of(document.restored.len(), document.failed.len()))
}
