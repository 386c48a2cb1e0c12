//! Every shape of convolution in the three models, one by one: arithmetic a second, and the share of the ceiling that the
//! same run measures with the widest product that stays in the cache (512 x 512 . 512 x 512).
//!
//! `cargo bench -p wardrobe-benches --bench layers [-- FILTER]`; RAYON_NUM_THREADS sets the threads. Weights and inputs are
//! random: speed does not depend on them. Batch 1, the fastest quarter's slowest of the repeats that fit in 0.2 s, so that a shared machine's pauses do not count.

#![allow(clippy::print_stdout)] // its table is the result

use candle_core::{Device, Result, Tensor};
use std::time::{Duration, Instant};
use wardrobe_nn::Activation;
use wardrobe_nn::ops::ConvGeometry;
use wardrobe_nn::packed::{PackedConv, PackedDepthwise, Precision};

/// Model, side of the input, input channels, output channels, kernel, stride.
type Shape = (&'static str, usize, usize, usize, usize, usize);

/// YOLOv8n and YOLOv8s at 640, EfficientNet-B0 at 224.
const DENSE: [Shape; 43] = [
    ("yolov8n", 640, 3, 16, 3, 2),
    ("yolov8n", 320, 16, 32, 3, 2),
    ("yolov8n", 160, 32, 32, 1, 1),
    ("yolov8n", 160, 16, 16, 3, 1),
    ("yolov8n", 160, 48, 32, 1, 1),
    ("yolov8n", 160, 32, 64, 3, 2),
    ("yolov8n", 80, 64, 64, 1, 1),
    ("yolov8n", 80, 32, 32, 3, 1),
    ("yolov8n", 80, 128, 64, 1, 1),
    ("yolov8n", 80, 64, 128, 3, 2),
    ("yolov8n", 80, 64, 64, 3, 1),
    ("yolov8n", 80, 64, 80, 3, 1),
    ("yolov8n", 80, 80, 80, 3, 1),
    ("yolov8n", 40, 64, 64, 3, 1),
    ("yolov8n", 40, 256, 128, 1, 1),
    ("yolov8n", 40, 128, 256, 3, 2),
    ("yolov8n", 20, 128, 128, 3, 1),
    ("yolov8n", 20, 512, 256, 1, 1),
    ("yolov8s", 320, 32, 64, 3, 2),
    ("yolov8s", 80, 128, 128, 3, 1),
    ("yolov8s", 40, 128, 128, 3, 1),
    ("yolov8s", 40, 256, 512, 3, 2),
    ("yolov8s", 20, 256, 256, 3, 1),
    ("yolov8s", 20, 1024, 512, 1, 1),
    ("efficientnet", 224, 3, 32, 3, 2),
    ("efficientnet", 112, 32, 16, 1, 1),
    ("efficientnet", 112, 16, 96, 1, 1),
    ("efficientnet", 56, 96, 24, 1, 1),
    ("efficientnet", 56, 24, 144, 1, 1),
    ("efficientnet", 56, 144, 24, 1, 1),
    ("efficientnet", 28, 144, 40, 1, 1),
    ("efficientnet", 28, 40, 240, 1, 1),
    ("efficientnet", 28, 240, 40, 1, 1),
    ("efficientnet", 14, 240, 80, 1, 1),
    ("efficientnet", 14, 80, 480, 1, 1),
    ("efficientnet", 14, 480, 80, 1, 1),
    ("efficientnet", 14, 480, 112, 1, 1),
    ("efficientnet", 14, 112, 672, 1, 1),
    ("efficientnet", 14, 672, 112, 1, 1),
    ("efficientnet", 7, 672, 192, 1, 1),
    ("efficientnet", 7, 192, 1152, 1, 1),
    ("efficientnet", 7, 1152, 192, 1, 1),
    ("efficientnet", 7, 320, 1280, 1, 1),
];

/// Side of the input, channels, kernel, stride.
const DEPTHWISE: [(usize, usize, usize, usize); 12] = [
    (112, 32, 3, 1),
    (112, 96, 3, 2),
    (56, 144, 3, 1),
    (56, 144, 5, 2),
    (28, 240, 5, 1),
    (28, 240, 3, 2),
    (14, 480, 3, 1),
    (14, 480, 5, 1),
    (14, 672, 5, 1),
    (14, 672, 5, 2),
    (7, 1152, 5, 1),
    (7, 1152, 3, 1),
];

/// ViT-B/32's image and text tower: tokens, inputs, outputs.
const LINEAR: [(usize, usize, usize); 6] = [
    (50, 768, 2304),
    (50, 768, 3072),
    (50, 3072, 768),
    (77, 512, 1536),
    (77, 512, 2048),
    (77, 2048, 512),
];

fn main() -> Result<()> {
    let filter = std::env::args()
        .nth(1)
        .filter(|arg| !arg.starts_with('-'))
        .unwrap_or_default();
    println!("{} threads", rayon::current_num_threads());
    for precision in [Precision::F32, Precision::fastest()] {
        let peak = rate(&Layer::linear(
            512,
            512,
            512,
            Activation::Identity,
            precision,
        )?)?;
        println!("\n{precision:?}: {peak:.0} Gflop/s in 512 x 512 . 512 x 512");
        println!("{:44} {:>9} {:>9} {:>6}", "layer", "ms", "Gflop/s", "share");
        for layer in layers(precision)?
            .iter()
            .filter(|layer| layer.name.contains(&filter))
        {
            let rate = rate(layer)?;
            let ms = layer.flops / rate / 1e6;
            println!(
                "{:44} {ms:9.3} {rate:9.1} {:5.0}%",
                layer.name,
                rate / peak * 100.0
            );
        }
    }
    Ok(())
}

struct Layer {
    name: String,
    flops: f64,
    x: Tensor,
    op: Op,
}

enum Op {
    Dense(PackedConv),
    Depthwise(PackedDepthwise),
}

fn layers(precision: Precision) -> Result<Vec<Layer>> {
    let mut layers = Vec::new();
    for shape in DENSE {
        layers.push(Layer::dense(shape, precision)?);
    }
    for (side, channels, kernel, stride) in DEPTHWISE {
        layers.push(Layer::depthwise(side, channels, kernel, stride, precision)?);
    }
    for (tokens, inputs, outputs) in LINEAR {
        layers.push(Layer::linear(
            tokens,
            inputs,
            outputs,
            Activation::Identity,
            precision,
        )?);
    }
    Ok(layers)
}

fn random(shape: &[usize]) -> Result<Tensor> {
    Tensor::rand(-1f32, 1.0, shape, &Device::Cpu)
}

impl Layer {
    fn dense(
        (model, side, inputs, outputs, kernel, stride): Shape,
        precision: Precision,
    ) -> Result<Self> {
        let geometry = ConvGeometry {
            kernel,
            stride,
            padding: kernel / 2,
            dilation: 1,
        };
        let (weight, bias) = (
            random(&[outputs, inputs, kernel, kernel])?,
            random(&[outputs])?,
        );
        let op = PackedConv::new(&weight, Some(&bias), geometry, Activation::Silu, precision)?;
        let pixels = geometry.output(side).pow(2);
        Ok(Self {
            name: format!("{model} {inputs}->{outputs} k{kernel} s{stride} @{side}"),
            flops: (2 * pixels * outputs * inputs * kernel * kernel) as f64,
            x: random(&[1, side, side, inputs])?.to_dtype(op.input_dtype())?,
            op: Op::Dense(op),
        })
    }

    fn depthwise(
        side: usize,
        channels: usize,
        kernel: usize,
        stride: usize,
        precision: Precision,
    ) -> Result<Self> {
        let geometry = ConvGeometry {
            kernel,
            stride,
            padding: kernel / 2,
            dilation: 1,
        };
        let (weight, bias) = (
            random(&[channels, 1, kernel, kernel])?,
            random(&[channels])?,
        );
        let op = PackedDepthwise::new(&weight, &bias, geometry, Activation::Silu, precision)?;
        Ok(Self {
            name: format!("efficientnet depthwise {channels} k{kernel} s{stride} @{side}"),
            flops: (2 * geometry.output(side).pow(2) * channels * kernel * kernel) as f64,
            x: random(&[1, side, side, channels])?.to_dtype(precision.dtype())?,
            op: Op::Depthwise(op),
        })
    }

    fn linear(
        tokens: usize,
        inputs: usize,
        outputs: usize,
        activation: Activation,
        precision: Precision,
    ) -> Result<Self> {
        let op = PackedConv::linear(
            &random(&[outputs, inputs])?,
            Some(&random(&[outputs])?),
            activation,
            precision,
        )?;
        Ok(Self {
            name: format!("vit {tokens} x {inputs} . {inputs} x {outputs}"),
            flops: (2 * tokens * inputs * outputs) as f64,
            x: random(&[tokens, inputs])?.to_dtype(precision.dtype())?,
            op: Op::Dense(op),
        })
    }

    fn run(&self) -> Result<Tensor> {
        match &self.op {
            Op::Dense(op) => op.forward(&self.x),
            Op::Depthwise(op) => op.forward(&self.x),
        }
    }
}

/// Gflop/s.
fn rate(layer: &Layer) -> Result<f64> {
    const FOR: Duration = Duration::from_millis(200);
    layer.run()?;
    let (start, mut times) = (Instant::now(), Vec::new());
    while start.elapsed() < FOR || times.len() < 5 {
        let one = Instant::now();
        std::hint::black_box(layer.run()?);
        times.push(one.elapsed());
    }
    times.sort_unstable();
    Ok(layer.flops / times[times.len() / 4].as_secs_f64() / 1e9)
}
