//! Learning from likes and wears.

mod feature;
mod feedback;
mod preferences;
mod rule;
mod taste;

pub use feature::{Feature, Trait};
pub use feedback::{Feedback, INSTEAD, strength};
pub use preferences::{Part, Preferences, Weight};
pub use rule::{Rule, Shares};
pub use taste::TasteNow;
