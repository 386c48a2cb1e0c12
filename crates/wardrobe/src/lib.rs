//! A wardrobe on disk: photos in, garments kept, outfits out.
//!
//! [`Wardrobe`] is what an application calls. One folder holds it all:
//!
//! ```text
//! wardrobe.db   photos, garments, corrections, feedback and embeddings (SQLite)
//! photos/       the photos as they came in, byte for byte, named by their content
//! crops/        one JPEG a garment
//! ```
//!
//! Paths inside are relative, so copying the folder moves the wardrobe.
//!
//! ```no_run
//! use std::sync::atomic::AtomicBool;
//! use wardrobe::{Filter, Request, Wardrobe};
//!
//! let mut wardrobe = Wardrobe::open("my-wardrobe", Default::default())?;
//! let report = wardrobe.ingest(&["photos/"], &AtomicBool::new(false), |_| {})?;
//! println!("{} garments added", report.summary.garments);
//! for outfit in wardrobe.recommend(&Request::default())?.outfits {
//!     println!("{:.2} {}", outfit.scored.score, outfit.scored.explanation.join(", "));
//! }
//! # Ok::<(), wardrobe::Error>(())
//! ```
//!
//! # What becomes of a photo
//!
//! `ingest/`: find, decode, assess quality; `locate.rs`: where the garments are; then colours on
//! all cores, category and embedding in batches (`models/`), and one transaction a photo. Photos
//! are known by the SHA-256 of their bytes, and garments' ids derive from it: taking the same
//! photos in again changes nothing.
//!
//! # What is not known is not guessed
//!
//! Patterns and styles are the tagger's; what it did not learn, as fits, is `None` until the wearer
//! says so ([`Edit`]). Formality is the category's prior from the taxonomy, and seasons follow from
//! its prior warmth (`priors.rs`). What the wearer says is stored apart from what models saw and
//! wins over it for good.

mod archive;
mod clothing;
mod collage;
mod database;
mod describe;
mod details;
mod duplicates;
mod edit;
mod error;
mod feedback;
mod filter;
mod flat_lay;
mod home;
mod ingest;
pub mod inspect;
mod locate;
mod models;
mod outfits;
mod picture;
mod priors;
mod reconcile;
mod record;
mod removed;
mod report;
mod search;
mod server;
mod settings;
mod similar;
mod store;
mod vectors;
mod views;
mod wardrobe;
mod wear;
pub mod weights;

pub use archive::{Exported, Imported};
pub use clothing::{ClothingRule, Evidence};
pub use describe::describe;
pub use details::{Details, View};
pub use duplicates::{LookAlike, Shot};
pub use edit::Edit;
pub use error::{Error, Result};
pub use feedback::{Change, Learned, Said, Taught};
pub use filter::{ColorQuery, Filter};
pub use ingest::{
    IngestOptions, IngestReport, PhotoReport, PhotoStatus, Progress, Summary, Warning, WarningKind,
};
pub use jiff::civil::Date;
pub use models::{
    Clip, DetectorChoice, GarmentDetector, Look, ModelOptions, Models, find_outfit_scorer,
    load_outfit_scorer,
};
pub use outfits::{Outfit, Outfits, score};
pub use search::{Correction, Found, Meaning, Query, Search, Term, Wish};
pub use server::Delivery;
pub use settings::Settings;
pub use similar::{Similar, Target};
pub use wardrobe::Wardrobe;
pub use wardrobe_classify::Prediction;
pub use wardrobe_detect::{Detection, contact_sheet, draw, thumbnail};
pub use wardrobe_ingest::quality;
pub use wardrobe_personalize::{Feature, Part, Weight};
pub use wardrobe_recommend::learned::OutfitScorer;
pub use wardrobe_recommend::{Request, ScoreInput};
pub use wardrobe_vector_index::VectorStore;
#[cfg(feature = "chroma")]
pub use wardrobe_vector_index::{ChromaOptions, ChromaStore};
pub use wear::{Usage, Wear};

#[cfg(test)]
mod tests;
