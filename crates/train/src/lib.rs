//! Training: a TOML file and a data folder become weights, with a log and curves to look at.
//!
//! [`data`] reads data sets in the form they are published in and maps their labels onto the taxonomy, [`augment`]
//! varies photos, [`tasks`] holds one training loop a model, [`evaluate`] measures weights on labelled data. Nothing
//! here prints: progress comes as [`Event`]s.
//!
//! A run with the same settings, data and seed gives the same weights on the CPU; one that was interrupted and resumed
//! gives the same as one that was not.
//!
//! ```no_run
//! use wardrobe_train::{TrainConfig, tasks::classify};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let config = TrainConfig::from_file("train.toml".as_ref())?;
//! let run = classify::Run { out: "runs/first".into(), init: None, resume: false };
//! let summary = classify::train(&config, &run, &candle_core::Device::Cpu, &mut |event| drop(event))?;
//! println!("top-1 {:.3} in {}", summary.best.metrics.top1, summary.weights.display());
//! # Ok(())
//! # }
//! ```

pub mod augment;
mod checkpoint;
mod config;
mod curves;
pub mod data;
mod descriptors;
mod error;
pub mod evaluate;
mod looks;
mod mix;
mod progress;
pub mod tasks;
mod temperature;

pub use config::{AugmentConfig, DataConfig, TrainConfig};
pub use error::{Error, Result};
pub use looks::{Eyes, Looks};
pub use progress::Event;
