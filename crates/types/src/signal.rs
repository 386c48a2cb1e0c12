//! What the wearer says of an outfit.

use crate::vocabulary::vocabulary;

vocabulary! {
    /// What the wearer says of an outfit, from the strongest for it to what speaks against it.
    enum Signal, "signal" {
        Wear = "wear",
        Like = "like",
        Skip = "skip",
        Dislike = "dislike",
    }
}
