//! `wardrobe export`

use std::path::PathBuf;

use anyhow::{Result, bail};
use indicatif::HumanBytes;
use wardrobe::Wardrobe;

use crate::context::Context;
use crate::failure::Status;
use crate::progress;

/// Write everything into one archive: photos, garments, corrections, wear, taste and settings
///
/// It is a zip file that `wardrobe import` restores byte for byte. The wardrobe may be in use meanwhile.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  wardrobe export wardrobe.zip\n  wardrobe --home copy import wardrobe.zip"
)]
pub struct Args {
    /// The archive
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Replace a file that is there
    #[arg(long)]
    force: bool,
}

pub fn run(args: Args, context: &Context) -> Result<Status> {
    let home = context.home()?;
    if !Wardrobe::exists(&home)? {
        bail!(
            "no wardrobe in {}: name its folder with --home, or `wardrobe ingest PHOTOS` first",
            home.display()
        );
    }
    let wardrobe = context.wardrobe_to_read()?;
    let cancel = progress::stop_on_ctrl_c("stopping; nothing is written")?;
    let bar = progress::bytes(context.quiet).with_message("the wardrobe");
    let exported = wardrobe.export(&args.file, args.force, &cancel, |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    let exported = exported?;
    for file in &exported.missing {
        context.note(format_args!(
            "warning: {file} is missing from the wardrobe's folder, and so from the archive"
        ));
    }
    context.out.answer(&exported, || {
        format!(
            "{}: {} photos, {} garments, {}",
            args.file.display(),
            exported.photos,
            exported.garments,
            HumanBytes(exported.bytes)
        )
    })?;
    Ok(Status::Done)
}
