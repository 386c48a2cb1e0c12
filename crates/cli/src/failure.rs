//! Exit statuses, and errors as one line.

use std::io::{self, Write};
use std::process::ExitCode;

use serde::Serialize;

use crate::context::Context;

/// How a command that ran ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// All done.
    Done,
    /// Nothing of what was asked for could be done; the reasons have been told.
    Failed,
    /// Some inputs failed, the rest is done and stored.
    Partial,
}

impl Status {
    /// From how many inputs went well and how many did not.
    pub fn of(good: usize, bad: usize) -> Self {
        match (good, bad) {
            (_, 0) => Self::Done,
            (0, _) => Self::Failed,
            _ => Self::Partial,
        }
    }
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        match status {
            Status::Done => Self::SUCCESS,
            Status::Failed => Self::from(1),
            Status::Partial => Self::from(3),
        }
    }
}

/// An input that failed, in an answer.
#[derive(Debug, Serialize)]
pub struct Failed {
    id: String,
    error: String,
}

/// Does one thing to each id, tells what fails, and goes on.
pub fn each<T>(
    ids: Vec<String>,
    context: &Context,
    mut work: impl FnMut(&str) -> wardrobe::Result<T>,
) -> (Vec<T>, Vec<Failed>) {
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for id in ids {
        match work(&id) {
            Ok(result) => done.push(result),
            Err(error) => {
                failed.push(Failed {
                    id,
                    error: error.to_string(),
                });
                report(&error.into(), context.verbose);
            }
        }
    }
    (done, failed)
}

/// Help and version go to standard output; bad usage goes to standard error, with status 2.
pub fn usage(error: &clap::Error) -> ExitCode {
    // Nobody is left to tell when this cannot be printed either.
    let _ = error.print();
    ExitCode::from(error.exit_code().clamp(0, 2) as u8)
}

/// Prints an error as one line, with its causes where they are wanted, and gives the status.
pub fn report(error: &anyhow::Error, verbose: bool) -> ExitCode {
    if is_broken_pipe(error) {
        // The reader has seen enough, as in `wardrobe list | head`.
        return ExitCode::SUCCESS;
    }
    let mut stderr = io::stderr().lock();
    let mut told = one_line(error);
    let _ = writeln!(stderr, "error: {told}");
    for cause in error.chain().skip(1).filter(|_| verbose) {
        let cause = one_line(cause);
        if !told.contains(&cause) {
            let _ = writeln!(stderr, "  caused by: {cause}");
            told = cause;
        }
    }
    ExitCode::from(1)
}

/// A message without line breaks, and without the backtrace that Candle appends where `RUST_BACKTRACE` is set.
fn one_line(message: impl ToString) -> String {
    let message = message.to_string();
    let said = message
        .lines()
        .take_while(|line| !line.trim_start().starts_with("0: "));
    said.flat_map(str::split_whitespace)
        .collect::<Vec<_>>()
        .join(" ")
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let pipe = |cause: &io::Error| cause.kind() == io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| {
        let json = cause.downcast_ref::<serde_json::Error>();
        cause.downcast_ref::<io::Error>().is_some_and(pipe)
            || json.is_some_and(|e| e.io_error_kind() == Some(io::ErrorKind::BrokenPipe))
    })
}
