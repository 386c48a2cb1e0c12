//! Packed layers against the plain operators in f64, on lopsided shapes: every panel and tile width, every border.

use candle_core::{DType, Device, Result, Tensor};
use wardrobe_nn::ops::{Activation, ConvGeometry, conv2d, depthwise_conv2d};
use wardrobe_nn::packed::{
    PackedConv, PackedDepthwise, Precision, by_image, double_pixels, gate_pixels, max_pixels,
    mean_pixels,
};
use wardrobe_testkit::{Random, assert_close};

const DEVICE: Device = Device::Cpu;

/// Those this processor has.
fn precisions() -> Vec<Precision> {
    let mut all = vec![Precision::F32];
    match Precision::fastest() {
        Precision::F32 => eprintln!("skipped: this processor does not multiply bf16"),
        bf16 => all.push(bf16),
    }
    all
}

/// Of sums in f32 over inputs that are exact in both; rounding the result to bf16 costs half of 2^-7.
fn tolerance(output: DType) -> f64 {
    match output {
        DType::BF16 => 1.0 / 250.0,
        _ => 1e-5,
    }
}

/// Values that both precisions hold exactly.
fn draw(random: &mut Random, shape: &[usize]) -> Tensor {
    let exact = random
        .tensor(shape, (-1.0, 1.0), DType::F32, &DEVICE)
        .unwrap();
    exact
        .to_dtype(DType::BF16)
        .unwrap()
        .to_dtype(DType::F64)
        .unwrap()
}

fn silu(x: &Tensor) -> Tensor {
    (x / (x.neg().unwrap().exp().unwrap() + 1.0).unwrap()).unwrap()
}

fn finished(y: &Tensor, bias: &Tensor, activation: Activation) -> Tensor {
    let y = y.broadcast_add(bias).unwrap();
    match activation {
        Activation::Silu => silu(&y),
        _ => y,
    }
}

fn close(actual: &Tensor, expected: &Tensor, what: &str) {
    eprintln!("{what}");
    let tolerance = tolerance(actual.dtype());
    let wide = actual.to_dtype(DType::F64).unwrap();
    assert_close(&wide, expected, tolerance);
}

fn geometry(kernel: usize, stride: usize, padding: usize) -> ConvGeometry {
    ConvGeometry {
        kernel,
        stride,
        padding,
        dilation: 1,
    }
}

/// Kernel, stride, padding, height, width.
const GEOMETRIES: [(usize, usize, usize, usize, usize); 11] = [
    (1, 1, 0, 5, 7),
    (1, 2, 0, 6, 5),
    (1, 1, 1, 3, 4),
    (3, 1, 1, 7, 29),
    (3, 2, 1, 7, 14),
    (3, 2, 1, 6, 9),
    (3, 3, 0, 8, 5),
    (5, 1, 2, 9, 13),
    (5, 2, 2, 9, 24),
    (2, 2, 0, 5, 8),
    (3, 1, 1, 1, 1),
];

#[test]
fn convolutions_of_every_width() {
    let mut random = Random::new(11);
    for precision in precisions() {
        for (i, outputs) in [1, 16, 17, 31, 48, 64, 65, 80, 112, 130]
            .into_iter()
            .enumerate()
        {
            for (channels, &(k, stride, padding, h, w)) in [2, 3, 16, 40]
                .into_iter()
                .zip(GEOMETRIES.iter().cycle().skip(i))
            {
                let g = geometry(k, stride, padding);
                let x = draw(&mut random, &[2, h, w, channels]);
                let weight = draw(&mut random, &[outputs, channels, k, k]);
                let bias = draw(&mut random, &[outputs]);
                for activation in [Activation::Identity, Activation::Silu] {
                    let packed =
                        PackedConv::new(&weight, Some(&bias), g, activation, precision).unwrap();
                    let y = packed.forward(&x).unwrap();
                    assert_eq!(y.dtype(), precision.dtype());
                    let expected = finished(&conv2d(&x, &weight, g).unwrap(), &bias, activation);
                    let what = format!(
                        "{precision:?} {channels} -> {outputs}, {g:?}, {h} x {w}, {activation:?}"
                    );
                    close(&y, &expected, &what);
                    let y = packed.with_output(DType::F32).forward(&x).unwrap();
                    close(&y, &expected, &what);
                }
            }
        }
    }
}

#[test]
fn several_inputs_are_their_concatenation() {
    let mut random = Random::new(12);
    for precision in precisions() {
        for (k, padding) in [(1, 0), (3, 1)] {
            let g = geometry(k, 1, padding);
            let whole = draw(&mut random, &[2, 6, 9, 26]);
            let weight = draw(&mut random, &[24, 26, k, k]);
            let parts =
                [(0, 4), (4, 6), (10, 16)].map(|(from, len)| whole.narrow(3, from, len).unwrap());
            // The first two are read where they lie, the third from a copy of its own.
            let parts = [&parts[0], &parts[1], &parts[2].contiguous().unwrap()];
            let packed =
                PackedConv::new(&weight, None, g, Activation::Identity, precision).unwrap();
            let expected = conv2d(&whole, &weight, g).unwrap();
            close(&packed.forward_cat(&parts).unwrap(), &expected, "parts");
            close(&packed.forward(&whole).unwrap(), &expected, "whole");
        }
    }
}

#[test]
fn slices_transposes_and_residuals() {
    let mut random = Random::new(13);
    for precision in precisions() {
        let g = geometry(3, 1, 1);
        let (weight, bias) = (draw(&mut random, &[16, 8, 3, 3]), draw(&mut random, &[16]));
        let packed = PackedConv::new(&weight, Some(&bias), g, Activation::Silu, precision).unwrap();
        let wide = draw(&mut random, &[1, 5, 6, 20]);
        let residual = draw(&mut random, &[1, 5, 6, 40]).narrow(3, 7, 16).unwrap();
        let slices = [
            wide.narrow(3, 3, 8).unwrap(),
            draw(&mut random, &[1, 8, 5, 6])
                .permute((0, 2, 3, 1))
                .unwrap(),
            draw(&mut random, &[1, 5, 9, 8]).narrow(2, 2, 6).unwrap(),
        ];
        for x in slices {
            let x = x.to_dtype(precision.dtype()).unwrap();
            let residual = residual.to_dtype(precision.dtype()).unwrap();
            let exact = x.to_dtype(DType::F64).unwrap().contiguous().unwrap();
            let y = finished(
                &conv2d(&exact, &weight, g).unwrap(),
                &bias,
                Activation::Silu,
            );
            let expected = (y + residual.to_dtype(DType::F64).unwrap()).unwrap();
            close(
                &packed.forward_add(&x, &residual).unwrap(),
                &expected,
                "slice",
            );
        }
    }
}

#[test]
fn linear_layers_take_any_rank() {
    let mut random = Random::new(14);
    for precision in precisions() {
        let (weight, bias) = (draw(&mut random, &[70, 36]), draw(&mut random, &[70]));
        let packed =
            PackedConv::linear(&weight, Some(&bias), Activation::Identity, precision).unwrap();
        for shape in [&[36][..], &[7, 36], &[2, 50, 36], &[2, 3, 5, 36], &[0, 36]] {
            let x = draw(&mut random, shape);
            let flat = x.reshape(((), 36)).unwrap();
            let expected = flat
                .matmul(&weight.t().unwrap())
                .unwrap()
                .broadcast_add(&bias)
                .unwrap();
            let y = packed.forward(&x).unwrap();
            assert_eq!(y.dims(), [&shape[..shape.len() - 1], &[70]].concat());
            if x.elem_count() > 0 {
                close(
                    &y.reshape(((), 70)).unwrap(),
                    &expected,
                    &format!("{shape:?}"),
                );
            }
        }
    }
}

#[test]
fn depthwise_of_every_kernel() {
    let mut random = Random::new(15);
    for precision in precisions() {
        for channels in [1, 16, 24, 33, 96] {
            let dilated = ConvGeometry {
                dilation: 2,
                ..geometry(3, 1, 2)
            };
            let all = GEOMETRIES.iter();
            let all = all.map(|&(k, stride, padding, h, w)| (geometry(k, stride, padding), h, w));
            for (g, h, w) in all.chain([(dilated, 7, 9), (dilated, 2, 3)]) {
                let k = g.kernel;
                let x = draw(&mut random, &[2, h, w, channels]);
                let (weight, bias) = (
                    draw(&mut random, &[channels, 1, k, k]),
                    draw(&mut random, &[channels]),
                );
                let packed =
                    PackedDepthwise::new(&weight, &bias, g, Activation::Silu, precision).unwrap();
                let expected = finished(
                    &depthwise_conv2d(&x, &weight, g).unwrap(),
                    &bias,
                    Activation::Silu,
                );
                close(
                    &packed.forward(&x).unwrap(),
                    &expected,
                    &format!("{precision:?} {channels} {g:?} {h} x {w}"),
                );
            }
        }
    }
}

#[test]
fn the_number_of_threads_does_not_change_a_bit() -> Result<()> {
    let mut random = Random::new(16);
    for precision in precisions() {
        let (weight, x) = (
            draw(&mut random, &[130, 32, 3, 3]),
            draw(&mut random, &[2, 19, 23, 32]),
        );
        let packed = PackedConv::new(
            &weight,
            None,
            geometry(3, 1, 1),
            Activation::Silu,
            precision,
        )?
        .with_output(DType::F32);
        let run = |threads| -> Vec<f32> {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            let y = pool.install(|| packed.forward(&x)).unwrap();
            y.flatten_all().unwrap().to_vec1().unwrap()
        };
        assert_eq!(run(1), run(5));
    }
    Ok(())
}

#[test]
fn what_does_not_fit_is_an_error_that_gives_the_shapes() {
    let mut random = Random::new(17);
    let (weight, bias) = (draw(&mut random, &[4, 6, 3, 3]), draw(&mut random, &[4]));
    let g = geometry(3, 1, 1);
    let pack = |weight: &Tensor, bias: &Tensor, g| {
        PackedConv::new(weight, Some(bias), g, Activation::Identity, Precision::F32)
    };
    let packed = pack(&weight, &bias, g).unwrap();
    let x = draw(&mut random, &[1, 5, 5, 7]);
    let fitting = draw(&mut random, &[1, 5, 5, 6]);
    for (error, words) in [
        (packed.forward(&x).unwrap_err(), "[1, 5, 5, 7]"),
        (
            packed.forward_add(&fitting, &x).unwrap_err(),
            "[1, 5, 5, 4]",
        ),
        (packed.forward_cat(&[]).unwrap_err(), "needs an input"),
        (
            packed.forward(&draw(&mut random, &[5, 6])).unwrap_err(),
            "(n, h, w, c)",
        ),
        (
            pack(&weight, &draw(&mut random, &[5]), g).unwrap_err(),
            "bias of 5",
        ),
        (
            pack(&weight, &bias, geometry(5, 1, 2)).unwrap_err(),
            "[4, 6, 3, 3]",
        ),
    ] {
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn pixels_are_averaged_gated_pooled_and_doubled() -> Result<()> {
    let mut random = Random::new(18);
    for precision in precisions() {
        let exact = draw(&mut random, &[2, 5, 7, 20]);
        let x = exact.to_dtype(precision.dtype())?;
        close(&mean_pixels(&x)?, &exact.mean((1, 2))?, "mean");

        let gate = draw(&mut random, &[2, 20]);
        let sigmoid = (gate.neg()?.exp()? + 1.0)?
            .recip()?
            .reshape((2, 1, 1, 20))?;
        close(
            &gate_pixels(x.copy()?, &gate)?,
            &exact.broadcast_mul(&sigmoid)?,
            "gate",
        );

        let twice = |x: &Tensor, dim: usize| Tensor::stack(&[x, x], dim + 1)?.flatten(dim, dim + 1);
        close(
            &double_pixels(&x)?,
            &twice(&twice(&exact, 1)?, 2)?,
            "double",
        );

        for reach in [1, 2] {
            // Negative everywhere: a window padded with zeros would show.
            let below = (&exact - 2.0)?;
            let mut expected = Vec::new();
            for (image, y, x, c) in (0..2).flat_map(|i| {
                (0..5)
                    .flat_map(move |y| (0..7).flat_map(move |x| (0..20).map(move |c| (i, y, x, c))))
            }) {
                let rows = usize::saturating_sub(y, reach)..(y + reach + 1).min(5);
                let columns = usize::saturating_sub(x, reach)..(x + reach + 1).min(7);
                let window = below
                    .narrow(0, image, 1)?
                    .narrow(1, rows.start, rows.len())?
                    .narrow(2, columns.start, columns.len())?
                    .narrow(3, c, 1)?;
                expected.push(window.flatten_all()?.max(0)?.to_scalar::<f64>()?);
            }
            let expected = Tensor::from_vec(expected, (2, 5, 7, 20), &DEVICE)?;
            let pooled = max_pixels(&below.to_dtype(precision.dtype())?, 2 * reach + 1)?;
            close(&pooled, &expected, "max");
        }
        assert!(max_pixels(&x, 2).is_err());
    }
    Ok(())
}

#[test]
fn a_depthwise_convolution_knows_its_mean() -> Result<()> {
    let mut random = Random::new(19);
    for precision in precisions() {
        for channels in [16, 24] {
            let x = draw(&mut random, &[2, 9, 7, channels]);
            let (weight, bias) = (
                draw(&mut random, &[channels, 1, 3, 3]),
                draw(&mut random, &[channels]),
            );
            let packed = PackedDepthwise::new(
                &weight,
                &bias,
                geometry(3, 2, 1),
                Activation::Silu,
                precision,
            )?;
            let (y, mean) = packed.forward_with_mean(&x)?;
            assert_eq!((y.dtype(), mean.dtype()), (precision.dtype(), DType::F32));
            let expected = finished(
                &depthwise_conv2d(&x, &weight, geometry(3, 2, 1))?,
                &bias,
                Activation::Silu,
            );
            close(&mean, &expected.mean((1, 2))?, "mean");
        }
    }
    Ok(())
}

#[test]
fn kernels_of_lesser_processors_hold_too() {
    wardrobe_testkit::again_with_narrower_instructions();
}

/// Networks that run at the same time on the same threads wait for their own work alone.
#[test]
fn single_images_on_many_threads_come_to_an_end() {
    let mut random = Random::new(41);
    let x = draw(&mut random, &[1, 24, 24, 64])
        .to_dtype(DType::F32)
        .unwrap();
    let weight = draw(&mut random, &[512, 64, 1, 1]);
    let conv = PackedConv::new(
        &weight,
        None,
        geometry(1, 1, 0),
        Activation::Silu,
        Precision::F32,
    )
    .unwrap();
    // One network within another: the inner one runs on a thread that is busy with the outer.
    let run = || {
        let layers = |x: &Tensor| by_image(x, |x| conv.forward(x));
        by_image(&x, layers)
            .and_then(|y| y.flatten_all()?.to_vec1::<f32>())
            .unwrap()
    };
    let alone = run();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..6)
            .map(|_| scope.spawn(|| (0..40).all(|_| run() == alone)))
            .collect();
        assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
    });
}
