//! What a run tells whoever watches it.

/// A step forward.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// Photos are being read: `done` of `total`.
    Loading {
        /// Read so far.
        done: usize,
        /// To be read.
        total: usize,
    },
    /// A photo could not be read and is left out.
    Skipped {
        /// Why, with its path.
        reason: String,
    },
    /// Pictures are being written: `done` of `total`.
    Writing {
        /// Written so far.
        done: usize,
        /// To be written.
        total: usize,
    },
    /// A batch was learned from.
    Step {
        /// From 1.
        epoch: usize,
        /// Epochs in all.
        epochs: usize,
        /// From 1, within the epoch.
        step: usize,
        /// Steps an epoch.
        steps: usize,
        /// The batch's loss.
        loss: f32,
    },
    /// The network was measured before the first epoch.
    Before {
        /// As [`Event::Epoch`]'s.
        metrics: Vec<(&'static str, f64)>,
    },
    /// An epoch was finished and measured.
    Epoch {
        /// From 1.
        epoch: usize,
        /// Mean loss over its batches.
        train_loss: f32,
        /// Its validation metrics, by name; none where it was not measured.
        metrics: Vec<(&'static str, f64)>,
        /// Whether it is the best so far.
        best: bool,
        /// Wall time of the epoch.
        seconds: f64,
    },
}
