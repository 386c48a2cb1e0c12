//! A wardrobe on disk: ingest photos, keep garments, recommend outfits.
