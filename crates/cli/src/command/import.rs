//! `wardrobe import`

use std::path::PathBuf;

use anyhow::Result;
use indicatif::HumanBytes;
use wardrobe::Wardrobe;

use crate::context::Context;
use crate::failure::Status;
use crate::{progress, server};

/// Restore a wardrobe from an archive of `wardrobe export`
///
/// The wardrobe's folder must be empty or not there. All is unpacked aside and checked first: nothing is left half done.
/// With `--store chroma:URL`, the server is then sent the vectors.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  wardrobe --home restored import wardrobe.zip")]
pub struct Args {
    /// The archive
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub fn run(args: Args, context: &Context) -> Result<Status> {
    let home = context.home()?;
    let cancel = progress::stop_on_ctrl_c("stopping; nothing is restored")?;
    let bar = progress::bytes(context.quiet).with_message("the archive");
    let imported = Wardrobe::import(&home, &args.file, &cancel, |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    let imported = imported?;
    for file in &imported.missing {
        context.note(format_args!(
            "warning: {file} was missing already when the archive was made"
        ));
    }
    if context.has_server() {
        server::deliver(&context.wardrobe()?, context)?;
    }
    context.out.answer(&imported, || {
        format!(
            "{}: {} photos, {} garments, {}",
            home.display(),
            imported.photos,
            imported.garments,
            HumanBytes(imported.bytes)
        )
    })?;
    Ok(Status::Done)
}
