//! `wardrobe list`

use anyhow::Result;
use serde::Serialize;
use wardrobe::{ColorQuery, Filter};
use wardrobe_types::{Category, Garment, Season, Slot, Style};

use crate::context::Context;
use crate::failure::Status;
use crate::{table, words};

/// List the garments, all or those that pass every filter given
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  wardrobe list --slot shoes\n  wardrobe list --color blue --season summer\n  wardrobe list --text \"navy shirt\" --json\n  wardrobe list --removed"
)]
pub struct Args {
    /// top, bottom, outerwear, shoes or accessory
    #[arg(long)]
    slot: Option<Slot>,
    /// A category, as in t-shirt
    #[arg(long, value_parser = words::category)]
    category: Option<Category>,
    /// A basic colour (blue: every blue) or one of the palette's names (navy)
    #[arg(long, value_name = "COLOUR")]
    color: Option<ColorQuery>,
    /// spring, summer, fall or winter
    #[arg(long)]
    season: Option<Season>,
    /// A style, as in casual
    #[arg(long)]
    style: Option<Style>,
    /// Words that must all be in the garment's description
    #[arg(long)]
    text: Option<String>,
    /// The garments that were removed instead: `wardrobe restore ID` brings one back
    #[arg(long)]
    removed: bool,
    /// Only garments of which it is unsure what they are: `edit ID --category NAME` settles it
    #[arg(long)]
    unsure: bool,
}

#[derive(Serialize)]
struct Document {
    garments: Vec<Garment>,
}

pub fn run(args: Args, context: &Context) -> Result<Status> {
    let Args {
        slot,
        category,
        color,
        season,
        style,
        text,
        unsure,
        removed,
    } = args;
    let filter = Filter {
        slot,
        category,
        color,
        season,
        style,
        text,
        unsure,
    };
    let wardrobe = context.wardrobe_to_read()?;
    let garments = if removed {
        let mut garments = wardrobe.removed()?;
        garments.retain(|garment| filter.matches(garment));
        garments
    } else {
        wardrobe.garments(&filter)?
    };
    if garments.is_empty() {
        context.note("no garments: `wardrobe ingest PHOTOS` adds some, or loosen the filters");
    }
    let document = Document { garments };
    context
        .out
        .answer(&document, || match document.garments.as_slice() {
            [] => String::new(),
            garments => table::garments(context.out, garments),
        })?;
    Ok(Status::Done)
}
