//! Progress bars on standard error.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use wardrobe_train::Event;

use crate::context::Context;
use crate::output;

const BAR: &str = "{bar:32} {pos}/{len} {msg}  {per_sec}, {eta} left";
const BYTES: &str = "{bar:32} {bytes}/{total_bytes} of {msg}  {bytes_per_sec}, {eta} left";

/// A bar of unknown length yet, hidden where standard error is no terminal or `quiet`.
pub fn bar(quiet: bool) -> ProgressBar {
    styled(BAR, quiet)
}

/// The same for bytes of a file.
pub fn bytes(quiet: bool) -> ProgressBar {
    styled(BYTES, quiet)
}

fn styled(template: &str, quiet: bool) -> ProgressBar {
    let target = if quiet {
        ProgressDrawTarget::hidden()
    } else {
        ProgressDrawTarget::stderr()
    };
    let bar = ProgressBar::with_draw_target(None, target);
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("━━ "));
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// The flag that Ctrl-C raises, which also says `what` happens now.
pub fn stop_on_ctrl_c(what: &'static str) -> Result<Arc<AtomicBool>> {
    let cancel = Arc::new(AtomicBool::new(false));
    let raised = Arc::clone(&cancel);
    ctrlc::set_handler(move || {
        if !raised.swap(true, Ordering::Relaxed) {
            output::to_stderr(what);
        }
    })
    .context("cannot catch Ctrl-C")?;
    Ok(cancel)
}

/// Follows a training or an evaluation: batches move the bar, epochs are told line by line.
pub fn watch<'a>(bar: &'a ProgressBar, context: &'a Context) -> impl FnMut(Event) + 'a {
    move |event| match event {
        Event::Loading { done, total } => place(bar, done, total, "photos read".into()),
        Event::Writing { done, total } => place(bar, done, total, "pictures written".into()),
        Event::Step {
            epoch,
            epochs,
            step,
            steps,
            loss,
        } => {
            let message = format!("steps of epoch {epoch} of {epochs}, loss {loss:.3}");
            place(bar, step, steps, message);
        }
        Event::Skipped { reason } => {
            bar.suspend(|| output::to_stderr(format_args!("error: {reason}")));
        }
        Event::Before { metrics } => {
            let metrics = listed(&metrics);
            bar.suspend(|| context.note(format_args!("before training{metrics}")));
        }
        Event::Epoch {
            epoch,
            train_loss,
            metrics,
            best,
            seconds,
        } => {
            let best = if best { ", the best so far" } else { "" };
            let metrics = listed(&metrics);
            bar.suspend(|| {
                context.note(format_args!(
                    "epoch {epoch}: loss {train_loss:.3}{metrics} in {seconds:.0} s{best}"
                ));
            });
        }
        _ => {}
    }
}

fn listed(metrics: &[(&str, f64)]) -> String {
    let metrics = metrics.iter();
    metrics
        .map(|(name, value)| format!(", {name} {value:.3}"))
        .collect()
}

/// Puts the bar where the work is.
pub fn place(bar: &ProgressBar, done: usize, total: usize, message: String) {
    // A new phase counts from its own start.
    if done <= 1 {
        bar.reset();
    }
    bar.set_length(total as u64);
    bar.set_position(done as u64);
    bar.set_message(message);
}
