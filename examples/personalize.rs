//! A taste, learned from a few words: no photos, no models, no files.
//!
//! `cargo run --release -p wardrobe-examples --example personalize`
#![allow(clippy::print_stdout, reason = "an example shows its results")]

use std::error::Error;

use wardrobe_personalize::{Feedback, Preferences};
use wardrobe_recommend::{Item, Request, recommend_for};
use wardrobe_types::{Category, ColorName, Signal};

fn main() -> Result<(), Box<dyn Error>> {
    let wardrobe = [
        Item::new("white shirt", Category::Shirt, ColorName::White),
        Item::new("red t-shirt", Category::TShirt, ColorName::Red),
        Item::new("navy chinos", Category::Chinos, ColorName::Navy),
        Item::new("jeans", Category::Jeans, ColorName::Denim),
        Item::new("brown loafers", Category::Loafers, ColorName::Brown),
        Item::new("white sneakers", Category::Sneakers, ColorName::White),
    ];
    let mut preferences = Preferences::default();

    // Each day, whatever has the red t-shirt is worn and the rest is passed over.
    for day in 0..8 {
        let request = Request {
            n: 3,
            ..Request::default()
        };
        let taste = preferences.taste(day);
        let answer = recommend_for(&wardrobe, &request, Some(&taste))?;
        let best = &answer.outfits[0];
        let names: Vec<&str> = best.garments.iter().map(|id| id.as_str()).collect();
        println!("day {day}: {:.2} {}", best.scored.score, names.join(", "));
        for (place, outfit) in answer.outfits.iter().enumerate() {
            let items = wardrobe
                .iter()
                .filter(|item| outfit.garments.contains(&item.id));
            let items: Vec<Item> = items.cloned().collect();
            let is_red = items.iter().any(|item| item.id.as_str() == "red t-shirt");
            preferences.learn(Feedback {
                number: day * 3 + place as i64,
                day,
                signal: if is_red { Signal::Wear } else { Signal::Skip },
                items,
                instead: None,
            });
        }
    }
    for weight in preferences.explain(7).iter().take(5) {
        let words = weight.feature.words();
        println!(
            "{:+.2} {words} ({} feedbacks)",
            weight.weight, weight.evidence
        );
    }
    Ok(())
}
