//! Boxes as files state them, and how they become boxes of the upright photo.

use super::{DetectionSet, LabelledPhoto};
use crate::error::{Error, Result};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use wardrobe_eval::TruthBox;
use wardrobe_ingest::{Dimensions, Orientation};
use wardrobe_types::BoxXyxy;

/// Problems named in an error; the rest are counted.
const NAMED: usize = 3;
/// A box with a side of less than this many pixels inside the photo is none.
const LEAST_SIDE: f32 = 1.0;
/// How far a box may reach beyond the photo, in pixels, before it counts as clipped: files round.
const ROUNDING: f32 = 1.0;

/// One part of a data set and what was found wrong with it.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// The photos and boxes that could be read.
    pub set: DetectionSet,
    /// Boxes that reached beyond their photo and were clipped.
    pub clipped: usize,
    /// Boxes left out: nothing of them, or less than a pixel, lies in their photo.
    pub dropped: usize,
    /// What is wrong: photos that are missing or unreadable, boxes that are none.
    pub problems: Vec<String>,
}

impl Reading {
    /// The set, if nothing is wrong with it.
    pub(in crate::data) fn into_set(self, path: &Path) -> Result<DetectionSet> {
        let failed = |problem: String| Error::Data {
            path: path.to_path_buf(),
            problem,
        };
        if !self.problems.is_empty() {
            let named: Vec<&str> = self
                .problems
                .iter()
                .take(NAMED)
                .map(String::as_str)
                .collect();
            let rest = match self.problems.len().saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(" (and {more} more: `wardrobe data verify` lists them)"),
            };
            return Err(failed(named.join("; ") + &rest));
        }
        if self.set.photos.is_empty() {
            return Err(failed("it holds no photo".to_owned()));
        }
        Ok(self.set)
    }
}

/// What the edges of a box are measured in.
#[derive(Clone, Copy, Debug)]
pub(in crate::data) enum Frame {
    /// Shares of the upright photo's sides.
    Shares,
    /// Pixels of a photo of this size; of the upright photo where no size is stated.
    Pixels(Option<(u32, u32)>),
}

/// A box as a file states it.
#[derive(Clone, Copy, Debug)]
pub(in crate::data) struct DraftBox {
    pub class: usize,
    /// Left, top, right, bottom.
    pub edges: [f32; 4],
    pub crowd: bool,
}

/// A photo as a file states it.
#[derive(Clone, Debug)]
pub(in crate::data) struct DraftPhoto {
    pub path: PathBuf,
    pub frame: Frame,
    pub boxes: Vec<DraftBox>,
}

/// Reads every photo's size and brings the boxes into its pixels.
pub(in crate::data) fn finish(
    names: Vec<String>,
    unmapped: BTreeMap<String, usize>,
    mut problems: Vec<String>,
    drafts: Vec<DraftPhoto>,
) -> Reading {
    let photos: Vec<_> = drafts.into_par_iter().map(settle).collect();
    let mut reading = Reading::default();
    for photo in photos {
        match photo {
            Ok(Settled {
                photo,
                clipped,
                dropped,
            }) => {
                reading.clipped += clipped;
                reading.dropped += dropped;
                reading.set.photos.push(photo);
            }
            Err(problem) => problems.push(problem),
        }
    }
    reading.set.names = names;
    reading.set.unmapped = unmapped;
    reading.problems = problems;
    reading
}

struct Settled {
    photo: LabelledPhoto,
    clipped: usize,
    dropped: usize,
}

fn settle(draft: DraftPhoto) -> std::result::Result<Settled, String> {
    let dimensions = wardrobe_ingest::dimensions(&draft.path).map_err(|e| e.to_string())?;
    let (width, height) = dimensions.upright();
    let to_upright = to_upright(draft.frame, &dimensions)
        .map_err(|problem| format!("{}: {problem}", draft.path.display()))?;
    let mut settled = Settled {
        photo: LabelledPhoto {
            path: draft.path,
            boxes: Vec::with_capacity(draft.boxes.len()),
        },
        clipped: 0,
        dropped: 0,
    };
    for DraftBox {
        class,
        edges,
        crowd,
    } in draft.boxes
    {
        let stated = to_upright(edges);
        let bbox = stated.clipped(width, height);
        if bbox.width() < LEAST_SIDE || bbox.height() < LEAST_SIDE {
            settled.dropped += 1;
            continue;
        }
        let beyond = <[f32; 4]>::from(stated)
            .iter()
            .zip(<[f32; 4]>::from(bbox))
            .any(|(stated, inside)| (stated - inside).abs() > ROUNDING);
        settled.clipped += usize::from(beyond);
        settled.photo.boxes.push(TruthBox { class, bbox, crowd });
    }
    Ok(settled)
}

/// From stated edges to a box of the upright photo, which may reach beyond it.
fn to_upright(
    frame: Frame,
    dimensions: &Dimensions,
) -> std::result::Result<impl Fn([f32; 4]) -> BoxXyxy, String> {
    let (width, height) = dimensions.upright();
    let (scale, turn) = match frame {
        Frame::Shares => ((width as f32, height as f32), Orientation::NoTransforms),
        Frame::Pixels(None) => ((1.0, 1.0), Orientation::NoTransforms),
        Frame::Pixels(Some(stated)) if stated == (width, height) => {
            ((1.0, 1.0), Orientation::NoTransforms)
        }
        // Annotated on the pixels as stored, by a program that does not know of the orientation.
        Frame::Pixels(Some(stated)) if stated == dimensions.stored => {
            ((1.0, 1.0), dimensions.orientation)
        }
        Frame::Pixels(Some((w, h))) => {
            return Err(format!(
                "the photo is {width} x {height}, its annotation is for {w} x {h}: the photo was resized or is another"
            ));
        }
    };
    let stored = (dimensions.stored.0 as f32, dimensions.stored.1 as f32);
    Ok(move |[x0, y0, x1, y1]: [f32; 4]| {
        let corner = |x: f32, y: f32| turned(turn, stored, (x * scale.0, y * scale.1));
        let ((ax, ay), (bx, by)) = (corner(x0, y0), corner(x1, y1));
        BoxXyxy {
            x0: ax.min(bx),
            y0: ay.min(by),
            x1: ax.max(bx),
            y1: ay.max(by),
        }
    })
}

/// Where a point of the stored picture of `size` lies when it is made upright.
fn turned(orientation: Orientation, (width, height): (f32, f32), (x, y): (f32, f32)) -> (f32, f32) {
    match orientation {
        Orientation::NoTransforms => (x, y),
        Orientation::FlipHorizontal => (width - x, y),
        Orientation::Rotate180 => (width - x, height - y),
        Orientation::FlipVertical => (x, height - y),
        Orientation::Rotate90FlipH => (y, x),
        Orientation::Rotate90 => (height - y, x),
        Orientation::Rotate270FlipH => (height - y, width - x),
        Orientation::Rotate270 => (y, width - x),
    }
}

/// `root` and a file's own name for a photo below it; `None` for a name that would lead out of it.
pub(in crate::data) fn inside(root: &Path, name: &str) -> Option<PathBuf> {
    let relative = Path::new(name);
    let plain = relative
        .components()
        .all(|part| matches!(part, std::path::Component::Normal(_)));
    (plain && !name.is_empty()).then(|| root.join(relative))
}
