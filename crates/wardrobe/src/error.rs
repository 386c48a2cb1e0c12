//! What can go wrong with a wardrobe.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong with a wardrobe. Each says what failed, on which file, and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The wardrobe's path is not a folder.
    #[error("{} is a file, and a wardrobe is a folder: choose another place for it", path.display())]
    NotAFolder {
        /// The path asked for.
        path: PathBuf,
    },
    /// A file or folder could not be read or written.
    #[error("cannot {action} {}: {}", path.display(), io_remedy(source))]
    File {
        /// What was tried, as a verb: `write`.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The database failed.
    #[error("the database {} {}", path.display(), sqlite_remedy(source))]
    Database {
        /// The database file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// The database was written by a newer version.
    #[error(
        "{} has format {found} and this version reads up to {known}: use a newer wardrobe, or another folder",
        path.display()
    )]
    NewerFormat {
        /// The database file.
        path: PathBuf,
        /// The format it says it has.
        found: i64,
        /// The newest format known here.
        known: i64,
    },
    /// The file is a database of something else.
    #[error("{} is a database, but not a wardrobe's: choose another folder", path.display())]
    NotAWardrobe {
        /// The database file.
        path: PathBuf,
    },
    /// No garment has this id.
    #[error("no garment `{id}` in the wardrobe: `list` shows the ids")]
    UnknownGarment {
        /// The id, or beginning of one, as given.
        id: String,
    },
    /// Several garments' ids begin so.
    #[error("`{id}` could be {}: give more of the id", matches.join(", "))]
    AmbiguousGarment {
        /// The beginning as given.
        id: String,
        /// Ids that begin with it, at most four.
        matches: Vec<String>,
    },
    /// No outfit has this id.
    #[error(
        "no outfit `{id}` was recommended from this wardrobe: `recommend` shows the ids; or name garments with commas \
         between, as in 3fa9c1,77b0d2"
    )]
    UnknownOutfit {
        /// The id, or beginning of one, as given.
        id: String,
    },
    /// Several outfits' ids begin so.
    #[error("`{id}` could be {}: give more of the id", matches.join(", "))]
    AmbiguousOutfit {
        /// The beginning as given.
        id: String,
        /// Ids that begin with it, at most four.
        matches: Vec<String>,
    },
    /// A garment cannot be taken instead of itself.
    #[error("`{garment}` is in the outfit {outfit} already: name a garment that is not")]
    NotInstead {
        /// The garment.
        garment: String,
        /// The outfit.
        outfit: String,
    },
    /// Something else than wearing was said of an outfit with another garment instead.
    #[error(
        "`{signal}` does not go with another garment instead: that says the outfit was worn with it, so use `wear`"
    )]
    InsteadIsWorn {
        /// What was said.
        signal: wardrobe_types::Signal,
    },
    /// No feedback has this number, or there is none at all.
    #[error("no feedback{} to take back: `preferences` lists what there is", number.map(|n| format!(" {n}")).unwrap_or_default())]
    NoFeedback {
        /// The number as given.
        number: Option<i64>,
    },
    /// A day to come.
    #[error("{day} is still to come: the log is of what was worn")]
    NotYet {
        /// The day.
        day: jiff::civil::Date,
    },
    /// Neither a garment nor an outfit has this id.
    #[error(
        "no garment or outfit `{id}`: `list` shows the garments' ids, `recommend` those of outfits"
    )]
    NothingToWear {
        /// The id, or beginning of one, as given.
        id: String,
    },
    /// The wear log has no entry of this number, or none at all.
    #[error(
        "no entry{} in the wear log to take back: `wear --log` lists them, and `feedback --undo` takes back what feedback said",
        number.map(|n| format!(" {n}")).unwrap_or_default()
    )]
    NoWear {
        /// The number as given.
        number: Option<i64>,
    },
    /// No removed garment has this id.
    #[error("no removed garment `{id}`: `list --removed` shows them")]
    NotRemoved {
        /// The id, or beginning of one, as given.
        id: String,
    },
    /// A photo is the garment's already.
    #[error("`{photo}` is a photo of {garment} already: `show {garment}` lists them")]
    AlreadyItsPhoto {
        /// The garment.
        garment: String,
        /// The photo's id.
        photo: String,
    },
    /// A further photo was asked for, and this is none.
    #[error("`{id}` is no further photo of a garment: `show ID` lists a garment's photos")]
    NoFurtherPhoto {
        /// The id, or beginning of one, as given.
        id: String,
    },
    /// A photo that is in the wardrobe with several garments.
    #[error(
        "{} is in the wardrobe already, with {}: name the one that is meant instead of the photo",
        path.display(), garments.join(", ")
    )]
    SeveralGarments {
        /// The photo.
        path: PathBuf,
        /// The garments' ids.
        garments: Vec<String>,
    },
    /// A photo that is not good enough.
    #[error("{}: {reason}", path.display())]
    PhotoRejected {
        /// The photo.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A wardrobe would be imported over another.
    #[error(
        "{} has a wardrobe in it already, and an import replaces none: choose another folder with --home, or move that one away",
        path.display()
    )]
    NotEmpty {
        /// The wardrobe's folder.
        path: PathBuf,
    },
    /// A file that no export has written.
    #[error("{} is no archive of a wardrobe ({reason}): name a file that `export` wrote, all of it", path.display())]
    NotAnArchive {
        /// The file.
        path: PathBuf,
        /// What tells so.
        reason: String,
    },
    /// An archive that is not as it was written.
    #[error("the archive {} is damaged: {what}; nothing was restored, use another copy of it", path.display())]
    DamagedArchive {
        /// The archive.
        path: PathBuf,
        /// Where it is damaged.
        what: String,
    },
    /// The archive was written by a newer version.
    #[error("the archive {} has format {found} and this version reads up to {known}: use a newer wardrobe", path.display())]
    NewerArchive {
        /// The archive.
        path: PathBuf,
        /// The format it says it has.
        found: u32,
        /// The newest format known here.
        known: u32,
    },
    /// The caller wanted it to end.
    #[error("interrupted: nothing was written")]
    Interrupted,
    /// A garment without its vector.
    #[error("garment {garment} has no embedding: ingest its photo again to renew it")]
    NoEmbedding {
        /// The garment.
        garment: String,
    },
    /// A photo in which no garment was found.
    #[error("{}: no garment found in it: photograph one garment on a plain ground", path.display())]
    NothingFound {
        /// The photo.
        path: PathBuf,
    },
    /// A photo could not be read or decoded, or it is none.
    #[error(transparent)]
    Photo(#[from] wardrobe_ingest::Error),
    /// A box could not be cut out of its photo.
    #[error(transparent)]
    Detect(#[from] wardrobe_detect::Error),
    /// The colours could not be measured.
    #[error(transparent)]
    Attributes(#[from] wardrobe_attributes::Error),
    /// The weights could not be found or loaded.
    #[error(transparent)]
    Weights(#[from] wardrobe_weights::Error),
    /// The device is not to be had.
    #[error(transparent)]
    Device(#[from] candle_core::Error),
    /// The classifier failed.
    #[error(transparent)]
    Classify(#[from] wardrobe_classify::Error),
    /// The embedder failed.
    #[error(transparent)]
    Embed(#[from] wardrobe_embed::Error),
    /// The vector index failed.
    #[error(transparent)]
    Index(#[from] wardrobe_vector_index::IndexError),
    /// The server that holds the vectors too failed.
    #[error("{0}; nothing is lost: without the server, the wardrobe answers itself")]
    Server(#[source] wardrobe_vector_index::IndexError),
    /// The recommender refused a request.
    #[error(transparent)]
    Recommend(#[from] wardrobe_recommend::Error),
    /// The outfit scorer's weights do not fit, or it was asked about garments it does not know.
    #[error(transparent)]
    OutfitScorer(#[from] wardrobe_recommend::learned::LearnedError),
    /// A value outside the vocabulary.
    #[error(transparent)]
    Vocabulary(#[from] wardrobe_types::Error),
    /// No network has that name.
    #[error("there is no architecture {name:?}; expected {expected}")]
    UnknownArchitecture {
        /// The name asked for.
        name: String,
        /// Names that are spelled like it, or all.
        expected: String,
    },
    /// A file's tensors are no known network's.
    #[error(
        "{file} is of no network that is known here: its tensors begin with {}; name one with --arch",
        tensors.join(", ")
    )]
    WhichNetwork {
        /// The file.
        file: String,
        /// Its first tensors.
        tensors: Vec<String>,
    },
    /// Nothing tells a CLIP's activation.
    #[error(
        "{file} is a CLIP, and nothing tells its activation: add --arch clip-vit-b-32 (GELU: OpenCLIP's weights and what \
         was tuned from them) or --arch clip-vit-b-32-quickgelu (OpenAI's)"
    )]
    WhichClip {
        /// The file.
        file: String,
    },
    /// A classifier without its last layer.
    #[error("{file} has no classifier.weight: only whole networks can be converted")]
    NoHead {
        /// The file.
        file: String,
    },
    /// Another number of labels than of outputs.
    #[error(
        "{file} has {outputs} outputs, and there are {labels} labels: give one an output, in their order"
    )]
    LabelCount {
        /// The file.
        file: String,
        /// How many labels.
        labels: usize,
        /// How many outputs.
        outputs: usize,
    },
    /// A value is beyond f16.
    #[error("{tensor} has a value beyond 65,504, the largest of f16: convert with --dtype f32")]
    TooLargeForF16 {
        /// The tensor.
        tensor: String,
    },
    /// A file is to be written whose name says something else.
    #[error("{} does not end in .safetensors, which is what it would be", path.display())]
    NotSafetensors {
        /// The path.
        path: PathBuf,
    },
    /// A file is there that would be lost.
    #[error("{} is there already: choose another name, or add --force to replace what is not the input itself", path.display())]
    Exists {
        /// The path.
        path: PathBuf,
    },
    /// Settings could not be written as JSON.
    #[error("cannot write the settings: {0}; report this as a bug")]
    Settings(serde_json::Error),
    /// A picture could not be encoded.
    #[error("cannot encode the picture {name}: {source}; report this as a bug")]
    Encode {
        /// The picture.
        name: String,
        /// Why not.
        source: image::ImageError,
    },
}

impl Error {
    /// For `map_err`: what was tried on which file.
    pub(crate) fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::File {
            action,
            path,
            source,
        }
    }

    /// For `map_err`: the database it happened in.
    pub(crate) fn database(path: &Path) -> impl FnOnce(rusqlite::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Database { path, source }
    }

    /// Whether the wardrobe's own folder cannot take anything more, so that going on is pointless.
    pub(crate) fn stops_a_batch(&self) -> bool {
        matches!(
            self,
            Self::File { .. } | Self::Database { .. } | Self::Index(_)
        )
    }
}

/// The reason of an I/O error and what to do about it.
fn io_remedy(source: &io::Error) -> String {
    use io::ErrorKind as Kind;
    let remedy = match source.kind() {
        Kind::StorageFull | Kind::QuotaExceeded => {
            "the disk is full: free some space and run it again"
        }
        Kind::PermissionDenied => {
            "permission denied: change its permissions, or choose another place"
        }
        Kind::ReadOnlyFilesystem => "it is on a read-only disk: choose another place",
        Kind::NotFound => "there is no such file or folder: check the path",
        Kind::FileTooLarge => "the file would be larger than this disk or account allows",
        _ => return format!("{source}: check the disk"),
    };
    remedy.to_owned()
}

/// The reason of a database error and what to do about it.
fn sqlite_remedy(source: &rusqlite::Error) -> String {
    let remedy = match source.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => {
            "cannot grow, the disk is full: free some space and run it again"
        }
        Some(ErrorCode::ReadOnly) => {
            "is read-only: change its permissions, or choose another folder"
        }
        Some(ErrorCode::CannotOpen) => {
            "cannot be opened for writing: check the permissions of its folder, or choose another"
        }
        Some(ErrorCode::NotADatabase) => {
            "is not a database: move the file away, or choose another folder"
        }
        Some(ErrorCode::DatabaseCorrupt) => "is damaged: restore the folder from a copy",
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "is in use by another program: wait for that to end and run it again"
        }
        _ => return format!("failed ({source}): restore the folder from a copy if this goes on"),
    };
    remedy.to_owned()
}
