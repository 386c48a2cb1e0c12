//! `wardrobe data prepare deepfashion2` and `ccp`

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;
use serde::Serialize;
use wardrobe_train::data::PerSplit;
use wardrobe_train::data::detection::to_yolo;

use super::Kind;
use crate::context::Context;
use crate::failure::Status;
use crate::{output, progress};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where the data set is
    #[arg(long, value_name = "DIR", requires = "out")]
    data: Option<PathBuf>,
    /// A new folder to write to: data.yaml, images/, labels/
    #[arg(long, value_name = "DIR", requires = "data")]
    out: Option<PathBuf>,
    /// Only so many photos of each part, spread evenly over it
    #[arg(long, value_name = "N", requires = "data", value_parser = clap::value_parser!(u64).range(1..))]
    subset: Option<u64>,
}

#[derive(Serialize)]
struct Document {
    dataset: Kind,
    data: PathBuf,
    photos: PerSplit<usize>,
    /// Photos left out, and why.
    problems: Vec<String>,
    seconds: f64,
}

pub fn run(kind: Kind, args: Args, context: &Context) -> Result<Status> {
    let (Some(data), Some(out)) = (args.data, args.out) else {
        return kind.tell(context);
    };
    let start = Instant::now();
    let bar = progress::bar(context.quiet);
    let subset = args.subset.map(|n| n as usize);
    let converted = to_yolo(&data, &out, subset, &mut progress::watch(&bar, context));
    bar.finish_and_clear();
    let converted = converted?;
    for problem in &converted.problems {
        output::to_stderr(format_args!("error: {problem}"));
    }
    let document = Document {
        dataset: kind,
        data: converted.file,
        photos: converted.photos,
        problems: converted.problems,
        seconds: start.elapsed().as_secs_f64(),
    };
    context.out.answer(&document, || {
        let PerSplit { train, val } = document.photos;
        let (seconds, file) = (document.seconds, document.data.display());
        format!("{train} photos to learn from, {val} to measure on, in {seconds:.1} s\n{file}")
    })?;
    let PerSplit { train, val } = document.photos;
    Ok(Status::of(train + val, document.problems.len()))
}
