//! `wardrobe ingest`

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use anyhow::Result;
use indicatif::ProgressBar;
use wardrobe::{IngestOptions, IngestReport, PhotoReport, PhotoStatus, Progress, WarningKind};
use wardrobe_types::Garment;

use crate::context::Context;
use crate::failure::Status;
use crate::output::Output;
use crate::{output, progress, server, table};

/// So many new garments are listed one by one; more are counted by category.
const LISTED: usize = 40;

/// Take photos in: files, or folders with all that is in them
///
/// Photos already in the wardrobe are known by their content and change nothing. A bad file and a photo that shows no
/// clothes are reported and the rest goes on. Ctrl-C stops between photos and loses nothing stored.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  wardrobe ingest photos/\n  wardrobe ingest shirt.jpg jeans.png --json\n  wardrobe ingest doormat.jpg --force"
)]
pub struct Args {
    /// Photos, or folders of them
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Take in photos in which no clothes are seen too
    #[arg(long)]
    force: bool,
}

pub fn run(args: Args, context: &Context) -> Result<Status> {
    let mut wardrobe = context.wardrobe()?;
    let cancel = progress::stop_on_ctrl_c("stopping after this photo; what is stored stays")?;
    let bar = progress::bar(context.quiet);
    let options = IngestOptions { force: args.force };
    let report = wardrobe.ingest_with(&args.paths, options, &cancel, |progress| {
        follow(progress, &bar, context)
    });
    bar.finish_and_clear();
    let report = report?;
    finish(&report, context);
    context.out.answer(&report, || text(&report, context.out))?;
    let summary = report.summary;
    let unread = usize::from(report.stopped.is_some() && summary.failed + summary.rejected == 0);
    Ok(Status::of(
        summary.added + summary.duplicate,
        summary.failed + summary.rejected + unread,
    ))
}

/// Moves the bar on and tells at once what is wrong with a photo.
fn follow(progress: Progress<'_>, bar: &ProgressBar, context: &Context) {
    match progress {
        Progress::Found(photos) => bar.set_length(photos as u64),
        Progress::Done(photo) => {
            bar.suspend(|| tell(photo, context));
            bar.inc(1);
        }
        // What is new is sent beside the photos; only a longer delivery shows, once they are done.
        Progress::Sent { done, total } if bar.length() == Some(bar.position()) => {
            server::follow(bar, done, total);
        }
        _ => {}
    }
}

fn tell(photo: &PhotoReport, context: &Context) {
    let path = photo.path.display();
    let reason = photo.reason.as_deref().unwrap_or_default();
    match photo.status {
        // The reason names the file.
        PhotoStatus::Failed => output::to_stderr(format_args!("error: {reason}")),
        PhotoStatus::Rejected => output::to_stderr(format_args!("error: {path}: {reason}")),
        _ => {}
    }
    for warning in &photo.warnings {
        let of_quality = matches!(warning.kind, WarningKind::Quality(_));
        let told_already = photo.status == PhotoStatus::Rejected;
        if !told_already && (context.verbose || !of_quality) {
            context.note(format_args!("warning: {path}: {}", warning.message));
        }
    }
}

/// The last words on standard error.
fn finish(report: &IngestReport, context: &Context) {
    if let Some(reason) = &report.stopped {
        let last = report.photos.last().and_then(|photo| photo.reason.as_ref());
        let reason = if last == Some(reason) {
            "for this error"
        } else {
            reason
        };
        output::to_stderr(format_args!("stopped before the last photo: {reason}"));
    }
    if let Some(delivery) = &report.server {
        server::tell(delivery, context);
    }
    let poor = |photo: &&PhotoReport| {
        photo.status == PhotoStatus::Added
            && photo
                .warnings
                .iter()
                .any(|w| matches!(w.kind, WarningKind::Quality(_)))
    };
    let poor = report.photos.iter().filter(poor).count();
    if poor > 0 && !context.verbose {
        context.note(format_args!(
            "{poor} added photos are blurred, too dark or too bright: -v lists them"
        ));
    }
}

fn text(report: &IngestReport, out: Output) -> String {
    let summary = report.summary;
    let added: Vec<&Garment> = report
        .photos
        .iter()
        .filter(|photo| photo.status == PhotoStatus::Added)
        .flat_map(|photo| &photo.garments)
        .collect();
    let mut text = String::new();
    if !added.is_empty() && added.len() <= LISTED {
        let _ = writeln!(text, "{}\n", table::garments(out, added));
    } else if !added.is_empty() {
        let _ = writeln!(text, "{}\n", by_category(&added));
    }
    let _ = write!(text, "{} added", summary.added);
    for (count, what) in [
        (summary.duplicate, "already there"),
        (summary.rejected, "rejected"),
        (summary.failed, "failed"),
    ] {
        if count > 0 {
            let _ = write!(text, ", {count} {what}");
        }
    }
    let _ = write!(text, " in {:.1} s", summary.seconds);
    text
}

/// `12 shirt, 9 trousers, ...`, the most first.
fn by_category(garments: &[&Garment]) -> String {
    let mut counts = BTreeMap::new();
    for garment in garments {
        *counts.entry(garment.category).or_insert(0_usize) += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts
        .iter()
        .map(|(category, count)| format!("{count} {category}"))
        .collect::<Vec<_>>()
        .join(", ")
}
