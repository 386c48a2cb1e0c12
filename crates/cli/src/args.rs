//! The command line's grammar: global flags and the list of commands.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::command::{
    add_photo, completions, data, duplicates, edit, eval, export, feedback, import, ingest,
    inspect, list, man, preferences, recommend, remove, report, restore, score, search, settings,
    show, similar, train, wear, weights,
};
use crate::server::{self, Store};

const EXAMPLES: &str = "\
Examples:
  wardrobe ingest photos/ && wardrobe recommend
  wardrobe list --slot shoes --color brown
  wardrobe search red summer dress
  wardrobe recommend --formality business --temperature 8 --rain --html lookbook.html
  wardrobe edit 3fa9c1 --category chinos --color navy
  wardrobe wear 3fa9c1 77b0d2 a81c04
  wardrobe export wardrobe.zip
  wardrobe list --json | jq '.garments[].category'

Exit status: 0 all done, 1 failed, 2 bad usage, 3 some inputs failed and the rest is done.";

/// Turns photos of clothes into a searchable wardrobe and into outfits worth wearing.
#[derive(Debug, Parser)]
#[command(name = "wardrobe", version, after_help = EXAMPLES, subcommand_required = true)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// Flags every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// The wardrobe's folder [default: the platform's data folder + wardrobe]
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "WARDROBE_HOME",
        hide_env_values = true
    )]
    pub home: Option<PathBuf>,
    /// Print one JSON document and nothing else
    #[arg(long, global = true)]
    pub json: bool,
    /// Where models run: auto, cpu, cuda or cuda:N
    #[arg(long, global = true, default_value = "auto", value_parser = device)]
    pub device: String,
    /// Threads to work with [default: one a core]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
    /// A folder to look for weights in first, or the classifier's file
    #[arg(long, global = true, value_name = "DIR")]
    pub weights: Option<PathBuf>,
    /// A file of CLIP's weights instead of the usual ones; `quickgelu` in its name tells that edition
    #[arg(long, global = true, value_name = "FILE")]
    pub clip: Option<PathBuf>,
    /// The file of a garment detector instead of the usual one; `none` takes each photo to show one garment
    #[arg(long, global = true, value_name = "FILE")]
    pub detector: Option<PathBuf>,
    /// The file of an outfit scorer, as `train compat` wrote it for the embedder in use, instead of the usual one
    #[arg(long, global = true, value_name = "FILE")]
    pub scorer: Option<PathBuf>,
    /// Never open a network connection
    #[arg(long, global = true)]
    pub offline: bool,
    /// Where vectors are kept: sqlite, or also on a server that `similar` and `search` ask, as chroma:http://localhost:8000
    ///
    /// The wardrobe's own database holds everything either way. What a server does not take now, it is sent the next
    /// time. WARDROBE_CHROMA_TOKEN, WARDROBE_CHROMA_TENANT and WARDROBE_CHROMA_DATABASE say how to get in and which
    /// database to use there. With --offline, no server is asked.
    #[arg(
        long,
        global = true,
        value_name = "STORE",
        env = "WARDROBE_STORE",
        hide_env_values = true,
        default_value = "sqlite",
        value_parser = server::parse
    )]
    pub store: Store,
    /// No progress and no warnings
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Tell the causes of errors and every warning
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Ingest(ingest::Args),
    List(list::Args),
    Show(show::Args),
    Edit(edit::Args),
    AddPhoto(add_photo::Args),
    Duplicates(duplicates::Args),
    Remove(remove::Args),
    Restore(restore::Args),
    Search(search::Args),
    Similar(similar::Args),
    Recommend(recommend::Args),
    Wear(wear::Args),
    Feedback(feedback::Args),
    Preferences(preferences::Args),
    Score(score::Args),
    Report(report::Args),
    Settings(settings::Args),
    Export(export::Args),
    Import(import::Args),
    Inspect(inspect::Args),
    Data(data::Args),
    Eval(eval::Args),
    Train(train::Args),
    Weights(weights::Args),
    Completions(completions::Args),
    Man(man::Args),
}

fn device(name: &str) -> Result<String, String> {
    let numbered = |n: &str| !n.is_empty() && n.bytes().all(|digit| digit.is_ascii_digit());
    match name {
        "auto" | "cpu" | "cuda" => Ok(name.into()),
        _ if name.strip_prefix("cuda:").is_some_and(numbered) => Ok(name.into()),
        _ => Err("expected auto, cpu, cuda or cuda:N".into()),
    }
}
