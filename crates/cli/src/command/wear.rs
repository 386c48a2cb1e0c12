//! `wardrobe wear`

use anyhow::Result;
use serde::Serialize;
use wardrobe::{Date, Wardrobe, Wear};

use crate::context::Context;
use crate::day::day;
use crate::failure::Status;
use crate::table;

/// Note what you wore, or show the log of it
///
/// `recommend` lets what was just worn rest and lifts what is seldom worn; `show` counts the days and, with a price, the
/// cost per wear. It teaches no taste: `wardrobe feedback OUTFIT wear` notes the wear and teaches.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  wardrobe wear 3fa9c1 77b0d2 a81c04\n  wardrobe wear 8d3e1f --date yesterday\n  wardrobe wear --log\n  wardrobe wear --undo last"
)]
pub struct Args {
    /// Garments' ids, or an outfit's as `recommend` shows it, or the beginnings of them
    #[arg(value_name = "ID", required_unless_present_any = ["log", "undo"])]
    ids: Vec<String>,
    /// The day: today, yesterday, or a date as in 2026-11-23
    #[arg(long, value_name = "DAY", value_parser = day, default_value = "today")]
    date: Date,
    /// Show everything that was worn, the latest first
    #[arg(long, conflicts_with = "ids")]
    log: bool,
    /// Take an entry back: its number in the log, or last
    #[arg(long, value_name = "N", value_parser = undo, conflicts_with_all = ["ids", "log", "date"])]
    undo: Option<Undo>,
}

/// Which entry to take back.
#[derive(Debug, Clone, Copy)]
enum Undo {
    Last,
    Number(i64),
}

fn undo(text: &str) -> Result<Undo, String> {
    match text {
        "last" => Ok(Undo::Last),
        number => number.parse().map(Undo::Number).map_err(|_| {
            "expected last, or a number as `wardrobe wear --log` lists them".to_owned()
        }),
    }
}

#[derive(Serialize)]
struct Log {
    wears: Vec<Wear>,
}

#[derive(Serialize)]
struct Noted {
    #[serde(flatten)]
    wear: Wear,
    undone: bool,
}

pub fn run(args: Args, context: &Context) -> Result<Status> {
    if args.log {
        return show(&context.wardrobe_to_read()?, context);
    }
    let mut wardrobe = context.wardrobe_to_change()?;
    let noted = match args.undo {
        None => Noted {
            wear: wardrobe.wear(&args.ids, args.date)?,
            undone: false,
        },
        Some(undo) => Noted {
            wear: wardrobe.undo_wear(match undo {
                Undo::Last => None,
                Undo::Number(number) => Some(number),
            })?,
            undone: true,
        },
    };
    context.out.answer(&noted, || {
        let undone = if noted.undone { "took back " } else { "" };
        let Wear { day, garments, .. } = &noted.wear;
        format!("{undone}{}: {day} {}", source(&noted.wear), list(garments))
    })?;
    Ok(Status::Done)
}

fn show(wardrobe: &Wardrobe, context: &Context) -> Result<Status> {
    let log = Log {
        wears: wardrobe.wears()?,
    };
    if log.wears.is_empty() {
        context.note("nothing worn yet: `wardrobe wear ID...` notes it");
    }
    context.out.answer(&log, || {
        if log.wears.is_empty() {
            return String::new();
        }
        let mut table = table::table(&["day", "noted as", "garments"]);
        for wear in &log.wears {
            table.add_row([wear.day.to_string(), source(wear), list(&wear.garments)]);
        }
        table::trimmed(&table)
    })?;
    Ok(Status::Done)
}

/// Where it can be taken back: "3", "feedback 7".
fn source(wear: &Wear) -> String {
    match (wear.number, wear.feedback) {
        (Some(number), _) => number.to_string(),
        (None, Some(feedback)) => format!("feedback {feedback}"),
        (None, None) => String::new(),
    }
}

fn list(ids: &[wardrobe_types::GarmentId]) -> String {
    let ids: Vec<&str> = ids.iter().map(|id| id.as_str()).collect();
    ids.join(" ")
}
