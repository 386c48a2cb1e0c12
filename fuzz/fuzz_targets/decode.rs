//! Any bytes are a photo within the limits or a typed error: never a panic, never more memory than allowed.
//! `crates/ingest/tests/golden/formats` is a good corpus.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wardrobe_ingest::{DecodeLimits, assess, decode, perceptual_hash};

fuzz_target!(|bytes: &[u8]| {
    let limits = DecodeLimits { max_pixels: 4_000_000, max_alloc_bytes: 256 << 20, ..DecodeLimits::default() };
    if let Ok(photo) = decode(bytes, "fuzz", &limits) {
        assess(&photo.image).expect("a decoded photo has pixels");
        perceptual_hash(&photo.image).expect("a decoded photo has pixels");
    }
});
