//! Outfits from garments given in words: no photos, no models, no files.
//!
//! `cargo run --release -p wardrobe-examples --example recommend -- smart-casual`
#![allow(clippy::print_stdout, reason = "an example shows its results")]

use std::error::Error;

use wardrobe_recommend::{Item, Request, recommend, score};
use wardrobe_types::{Category, ColorName};

fn main() -> Result<(), Box<dyn Error>> {
    let wardrobe = [
        Item::new("white shirt", Category::Shirt, ColorName::White),
        Item::new("navy polo", Category::Polo, ColorName::Navy),
        Item::new("tan chinos", Category::Chinos, ColorName::Tan),
        Item::new("jeans", Category::Jeans, ColorName::Denim),
        Item::new("grey blazer", Category::Blazer, ColorName::Grey),
        Item::new("brown loafers", Category::Loafers, ColorName::Brown),
        Item::new("white sneakers", Category::Sneakers, ColorName::White),
    ];
    let formality = std::env::args()
        .nth(1)
        .map(|word| word.parse())
        .transpose()?;
    let request = Request {
        n: 3,
        formality,
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
