//! `wardrobe feedback`

use std::fmt::Write;

use anyhow::Result;
use wardrobe::{Said, Taught};
use wardrobe_types::Signal;

use crate::context::Context;
use crate::failure::Status;

/// Changes shown to people.
const SHOWN: usize = 8;

/// Say what you think of an outfit; later recommendations follow your taste
///
/// It moves scores by a bounded amount and leaves no outfit out. `wardrobe preferences` shows what was learned.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  wardrobe feedback 8d3e1f like\n  wardrobe feedback 8d3e1f wear --instead 77b0d2\n  wardrobe feedback 3fa9c1,77b0d2,a81c04 wear\n  wardrobe feedback --undo last"
)]
pub struct Args {
    /// The outfit's id as `recommend` shows it, or the beginning of it; or garments' ids with commas between
    #[arg(value_name = "OUTFIT", required_unless_present = "undo")]
    outfit: Option<String>,
    /// wear, like, skip or dislike
    #[arg(value_name = "SIGNAL", required_unless_present = "undo")]
    signal: Option<Signal>,
    /// With wear: the garment worn in place of one of the outfit's, which says more than anything else
    #[arg(long, value_name = "ID")]
    instead: Option<String>,
    /// Take a feedback back: its number, or last
    #[arg(long, value_name = "N", value_parser = undo, conflicts_with_all = ["outfit", "signal", "instead"])]
    undo: Option<Undo>,
}

/// Which feedback to take back.
#[derive(Debug, Clone, Copy)]
enum Undo {
    Last,
    Number(i64),
}

fn undo(text: &str) -> Result<Undo, String> {
    match text {
        "last" => Ok(Undo::Last),
        number => number.parse().map(Undo::Number).map_err(|_| {
            "expected last, or a number as `wardrobe preferences` lists them".to_owned()
        }),
    }
}

pub fn run(args: Args, context: &Context) -> Result<Status> {
    let mut wardrobe = context.wardrobe_to_change()?;
    let taught = match (args.undo, args.outfit, args.signal) {
        (None, Some(outfit), Some(signal)) => {
            wardrobe.feedback(&outfit, signal, args.instead.as_deref())?
        }
        (Some(Undo::Number(number)), ..) => wardrobe.undo_feedback(Some(number))?,
        _ => wardrobe.undo_feedback(None)?,
    };
    context.out.answer(&taught, || text(&taught))?;
    Ok(Status::Done)
}

fn text(taught: &Taught) -> String {
    let undone = if taught.undone { "took back " } else { "" };
    let mut text = format!("{undone}{}\n", line(&taught.said));
    for change in taught.changed.iter().take(SHOWN) {
        let words = change.feature.words();
        let _ = writeln!(
            text,
            "  {words:28} {:+.2} -> {:+.2}",
            change.before, change.after
        );
    }
    if taught.changed.len() > SHOWN {
        let _ = writeln!(
            text,
            "  and {} more: `wardrobe preferences`",
            taught.changed.len() - SHOWN
        );
    }
    text
}

/// "3: wear 8d3e1f2a with 77b0d2 instead".
pub fn line(said: &Said) -> String {
    let instead = said.instead.iter().map(|id| format!(" with {id} instead"));
    let instead: String = instead.collect();
    format!("{}: {} {}{instead}", said.number, said.signal, said.outfit)
}
