//! What weights to load and from where, verified, with a report of what was applied.
//!
//! Three steps, each an error of its own kind:
//!
//! 1. [`Resolver::resolve`] finds the weights of a name: in the folder the user names, in the
//!    repository's `weights/`, in the cache, built into the program, or, where it is allowed, on the [`Hub`], in this
//!    order; and holds them to the SHA-256 of the [`Manifest`] or of the first download. A path is taken as it is.
//! 2. [`Tensors::load`] reads safetensors and PyTorch checkpoints (state dicts and whole modules), told apart by
//!    content, and runs none of the latter's code.
//! 3. [`Loading`] matches the file's tensors with the model's and ends in a [`LoadReport`], which
//!    is an error unless nothing is missing, unexpected or of another shape.
//!
//! ```no_run
//! use wardrobe_weights::{Loading, Resolver};
//! # let model = [];
//! let resolver = Resolver::usual(None)?;
//! let tensors = resolver.resolve("starter-classifier")?.load()?;
//! let loaded = Loading::strict().load(&model, &tensors)?;
//! println!("{}", loaded.report);
//! # Ok::<(), wardrobe_weights::Error>(())
//! ```

mod builtin;
mod checksum;
mod error;
mod format;
mod head;
mod hub;
mod load;
mod manifest;
mod place;
mod record;
mod report;
mod resolver;
mod tensors;
mod verify;

pub use checksum::{sha256, sha256_of_file};
pub use error::{Error, Result};
pub use head::LinearHead;
pub use hub::{Hub, Progress};
pub use load::{Loaded, Loading};
pub use manifest::{Entry, HubFile, Manifest};
pub use place::{Place, Source};
pub use record::Record;
pub use report::{LoadReport, Misshaped};
pub use resolver::{Pulled, Resolved, Resolver};
pub use tensors::Tensors;
pub use verify::{Listed, Verdict, Verified};
