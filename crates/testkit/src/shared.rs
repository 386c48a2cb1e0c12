use std::path::{Path, PathBuf};

/// The folder of data sets beside the repository, or `None`, said on standard error, where there
/// is none.
pub fn shared_data() -> Option<PathBuf> {
    beside_the_workspace("shared/data")
}

/// The folder of golden fixtures beside the repository, or `None`, said on standard error, where
/// there is none.
pub fn shared_golden() -> Option<PathBuf> {
    beside_the_workspace("shared/golden")
}

/// Says that a test did not run because `missing` is not there. The caller returns.
pub fn skip(missing: &str) {
    eprintln!("skipped: no {missing}");
}

fn beside_the_workspace(folder: &str) -> Option<PathBuf> {
    // Elsewhere where tests run on another machine than the one they were built on.
    let beside = match std::env::var_os("WARDROBE_BESIDE") {
        Some(beside) => PathBuf::from(beside),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.."),
    };
    let path = beside.join(folder);
    match path.canonicalize() {
        Ok(path) if path.is_dir() => Some(path),
        _ => {
            skip(&format!("../{folder}"));
            None
        }
    }
}
