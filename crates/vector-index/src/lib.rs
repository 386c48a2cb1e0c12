//! A store of embeddings with exact search and HNSW, on SQLite.
//!
//! ```
//! use wardrobe_vector_index::{CollectionSpec, Filter, QueryOptions, Record, SqliteStore, VectorStore};
//!
//! let store = SqliteStore::in_memory()?; // or SqliteStore::open("wardrobe.db")?
//! let looks = CollectionSpec::cosine("looks", 3, "toy-embedder");
//! store.create_collection(&looks)?;
//! store.upsert(&looks, &[
//!     Record::new("shirt", vec![1.0, 0.0, 0.2]).with("slots", vec!["top"]),
//!     Record::new("jeans", vec![0.9, 0.1, 0.0]).with("slots", vec!["bottom"]),
//!     Record::new("dress", vec![0.0, 1.0, 0.0]).with("slots", vec!["top", "bottom"]),
//! ])?;
//! let tops = Filter::eq("slots", "top");
//! let hits = store.query(&looks, &[1.0, 0.1, 0.0], &QueryOptions::top(5).matching(&tops))?;
//! assert_eq!(hits.iter().map(|hit| hit.id.as_str()).collect::<Vec<_>>(), ["shirt", "dress"]);
//! # Ok::<(), wardrobe_vector_index::IndexError>(())
//! ```
//!
//! # What it promises
//!
//! - A [`VectorStore`] holds collections, each of one dimension, one [`Metric`] and one embedder. A
//!   query or record from another embedder is an error, never a plausible score.
//! - The truth is on disk. [`SqliteStore`] syncs each write before it returns, all of it or none; a
//!   crash at any instant loses nothing acknowledged. Memory holds a copy to search, brought up to
//!   date with every process's writes before each query.
//! - Below [`IndexOptions::graph_from`] records search is exact: every record in scope that matches
//!   the [`Filter`] is scored. Above, a graph (HNSW) finds nearly all of the nearest: it is used only
//!   where it has reached a recall@10 of 0.99 on the collection's own vectors, and scores are exact
//!   either way. Fewer than k matches are fewer hits, not an error. Equal scores come in a fixed
//!   order.
//! - Readers wait for no writer, and the graph grows beside the queries.
//! - Records belong to users, and no call crosses users unless its [`Scope`] says so.
//! - One file can hold other tables beside: see [`SqliteStore::upsert_in`].
//! - Writes wait in the file for other stores that are to hold the same, until each has acknowledged
//!   them: see [`SqliteStore::mirror_to`].
//!
//! # Where to look
//!
//! `store.rs` is the trait, `sqlite/` the truth, `memory/` the copy that is searched, `exact/` and
//! `hnsw/` the two ways of searching it, `filter.rs` the conditions, `chroma/` (with the feature
//! `chroma`) a server in the place of all these. `tests/contract/` is the suite every backend must pass.

#[cfg(feature = "chroma")]
mod chroma;
mod collection;
mod error;
mod exact;
mod filter;
mod hnsw;
mod lines;
mod mask;
mod memory;
mod record;
mod sqlite;
mod store;

#[cfg(feature = "chroma")]
pub use self::chroma::{ChromaOptions, ChromaStore};
pub use collection::{CollectionSpec, Metric, Precision};
pub use error::{IndexError, Result};
pub use filter::Filter;
pub use record::{DEFAULT_USER, Hit, MAX_NORM, Metadata, Record, Scope};
pub use sqlite::{IndexOptions, SqliteStore};
pub use store::{Cursor, GraphStats, QueryOptions, Records, Stats, VectorStore};
