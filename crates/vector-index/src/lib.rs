//! A store of embeddings with exact search, on SQLite.
