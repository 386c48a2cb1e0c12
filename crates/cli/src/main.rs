//! The `wardrobe` command.
fn main() {}
