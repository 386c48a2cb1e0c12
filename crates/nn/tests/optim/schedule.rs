//! Schedules at their corners.

use wardrobe_nn::optim::{OneCycle, cosine_schedule, linear_schedule, ramp};

#[test]
fn the_schedule_at_its_corners() {
    let at = |step| cosine_schedule(step, 110, 10, 0.01);
    let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} {b}");
    // Warm-up: never 0, never above 1.
    close(at(0), 0.1);
    close(at(4), 0.5);
    close(at(9), 1.0);
    // Then half a cosine: the top, a quarter, the middle, the floor.
    close(at(10), 1.0);
    close(at(35), 0.01 + 0.99 * 0.5 * (1.0 + 0.5f64.sqrt()));
    close(at(60), 0.505);
    close(at(110), 0.01);
    close(at(1000), 0.01);
    close(cosine_schedule(0, 10, 0, 0.0), 1.0);
    close(cosine_schedule(5, 10, 0, 0.0), 0.5);
    // All warm-up and no steps at all do not divide by zero.
    close(cosine_schedule(9, 10, 10, 0.5), 1.0);
    assert!(cosine_schedule(0, 0, 0, 0.5).is_finite());
}

#[test]
fn a_straight_line_down_to_its_floor() {
    let at = |step| linear_schedule(step, 200, 0.01);
    let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} {b}");
    close(at(0), 1.0);
    close(at(50), 0.7525);
    close(at(200), 0.01);
    close(at(1000), 0.01);
    close(linear_schedule(0, 0, 0.5), 1.0);
    close(linear_schedule(1, 0, 0.5), 0.5);
}

#[test]
fn a_ramp_goes_either_way_and_ends() {
    let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} {b}");
    close(ramp(0, 100, 0.8, 0.937), 0.8);
    close(ramp(50, 100, 0.8, 0.937), 0.8685);
    close(ramp(100, 100, 0.8, 0.937), 0.937);
    close(ramp(10, 100, 0.1, 0.01), 0.091);
    close(ramp(5000, 100, 0.1, 0.01), 0.01);
    close(ramp(0, 0, 0.1, 0.01), 0.01);
}

#[test]
fn the_cycle_has_no_gap_where_its_top_is_a_step() {
    // The top is 0.5 * 4 - 1 = step 1, the end step 3.
    let cycle = OneCycle {
        rising: 0.5,
        ..OneCycle::new(4)
    };
    let rates = [0, 1, 2, 3, 4].map(|step| cycle.factor(step));
    let low = 0.04 / 1e4;
    let expected = [0.04, 1.0, 0.5 * (1.0 + low), low, low];
    for (rate, expected) in rates.iter().zip(expected) {
        assert!((rate - expected).abs() < 1e-12, "{rates:?}");
    }
    // A top at step 0, where PyTorch divides by zero.
    let cycle = OneCycle {
        rising: 0.25,
        ..cycle
    };
    assert_eq!((cycle.factor(0), cycle.momentum(0)), (1.0, 0.85));
    // None of the degenerate cycles divides by zero.
    for (total, rising) in [(0, 0.3), (1, 1.0), (1, 0.0), (2, 0.0), (5, 2.0)] {
        let cycle = OneCycle {
            rising,
            ..OneCycle::new(total)
        };
        for step in 0..7 {
            let (rate, momentum) = (cycle.factor(step), cycle.momentum(step));
            assert!((0.0..=1.0).contains(&rate), "{total} {rising}: {rate}");
            assert!(
                (0.85..=0.95).contains(&momentum),
                "{total} {rising}: {momentum}"
            );
        }
    }
}
