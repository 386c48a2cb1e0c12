/// The weights built into the program: their names in the manifest, and their files' content.
pub(crate) const BUILT_IN: &[(&str, &[u8])] = &[];
