//! `wardrobe man`

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::CommandFactory;
use clap_mangen::Man;
use serde::Serialize;

use crate::args::Cli;
use crate::context::Context;
use crate::failure::Status;

/// Write the manual: a page for the program and one for every command
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  wardrobe man ~/.local/share/man/man1      # then: man wardrobe, man wardrobe-ingest\n  wardrobe man . && man ./wardrobe-recommend.1"
)]
pub struct Args {
    /// A folder for the pages, made where there is none
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

#[derive(Serialize)]
struct Document {
    files: Vec<PathBuf>,
}

pub fn run(args: Args, context: &Context) -> Result<Status> {
    let folder = &args.folder;
    let cannot = || {
        format!(
            "cannot write the manual to {}; name a folder that can be written",
            folder.display()
        )
    };
    std::fs::create_dir_all(folder).with_context(cannot)?;
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let mut files = Vec::new();
    write(&command, folder, &mut files).with_context(cannot)?;
    let document = Document { files };
    context.out.answer(&document, || {
        let count = document.files.len();
        format!("{count} pages in {}", folder.display())
    })?;
    Ok(Status::Done)
}

/// Writes a command's page, then those of its own commands.
fn write(command: &clap::Command, folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let page = Man::new(command.clone());
    let file = folder.join(page.get_filename());
    let mut text = Vec::new();
    page.render(&mut text)?;
    // What stands after a command's help are its examples.
    let text = String::from_utf8(text)?
        .replace(".SH EXTRA\nExamples:", ".SH EXAMPLES")
        .replace(".SH EXTRA\nExample:", ".SH EXAMPLES");
    std::fs::write(&file, text)?;
    files.push(file);
    let commands = command.get_subcommands();
    for command in commands.filter(|command| !command.is_hide_set()) {
        write(command, folder, files)?;
    }
    Ok(())
}
