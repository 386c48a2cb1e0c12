//! `wardrobe eval preferences`

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;
use indicatif::ProgressBar;
use serde::Serialize;
use wardrobe_eval::Interval;
use wardrobe_train::evaluate::preferences::{
    CHECKPOINTS, Course, Estimate, Simulation, plot, read,
};

use crate::context::Context;
use crate::failure::Status;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// A table of garments' tags: id, category, certainty, formality, colors
    #[arg(long, value_name = "FILE.csv")]
    data: PathBuf,
    /// How many wearers
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..))]
    wearers: u16,
    /// Another number draws other wearers
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Draw the course as a picture
    #[arg(long, value_name = "FILE.png")]
    plot: Option<PathBuf>,
}

#[derive(Serialize)]
struct Document {
    task: &'static str,
    metrics: BTreeMap<String, f64>,
    n: usize,
    ci95: BTreeMap<String, Interval>,
    weights: Option<String>,
    seconds: f64,
}

pub fn run(args: &Args, bar: &ProgressBar, context: &Context) -> Result<Status> {
    let start = Instant::now();
    let garments = read(&args.data)?;
    bar.set_length(2 * u64::from(args.wearers));
    let course = |taps_at_random| -> Result<Course> {
        let simulation = Simulation {
            wearers: args.wearers.into(),
            seed: args.seed,
            taps_at_random,
            ..Simulation::default()
        };
        Ok(simulation.run(&garments, || bar.inc(1))?)
    };
    let (taste, random) = (course(false)?, course(true)?);
    bar.finish_and_clear();
    if let Some(path) = &args.plot {
        plot(
            &[
                ("wearers with a taste", &taste),
                ("wearers who tap at random", &random),
            ],
            path,
        )?;
        context.note(format_args!("wrote {}", path.display()));
    }
    let mut document = Document {
        task: "preferences",
        metrics: BTreeMap::new(),
        n: args.wearers.into(),
        ci95: BTreeMap::new(),
        weights: None,
        seconds: 0.0,
    };
    for (place, count) in CHECKPOINTS.iter().enumerate() {
        document.add(format!("ndcg_at_5_after_{count:02}"), taste.at(place)?);
        if place > 0 {
            document.add(format!("gain_after_{count:02}"), taste.gain(place)?);
            document.add(
                format!("gain_at_random_after_{count:02}"),
                random.gain(place)?,
            );
        }
    }
    document.seconds = start.elapsed().as_secs_f64();
    context.out.answer(&document, || text(&document))?;
    Ok(Status::Done)
}

impl Document {
    fn add(&mut self, name: String, estimate: Estimate) {
        self.metrics.insert(name.clone(), estimate.value);
        self.ci95.insert(name, estimate.ci95);
    }
}

fn text(document: &Document) -> String {
    let mut text = format!(
        "{} of {} simulated wearers in {:.1} s\n",
        document.task, document.n, document.seconds
    );
    for (name, value) in &document.metrics {
        let Interval { low, high } = document.ci95[name];
        let _ = writeln!(
            text,
            "  {name:26} {value:+.3}  ({low:+.3} to {high:+.3} at 95 %)"
        );
    }
    text
}
