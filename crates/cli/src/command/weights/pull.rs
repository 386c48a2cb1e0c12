//! `wardrobe weights pull`

use std::path::PathBuf;

use anyhow::{Result, anyhow};
use indicatif::ProgressBar;
use serde::Serialize;
use wardrobe::weights::{self, Error, Hub, Progress, Pulled, Resolver};

use crate::command::weights::megabytes;
use crate::context::Context;
use crate::failure::Status;
use crate::{output, progress};

/// Fetch weights from the hub into the cache; what is here and whole is not fetched again
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  wardrobe weights pull fashion-clip\n  HF_TOKEN=hf_... wardrobe weights pull my-private-model"
)]
pub struct Args {
    /// Names that `weights list` shows
    #[arg(value_name = "NAME", required_unless_present = "all")]
    names: Vec<String>,
    /// Everything that the hub has
    #[arg(long, conflicts_with = "names")]
    all: bool,
}

#[derive(Serialize)]
struct Document {
    weights: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    name: String,
    licence: Option<String>,
    /// Null where they are built in, or could not be got.
    path: Option<PathBuf>,
    /// Whether they were fetched now.
    fetched: bool,
    bytes: Option<u64>,
    sha256: Option<String>,
    /// The commit that they are of, where they were fetched now.
    revision: Option<String>,
    error: Option<String>,
}

pub fn run(args: Args, context: &Context) -> Result<Status> {
    let bar = progress::bytes(context.quiet);
    let mut resolver = weights::resolver(context.models())?;
    if !context.offline {
        resolver = resolver.with_hub(watched(&bar, context.quiet)?);
    }
    let names = match args.all {
        true => on_hub(&resolver),
        false => args.names,
    };
    let mut rows = Vec::new();
    for name in &names {
        bar.reset();
        bar.set_message(name.clone());
        let pulled = resolver
            .pull(name)
            .map_err(|error| explained(error, context.offline));
        match pulled {
            Err(error) if names.len() == 1 => return Err(error),
            pulled => rows.push(Row::new(name, pulled)),
        }
        let told = rows.last().and_then(|row| row.error.as_ref());
        told.inspect(|error| bar.suspend(|| output::to_stderr(format_args!("error: {error}"))));
    }
    bar.finish_and_clear();
    let document = Document { weights: rows };
    context.out.answer(&document, || {
        let lines = document.weights.iter().filter_map(Row::text);
        lines.collect::<Vec<_>>().join("\n")
    })?;
    let good = document
        .weights
        .iter()
        .filter(|row| row.error.is_none())
        .count();
    Ok(Status::of(good, names.len() - good))
}

fn on_hub(resolver: &Resolver) -> Vec<String> {
    let entries = resolver.manifest().entries.iter();
    let on_hub = entries.filter(|entry| entry.hub.is_some());
    on_hub.map(|entry| entry.name.clone()).collect()
}

/// The hub, whose progress moves the bar.
fn watched(bar: &ProgressBar, quiet: bool) -> Result<Hub> {
    let bar = bar.clone();
    Ok(Hub::from_env()?.watch(move |progress| match progress {
        Progress::Advanced { done, total } => {
            total.inspect(|total| bar.set_length(*total));
            bar.set_position(done);
        }
        Progress::Retrying { problem, pause } if !quiet => bar.suspend(|| {
            output::to_stderr(format_args!(
                "warning: {problem}; again in {:.0} s",
                pause.as_secs_f64().max(1.0)
            ));
        }),
        _ => {}
    }))
}

/// Why nothing was fetched, where the user forbade it.
fn explained(error: Error, offline: bool) -> anyhow::Error {
    match error {
        Error::NotFound {
            name,
            file,
            on_hub: true,
            ..
        } if offline => anyhow!(
            "{name} is not on this machine, and --offline forbids fetching it: run `wardrobe weights pull {name}` without \
             --offline, or put {file} into a folder and name it with --weights"
        ),
        error => error.into(),
    }
}

impl Row {
    fn new(name: &str, pulled: Result<Pulled>) -> Self {
        let mut row = Self {
            name: name.to_owned(),
            licence: None,
            path: None,
            fetched: false,
            bytes: None,
            sha256: None,
            revision: None,
            error: None,
        };
        match pulled {
            Err(error) => row.error = Some(error.to_string()),
            Ok(Pulled {
                resolved, fetched, ..
            }) => {
                let path = resolved.source.path();
                row.bytes = path.and_then(|path| Some(path.metadata().ok()?.len()));
                row.path = path.map(PathBuf::from);
                row.licence = resolved.entry.map(|entry| entry.licence);
                row.sha256 = resolved.sha256;
                row.fetched = fetched.is_some();
                row.revision = fetched.map(|record| record.revision);
            }
        }
        row
    }

    /// `None` for what failed, which is told by itself.
    fn text(&self) -> Option<String> {
        let Self {
            name,
            licence,
            path,
            bytes,
            ..
        } = self;
        let place = path
            .as_ref()
            .map_or("built into the program".into(), |path| {
                path.display().to_string()
            });
        let how = match (self.fetched, &self.sha256) {
            (true, _) => "fetched",
            (false, Some(_)) => "already here and whole",
            (false, None) => "already here, its hash not known",
        };
        let size = bytes.map_or(String::new(), |bytes| format!(", {}", megabytes(bytes)));
        let licence = licence.as_deref().unwrap_or("unknown");
        self.error
            .is_none()
            .then(|| format!("{name} {how}: {place}{size}, licence {licence}"))
    }
}
