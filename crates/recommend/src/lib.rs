//! Outfits from garments: slots, candidates, rules and reasons.
//!
//! [`recommend`] makes outfits of a wardrobe: it leaves out what the request's weather, laundry and exclusions rule
//! out, draws some hundreds of candidates ([`Generator`]), scores each and shows the best that differ. [`score`] judges
//! given garments. Both need no model and no file, only [`Item`]s, and give a score in 0..=1 with its terms and its
//! reasons in plain words:
//!
//! - **color**: neutrals go with everything, classic and complementary pairs are best, more than two colours are worse
//!   and clashes stay below one half;
//! - **formality**: how equally dressy the garments are, and how near to the occasion;
//! - **category**: which categories and patterns are worn together, and whether they suit the weather;
//! - **learned**: how much it looks like what people wear, by a trained model ([`Opinion`], which
//!   `learned::OutfitScorer` gives);
//! - **preference**: the wearer's own [`Taste`]. [`recommend_with`] takes both;
//! - **rotation**: whether its garments are worn less than others, where [`Item::worn`] says when. [`blend`] leaves out
//!   what is `None`.
//!
//! ```
//! use wardrobe_recommend::{Item, Request, recommend};
//! use wardrobe_types::{Category, ColorName};
//! let wardrobe = [
//!     Item::new("s1", Category::Shirt, ColorName::White),
//!     Item::new("c1", Category::Chinos, ColorName::Navy),
//!     Item::new("l1", Category::Loafers, ColorName::Brown),
//! ];
//! let answer = recommend(&wardrobe, &Request { n: 1, ..Request::default() })?;
//! println!("{:.2}: {}", answer.outfits[0].scored.score, answer.outfits[0].scored.explanation[0]);
//! # assert!(answer.outfits[0].scored.score > 0.8 && answer.reason.is_none());
//! # Ok::<(), wardrobe_recommend::Error>(())
//! ```
//!
//! The same seed gives the same outfits; every weight is in one place ([`WEIGHTS`] and the file it is in).

mod candidates;
mod error;
mod explain;
mod filter;
mod harmony;
mod input;
mod item;
#[cfg(feature = "learned")]
pub mod learned;
mod opinion;
mod phrase;
mod recommend;
mod request;
mod rotation;
mod rules;
mod score;
mod select;
mod slots;
mod taste;
mod weights;

pub use candidates::Generator;
pub use error::{Error, Result};
pub use input::{ScoreInput, ScoreInputItem};
pub use item::{Item, UNSURE_BELOW};
pub use opinion::Opinion;
pub use recommend::{
    Advice, Recommendation, ScoredOutfit, recommend, recommend_for, recommend_with,
};
pub use request::Request;
pub use score::{outfit_id, score, score_with};
pub use slots::{Problem, problems, share_a_place};
pub use taste::{Liking, Taste};
pub use weights::{CLASH_BELOW, CLASH_FACTOR, WEIGHTS, Weights, blend};
