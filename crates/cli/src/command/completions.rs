//! `wardrobe completions`

use anyhow::{Context as _, Result};
use clap::CommandFactory;
use clap_complete::Shell;
use serde::Serialize;

use crate::args::Cli;
use crate::context::Context;
use crate::failure::Status;

/// Print the script that lets a shell complete commands and flags
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  wardrobe completions bash > ~/.local/share/bash-completion/completions/wardrobe\n  wardrobe completions zsh > ~/.zfunc/_wardrobe        # with fpath+=~/.zfunc before compinit in ~/.zshrc\n  wardrobe completions fish > ~/.config/fish/completions/wardrobe.fish\n  wardrobe completions powershell >> $PROFILE"
)]
pub struct Args {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

#[derive(Serialize)]
struct Document {
    shell: String,
    script: String,
}

pub fn run(args: Args, context: &Context) -> Result<Status> {
    let mut script = Vec::new();
    let mut command = Cli::command();
    clap_complete::generate(args.shell, &mut command, "wardrobe", &mut script);
    let document = Document {
        shell: args.shell.to_string(),
        script: String::from_utf8(script).context("the script is no text")?,
    };
    context.out.answer(&document, || &document.script)?;
    Ok(Status::Done)
}
