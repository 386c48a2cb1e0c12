//! Where the garments are in a photo.
