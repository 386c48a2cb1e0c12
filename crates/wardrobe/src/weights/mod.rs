//! The weights that models run on: what there is and where, getting it, converting it.
//!
//! What a name stands for, and where it is looked for, is told in [`Resolver`].

mod architecture;
mod convert;

use std::path::Path;

pub use architecture::Architecture;
pub use convert::{Conversion, Converted, Precision, convert};
pub use wardrobe_weights::{
    Entry, Error, Hub, HubFile, Listed, LoadReport, Place, Progress, Pulled, Record, Resolved,
    Resolver, Verdict, Verified,
};

use crate::{ModelOptions, Result};

/// Looks for weights where the options say, and in the usual places. Opens no connection.
///
/// # Errors
/// A folder that is not there, an entry of the user's own manifest that is wrong.
pub fn resolver(options: &ModelOptions) -> Result<Resolver> {
    let folder = options.weights.as_deref().filter(|path| !path.is_file());
    Ok(Resolver::usual(folder)?)
}

/// The weights of a file, or of a name of the manifest.
///
/// # Errors
/// As [`Resolver::resolve`].
pub fn resolve(resolver: &Resolver, name: &str) -> Result<Resolved> {
    let path = Path::new(name);
    if !path.is_file() {
        return Ok(resolver.resolve(name)?);
    }
    // Absolute, so that it cannot be taken for a name of the manifest.
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    Ok(resolver.resolve(&absolute.to_string_lossy())?)
}
