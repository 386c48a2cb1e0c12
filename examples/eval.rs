//! How good a classifier is, and how sure of that a sample of 200 photos makes us.
//!
//! `cargo run --release -p wardrobe-examples --example eval`
#![allow(clippy::print_stdout, reason = "an example shows its results")]

use std::error::Error;

use wardrobe_eval::{
    Bootstrap, confused_pairs, confusion, expected_calibration_error, macro_f1, top_k_accuracy,
    top_k_hits, wilson_ci95,
};

fn main() -> Result<(), Box<dyn Error>> {
    // A guesser of three classes that takes every fifth photo of class 2 for class 1, best guess first.
    let truth: Vec<usize> = (0..200).map(|photo| photo % 3).collect();
    let guess = |(photo, &class): (usize, &usize)| match class {
        2 if photo % 5 == 0 => vec![1, 2, 0],
        _ => vec![class, (class + 1) % 3, (class + 2) % 3],
    };
    let ranked: Vec<Vec<usize>> = truth.iter().enumerate().map(guess).collect();
    let predicted: Vec<usize> = ranked.iter().map(|classes| classes[0]).collect();

    let hits = top_k_hits(&truth, &ranked, 1)?
        .iter()
        .filter(|&&hit| hit)
        .count();
    println!(
        "top-1 {:.3}, {:?}",
        top_k_accuracy(&truth, &ranked, 1)?,
        wilson_ci95(hits, 200)?
    );

    let matrix = confusion(&truth, &predicted, 3)?;
    let f1 = |t: &[usize], p: &[usize]| macro_f1(&confusion(t, p, 3).ok()?).ok();
    let interval = Bootstrap::default()
        .ci95_of(&truth, &predicted, f1)?
        .interval;
    println!("macro-F1 {:.3}, {interval:?}", macro_f1(&matrix)?);
    println!("confused: {:?}", confused_pairs(&matrix, 1));

    // It claims to be 90 % sure of every guess.
    let correct: Vec<bool> = truth.iter().zip(&predicted).map(|(t, p)| t == p).collect();
    println!(
        "{:?}",
        expected_calibration_error(&[0.9; 200], &correct, 10)?.ece
    );
    Ok(())
}
