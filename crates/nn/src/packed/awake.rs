//! Threads kept awake while one image goes through a network.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rayon::Yield;

/// How long a thread looks for work without finding any before it goes to sleep as rayon's do.
const PATIENCE: Duration = Duration::from_micros(500);

thread_local! {
    /// Whether this thread is in the middle of a network, and must not wait for another's end.
    static BUSY: Cell<bool> = const { Cell::new(false) };
}

/// Runs `network` on one of rayon's threads while the others look for its work without going to sleep: a network of
/// small layers hands work over every few dozen microseconds, and waking a thread takes as long.
pub(super) fn awake<R: Send>(network: impl FnOnce() -> R + Send) -> R {
    rayon::scope(|_| {
        let done = Arc::new(AtomicBool::new(false));
        let was_busy = BUSY.replace(true);
        let _end = OnDrop(|| {
            BUSY.set(was_busy);
            done.store(true, Ordering::Release);
        });
        let until = done.clone();
        // Not the scope's own: a thread that is at something long need not come by before this returns.
        rayon::spawn_broadcast(move |_| look_for_work(&until));
        network()
    })
}

fn look_for_work(done: &AtomicBool) {
    if BUSY.get() {
        return;
    }
    let mut last = Instant::now();
    while !done.load(Ordering::Acquire) && last.elapsed() < PATIENCE {
        match rayon::yield_now() {
            Some(Yield::Executed) => last = Instant::now(),
            _ => std::hint::spin_loop(),
        }
    }
}

/// Does its part also where the network panics.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}
