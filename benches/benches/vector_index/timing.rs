//! Clocks and pools.

use std::time::Instant;

use rayon::{ThreadPool, ThreadPoolBuilder};

/// Measure for so long, and at least twice.
const SECONDS: f64 = 1.5;

pub fn pool(threads: usize) -> ThreadPool {
    ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .expect("a thread pool")
}

/// Seconds this thread has worked, where the system tells; else of the clock.
pub fn thread_seconds() -> f64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let worked = told.and_then(|line| line.split(' ').next()?.parse::<f64>().ok());
    worked.map_or_else(clock_seconds, |nanoseconds| nanoseconds / 1e9)
}

fn clock_seconds() -> f64 {
    use std::sync::OnceLock;
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_secs_f64()
}

/// Bytes of memory the process has, where the system tells.
pub fn memory() -> f64 {
    let told = std::fs::read_to_string("/proc/self/statm").ok();
    let pages = told.and_then(|line| line.split(' ').nth(1)?.parse::<f64>().ok());
    pages.unwrap_or(0.0) * 4096.0
}

/// Queries a second of this thread's own time, `n` a run: the median run.
pub fn rate_of_thread(n: usize, run: impl FnMut()) -> f64 {
    rate(n, thread_seconds, run)
}

/// Queries a second of the clock.
pub fn rate_of_clock(n: usize, run: impl FnMut()) -> f64 {
    rate(n, clock_seconds, run)
}

fn rate(n: usize, seconds: impl Fn() -> f64, mut run: impl FnMut()) -> f64 {
    run();
    let (start, mut times) = (seconds(), Vec::new());
    while seconds() - start < SECONDS || times.len() < 2 {
        let before = seconds();
        run();
        times.push(seconds() - before);
    }
    times.sort_by(f64::total_cmp);
    n as f64 / times[times.len() / 2]
}
