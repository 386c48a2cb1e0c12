//! Photo bytes to upright RGB pixels: decoding, orientation, quality, resizing, perceptual hash.
