//! Parameters and images that are a pure function of a name and an index.
//!
//! The fixtures hold outputs only; the 5 to 150 million parameters behind them are regenerated
//! from this rule, in which every step is exact or rounded once:
//!
//! * a name is hashed with 64-bit FNV-1a;
//! * element `i` (row-major) is `splitmix64(hash, i)`;
//! * its upper 24 bits are a uniform number in `[0, 1)`, scaled to `[lo, hi)` in f64 and rounded to
//!   f32.

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;
const GOLDEN_GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// 64-bit FNV-1a of a name's UTF-8 bytes.
pub fn fnv1a64(name: &str) -> u64 {
    name.bytes().fold(FNV_OFFSET, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME)
    })
}

/// The `index`-th output of SplitMix64 (Steele, Lea and Flood, 2014) seeded with `seed`.
pub fn splitmix64(seed: u64, index: u64) -> u64 {
    let z = seed.wrapping_add(index.wrapping_add(1).wrapping_mul(GOLDEN_GAMMA));
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Uniform in `[0, 1)` with 24 bits, exact in f32 and f64.
pub(crate) fn unit(bits: u64) -> f64 {
    (bits >> 40) as f64 / f64::from(1u32 << 24)
}

/// The first `n` elements of the tensor `name`, uniform in `[lo, hi)`.
pub fn uniform(name: &str, n: usize, lo: f64, hi: f64) -> Vec<f32> {
    let seed = fnv1a64(name);
    (0..n as u64)
        .map(|i| (lo + (hi - lo) * unit(splitmix64(seed, i))) as f32)
        .collect()
}

/// A test image as `[3, height, width]` bytes: blocks of 32 x 32 pixels of one colour (three
/// quarters) mixed with noise (one quarter), so that both large and small structures are present.
pub fn image_u8(name: &str, height: usize, width: usize) -> Vec<u8> {
    const BLOCK: usize = 32;
    let coarse = fnv1a64(&format!("{name}.coarse"));
    let fine = fnv1a64(&format!("{name}.fine"));
    let (rows, columns) = (height.div_ceil(BLOCK), width.div_ceil(BLOCK));
    let top_byte = |seed, index: usize| splitmix64(seed, index as u64) >> 56;
    let mut image = Vec::with_capacity(3 * height * width);
    for channel in 0..3 {
        for y in 0..height {
            for x in 0..width {
                let block = (channel * rows + y / BLOCK) * columns + x / BLOCK;
                let pixel = (channel * height + y) * width + x;
                let mixed = (3 * top_byte(coarse, block) + top_byte(fine, pixel)) >> 2;
                image.push(mixed as u8);
            }
        }
    }
    image
}

/// What fills a parameter of a fixture's model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fill {
    /// Zeros, of type i64: a counter.
    Zero,
    /// 0, 1, 2, ...
    Arange,
    /// One number.
    Constant(f64),
    /// Uniform in `[lo, hi)`.
    Uniform { lo: f64, hi: f64 },
}

/// The fill of the parameter `name`: counters are zero, statistics and norms stay near what a
/// trained net has, matrices and kernels have the variance `gain^2 / fan_in`.
pub(crate) fn fill_of(name: &str, shape: &[usize], gain: f64) -> Fill {
    if name.ends_with("num_batches_tracked") {
        Fill::Zero
    } else if name.ends_with("dfl.conv.weight") {
        Fill::Arange
    } else if name == "logit_scale" {
        Fill::Constant((1.0f64 / 0.07).ln())
    } else if name.ends_with("running_mean") {
        Fill::Uniform { lo: -0.1, hi: 0.1 }
    } else if name.ends_with("running_var") {
        Fill::Uniform { lo: 0.75, hi: 1.25 }
    } else if shape.len() <= 1 && name.ends_with(".weight") {
        Fill::Uniform { lo: 0.9, hi: 1.1 }
    } else if shape.len() <= 1 {
        Fill::Uniform {
            lo: -0.05,
            hi: 0.05,
        }
    } else {
        let fan_in: usize = shape[1..].iter().product();
        let bound = gain * (3.0 / fan_in as f64).sqrt();
        Fill::Uniform {
            lo: -bound,
            hi: bound,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_the_published_ones() {
        // FNV-1a test vectors of the authors (isthe.com/chongo/tech/comp/fnv).
        assert_eq!(fnv1a64(""), 0xcbf29ce484222325);
        assert_eq!(fnv1a64("a"), 0xaf63dc4c8601ec8c);
        assert_eq!(fnv1a64("foobar"), 0x85944171f73967e8);
        // SplitMix64 seeded with 1234567, as in the reference C code.
        let first: Vec<u64> = (0..3).map(|i| splitmix64(1234567, i)).collect();
        assert_eq!(
            first,
            [
                6457827717110365317,
                3203168211198807973,
                9817491932198370423
            ]
        );
    }

    #[test]
    fn uniform_stays_in_its_half_open_range() {
        let values = uniform("range", 100_000, -0.5, 0.25);
        assert!(values.iter().all(|v| (-0.5..0.25).contains(v)));
        let mean: f64 = values.iter().map(|&v| f64::from(v)).sum::<f64>() / values.len() as f64;
        // The standard error is 0.75 / sqrt(12 * 100000) = 0.0007.
        assert!((mean + 0.125).abs() < 0.003, "{mean}");
    }

    #[test]
    fn image_has_its_layout() {
        let image = image_u8("layout", 40, 70);
        assert_eq!(image.len(), 3 * 40 * 70);
        // Within a block the noise spans at most a quarter of the range.
        let block = (0..32).flat_map(|y| (0..32).map(move |x| (y, x)));
        let values: Vec<u8> = block.map(|(y, x)| image[(40 + y) * 70 + x]).collect();
        let spread = values.iter().max().unwrap() - values.iter().min().unwrap();
        assert!(spread <= 64, "{spread}");
    }
}
