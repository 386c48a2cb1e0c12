//! Days as people name them.

use wardrobe::{Date, Wardrobe};

/// `today`, `yesterday`, or a date as in 2026-11-23.
pub fn day(text: &str) -> Result<Date, String> {
    let today = Wardrobe::today();
    match text {
        "today" => Ok(today),
        "yesterday" => today.yesterday().map_err(|error| error.to_string()),
        date => date
            .parse()
            .map_err(|_| format!("expected today, yesterday, or a date as in {today}")),
    }
}
