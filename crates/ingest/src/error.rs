//! What can go wrong between a path and a tensor.

use std::io;
use std::path::{Path, PathBuf};

use crate::Format;

/// The result of this crate's fallible functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A decoder's own error, kept as the cause.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a photo could not be read, decoded or reshaped. Each message is one line that names the file, what was found and
/// what to do; the cause is in [`source`](std::error::Error::source).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing is at the path, or a symbolic link leads nowhere.
    #[error("{}: no such file or folder; check the path", path.display())]
    NotFound {
        /// The missing path.
        path: PathBuf,
    },

    /// The operating system refuses to let us read.
    #[error("{}: no permission to read it; change its mode or its owner", path.display())]
    PermissionDenied {
        /// The unreadable file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },

    /// Any other failure while reading.
    #[error("{}: reading failed: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },

    /// A folder, device or pipe where a photo was expected.
    #[error("{}: not a regular file; give a photo, or let `discover` walk the folder", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },

    /// A symbolic link leads back to a folder that contains it.
    #[error("{}: a link back to {}, which contains it; skipped", path.display(), ancestor.display())]
    FolderLoop {
        /// The link.
        path: PathBuf,
        /// The folder it leads back to.
        ancestor: PathBuf,
    },

    /// A file of no bytes.
    #[error("{}: the file is empty; copy it again from its source", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },

    /// The content is of no picture format we read, whatever the name says.
    #[error("{}: not a picture: it contains {found}; photos are JPEG, PNG, WebP, GIF, BMP or TIFF", path.display())]
    NotAPicture {
        /// The file.
        path: PathBuf,
        /// What the first bytes look like: "text", "a PDF document", "unknown bytes".
        found: &'static str,
    },

    /// A format this build leaves out.
    #[error("{}: {format} needs wardrobe built with the `{feature}` feature; convert it to JPEG or rebuild with `--features {feature}`", path.display())]
    FeatureDisabled {
        /// The file.
        path: PathBuf,
        /// The format found.
        format: Format,
        /// The cargo feature of `wardrobe-ingest` that reads it.
        feature: &'static str,
    },

    /// The file is longer than [`DecodeLimits::max_file_bytes`](crate::DecodeLimits::max_file_bytes).
    #[error("{}: the file is longer than {limit} bytes; save it smaller or raise the limit", path.display())]
    FileTooLarge {
        /// The file.
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },

    /// The header announces more pixels than [`DecodeLimits::max_pixels`](crate::DecodeLimits::max_pixels).
    #[error("{}: {width} x {height} pixels, more than the limit of {limit}; save it smaller or raise the limit", path.display())]
    TooManyPixels {
        /// The file.
        path: PathBuf,
        /// Width the header announces.
        width: u32,
        /// Height the header announces.
        height: u32,
        /// The limit in pixels.
        limit: u64,
    },

    /// Decoding would allocate more than [`DecodeLimits::max_alloc_bytes`](crate::DecodeLimits::max_alloc_bytes).
    #[error("{}: decoding this {format} file needs more memory than the limit; save it smaller or raise the limit", path.display())]
    TooMuchMemory {
        /// The file.
        path: PathBuf,
        /// Its format.
        format: Format,
        /// What the decoder said.
        source: Cause,
    },

    /// The file ends before its picture does.
    #[error("{}: the {format} file is cut off; copy it again from its source", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Its format.
        format: Format,
        /// What the decoder said, where it said more than "unexpected end".
        source: Option<Cause>,
    },

    /// The bytes break the rules of their format.
    #[error("{}: damaged {format} file: {source}; copy it again from its source", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Its format.
        format: Format,
        /// What the decoder said.
        source: Cause,
    },

    /// A legal file that uses a part of its format the decoder does not know.
    #[error("{}: unsupported kind of {format} file: {source}; convert it to a plain JPEG or PNG", path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// Its format.
        format: Format,
        /// What the decoder said.
        source: Cause,
    },

    /// A resize to or from a picture without pixels, or one past [`MAX_OUTPUT_PIXELS`](crate::resize::MAX_OUTPUT_PIXELS).
    #[error("cannot resize {from_width} x {from_height} to {to_width} x {to_height}: sides must be at least 1 and the area at most {limit} pixels", limit = crate::resize::MAX_OUTPUT_PIXELS)]
    BadSize {
        /// Width of the source.
        from_width: u32,
        /// Height of the source.
        from_height: u32,
        /// Width asked for.
        to_width: u64,
        /// Height asked for.
        to_height: u64,
    },

    /// A crop box that shares no pixel with the photo.
    #[error("the box [{x0}, {y0}, {x1}, {y1}] covers no pixel of the {width} x {height} photo")]
    EmptyCrop {
        /// Left edge.
        x0: f32,
        /// Top edge.
        y0: f32,
        /// Right edge.
        x1: f32,
        /// Bottom edge.
        y1: f32,
        /// Width of the photo.
        width: u32,
        /// Height of the photo.
        height: u32,
    },

    /// A buffer of the wrong length for a picture's tensor.
    #[error("a {width} x {height} picture fills {expected} floats, the buffer holds {got}")]
    BadBufferLength {
        /// Width of the picture.
        width: u32,
        /// Height of the picture.
        height: u32,
        /// 3 x width x height.
        expected: usize,
        /// Floats in the buffer.
        got: usize,
    },

    /// A preprocessing recipe that cannot be carried out.
    #[error("bad preprocessing: {what}")]
    BadPreprocess {
        /// Which field, its value, and what it may be.
        what: String,
    },
}

impl Error {
    /// The file or folder the error is about; `None` for the errors about pixels already in memory.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::NotFound { path }
            | Self::PermissionDenied { path, .. }
            | Self::Io { path, .. }
            | Self::NotAFile { path }
            | Self::FolderLoop { path, .. }
            | Self::Empty { path }
            | Self::NotAPicture { path, .. }
            | Self::FeatureDisabled { path, .. }
            | Self::FileTooLarge { path, .. }
            | Self::TooManyPixels { path, .. }
            | Self::TooMuchMemory { path, .. }
            | Self::Truncated { path, .. }
            | Self::Damaged { path, .. }
            | Self::Unsupported { path, .. } => Some(path),
            Self::BadSize { .. }
            | Self::EmptyCrop { .. }
            | Self::BadBufferLength { .. }
            | Self::BadPreprocess { .. } => None,
        }
    }

    /// Sorts what the operating system said about `path` into the variants above.
    pub(crate) fn from_io(path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::NotFound => Self::NotFound { path },
            io::ErrorKind::PermissionDenied => Self::PermissionDenied { path, source },
            _ => Self::Io { path, source },
        }
    }
}
