//! Shared by tests: golden fixtures, comparison of tensors, gradient checks.
