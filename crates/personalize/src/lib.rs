//! Learning from likes and wears: reserved for the preference model.
