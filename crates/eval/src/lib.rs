//! Metrics with confidence intervals: top-k accuracy, macro-F1, confusion.
