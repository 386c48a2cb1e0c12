//! Whether photos are whole.

use crate::progress::Event;
use rayon::prelude::*;
use std::path::PathBuf;

/// Photos decoded between two reports of progress.
const CHUNK: usize = 256;

/// Decodes every photo and says of each that cannot be why.
pub fn decode_all(paths: &[PathBuf], watch: &mut dyn FnMut(Event)) -> Vec<String> {
    let mut problems = Vec::new();
    for (number, chunk) in paths.chunks(CHUNK).enumerate() {
        let bad = chunk
            .par_iter()
            .filter_map(|path| Some(wardrobe_ingest::load(path).err()?.to_string()));
        problems.extend(bad.collect::<Vec<_>>());
        watch(Event::Loading {
            done: number * CHUNK + chunk.len(),
            total: paths.len(),
        });
    }
    problems
}
