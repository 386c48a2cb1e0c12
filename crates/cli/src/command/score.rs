//! `wardrobe score`

use std::fmt::Write;
use std::io::Read;

use anyhow::{Context as _, Result};
use wardrobe::ScoreInput;
use wardrobe_types::Scored;

use crate::context::Context;
use crate::failure::Status;

/// Score an outfit given as JSON; no wardrobe is needed
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  echo '{\"items\":[{\"category\":\"shirt\",\"colors\":[\"white\"]},{\"category\":\"chinos\",\"colors\":[\"navy\"]},{\"category\":\"loafers\",\"colors\":[\"#5c3a21\"]}]}' | wardrobe score -"
)]
pub struct Args {
    /// A file of JSON, or - for standard input
    #[arg(value_name = "FILE")]
    file: String,
}

pub fn run(args: Args, context: &Context) -> Result<Status> {
    let json = read(&args.file)?;
    let outfit: ScoreInput = serde_json::from_str(&json).map_err(|error| {
        let message = format!(
            "{} is no outfit: {error}; give {{\"items\": [{{\"category\": \"shirt\", \"colors\": [\"white\"]}}, ...]}}",
            name(&args.file)
        );
        anyhow::Error::new(error).context(message)
    })?;
    let scored = wardrobe::score(outfit).map_err(|error| {
        let message = format!("{}: {error}", name(&args.file));
        anyhow::Error::new(error).context(message)
    })?;
    context.out.answer(&scored, || text(&scored))?;
    Ok(Status::Done)
}

fn read(file: &str) -> Result<String> {
    if file != "-" {
        return std::fs::read_to_string(file).map_err(|error| {
            let message = format!(
                "cannot read {file}: {error}; give a file of JSON, or - for standard input"
            );
            anyhow::Error::new(error).context(message)
        });
    }
    let mut json = String::new();
    std::io::stdin()
        .read_to_string(&mut json)
        .context("cannot read standard input as text")?;
    Ok(json)
}

fn name(file: &str) -> &str {
    if file == "-" { "standard input" } else { file }
}

fn text(scored: &Scored) -> String {
    let breakdown = &scored.breakdown;
    let mut text = format!("{:.2}\n", scored.score);
    for (name, value) in [
        ("colour", breakdown.color),
        ("formality", breakdown.formality),
        ("combination", breakdown.category),
        ("learned", breakdown.learned),
        ("taste", breakdown.preference),
    ] {
        if let Some(value) = value {
            let _ = writeln!(text, "  {name:12} {value:.2}");
        }
    }
    for reason in &scored.explanation {
        let _ = writeln!(text, "  - {reason}");
    }
    text
}
