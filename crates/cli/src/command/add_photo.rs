//! `wardrobe add-photo`

use std::path::Path;

use anyhow::Result;

use crate::command::show;
use crate::context::Context;
use crate::failure::Status;
use crate::server;

/// Add further photos to a garment, as of its back, or make one garment of two
///
/// The garment stays what its first photo shows. `similar` and `search` take the photo of it that fits best. Of several
/// garments in a photo, the one that looks most like it is taken.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  wardrobe add-photo 3fa9c1 back.jpg label.jpg\n  wardrobe add-photo 3fa9c1 77b0d2    the two are the same garment\n  wardrobe add-photo --undo 77b0d2    they are not"
)]
pub struct Args {
    /// The garment's id, or the beginning of it
    #[arg(required_unless_present = "undo")]
    id: Option<String>,
    /// Photos of it, or ids of garments that are the same
    #[arg(value_name = "PHOTO-or-ID", required_unless_present = "undo")]
    photos: Vec<String>,
    /// Make a garment of its own again of a photo, by its id as `show` lists it
    #[arg(long, value_name = "ID", conflicts_with_all = ["id", "photos"])]
    undo: Option<String>,
}

pub fn run(args: Args, context: &Context) -> Result<Status> {
    let mut wardrobe = context.wardrobe_to_change()?;
    let mut id = args.id.unwrap_or_default();
    if let Some(photo) = args.undo {
        id = wardrobe.split(&photo)?.id.to_string();
    }
    for photo in &args.photos {
        // A file of that name is meant; an id is twelve digits without an extension.
        let path = Path::new(photo);
        if path.exists() || path.extension().is_some() {
            wardrobe.add_photo(&id, path)?;
        } else {
            wardrobe.join(&id, photo)?;
        }
    }
    server::deliver(&wardrobe, context)?;
    let details = wardrobe.details(&id)?;
    context
        .out
        .answer(&details, || show::text(&details, &wardrobe, context.out))?;
    Ok(Status::Done)
}
