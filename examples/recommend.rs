//! Outfits from garments given in words: no photos, no models.
//!
//! `cargo run --release -p wardrobe-examples --example recommend -- examples/wardrobe.json smart-casual`
#![allow(clippy::print_stdout, reason = "an example shows its results")]

use std::error::Error;

use wardrobe_attributes::color::name_color;
use wardrobe_recommend::{Item, Request, ScoreInput, recommend, score};
use wardrobe_types::{Category, ColorName};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("name a file of garments")?;
    let garments: ScoreInput = serde_json::from_str(&std::fs::read_to_string(path)?)?;
    let wardrobe: Vec<Item> = garments.into_items(name_color)?;

    let request = Request {
        n: 3,
        formality: arguments.next().map(|word| word.parse()).transpose()?,
        temperature: Some(16.0),
        ..Request::default()
    };
    let answer = recommend(&wardrobe, &request)?;
    for outfit in &answer.outfits {
        let names: Vec<&str> = outfit.garments.iter().map(|id| id.as_str()).collect();
        println!("{:.2} {}", outfit.scored.score, names.join(", "));
        for reason in &outfit.scored.explanation {
            println!("     {reason}");
        }
    }
    if let Some(reason) = &answer.reason {
        println!("{reason}");
    }

    // Any garments can be judged, the ill-matched too.
    let clash = [ColorName::Red, ColorName::Orange, ColorName::Purple]
        .map(|color| Item::new(color.as_str(), Category::TShirt, color));
    println!("red, orange and purple: {:.2}", score(&clash)?.score);
    Ok(())
}
