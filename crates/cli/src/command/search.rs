//! `wardrobe search`

use anyhow::Result;
use wardrobe::{Clip, Found, Search};

use crate::context::Context;
use crate::failure::Status;
use crate::{server, table};

/// Find garments by words: what they are, colour, season, pattern, style, "or" and "not"
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  wardrobe search red summer dress\n  wardrobe search \"burgundy jumper for winter, not striped\" -n 3\n  wardrobe search something formal in navy or black --json\n\nTags are compared, and with CLIP's weights also meaning: `wardrobe weights pull openclip-vit-b32`."
)]
pub struct Args {
    /// What to look for
    #[arg(required = true, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    text: Vec<String>,
    /// How many
    #[arg(short, long, default_value_t = 10)]
    number: usize,
}

pub fn run(args: Args, context: &Context) -> Result<Status> {
    let wardrobe = context.wardrobe_to_read()?;
    // Without CLIP, no vectors are asked for.
    if wardrobe.clip()?.is_some() {
        server::deliver_before_asking(&wardrobe, context)?;
    }
    let search = wardrobe.search(&args.text.join(" "), args.number)?;
    tell(&search, &wardrobe, context);
    context.out.answer(&search, || {
        if search.garments.is_empty() {
            return String::new();
        }
        let mut table = table::table(&[
            "score",
            "id",
            "garment",
            "colours",
            "slot",
            "formality",
            "seasons",
            "matched",
        ]);
        for Found {
            garment,
            score,
            matched,
        } in &search.garments
        {
            let mut row = table::row(context.out, garment);
            row.insert(0, format!("{score:.2}"));
            row.push(matched.join(", "));
            table.add_row(row);
        }
        table::trimmed(&table)
    })?;
    Ok(Status::Done)
}

/// How the words were taken, on standard error.
fn tell(search: &Search, wardrobe: &wardrobe::Wardrobe, context: &Context) {
    for wardrobe::Correction { written, taken_for } in &search.query.corrected {
        context.note(format_args!("took `{written}` for `{taken_for}`"));
    }
    let meant = search
        .meaning
        .as_ref()
        .filter(|meaning| meaning.weight > 0.0);
    let unknown = search.query.not_understood.join("`, `");
    match (unknown.as_str(), meant) {
        ("", _) => {}
        (unknown, Some(meaning)) => context.note(format_args!(
            "no tag for `{unknown}`: left to {}",
            meaning.model
        )),
        (unknown, None) => context.note(format_args!(
            "not understood and left out: `{unknown}`; CLIP would know more words: `wardrobe weights pull {}`",
            Clip::WEIGHTS
        )),
    }
    match &search.meaning {
        None => {}
        Some(meaning) if meaning.garments_without == 0 => {}
        Some(meaning) => context.note(format_args!(
            "{} garments were compared by tags alone: `wardrobe ingest {}` lets {} see them",
            meaning.garments_without,
            wardrobe.path("photos").display(),
            meaning.model
        )),
    }
    if search.garments.is_empty() {
        context.note("no garment answers that: `wardrobe list` shows what there is");
    } else if context.verbose {
        let by = meant.map_or("tags".into(), |meaning| {
            format!(
                "tags and, for {:.0} %, {}",
                meaning.weight * 100.0,
                meaning.model
            )
        });
        context.note(format_args!("compared by {by}"));
    }
}
