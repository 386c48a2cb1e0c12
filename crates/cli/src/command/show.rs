//! `wardrobe show`

use anyhow::Result;
use wardrobe::Wardrobe;
use wardrobe_types::Garment;

use crate::context::Context;
use crate::failure::Status;
use crate::output::Output;
use crate::table;

/// Show everything known of a garment
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  wardrobe show 3fa9c1")]
pub struct Args {
    /// The garment's id, or the beginning of it
    id: String,
}

pub fn run(args: Args, context: &Context) -> Result<Status> {
    let wardrobe = context.wardrobe_to_read()?;
    let garment = wardrobe.garment(&args.id)?;
    context
        .out
        .answer(&garment, || text(&garment, &wardrobe, context.out))?;
    Ok(Status::Done)
}

/// A garment, a line a fact.
pub fn text(garment: &Garment, wardrobe: &Wardrobe, out: Output) -> String {
    let unknown = || "not known".to_owned();
    let slots: Vec<&str> = garment.slots.iter().map(|slot| slot.as_str()).collect();
    let styles: Vec<&str> = garment.styles.iter().map(|style| style.as_str()).collect();
    let confidence = format!(
        "{} ({:.0} % sure)",
        garment.category,
        garment.category_confidence * 100.0
    );
    let facts = [
        ("id", garment.id.to_string()),
        ("category", confidence),
        ("slots", slots.join(" + ")),
        ("colours", table::swatches(out, &garment.colors)),
        (
            "pattern",
            garment
                .pattern
                .map_or_else(unknown, |pattern| pattern.to_string()),
        ),
        (
            "fit",
            garment.fit.map_or_else(unknown, |fit| fit.to_string()),
        ),
        ("formality", table::formality(garment.formality)),
        ("seasons", table::seasons(&garment.seasons)),
        (
            "styles",
            if styles.is_empty() {
                unknown()
            } else {
                styles.join(", ")
            },
        ),
        (
            "laundry",
            if garment.laundry { "yes" } else { "no" }.to_owned(),
        ),
        ("photo", wardrobe.path(&garment.photo).display().to_string()),
        ("crop", wardrobe.path(&garment.crop).display().to_string()),
        ("added", garment.created_at.clone()),
    ];
    let lines = facts.map(|(name, value)| format!("{name:10} {value}"));
    lines.join("\n")
}
