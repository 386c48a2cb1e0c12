use std::f64::consts::PI;

/// The learning rate's factor at `step` of `total`: linear warm-up over `warmup` steps, then half a cosine down to
/// `floor` (Loshchilov and Hutter 2017).
pub fn cosine_schedule(step: usize, total: usize, warmup: usize, floor: f64) -> f64 {
    if step < warmup {
        return (step + 1) as f64 / warmup as f64;
    }
    let progress = (step - warmup) as f64 / (total.saturating_sub(warmup)).max(1) as f64;
    floor + (1.0 - floor) * 0.5 * (1.0 + (PI * progress.min(1.0)).cos())
}

/// The learning rate's factor at `step` of `total`: from 1 in a straight line down to `floor`, as YOLOv8 is trained
/// (with floor 0.01, and epochs for steps).
pub fn linear_schedule(step: usize, total: usize, floor: f64) -> f64 {
    let left = 1.0 - step as f64 / total.max(1) as f64;
    floor + (1.0 - floor) * left.max(0.0)
}

/// A warm-up: in a straight line from `from` at step 0 to `to` at `steps`, and `to` from there on. `to` may be a
/// schedule's value of the same step.
///
/// YOLOv8 warms up for 3 epochs, no less than 100 steps: biases' rates from 0.1, the others' from 0, the momentum from
/// 0.8.
pub fn ramp(step: usize, steps: usize, from: f64, to: f64) -> f64 {
    if step >= steps {
        return to;
    }
    from + (to - from) * step as f64 / steps as f64
}

/// The 1cycle policy (Smith and Topin 2018) as PyTorch's `OneCycleLR` has it: half a cosine up, half a cosine down to
/// almost nothing; the momentum goes the other way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OneCycle {
    /// Steps in all.
    pub total: usize,
    /// The part of them spent rising: 0.3 in PyTorch.
    pub rising: f64,
    /// The first rate is the highest divided by this: 25 in PyTorch.
    pub start_divisor: f64,
    /// The last rate is the first divided by this: 10,000 in PyTorch.
    pub end_divisor: f64,
    /// The momentum at the highest rate, 0.85 in PyTorch, and at both ends, 0.95.
    pub momentum: (f64, f64),
}

impl OneCycle {
    /// PyTorch's defaults over `total` steps.
    pub fn new(total: usize) -> Self {
        Self {
            total,
            rising: 0.3,
            start_divisor: 25.0,
            end_divisor: 1e4,
            momentum: (0.85, 0.95),
        }
    }

    /// The learning rate's factor at `step`, 1 at its highest.
    pub fn factor(&self, step: usize) -> f64 {
        let start = 1.0 / self.start_divisor;
        match self.phase(step) {
            Phase::Rising(progress) => half_cosine(start, 1.0, progress),
            Phase::Falling(progress) => half_cosine(1.0, start / self.end_divisor, progress),
        }
    }

    /// The momentum at `step` (for AdamW, beta 1).
    pub fn momentum(&self, step: usize) -> f64 {
        let (low, high) = self.momentum;
        match self.phase(step) {
            Phase::Rising(progress) => half_cosine(high, low, progress),
            Phase::Falling(progress) => half_cosine(low, high, progress),
        }
    }

    fn phase(&self, step: usize) -> Phase {
        let (step, last) = (step as f64, self.total as f64 - 1.0);
        // PyTorch's highest rate lies between two steps, or before the first.
        let top = self.rising * self.total as f64 - 1.0;
        let part = |done: f64, of: f64| if of > 0.0 { (done / of).min(1.0) } else { 1.0 };
        if step <= top || top >= last {
            Phase::Rising(part(step, top))
        } else {
            Phase::Falling(part(step - top, last - top))
        }
    }
}

/// A part of the cycle and how much of it is done, from 0 to 1.
enum Phase {
    Rising(f64),
    Falling(f64),
}

fn half_cosine(from: f64, to: f64, progress: f64) -> f64 {
    to + (from - to) * 0.5 * (1.0 + (PI * progress).cos())
}
