//! `wardrobe weights`: what models there are, getting them, checking them, converting them.

mod convert;
mod list;
mod pull;
mod verify;

use anyhow::Result;

use crate::context::Context;
use crate::failure::Status;

const EXAMPLES: &str = "\
Examples:
  wardrobe weights list
  wardrobe weights pull openclip-vit-b32
  HF_ENDPOINT=https://hf-mirror.com wardrobe weights pull --all
  wardrobe weights verify
  wardrobe weights convert yolov8n.pt yolov8n.safetensors --dtype f16

Weights are looked for in --weights or $WARDROBE_WEIGHTS, in the checkout's weights/, in the cache, in Python's
huggingface_hub cache, and in the program itself. A weights.toml in the first of these or in the settings folder adds
your own; weights/README.md says how.

Pulling heeds HF_ENDPOINT (a mirror), HF_TOKEN, HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE and HF_HUB_DOWNLOAD_TIMEOUT. No other
command opens a connection.";

/// List, fetch, check and convert the weights of models
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// What there is, under which licence, and where it is or how to get it
    #[command(after_help = "Example:\n  wardrobe weights list --json | jq -r '.weights[].name'")]
    List,
    Pull(pull::Args),
    Verify(verify::Args),
    Convert(convert::Args),
}

pub fn run(args: Args, context: &Context) -> Result<Status> {
    match args.action {
        Action::List => list::run(context),
        Action::Pull(args) => pull::run(args, context),
        Action::Verify(args) => verify::run(args, context),
        Action::Convert(args) => convert::run(args, context),
    }
}

/// A size in megabytes, as download pages give it.
fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
