//! `wardrobe show`

use anyhow::Result;
use wardrobe::{Details, Usage, View, Wardrobe};

use crate::context::Context;
use crate::failure::Status;
use crate::output::Output;
use crate::table;

/// Show everything known of a garment: what it is, its photos, how often it was worn
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  wardrobe show 3fa9c1")]
pub struct Args {
    /// The garment's id, or the beginning of it
    id: String,
}

pub fn run(args: Args, context: &Context) -> Result<Status> {
    let wardrobe = context.wardrobe_to_read()?;
    let details = wardrobe.details(&args.id)?;
    context
        .out
        .answer(&details, || text(&details, &wardrobe, context.out))?;
    Ok(Status::Done)
}

/// A garment, a line a fact.
pub fn text(details: &Details, wardrobe: &Wardrobe, out: Output) -> String {
    let garment = &details.garment;
    let slots: Vec<&str> = garment.slots.iter().map(|slot| slot.as_str()).collect();
    let styles: Vec<&str> = garment.styles.iter().map(|style| style.as_str()).collect();
    let confidence = format!(
        "{} ({:.0} % sure)",
        garment.category,
        garment.category_confidence * 100.0
    );
    let mut facts = vec![
        ("id", garment.id.to_string()),
        ("category", confidence),
        ("slots", slots.join(" + ")),
        ("colours", table::swatches(out, &garment.colors)),
        ("pattern", or_unknown(garment.pattern)),
        ("fit", or_unknown(garment.fit)),
        ("material", or_unknown(garment.material)),
        ("formality", table::formality(garment.formality)),
        ("seasons", table::seasons(&garment.seasons)),
        (
            "styles",
            or_unknown((!styles.is_empty()).then(|| styles.join(", "))),
        ),
        ("laundry", yes_or_no(garment.laundry)),
        ("worn", worn(&details.worn)),
    ];
    facts.extend(garment.open.map(|open| ("open", yes_or_no(open))));
    if let Some(price) = details.price {
        let each = details
            .cost_per_wear
            .map(|cost| format!(", {cost:.2} a wear"));
        facts.push(("price", format!("{price:.2}{}", each.unwrap_or_default())));
    }
    let photo = |view: &View| wardrobe.path(&view.photo).display().to_string();
    let mut photos = details.photos.iter();
    facts.extend(photos.next().map(|first| ("photo", photo(first))));
    facts.push(("crop", wardrobe.path(&garment.crop).display().to_string()));
    facts.extend(photos.map(|view| ("further", format!("{}  {}", view.id, photo(view)))));
    facts.push(("added", garment.created_at.clone()));
    let lines: Vec<String> = facts
        .into_iter()
        .map(|(name, value)| format!("{name:10} {value}"))
        .collect();
    lines.join("\n")
}

fn or_unknown(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "not known".to_owned(), |value| value.to_string())
}

fn yes_or_no(yes: bool) -> String {
    if yes { "yes" } else { "no" }.to_owned()
}

fn worn(usage: &Usage) -> String {
    match (usage.times, usage.last) {
        (1, Some(day)) => format!("once, on {day}"),
        (times, Some(day)) => format!("{times} times, last on {day}"),
        (_, None) => "not yet".to_owned(),
    }
}
