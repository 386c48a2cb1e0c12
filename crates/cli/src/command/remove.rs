//! `wardrobe remove`

use anyhow::Result;
use serde::Serialize;
use wardrobe_types::Garment;

use crate::context::Context;
use crate::failure::{self, Status};
use crate::{server, table};

/// Remove garments; `wardrobe restore` brings them back
///
/// Their photos are kept until they are purged. A removed garment stays removed when its photo is taken in again. The id of
/// a further photo, as `show` lists it, removes that photo alone. The file a photo was taken in from is never touched.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  wardrobe remove 3fa9c1 77b0d2\n  wardrobe restore 3fa9c1\n  wardrobe remove --purge"
)]
pub struct Args {
    /// The garments' ids, or the beginnings of them
    #[arg(required_unless_present = "purge", value_name = "ID")]
    ids: Vec<String>,
    /// For good, with the wardrobe's copies of the photos; without ids, all that were removed before
    #[arg(long)]
    purge: bool,
}

#[derive(Serialize)]
struct Document {
    removed: Vec<Garment>,
    failed: Vec<failure::Failed>,
    /// Whether they are gone for good.
    purged: bool,
}

pub fn run(args: Args, context: &Context) -> Result<Status> {
    let mut wardrobe = context.wardrobe_to_change()?;
    let (removed, failed) = match (args.purge, args.ids.is_empty()) {
        (true, true) => (wardrobe.purge_removed()?, Vec::new()),
        (true, false) => failure::each(args.ids, context, |id| wardrobe.purge(id)),
        (false, _) => failure::each(args.ids, context, |id| wardrobe.remove(id)),
    };
    server::deliver(&wardrobe, context)?;
    let document = Document {
        removed,
        failed,
        purged: args.purge,
    };
    context.out.answer(&document, || text(&document, context))?;
    Ok(Status::of(document.removed.len(), document.failed.len()))
}

fn text(document: &Document, context: &Context) -> String {
    let removed = document.removed.as_slice();
    let Some(first) = removed.first() else {
        return String::new();
    };
    let garments = table::garments(context.out, removed);
    let how = if document.purged {
        "removed for good".to_owned()
    } else {
        format!("removed; `wardrobe restore {}` brings it back", first.id)
    };
    format!("{garments}\n\n{} {how}", removed.len())
}
