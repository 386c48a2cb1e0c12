//! Trains EfficientNet-B0 over the taxonomy's categories.
//!
//! Data sets label photos more coarsely than the taxonomy ("shoes", "outwear"), and each in its own way. A label is
//! therefore learned as a *set* of categories: the loss is the negative logarithm of the set's summed probability
//! ([`wardrobe_nn::loss::set_cross_entropy`]), so that several data sets teach one head, each as finely as it knows.

use crate::TrainConfig;
use crate::augment::vary;
use crate::checkpoint::{Checkpoint, Progress, write_safetensors};
use crate::curves::{self, LogRow};
use crate::data::{Dataset, PhotoCache, Split};
use crate::error::{AtPath, Error, Result};
use crate::evaluate::classify::{Metrics, metrics, rank_labels};
use crate::progress::Event;
use candle_core::{D, DType, Device, Tensor, Var};
use candle_nn::VarBuilder;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;
use wardrobe_classify::{ClassifierConfig, Config, EfficientNet, load_weights};
use wardrobe_ingest::resize::Filter;
use wardrobe_ingest::{ChannelOrder, Geometry, Layout, Normalization, Preprocess, tensor};
use wardrobe_nn::optim::{AdamW, AdamWConfig, Ema, Gradients, cosine_schedule};
use wardrobe_nn::{Mode, Rng, VarStore, loss};
use wardrobe_types::Category;
use wardrobe_weights::Tensors;

/// Where a run writes, and what it starts from.
#[derive(Clone, Debug)]
pub struct Run {
    /// Folder for weights, checkpoint, log and curves.
    pub out: PathBuf,
    /// Weights to start from (ImageNet's, or an earlier run's); a head for other classes is replaced.
    pub init: Option<PathBuf>,
    /// Go on from the checkpoint in `out`.
    pub resume: bool,
}

/// The best epoch so far.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// From 1.
    pub epoch: usize,
    /// Its validation metrics.
    pub metrics: Metrics,
}

/// What a run came to.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// The best epoch, whose weights were kept.
    pub best: Best,
    /// The weights, as f16 safetensors with their settings.
    pub weights: PathBuf,
    /// The curves, as a PNG.
    pub curves: PathBuf,
    /// Wall time of all epochs, over all resumptions.
    pub seconds: f64,
}

/// File names within [`Run::out`].
const WEIGHTS: &str = "best.safetensors";
const CHECKPOINT: &str = "checkpoint.safetensors";
const LOG: &str = "log.csv";
const CURVES: &str = "curves.png";

/// Trains until the last epoch and keeps the weights of the one with the best validation accuracy.
///
/// # Errors
/// Data that cannot be read, settings that do not fit the checkpoint, a loss that is no longer a number.
pub fn train(
    config: &TrainConfig,
    run: &Run,
    device: &Device,
    watch: &mut dyn FnMut(Event),
) -> Result<Summary> {
    std::fs::create_dir_all(&run.out).at(&run.out)?;
    let data = Data::load(config, watch)?;
    let mut trainer = Trainer::new(config, run, device)?;
    let mut log = if run.resume {
        trainer.resume(&run.out)?
    } else {
        Vec::new()
    };
    for epoch in trainer.progress.epochs..config.epochs {
        let start = Instant::now();
        let train_loss = trainer.learn(&data, epoch, watch)?;
        let metrics = trainer.validate(&data)?;
        let seconds = start.elapsed().as_secs_f64();
        let best = trainer
            .progress
            .best
            .is_none_or(|best| metrics.top1 > best.metrics.top1);
        if best {
            trainer.progress.best = Some(Best {
                epoch: epoch + 1,
                metrics,
            });
            trainer.export(&run.out.join(WEIGHTS))?;
        }
        trainer.progress.epochs = epoch + 1;
        trainer.progress.seconds += seconds;
        let Metrics {
            top1,
            top5,
            macro_f1,
        } = metrics;
        log.push(LogRow {
            epoch: epoch + 1,
            image_size: config.image_size_in(epoch),
            learning_rate: config.learning_rate
                * trainer.schedule(epoch * data.steps(config), data.steps(config)),
            train_loss,
            val_top1: top1,
            val_top5: top5,
            val_macro_f1: macro_f1,
            seconds,
        });
        write_log(&log, &run.out.join(LOG))?;
        curves::draw(&log, &run.out.join(CURVES))?;
        trainer.checkpoint(&run.out.join(CHECKPOINT))?;
        watch(Event::Epoch {
            epoch: epoch + 1,
            train_loss,
            top1,
            macro_f1,
            best,
            seconds,
        });
    }
    let Some(best) = trainer.progress.best else {
        let problem = "the run has no epoch to choose the best of".to_owned();
        return Err(Error::Checkpoint {
            path: run.out.clone(),
            problem,
        });
    };
    let (weights, curves) = (run.out.join(WEIGHTS), run.out.join(CURVES));
    Ok(Summary {
        best,
        weights,
        curves,
        seconds: trainer.progress.seconds,
    })
}

/// The photos of all data sets, in memory.
struct Data {
    samples: Vec<TrainSample>,
    train: PhotoCache,
    val: Dataset,
    val_photos: PhotoCache,
}

struct TrainSample {
    photo: usize,
    categories: Vec<Category>,
    path: PathBuf,
}

impl Data {
    fn load(config: &TrainConfig, watch: &mut dyn FnMut(Event)) -> Result<Self> {
        let (mut samples, mut paths, mut val) = (Vec::new(), Vec::new(), None);
        for source in &config.data {
            let Some(data) = Dataset::split(&source.path, Split::Train)? else {
                let problem = "no training part: expected train/ or styles_train.csv".to_owned();
                return Err(Error::Data {
                    path: source.path.clone(),
                    problem,
                });
            };
            for sample in data.samples {
                let categories = &data.labels[sample.label].categories;
                for _ in 0..source.repeat {
                    let (photo, path) = (paths.len(), sample.path.clone());
                    samples.push(TrainSample {
                        photo,
                        categories: categories.clone(),
                        path,
                    });
                }
                paths.push(sample.path);
            }
            if val.is_none() {
                val = Dataset::split(&source.path, Split::Val)?;
            }
        }
        let Some(val) = val else {
            let path = config
                .data
                .first()
                .map(|d| d.path.clone())
                .unwrap_or_default();
            let problem =
                "no data set with a validation part: expected val/ or styles_val.csv".to_owned();
            return Err(Error::Data { path, problem });
        };
        // A little larger than what is sampled from it, so that a cropped view is not magnified.
        let train = PhotoCache::load(&paths, config.image_size * 9 / 8, watch)?;
        let val_paths: Vec<_> = val.samples.iter().map(|s| s.path.clone()).collect();
        let val_photos = PhotoCache::load(&val_paths, config.eval_size(), watch)?;
        samples.retain(|sample| train.get(sample.photo).is_some());
        Ok(Self {
            samples,
            train,
            val,
            val_photos,
        })
    }

    /// Steps an epoch; the last, smaller batch is left out.
    fn steps(&self, config: &TrainConfig) -> usize {
        (self.samples.len() / config.batch_size).max(1)
    }
}

struct Trainer<'a> {
    config: &'a TrainConfig,
    device: Device,
    network_config: Config,
    store: VarStore,
    network: EfficientNet,
    rng: Rng,
    trainable: BTreeMap<String, Var>,
    optimizer: AdamW,
    average: Ema,
    frozen_epochs: usize,
    progress: Progress,
}

impl<'a> Trainer<'a> {
    fn new(config: &'a TrainConfig, run: &Run, device: &Device) -> Result<Self> {
        let network_config = Config {
            dropout: config.dropout,
            stochastic_depth: config.stochastic_depth,
            ..Config::new(Category::ALL.len())
        };
        let initial = match &run.init {
            Some(path) => initial_weights(&network_config, path)?,
            None => BTreeMap::new(),
        };
        let store = VarStore::with_initial(initial, config.seed, DType::F32, device);
        let rng = Rng::new(config.seed);
        let network = EfficientNet::new(&network_config, &rng, store.builder())?;
        let trainable = store.trainable();
        let adamw = AdamWConfig {
            weight_decay: config.weight_decay,
            ..AdamWConfig::default()
        };
        let settings = serde_json::to_string(config)
            .map_err(std::io::Error::other)
            .at(&run.out)?;
        Ok(Self {
            config,
            device: device.clone(),
            network_config,
            optimizer: AdamW::new(trainable.clone(), adamw)?,
            // Averaging over about a thousandth of 1 / (1 - decay) warms up in a few hundred steps.
            average: Ema::new(
                &store.vars(),
                config.ema_decay,
                0.2 / (1.0 - config.ema_decay),
            )?,
            network,
            store,
            rng,
            trainable,
            frozen_epochs: if run.init.is_some() {
                config.frozen_epochs
            } else {
                0
            },
            progress: Progress {
                epochs: 0,
                average_updates: 0,
                best: None,
                config: settings,
                seconds: 0.0,
            },
        })
    }

    fn schedule(&self, step: usize, steps_per_epoch: usize) -> f64 {
        let warmup = (self.config.warmup_epochs * steps_per_epoch as f64) as usize;
        cosine_schedule(step, self.config.epochs * steps_per_epoch, warmup, 0.01)
    }

    /// One epoch; returns the mean loss.
    fn learn(&mut self, data: &Data, epoch: usize, watch: &mut dyn FnMut(Event)) -> Result<f32> {
        let config = self.config;
        // An epoch's draws depend on its number alone, so that a resumed run draws what an unbroken one would.
        let seed = config
            .seed
            .wrapping_mul(0x9e37_79b9)
            .wrapping_add(epoch as u64);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        self.rng.reseed(seed ^ 0xd2b7);
        let mut order: Vec<usize> = (0..data.samples.len()).collect();
        order.shuffle(&mut rng);
        let (steps, side) = (data.steps(config), config.image_size_in(epoch));
        let mut total = 0.0;
        for (step, batch) in order.chunks(config.batch_size).take(steps).enumerate() {
            let (x, members) = self.batch(data, batch, side, rng.random())?;
            let loss = self.loss(&x, &members, epoch)?;
            let value = loss.to_scalar::<f32>()?;
            if !value.is_finite() {
                let files = batch
                    .iter()
                    .map(|&i| data.samples[i].path.clone())
                    .collect();
                return Err(Error::Diverged {
                    loss: value,
                    epoch: epoch + 1,
                    step: step + 1,
                    files,
                });
            }
            let mut gradients = Gradients::default();
            gradients.add(&self.trainable, &loss.backward()?)?;
            gradients.clip(config.clip_norm);
            let rate = config.learning_rate * self.schedule(epoch * steps + step, steps);
            let frozen = epoch < self.frozen_epochs;
            self.optimizer.step(&gradients, |name| {
                if frozen && !is_head(name) { 0.0 } else { rate }
            })?;
            self.average.update(&self.store.vars())?;
            total += value;
            watch(Event::Step {
                epoch: epoch + 1,
                epochs: config.epochs,
                step: step + 1,
                steps,
                loss: value,
            });
        }
        Ok(total / steps as f32)
    }

    /// Varied photos (n, side, side, 3) and the categories of their labels (n, categories).
    fn batch(
        &self,
        data: &Data,
        batch: &[usize],
        side: usize,
        seed: u64,
    ) -> Result<(Tensor, Tensor)> {
        let (image, categories) = (side * side * 3, Category::ALL.len());
        let mut pixels = vec![0f32; batch.len() * image];
        let mut members = vec![0f32; batch.len() * categories];
        pixels
            .par_chunks_mut(image)
            .zip(batch)
            .enumerate()
            .for_each(|(i, (out, &sample))| {
                let mut rng = ChaCha8Rng::seed_from_u64(seed.wrapping_add(i as u64));
                if let Some(photo) = data.train.get(data.samples[sample].photo) {
                    vary(photo, side, &self.config.augment, &mut rng, out);
                }
            });
        for (row, &sample) in members.chunks_mut(categories).zip(batch) {
            data.samples[sample]
                .categories
                .iter()
                .for_each(|&category| row[category as usize] = 1.0);
        }
        let x = Tensor::from_vec(pixels, (batch.len(), side, side, 3), &self.device)?;
        Ok((
            x,
            Tensor::from_vec(members, (batch.len(), categories), &self.device)?,
        ))
    }

    fn loss(&self, x: &Tensor, members: &Tensor, epoch: usize) -> Result<Tensor> {
        let features = if epoch < self.frozen_epochs {
            self.network.features(x, Mode::Eval)?.detach()
        } else {
            self.network.features(x, Mode::Train)?
        };
        let logits = self.network.classify(&features, Mode::Train)?;
        Ok(loss::set_cross_entropy(
            &logits,
            members,
            self.config.label_smoothing,
        )?)
    }

    /// The averaged network on the validation photos.
    fn validate(&self, data: &Data) -> Result<Metrics> {
        const BATCH: usize = 32;
        let network = self.averaged()?.fold()?;
        let side = self.config.eval_size();
        let readable: Vec<usize> = (0..data.val.samples.len())
            .filter(|&i| data.val_photos.get(i).is_some())
            .collect();
        let (mut truth, mut ranked) = (Vec::new(), Vec::new());
        for batch in readable.chunks(BATCH) {
            let photos = batch.iter().filter_map(|&i| data.val_photos.get(i));
            let pixels: Vec<f32> = photos
                .flat_map(|p| {
                    tensor::to_vec(p, Normalization::ImageNet, ChannelOrder::Rgb, Layout::Nhwc)
                })
                .collect();
            let x = Tensor::from_vec(pixels, (batch.len(), side, side, 3), &self.device)?;
            let logits = network.forward(&x, Mode::Eval)?;
            let probabilities = candle_nn::ops::softmax(&logits, D::Minus1)?.to_vec2::<f32>()?;
            for (&i, probabilities) in batch.iter().zip(probabilities) {
                truth.push(data.val.samples[i].label);
                ranked.push(rank_labels(&data.val.labels, |category| {
                    probabilities[category as usize]
                }));
            }
        }
        metrics(data.val.labels.len(), &truth, &ranked)
    }

    fn averaged(&self) -> Result<EfficientNet> {
        let tensors = self
            .average
            .tensors(&self.store.vars())?
            .into_iter()
            .collect();
        let vb = VarBuilder::from_tensors(tensors, DType::F32, &self.device);
        Ok(EfficientNet::new(&self.network_config, &self.rng, vb)?)
    }

    /// Writes the averaged weights as f16, with the settings that using them takes.
    fn export(&self, path: &Path) -> Result<()> {
        let side = self.config.eval_size() as u32;
        let geometry = Geometry::Squash {
            width: side,
            height: side,
            filter: Filter::Bilinear,
        };
        let config = ClassifierConfig {
            network: self.network_config,
            categories: Category::ALL.to_vec(),
            preprocess: Preprocess {
                geometry,
                normalization: Normalization::ImageNet,
                channel_order: ChannelOrder::Rgb,
            },
        };
        let metadata = config
            .to_metadata()
            .map_err(std::io::Error::other)
            .at(path)?;
        let tensors = self.average.tensors(&self.store.vars())?;
        let half: BTreeMap<String, Tensor> = tensors
            .into_iter()
            .map(|(name, t)| Ok((name, t.to_dtype(DType::F16)?)))
            .collect::<Result<_>>()?;
        let named = half
            .iter()
            .map(|(name, tensor)| (name.clone(), tensor))
            .collect();
        write_safetensors(path, named, [metadata].into())
    }

    fn checkpoint(&self, path: &Path) -> Result<()> {
        let progress = Progress {
            average_updates: self.average.updates(),
            ..self.progress.clone()
        };
        let average = self.average.tensors(&self.store.vars())?;
        let (weights, optimizer) = (self.store.tensors()?, self.optimizer.state()?);
        Checkpoint {
            weights,
            average,
            optimizer,
            progress,
        }
        .save(path)
    }

    fn resume(&mut self, out: &Path) -> Result<Vec<LogRow>> {
        let path = out.join(CHECKPOINT);
        let checkpoint = Checkpoint::load(&path, &self.device)?;
        if checkpoint.progress.config != self.progress.config {
            let problem = "made with other settings: resume with the same ones, or start anew in another folder";
            return Err(Error::Checkpoint {
                path,
                problem: problem.to_owned(),
            });
        }
        self.store.set(&checkpoint.weights)?;
        self.optimizer.restore(&checkpoint.optimizer)?;
        self.average
            .restore(&checkpoint.average, checkpoint.progress.average_updates)?;
        self.progress = checkpoint.progress;
        let log = out.join(LOG);
        let invalid = |e: csv::Error| Error::Checkpoint {
            path: log.clone(),
            problem: e.to_string(),
        };
        let mut rows: Vec<LogRow> = csv::Reader::from_path(&log)
            .map_err(invalid)?
            .deserialize()
            .collect::<Result<_, _>>()
            .map_err(invalid)?;
        rows.truncate(self.progress.epochs);
        Ok(rows)
    }
}

/// The weights of a file; a head for other classes is left out.
fn initial_weights(config: &Config, path: &Path) -> Result<BTreeMap<String, Tensor>> {
    let file = Tensors::load(path)?;
    let ours = ClassifierConfig::of(&file).is_ok_and(|found| found.categories == Category::ALL);
    Ok(load_weights(config, &file, !ours)?)
}

fn is_head(name: &str) -> bool {
    name.starts_with("classifier.")
}

fn write_log(rows: &[LogRow], path: &Path) -> Result<()> {
    let failed = |e: csv::Error| Error::File {
        path: path.to_path_buf(),
        source: std::io::Error::other(e),
    };
    let mut writer = csv::Writer::from_path(path).map_err(failed)?;
    rows.iter()
        .try_for_each(|row| writer.serialize(row))
        .map_err(failed)?;
    writer.flush().at(path)
}
