//! What every command works with: the flags, the wardrobe they name, and where to print.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use wardrobe::{Clip, DetectorChoice, GarmentDetector, ModelOptions, Wardrobe};

use crate::args::Global;
use crate::output::Output;
use crate::server::{self, Store};

/// What every command works with.
pub struct Context {
    home: Option<PathBuf>,
    models: ModelOptions,
    store: Store,
    /// No network connection may be opened.
    pub offline: bool,
    /// Where the answer goes.
    pub out: Output,
    /// No progress and no warnings.
    pub quiet: bool,
    /// Every warning.
    pub verbose: bool,
}

impl Context {
    /// Applies the flags: threads now, the rest when it is needed.
    pub fn new(flags: Global) -> Result<Self> {
        let models = ModelOptions {
            device: flags.device,
            weights: flags.weights,
            clip: flags.clip,
            detector: detector_choice(flags.detector),
            embedder: None,
            tagger: None,
            scorer: flags.scorer,
        };
        // A GPU that is not there is told at once, not after minutes of reading photos.
        if !matches!(models.device.as_str(), "auto" | "cpu") {
            models.device()?;
        }
        if let Some(threads) = flags.threads {
            // Candle has a pool of its own beside rayon's, whose threads wait for work by spinning.
            // SAFETY: the program has no other thread yet that could read the environment meanwhile.
            unsafe { std::env::set_var("CANDLE_NUM_THREADS", threads.to_string()) };
            rayon::ThreadPoolBuilder::new()
                .num_threads(threads.into())
                .build_global()
                .context("cannot start the threads asked for: give a smaller --threads")?;
        }
        Ok(Self {
            home: flags.home,
            models,
            store: flags.store,
            offline: flags.offline,
            out: Output::new(flags.json),
            quiet: flags.quiet,
            verbose: flags.verbose,
        })
    }

    /// Which weights to load and where to run them.
    pub fn models(&self) -> &ModelOptions {
        &self.models
    }

    /// The garment detector alone, for a command that can do nothing without: `--weights FILE` names it too.
    pub fn detector(&self) -> Result<GarmentDetector> {
        let mut models = self.models.clone();
        if let Some(file) = models.weights.take_if(|path| path.is_file()) {
            models.detector = DetectorChoice::File(file);
        }
        GarmentDetector::find(&models)?.with_context(|| {
            let name = GarmentDetector::WEIGHTS;
            format!("no garment detector: name its file with --detector, put {name}.safetensors where weights are looked for, or train one with `wardrobe train detect`")
        })
    }

    /// CLIP alone, for a command that can do nothing without: `--weights FILE` names it too.
    pub fn clip(&self) -> Result<Clip> {
        let mut models = self.models.clone();
        if let Some(file) = models.weights.take_if(|path| !path.is_dir()) {
            models.clip = Some(file);
        }
        Clip::find(&models)?.with_context(|| {
            let name = Clip::WEIGHTS;
            format!("CLIP's weights are not at hand: `wardrobe weights pull {name}`, or name a file of them with --weights")
        })
    }

    /// The wardrobe, made where there is none.
    pub fn wardrobe(&self) -> Result<Wardrobe> {
        self.served(Wardrobe::open(self.home()?, self.models.clone())?)
    }

    /// The wardrobe for looking at; nothing is made.
    pub fn wardrobe_to_read(&self) -> Result<Wardrobe> {
        self.served(Wardrobe::open_to_read(self.home()?, self.models.clone())?)
    }

    /// Whether a server is to hold the vectors too, and may be reached.
    pub fn has_server(&self) -> bool {
        self.store != Store::Sqlite && !self.offline
    }

    /// The wardrobe with its server, where there is one that may be reached.
    fn served(&self, mut wardrobe: Wardrobe) -> Result<Wardrobe> {
        match &self.store {
            Store::Chroma(url) if !self.offline => server::connect(&mut wardrobe, url)?,
            _ => {}
        }
        Ok(wardrobe)
    }

    /// The wardrobe for changing what is in it; nothing is made.
    pub fn wardrobe_to_change(&self) -> Result<Wardrobe> {
        if Wardrobe::exists(self.home()?)? {
            self.wardrobe()
        } else {
            self.wardrobe_to_read()
        }
    }

    /// The wardrobe's folder, which need not be there.
    pub fn home(&self) -> Result<PathBuf> {
        if let Some(home) = self
            .home
            .as_ref()
            .filter(|home| !home.as_os_str().is_empty())
        {
            return Ok(home.clone());
        }
        let folders = directories::BaseDirs::new()
            .context("this account has no data folder: name the wardrobe's folder with --home")?;
        Ok(folders.data_dir().join("wardrobe"))
    }

    /// Tells something on standard error, unless it is to be quiet.
    pub fn note(&self, message: impl std::fmt::Display) {
        if !self.quiet {
            crate::output::to_stderr(message);
        }
    }
}

fn detector_choice(file: Option<PathBuf>) -> DetectorChoice {
    match file {
        None => DetectorChoice::Usual,
        Some(file) if file.as_os_str() == "none" => DetectorChoice::Off,
        Some(file) => DetectorChoice::File(file),
    }
}
