//! `wardrobe weights convert`

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::Serialize;
use wardrobe::weights::{self, Architecture, Conversion, Converted, Precision};

use crate::command::weights::megabytes;
use crate::context::Context;
use crate::failure::Status;

/// Write weights of any format that is read here as safetensors with our names
///
/// Reads safetensors and PyTorch checkpoints (.pt, .pth, .bin; Ultralytics' too), with the names of Ultralytics, timm,
/// torchvision, OpenCLIP or Hugging Face. No code of a checkpoint is run. Every tensor must find its place.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  wardrobe weights convert yolov8n.pt yolov8n.safetensors\n  wardrobe weights convert pytorch_model.bin clip.safetensors --arch clip-vit-b-32 --dtype f16\n  wardrobe weights convert net.pth net.safetensors --labels labels.txt"
)]
pub struct Args {
    /// A file, or a name that `weights list` shows
    #[arg(value_name = "IN")]
    from: String,
    /// The new file
    #[arg(value_name = "OUT.safetensors")]
    to: PathBuf,
    /// yolov8, efficientnet-b0, clip-vit-b-32 or clip-vit-b-32-quickgelu [default: what the tensors' names say]
    #[arg(long, value_name = "NAME")]
    arch: Option<Architecture>,
    /// How floats are kept
    #[arg(long, value_enum, default_value = "f32")]
    dtype: Dtype,
    /// A text file with the label of each output, one a line
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// Replace OUT where it is there already
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Dtype {
    /// 4 bytes a value
    F32,
    /// 2 bytes a value
    F16,
}

#[derive(Serialize)]
struct Document {
    path: PathBuf,
    architecture: &'static str,
    /// How many of the network's tensors were filled: all of them.
    applied: usize,
    /// The input's tensors that the network has no use for.
    ignored: Vec<String>,
    bytes: u64,
    sha256: String,
    note: Option<&'static str>,
}

pub fn run(args: Args, context: &Context) -> Result<Status> {
    let how = Conversion {
        architecture: args.arch,
        precision: match args.dtype {
            Dtype::F32 => Precision::F32,
            Dtype::F16 => Precision::F16,
        },
        labels: args
            .labels
            .as_deref()
            .map(lines)
            .transpose()?
            .unwrap_or_default(),
        replace: args.force,
    };
    let from = weights::resolve(&weights::resolver(context.models())?, &args.from)?;
    let Converted {
        path,
        architecture,
        report,
        bytes,
        sha256,
        note,
        ..
    } = weights::convert(&from, &args.to, &how)?;
    if let Some(note) = note {
        context.note(format_args!("note: {note}"));
    }
    let document = Document {
        path,
        architecture: architecture.as_str(),
        applied: report.applied.len(),
        ignored: report.ignored.clone(),
        bytes,
        sha256,
        note,
    };
    context.out.answer(&document, || {
        let left_out = match report.ignored.as_slice() {
            [] => String::new(),
            [one] => format!("; {one} is of no use here and left out"),
            [first, ..] => format!("; {} are of no use here and left out, as {first}", report.ignored.len()),
        };
        format!(
            "{}: {architecture}, {report}, none missing, unexpected or of another shape{left_out}\n{}, SHA-256 {}",
            document.path.display(),
            megabytes(bytes),
            document.sha256
        )
    })?;
    Ok(Status::Done)
}

fn lines(path: &Path) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(path);
    let text = text.with_context(|| format!("cannot read the labels in {}", path.display()))?;
    let lines = text.lines().map(|line| line.trim().to_owned());
    Ok(lines.filter(|line| !line.is_empty()).collect())
}
