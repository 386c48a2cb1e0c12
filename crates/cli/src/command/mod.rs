//! The commands, a file each.

pub mod add_photo;
pub mod completions;
pub mod data;
pub mod duplicates;
pub mod edit;
pub mod eval;
pub mod export;
pub mod feedback;
pub mod import;
pub mod ingest;
pub mod inspect;
mod inspected;
pub mod list;
pub mod man;
pub mod preferences;
pub mod recommend;
pub mod remove;
pub mod report;
pub mod restore;
pub mod score;
pub mod search;
pub mod settings;
pub mod show;
pub mod similar;
pub mod train;
pub mod wear;
pub mod weights;

use anyhow::Result;

use crate::args::Command;
use crate::context::Context;
use crate::failure::Status;

/// Runs the command asked for.
pub fn run(command: Command, context: &Context) -> Result<Status> {
    match command {
        Command::Ingest(args) => ingest::run(args, context),
        Command::List(args) => list::run(args, context),
        Command::Show(args) => show::run(args, context),
        Command::Edit(args) => edit::run(args, context),
        Command::AddPhoto(args) => add_photo::run(args, context),
        Command::Duplicates(args) => duplicates::run(args, context),
        Command::Remove(args) => remove::run(args, context),
        Command::Restore(args) => restore::run(args, context),
        Command::Search(args) => search::run(args, context),
        Command::Similar(args) => similar::run(args, context),
        Command::Recommend(args) => recommend::run(args, context),
        Command::Wear(args) => wear::run(args, context),
        Command::Feedback(args) => feedback::run(args, context),
        Command::Preferences(args) => preferences::run(args, context),
        Command::Score(args) => score::run(args, context),
        Command::Report(args) => report::run(args, context),
        Command::Settings(args) => settings::run(args, context),
        Command::Export(args) => export::run(args, context),
        Command::Import(args) => import::run(args, context),
        Command::Inspect(args) => inspect::run(args, context),
        Command::Data(args) => data::run(args, context),
        Command::Eval(args) => eval::run(args, context),
        Command::Train(args) => train::run(args, context),
        Command::Weights(args) => weights::run(args, context),
        Command::Completions(args) => completions::run(args, context),
        Command::Man(args) => man::run(args, context),
    }
}
