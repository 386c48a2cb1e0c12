//! What weights to load and from where, verified, with a report of what was applied.
