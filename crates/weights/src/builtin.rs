/// The weights built into the program: their names in the manifest, and their files' content.
pub(crate) const BUILT_IN: &[(&str, &[u8])] = &[
    (
        "starter-classifier",
        include_bytes!("../../../weights/starter-classifier.safetensors"),
    ),
    (
        "starter-detector",
        include_bytes!("../../../weights/starter-detector.safetensors"),
    ),
    (
        "starter-embedder",
        include_bytes!("../../../weights/starter-embedder.safetensors"),
    ),
    (
        "starter-tagger",
        include_bytes!("../../../weights/starter-tagger.safetensors"),
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Manifest, Tensors, sha256};

    #[test]
    fn what_is_built_in_is_what_the_manifest_says() {
        let manifest = Manifest::built_in().unwrap();
        for (name, bytes) in BUILT_IN {
            let entry = manifest.entry(name).unwrap();
            assert_eq!(entry.bytes, Some(bytes.len() as u64), "{name}");
            assert_eq!(entry.sha256, Some(sha256(bytes)), "{name}");
            Tensors::from_bytes(bytes, name).unwrap();
        }
    }
}
