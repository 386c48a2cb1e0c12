//! The `wardrobe` program: parse, build, call, print.

mod args;
mod command;
mod context;
mod day;
mod failure;
mod output;
mod progress;
mod server;
mod table;

use std::process::ExitCode;

use clap::Parser;

use crate::args::Cli;
use crate::context::Context;

/// Activations come and go at every layer: this allocator keeps their pages, the system's gives large ones back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return failure::usage(&error),
    };
    let verbose = cli.global.verbose;
    let done = Context::new(cli.global).and_then(|context| command::run(cli.command, &context));
    match done {
        Ok(status) => status.into(),
        Err(error) => failure::report(&error, verbose),
    }
}
