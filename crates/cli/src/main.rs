//! The `wardrobe` program: parse, build, call, print.

mod allocator;
mod args;
mod command;
mod context;
mod day;
mod failure;
mod output;
mod progress;
mod server;
mod table;
mod words;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Cli, Command};
use crate::context::Context;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return failure::usage(&error),
    };
    if matches!(cli.command, Command::Train(_)) {
        allocator::keep_pages();
    }
    let verbose = cli.global.verbose;
    let done = Context::new(cli.global).and_then(|context| command::run(cli.command, &context));
    match done {
        Ok(status) => status.into(),
        Err(error) => failure::report(&error, verbose),
    }
}
