//! The vocabulary: what is known of a category before any photo, and which public labels cover it.
//!
//! `cargo run --release -p wardrobe-examples --example types -- evening-dress`
#![allow(clippy::print_stdout, reason = "an example shows its results")]

use std::error::Error;

use wardrobe_types::{Category, labels::CCP, labels::ClothingLabel};

fn main() -> Result<(), Box<dyn Error>> {
    // An unknown name is an error that lists the near ones: try `blazr`.
    let name = std::env::args().nth(1).unwrap_or("blazer".into());
    let category: Category = name.parse()?;

    println!("{category} fills {:?}", category.slots());
    let formality = category.formality();
    println!("formality {formality}, {}", formality.band());
    println!("warmth {} of 1", category.warmth());
    println!("ruined by rain: {}", category.rain_ruins());

    match ClothingLabel::of_category(category) {
        Some(label) => println!("the clothing photos call it {label}"),
        None => println!("the clothing photos have no label for it"),
    }
    let covers = |label: &&str| CCP.categories(label).is_some_and(|c| c.contains(&category));
    let labels: Vec<&str> = CCP.labels().filter(covers).collect();
    println!("Clothing Co-Parsing's labels for it: {labels:?}");
    Ok(())
}
