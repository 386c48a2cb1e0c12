//! `wardrobe weights verify`

use anyhow::Result;
use serde::Serialize;
use wardrobe::weights::{self, Verdict, Verified};

use crate::context::Context;
use crate::failure::Status;
use crate::{output, progress, table};

/// Hash every copy of every file again
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  wardrobe weights verify\n  wardrobe weights verify fashion-clip --json"
)]
pub struct Args {
    /// Names that `weights list` shows [default: all]
    #[arg(value_name = "NAME")]
    names: Vec<String>,
}

#[derive(Serialize)]
struct Document {
    weights: Vec<Verified>,
}

pub fn run(args: Args, context: &Context) -> Result<Status> {
    let resolver = weights::resolver(context.models())?;
    let entries = match args.names.as_slice() {
        [] => resolver.manifest().entries.iter().collect(),
        names => {
            let entries = names.iter().map(|name| resolver.manifest().entry(name));
            entries.collect::<Result<Vec<_>, _>>()?
        }
    };
    let bar = progress::bar(context.quiet);
    bar.set_length(entries.len() as u64);
    let verified = entries.into_iter().flat_map(|entry| {
        bar.set_message(entry.name.clone());
        let verified = resolver.verify_entry(entry);
        bar.inc(1);
        verified
    });
    let document = Document {
        weights: verified.collect(),
    };
    bar.finish_and_clear();

    // What is not here is wrong only where it was asked for.
    let wanted = |v: &&Verified| v.verdict != Verdict::Missing || !args.names.is_empty();
    let rows: Vec<&Verified> = document.weights.iter().filter(wanted).collect();
    let wrong: Vec<String> = rows.iter().filter_map(|v| problem(v)).collect();
    for problem in &wrong {
        output::to_stderr(format_args!("error: {problem}"));
    }
    context.out.answer(&document, || {
        let mut table = table::table(&["name", "where", "SHA-256"]);
        for verified in &rows {
            table.add_row(cells(verified));
        }
        table::trimmed(&table)
    })?;
    Ok(Status::of(rows.len() - wrong.len(), wrong.len()))
}

fn cells(verified: &Verified) -> [String; 3] {
    let place = verified
        .place
        .as_ref()
        .map_or("nowhere".into(), ToString::to_string);
    let verdict = match &verified.verdict {
        Verdict::Verified => "as known".to_owned(),
        Verdict::Unknown { sha256 } => format!("not known what it should be; it is {sha256}"),
        Verdict::Mismatch { sha256, .. } => format!("wrong: {sha256}"),
        Verdict::Unreadable { .. } => "not readable".to_owned(),
        _ => "not here".to_owned(),
    };
    [verified.name.clone(), place, verdict]
}

/// What is wrong with a copy, and what to do.
fn problem(verified: &Verified) -> Option<String> {
    let name = &verified.name;
    let path = verified
        .path
        .as_ref()
        .map_or("the program".into(), |path| path.display().to_string());
    match &verified.verdict {
        Verdict::Mismatch { sha256, expected } => Some(format!(
            "{path} is not {name}: its SHA-256 is {sha256}, expected {expected}; remove it and run `wardrobe weights pull {name}`"
        )),
        Verdict::Unreadable { reason } => Some(reason.clone()),
        Verdict::Missing => Some(format!(
            "{name} is not on this machine: `wardrobe weights list` says how to get it"
        )),
        _ => None,
    }
}
