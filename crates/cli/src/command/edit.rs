//! `wardrobe edit`

use anyhow::Result;
use wardrobe::Edit;
use wardrobe_types::{Category, ColorName, Fit, Formality, Material, Pattern, Season, Style};

use crate::command::show;
use crate::context::Context;
use crate::failure::Status;
use crate::server;
use crate::words;

/// Correct what a model got wrong, for good
///
/// What is not given stays. No model and no later ingest overrules a correction.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  wardrobe edit 3fa9c1 --category chinos --color navy\n  wardrobe edit 3fa9c1 --laundry yes\n  wardrobe edit 3fa9c1 --season spring --season fall\n  wardrobe edit 3fa9c1 --material suede --price 79.90"
)]
pub struct Args {
    /// The garment's id, or the beginning of it
    id: String,
    #[command(flatten)]
    changes: Changes,
}

/// At least one of them.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = true)]
struct Changes {
    /// What it is, as in chinos
    #[arg(long, value_parser = words::category)]
    category: Option<Category>,
    /// Its colours, largest first
    #[arg(long, value_name = "COLOUR", value_delimiter = ',')]
    color: Vec<ColorName>,
    /// Its pattern, as in striped
    #[arg(long)]
    pattern: Option<Pattern>,
    /// slim, regular, relaxed or oversized
    #[arg(long)]
    fit: Option<Fit>,
    /// What it is mostly made of, as in suede, which stays at home in the rain
    #[arg(long)]
    material: Option<Material>,
    /// Whether the shoes leave the toes bare
    #[arg(long, value_name = "yes/no", value_parser = yes_or_no)]
    open: Option<bool>,
    /// casual, smart-casual, business, formal, or a number from 0 to 1
    #[arg(long)]
    formality: Option<Formality>,
    /// The seasons it is worn in
    #[arg(long, value_delimiter = ',')]
    season: Vec<Season>,
    /// The styles it suits
    #[arg(long, value_delimiter = ',')]
    style: Vec<Style>,
    /// Whether it is in the laundry, and so not recommended
    #[arg(long, value_name = "yes/no", value_parser = yes_or_no)]
    laundry: Option<bool>,
    /// What it cost, in your currency; `show` then tells the cost per wear
    #[arg(long, value_name = "AMOUNT", value_parser = price, allow_negative_numbers = true)]
    price: Option<f64>,
    /// Take back every earlier correction first, but not the price
    #[arg(long)]
    reset: bool,
}

fn price(text: &str) -> Result<f64, String> {
    let amount = text.parse().ok();
    amount
        .filter(|amount: &f64| amount.is_finite() && *amount >= 0.0)
        .ok_or_else(|| "expected an amount of at least 0, as in 79.90".to_owned())
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    match text.to_lowercase().as_str() {
        "yes" | "y" | "true" | "1" => Ok(true),
        "no" | "n" | "false" | "0" => Ok(false),
        _ => Err("expected yes or no".to_owned()),
    }
}

pub fn run(args: Args, context: &Context) -> Result<Status> {
    let mut wardrobe = context.wardrobe_to_change()?;
    let Changes {
        category,
        color,
        pattern,
        fit,
        formality,
        season,
        style,
        laundry,
        price,
        material,
        open,
        reset,
    } = args.changes;
    if reset {
        wardrobe.reset(&args.id)?;
    }
    let edit = Edit {
        category,
        colors: Edit::named_colors(&color),
        pattern,
        fit,
        formality,
        seasons: (!season.is_empty()).then_some(season),
        styles: (!style.is_empty()).then_some(style),
        laundry,
        price,
        material,
        open,
    };
    wardrobe.edit(&args.id, &edit)?;
    server::deliver(&wardrobe, context)?;
    let details = wardrobe.details(&args.id)?;
    context
        .out
        .answer(&details, || show::text(&details, &wardrobe, context.out))?;
    Ok(Status::Done)
}
