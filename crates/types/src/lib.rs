//! The vocabulary of wardrobe: categories, slots, colours, garments, outfits.
