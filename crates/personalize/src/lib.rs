//! Learning from likes and wears: what a wearer says of outfits becomes weights, and weights a term of the score.
//!
//! A [`Feedback`] (wear +2, like +1, skip -0.3, dislike -1, a garment worn instead +3) speaks of the outfit's
//! [`Feature`]s: categories, colours, patterns, styles, formality, and pairs of them. [`Preferences`] holds all feedback
//! and the weights that follow, which move with each one, rest on the evidence there is and fade with time;
//! [`Preferences::explain`] shows each with the feedback behind it. [`Preferences::taste`] is what
//! [`wardrobe_recommend::recommend_for`] asks: its term moves a score by at most `WEIGHTS.preference` (0.2) up or down,
//! one like by at most 0.05 ([`Rule::most_a_like`] of that), and leaves no outfit out.
//!
//! No file and no clock is read here: days are counted by the caller.
//!
//! ```
//! use wardrobe_personalize::{Feedback, Preferences};
//! use wardrobe_recommend::{Item, Request, recommend_for};
//! use wardrobe_types::{Category, ColorName, Signal};
//! let shirt = Item::new("s1", Category::Shirt, ColorName::White);
//! let chinos = Item::new("c1", Category::Chinos, ColorName::Navy);
//! let loafers = Item::new("l1", Category::Loafers, ColorName::Brown);
//! let wardrobe = [shirt, chinos, loafers];
//! let mut preferences = Preferences::default();
//! let items = wardrobe.to_vec();
//! preferences.learn(Feedback { number: 1, day: 20_000, signal: Signal::Like, items, instead: None });
//! let taste = preferences.taste(20_000);
//! let answer = recommend_for(&wardrobe, &Request::default(), Some(&taste))?;
//! assert!(answer.outfits[0].scored.breakdown.preference > Some(0.5));
//! # Ok::<(), wardrobe_recommend::Error>(())
//! ```

mod feature;
mod feedback;
mod preferences;
#[cfg(test)]
mod reference;
mod rule;
mod taste;

pub use feature::{Feature, Trait};
pub use feedback::{Feedback, INSTEAD, strength};
pub use preferences::{Part, Preferences, Weight};
pub use rule::{Rule, Shares};
pub use taste::TasteNow;
