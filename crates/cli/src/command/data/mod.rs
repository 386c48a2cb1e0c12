//! `wardrobe data`

mod cut_paste;

use anyhow::Result;

use crate::context::Context;
use crate::failure::Status;

/// Prepare, check and describe data sets
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  wardrobe data prepare cut-paste --data clothing --out made -n 20000 --preview sheet.png"
)]
pub struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, clap::Subcommand)]
enum Task {
    /// Make a data set ready to train on
    #[command(subcommand)]
    Prepare(Prepare),
}

#[derive(Debug, clap::Subcommand)]
enum Prepare {
    CutPaste(cut_paste::Args),
}

pub fn run(args: Args, context: &Context) -> Result<Status> {
    match args.task {
        Task::Prepare(Prepare::CutPaste(args)) => cut_paste::run(args, context),
    }
}
