//! What can be wrong with a value of the vocabulary.

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// A value that is not part of the vocabulary.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A name outside a closed vocabulary.
    #[error("unknown {kind} `{name}`: {}", hint(.near, .all))]
    UnknownName {
        /// What was being named: `category`, `color`, ...
        kind: &'static str,
        /// The name that was given.
        name: String,
        /// The nearest known names, nearest first; may be empty.
        near: Vec<String>,
        /// Every known name, for vocabularies short enough to print; else empty.
        all: Vec<String>,
    },
    /// A colour that is not `#rrggbb`.
    #[error("`{text}` is not a colour: expected # and six hexadecimal digits, as in #1f2a44")]
    BadHex {
        /// What was given.
        text: String,
    },
    /// A number outside its range.
    #[error("{what} is {got}: expected a number from {low} to {high}")]
    OutOfRange {
        /// What the number is: `formality`, `fraction`.
        what: &'static str,
        /// The number given.
        got: f32,
        /// The smallest value allowed.
        low: f32,
        /// The largest value allowed.
        high: f32,
    },
    /// A box with a side that is not finite, or whose ends are swapped.
    #[error("box [{}, {}, {}, {}]: expected finite numbers with x0 <= x1 and y0 <= y1", .corners[0], .corners[1], .corners[2], .corners[3])]
    BadBox {
        /// `[x0, y0, x1, y1]` as given.
        corners: [f32; 4],
    },
    /// An embedding that has no direction.
    #[error(
        "embedding of `{embedder}` with {dimension} values {problem}: it cannot be normalised; embed the photo again"
    )]
    BadEmbedding {
        /// The embedder it is said to be from.
        embedder: String,
        /// How many values it has.
        dimension: usize,
        /// `is all zeros`, `is empty`, or where it is not finite.
        problem: String,
    },
    /// Embeddings of different spaces were compared.
    #[error(
        "embeddings of `{left}` ({left_dimension} values) and `{right}` ({right_dimension} values) cannot be compared: embed both with the same embedder"
    )]
    EmbedderMismatch {
        /// The embedder of the first.
        left: String,
        /// The dimension of the first.
        left_dimension: usize,
        /// The embedder of the second.
        right: String,
        /// The dimension of the second.
        right_dimension: usize,
    },
}

fn hint(near: &[String], all: &[String]) -> String {
    match (near, all) {
        ([], []) => "no known name is near it".to_owned(),
        ([], all) => format!("expected one of {}", all.join(", ")),
        (near, _) => format!("did you mean {}?", near.join(", ")),
    }
}
