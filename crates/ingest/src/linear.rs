//! OpenCV's plain bilinear on bytes, bit for bit.
//!
//! YOLO's weights were trained on OpenCV's pixels, and its boxes are compared with those of a network fed by it.

use image::RgbImage;

/// OpenCV's `INTER_RESIZE_COEF_SCALE`: weights are integers of 11 bits.
const SCALE: f32 = 2048.0;

/// For one output coordinate: the two source coordinates and the integer weight of each.
#[derive(Debug, Clone, Copy)]
struct Tap {
    first: usize,
    second: usize,
    weights: [i32; 2],
}

/// `cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)` for 8-bit pixels: the two nearest pixels a side,
/// whatever the scale (imgproc/src/resize.cpp, `HResizeLinear` and `VResizeLinear`). No side may be 0.
pub(crate) fn resize_linear(image: &RgbImage, width: u32, height: u32) -> RgbImage {
    if image.dimensions() == (width, height) {
        return image.clone();
    }
    // Compiled for each vector extension, chosen at run time; the arithmetic is the same.
    pulp::Arch::new().dispatch(|| filter(image, width, height))
}

#[inline(always)]
fn filter(image: &RgbImage, width: u32, height: u32) -> RgbImage {
    let columns = taps(image.width(), width, true);
    let rows = taps(image.height(), height, false);
    let row_length = width as usize * 3;
    let mut resized = RgbImage::new(width, height);
    // The horizontal pass of the two rows in use; neighbouring output rows mostly share them.
    let mut above = Row {
        source: usize::MAX,
        values: vec![0; row_length],
    };
    let mut below = Row {
        source: usize::MAX,
        values: vec![0; row_length],
    };
    for (tap, out) in rows.iter().zip(resized.chunks_exact_mut(row_length)) {
        if above.source != tap.first && below.source == tap.first {
            std::mem::swap(&mut above, &mut below);
        }
        above.fill(image, tap.first, &columns);
        below.fill(image, tap.second, &columns);
        let [upper, lower] = tap.weights;
        for ((out, &a), &b) in out.iter_mut().zip(&above.values).zip(&below.values) {
            // OpenCV's order of shifts: it loses the same bits.
            *out = ((((upper * (a >> 4)) >> 16) + ((lower * (b >> 4)) >> 16) + 2) >> 2) as u8;
        }
    }
    resized
}

/// A source row after the horizontal pass: values scaled by 2048.
struct Row {
    source: usize,
    values: Vec<i32>,
}

impl Row {
    #[inline(always)]
    fn fill(&mut self, image: &RgbImage, source: usize, columns: &[Tap]) {
        if self.source == source {
            return;
        }
        self.source = source;
        let length = image.width() as usize * 3;
        let pixels = &image.as_raw()[source * length..][..length];
        for (out, tap) in self.values.chunks_exact_mut(3).zip(columns) {
            let left = &pixels[tap.first * 3..][..3];
            let right = &pixels[tap.second * 3..][..3];
            for channel in 0..3 {
                out[channel] = i32::from(left[channel]) * tap.weights[0]
                    + i32::from(right[channel]) * tap.weights[1];
            }
        }
    }
}

/// The taps of a side resized from `from` to `to` pixels, centres aligned, edges repeated. Past an edge both taps are the edge
/// pixel; OpenCV gives the first all the weight across a row (`whole_at_edges`) but not down a column, where the two halves
/// are cut to integers apart.
fn taps(from: u32, to: u32, whole_at_edges: bool) -> Vec<Tap> {
    let scale = 1.0 / (f64::from(to) / f64::from(from));
    let last = from as usize - 1;
    (0..to)
        .map(|index| {
            let position = ((f64::from(index) + 0.5) * scale - 0.5) as f32;
            let floor = position.floor();
            let past_an_edge = floor < 0.0 || floor as usize >= last;
            let fraction = if past_an_edge && whole_at_edges {
                0.0
            } else {
                position - floor
            };
            // The cast of -1.0 saturates at 0.
            let (first, second) = (floor as usize, (floor + 1.0) as usize);
            Tap {
                first: first.min(last),
                second: second.min(last),
                weights: weights(fraction),
            }
        })
        .collect()
}

fn weights(fraction: f32) -> [i32; 2] {
    [1.0 - fraction, fraction].map(|weight| (weight * SCALE).round_ties_even() as i32)
}
