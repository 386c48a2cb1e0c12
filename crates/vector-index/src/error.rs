use std::path::PathBuf;

use thiserror::Error;
use wardrobe_types::EmbedderId;

/// What every call returns.
pub type Result<T> = std::result::Result<T, IndexError>;

/// Why a store, a collection or a call was refused. Nothing is stored by a call that fails.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum IndexError {
    /// The store's path names a folder.
    #[error("{path} is a folder, not a database file; name a file in it")]
    IsAFolder {
        /// The path.
        path: PathBuf,
    },
    /// The file is something other than an SQLite database.
    #[error("{path} is not an SQLite database; name another file, or move this one away")]
    NotADatabase {
        /// The file.
        path: PathBuf,
        /// SQLite's words.
        source: rusqlite::Error,
    },
    /// The file cannot be opened or created.
    #[error(
        "{path} cannot be opened: {source}; its folder must exist and be readable and writable"
    )]
    CannotOpen {
        /// The file.
        path: PathBuf,
        /// SQLite's or the system's words.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A later version of this program wrote the file.
    #[error(
        "{path} holds vectors in format {found}, this program knows formats up to {supported}; \
         use a newer wardrobe"
    )]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// Its format version.
        found: i64,
        /// The newest format version this program reads.
        supported: i64,
    },
    /// The database handed over holds no vector tables.
    #[error("{path} holds no vector tables; open it with SqliteStore::open once first")]
    NoTables {
        /// The file.
        path: PathBuf,
    },
    /// Another process or thread kept the database locked for too long.
    #[error("cannot {operation} in {path}: it is in use by another process; try again")]
    Busy {
        /// What was being done.
        operation: &'static str,
        /// The file.
        path: PathBuf,
        /// SQLite's words.
        source: rusqlite::Error,
    },
    /// No room is left for the database.
    #[error(
        "cannot {operation} in {path}: the disk is full; nothing was changed, free some room and \
         try again"
    )]
    DiskFull {
        /// What was being done.
        operation: &'static str,
        /// The file.
        path: PathBuf,
        /// SQLite's words.
        source: rusqlite::Error,
    },
    /// The database may be read but not written.
    #[error(
        "cannot {operation} in {path}: it is read-only; nothing was changed, check its permissions \
         and its folder's"
    )]
    ReadOnly {
        /// What was being done.
        operation: &'static str,
        /// The file.
        path: PathBuf,
        /// SQLite's words.
        source: rusqlite::Error,
    },
    /// The database holds something this program never writes.
    #[error("{path} is damaged: {what}; restore a copy of it")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        what: String,
        /// The cause, where there is one.
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// Any other error of SQLite's.
    #[error("cannot {operation} in {path}: {source}")]
    Sqlite {
        /// What was being done.
        operation: &'static str,
        /// The file.
        path: PathBuf,
        /// SQLite's words.
        source: rusqlite::Error,
    },
    /// A server's address or token is none.
    #[error("\"{url}\" is no server to use: {why}")]
    BadServer {
        /// The address.
        url: String,
        /// What is wrong.
        why: String,
    },
    /// A server does not answer.
    #[error("cannot {operation}: the server at {url} does not answer ({source}); is it running?")]
    Unreachable {
        /// The server.
        url: String,
        /// What was being done.
        operation: &'static str,
        /// Why not.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A server does not let us in.
    #[error("cannot {operation}: the server at {url} refuses access ({source}); check the token")]
    AccessDenied {
        /// The server.
        url: String,
        /// What was being done.
        operation: &'static str,
        /// The server's words.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A server refuses a request, or answers what makes no sense.
    #[error("cannot {operation} on the server at {url}: {source}")]
    Server {
        /// The server.
        url: String,
        /// What was being done.
        operation: &'static str,
        /// The server's words.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Metadata cannot be written as JSON.
    #[error("record \"{id}\": its metadata cannot be written as JSON: {source}")]
    MetadataJson {
        /// The record.
        id: String,
        /// The cause.
        source: serde_json::Error,
    },
    /// There is no collection of this name.
    #[error(
        "there is no collection \"{name}\" (there is: {}); create it first",
        or_none(known)
    )]
    UnknownCollection {
        /// The name asked for.
        name: String,
        /// The names that exist.
        known: Vec<String>,
    },
    /// The collection holds another model's vectors.
    #[error(
        "collection \"{collection}\" holds vectors of the embedder \"{stored}\", not of \"{given}\"; \
         embed with \"{stored}\", or fill a collection of another name anew"
    )]
    EmbedderMismatch {
        /// The collection.
        collection: String,
        /// The embedder of its vectors.
        stored: EmbedderId,
        /// The embedder the caller uses.
        given: EmbedderId,
    },
    /// The collection differs from what the caller expects.
    #[error(
        "collection \"{collection}\" has {field} {stored}, not {given}; use {stored}, or a \
         collection of another name"
    )]
    CollectionMismatch {
        /// The collection.
        collection: String,
        /// `dimension`, `metric` or `precision`.
        field: &'static str,
        /// As stored.
        stored: String,
        /// As the caller expects it.
        given: String,
    },
    /// Such a collection cannot exist.
    #[error("collection \"{name}\" cannot be made: {why}")]
    BadCollection {
        /// Its name.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// No metric has this name.
    #[error("unknown metric \"{name}\"; the metrics are cosine, dot and euclidean")]
    UnknownMetric {
        /// The name.
        name: String,
    },
    /// A record without an id or user.
    #[error("a record's {part} is empty; give it one")]
    EmptyName {
        /// `id` or `user`.
        part: &'static str,
    },
    /// A vector has too few or too many values.
    #[error("{subject} has {got} values, the collection's vectors have {expected}")]
    WrongDimension {
        /// Which vector.
        subject: String,
        /// The collection's dimension.
        expected: usize,
        /// The vector's.
        got: usize,
    },
    /// A vector holds NaN or an infinity.
    #[error("{subject}: value {position} is {value}; all must be finite")]
    NotFinite {
        /// Which vector.
        subject: String,
        /// Where in it, counted from 0.
        position: usize,
        /// What is there.
        value: f32,
    },
    /// A value is too large for the collection's precision.
    #[error("{subject}: value {position} is {value}, above 65504; scale it down, or store as f32")]
    OutOfRange {
        /// Which vector.
        subject: String,
        /// Where in it, counted from 0.
        position: usize,
        /// What is there.
        value: f32,
    },
    /// A vector of zeros has no direction, so nothing is like it.
    #[error("{subject} is all zeros, which is like nothing; check the embedder")]
    ZeroVector {
        /// Which vector.
        subject: String,
    },
    /// A vector so long that scores would overflow.
    #[error("{subject} has norm {norm:e}, above the limit of 1e18; scale it down")]
    TooLong {
        /// Which vector.
        subject: String,
        /// Its Euclidean norm.
        norm: f64,
    },
    /// A metadata value is an object or a list in a list.
    #[error(
        "record \"{id}\": metadata field \"{field}\" is nested; use text, numbers, booleans, null \
         or lists of these"
    )]
    BadMetadata {
        /// The record.
        id: String,
        /// The field.
        field: String,
    },
    /// A filter compares with something no field can hold.
    #[error("filter on \"{field}\": {why}")]
    BadFilter {
        /// The field.
        field: String,
        /// What is wrong.
        why: &'static str,
    },
}

fn or_none(names: &[String]) -> String {
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}
