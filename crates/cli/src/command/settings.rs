//! `wardrobe settings`

use anyhow::Result;
use wardrobe_types::Hemisphere;

use crate::context::Context;
use crate::failure::Status;

/// Show or change what holds for the whole wardrobe
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  wardrobe settings\n  wardrobe settings --hemisphere south")]
pub struct Args {
    /// Where you live, which tells `recommend` the season: north, south, or equator for none
    #[arg(long)]
    hemisphere: Option<Hemisphere>,
}

pub fn run(args: Args, context: &Context) -> Result<Status> {
    let settings = match args.hemisphere {
        None => context.wardrobe_to_read()?.settings()?,
        Some(hemisphere) => {
            let mut wardrobe = context.wardrobe()?;
            let mut settings = wardrobe.settings()?;
            settings.hemisphere = hemisphere;
            wardrobe.set(&settings)?;
            settings
        }
    };
    context
        .out
        .answer(&settings, || format!("hemisphere {}", settings.hemisphere))?;
    Ok(Status::Done)
}
