//! Weights laid out as the kernels read them: panels of up to 64 output channels, and within a panel, for one input
//! value after the other, the weights of all the panel's channels side by side.

use half::bf16;

/// Channels are dealt out in blocks of one AVX-512 register of f32.
pub(super) const BLOCK: usize = 16;
/// Blocks in the widest panel.
const WIDEST: usize = 4;

/// Output channels `first .. first + channels`, padded with zeros to `width`, a multiple of [`BLOCK`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Panel {
    pub(crate) first: usize,
    pub(crate) channels: usize,
    pub(crate) width: usize,
    /// Where its weights begin.
    pub(super) offset: usize,
}

/// A (outputs, inputs) matrix, packed.
#[derive(Clone, Debug)]
pub(super) struct Panels<T> {
    pub(super) weights: Vec<T>,
    pub(super) panels: Vec<Panel>,
    pub(super) inputs: usize,
    pub(super) outputs: usize,
}

/// What weights are packed as: f32 one by one, bf16 in pairs of inputs, as the dot-product instruction takes them.
pub(super) trait Packed: Copy + Default + Send + Sync + 'static {
    /// Inputs that lie together.
    const GROUP: usize;
    fn of(value: f32) -> Self;
}

impl Packed for f32 {
    const GROUP: usize = 1;
    fn of(value: f32) -> Self {
        value
    }
}

impl Packed for bf16 {
    const GROUP: usize = 2;
    fn of(value: f32) -> Self {
        Self::from_f32(value)
    }
}

impl<T: Packed> Panels<T> {
    /// Packs `weight(output, input)`; `inputs` must be a multiple of [`Packed::GROUP`].
    pub(super) fn pack(
        outputs: usize,
        inputs: usize,
        weight: impl Fn(usize, usize) -> f32,
    ) -> Self {
        assert_eq!(inputs % T::GROUP, 0, "inputs in groups of {}", T::GROUP);
        let panels = deal(outputs, inputs);
        let padded: usize = panels.iter().map(|panel| panel.width).sum();
        let mut weights = vec![T::default(); padded * inputs];
        for panel in &panels {
            let out = &mut weights[panel.offset..][..panel.width * inputs];
            for (group, out) in out.chunks_exact_mut(panel.width * T::GROUP).enumerate() {
                for (channel, out) in out
                    .chunks_exact_mut(T::GROUP)
                    .take(panel.channels)
                    .enumerate()
                {
                    for (i, out) in out.iter_mut().enumerate() {
                        *out = T::of(weight(panel.first + channel, group * T::GROUP + i));
                    }
                }
            }
        }
        Self {
            weights,
            panels,
            inputs,
            outputs,
        }
    }
}

/// Deals `outputs` channels to as few panels as there can be, as evenly as blocks allow: 80 as 48 + 32.
pub(crate) fn deal(outputs: usize, inputs: usize) -> Vec<Panel> {
    let blocks = outputs.div_ceil(BLOCK);
    let count = blocks.div_ceil(WIDEST);
    let mut panels = Vec::with_capacity(count);
    let (mut first, mut offset) = (0, 0);
    for i in 0..count {
        let width = (blocks / count + usize::from(i < blocks % count)) * BLOCK;
        let channels = width.min(outputs - first);
        panels.push(Panel {
            first,
            channels,
            width,
            offset,
        });
        first += channels;
        offset += width * inputs;
    }
    panels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_dealt_evenly() {
        let widths = |n| {
            deal(n, 3)
                .iter()
                .map(|p| (p.channels, p.width))
                .collect::<Vec<_>>()
        };
        assert_eq!(widths(16), [(16, 16)]);
        assert_eq!(widths(24), [(24, 32)]);
        assert_eq!(widths(80), [(48, 48), (32, 32)]);
        assert_eq!(widths(112), [(64, 64), (48, 48)]);
        assert_eq!(widths(1), [(1, 16)]);
        assert_eq!(widths(0), []);
        assert_eq!(deal(80, 3)[1].offset, 48 * 3);
    }

    #[test]
    fn every_weight_is_where_the_kernels_look() {
        let packed = Panels::<bf16>::pack(20, 4, |o, i| (o * 4 + i) as f32);
        for o in 0..20 {
            for i in 0..4 {
                let at = (i / 2) * 32 * 2 + o * 2 + i % 2;
                assert_eq!(packed.weights[at].to_f32(), (o * 4 + i) as f32);
            }
        }
        assert!(
            packed.weights[20 * 2..32 * 2]
                .iter()
                .all(|w| w.to_f32() == 0.0)
        );
    }
}
