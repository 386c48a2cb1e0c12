//! `wardrobe preferences`

use std::collections::HashMap;

use anyhow::Result;
use serde::Serialize;
use wardrobe::{Learned, Said, Weight};

use crate::command::feedback;
use crate::context::Context;
use crate::failure::Status;
use crate::table;

/// Weights shown to people, unless they ask for all.
const SHOWN: usize = 20;

/// Show what was learned of your taste, and the feedback behind it
///
/// A weight is between -1 and +1; new feedback counts more than old.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  wardrobe preferences\n  wardrobe preferences --all --json\n  wardrobe preferences --reset"
)]
pub struct Args {
    /// Every weight, not the strongest alone
    #[arg(long)]
    all: bool,
    /// Take all feedback back
    #[arg(long, conflicts_with = "all")]
    reset: bool,
}

#[derive(Serialize)]
struct Document {
    #[serde(flatten)]
    learned: Learned,
    /// How many feedbacks `--reset` took back.
    reset: Option<usize>,
}

pub fn run(args: Args, context: &Context) -> Result<Status> {
    let reset = if args.reset {
        Some(context.wardrobe_to_change()?.reset_preferences()?)
    } else {
        None
    };
    let learned = context.wardrobe_to_read()?.preferences()?;
    if learned.feedback.is_empty() && reset.is_none() {
        context.note("nothing learned yet: `wardrobe recommend` shows outfits, `wardrobe feedback OUTFIT like` says what you think of one");
    }
    let document = Document { learned, reset };
    context
        .out
        .answer(&document, || text(&document, args.all))?;
    Ok(Status::Done)
}

fn text(document: &Document, all: bool) -> String {
    if let Some(count) = document.reset {
        return format!("took back {count} feedbacks");
    }
    let Learned { weights, feedback } = &document.learned;
    if weights.is_empty() {
        return String::new();
    }
    let by_number: HashMap<i64, &Said> = feedback.iter().map(|said| (said.number, said)).collect();
    let shown = if all { weights.len() } else { SHOWN };
    let mut table = table::table(&["taste", "weight", "evidence", "because of"]);
    for weight in weights.iter().take(shown) {
        table.add_row(row(weight, &by_number));
    }
    let mut text = table::trimmed(&table);
    if weights.len() > shown {
        text.push_str(&format!("\n\nand {} more: --all", weights.len() - shown));
    }
    text
}

/// Feedbacks named beside a weight.
const NAMED: usize = 3;

fn row(weight: &Weight, said: &HashMap<i64, &Said>) -> [String; 4] {
    let because = weight.because.iter().take(NAMED);
    let mut because: Vec<String> = because
        .filter_map(|part| Some(feedback::line(said.get(&part.feedback)?)))
        .collect();
    if weight.because.len() > NAMED {
        because.push("...".to_owned());
    }
    [
        weight.feature.words(),
        format!("{:+.2}", weight.weight),
        weight.evidence.to_string(),
        because.join("; "),
    ]
}
