//! The allocator, and what it does with memory that is free.

use libmimalloc_sys::{mi_option_get, mi_option_set, mi_option_t, mi_option_use_numa_nodes};
use mimalloc::MiMalloc;

/// Activations come and go at every layer: this allocator keeps their pages, the system's gives large ones back.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Milliseconds until free pages go back to the system. The crate names only the options beside it.
const PURGE_DELAY: mi_option_t = mi_option_use_numa_nodes - 1;
/// Never.
const KEEP: i64 = -1;
/// What the user may have said of it.
const VARIABLE: &str = "MIMALLOC_PURGE_DELAY";

/// Keeps free pages for good. A training step needs again what the last one freed, and to have the kernel take, clear and
/// return those pages costs it a fifth of its time; the most memory held at once stays about the same.
pub fn keep_pages() {
    // An index that a later version gives to another option is left alone.
    let known = get() == i64::from(DEFAULT);
    if known && std::env::var_os(VARIABLE).is_none() {
        // SAFETY: an integer of the allocator's own, set before the program has another thread.
        unsafe { mi_option_set(PURGE_DELAY, KEEP as _) };
    }
}

/// mimalloc 3's.
const DEFAULT: i32 = 1000;

#[allow(clippy::useless_conversion, reason = "a C long has 32 bits elsewhere")]
fn get() -> i64 {
    // SAFETY: reads an integer of the allocator's own.
    i64::from(unsafe { mi_option_get(PURGE_DELAY) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_kept_from_then_on() {
        if std::env::var_os(VARIABLE).is_some() {
            return;
        }
        assert_eq!(
            get(),
            i64::from(DEFAULT),
            "the option or its default has moved"
        );
        keep_pages();
        assert_eq!(get(), KEEP);
    }
}
