//! The measures, worked by hand.

use super::*;
use crate::data;
use wardrobe_types::{Formality, Season};

fn sample(kind: &str, pattern: Pattern, season: Season, formality: f32) -> TagSample {
    TagSample {
        picture: data::Picture::whole("photo.jpg".into()),
        kind: Some(kind.to_owned()),
        tags: Tags {
            pattern: Some(pattern),
            formality: Formality::new(formality).ok(),
            seasons: Some(vec![season]),
            ..Tags::default()
        },
    }
}

/// Two shirts and a boot, of which the tagger gets one pattern of three, two seasons of three.
#[test]
fn a_case_worked_by_hand() {
    use Pattern::{Plaid, Solid};
    use Season::{Summer, Winter};
    let samples = [
        sample("shirt", Plaid, Summer, 0.5),
        sample("shirt", Plaid, Summer, 0.5),
        sample("boot", Solid, Winter, 0.2),
    ];
    let train = [
        sample("shirt", Solid, Winter, 0.4),
        sample("shirt", Plaid, Summer, 0.6),
        sample("shirt", Plaid, Summer, 0.5),
        sample("boot", Solid, Winter, 0.1),
        sample("boot", Solid, Winter, 0.1),
    ];
    let said = |pattern: Pattern, season: Season| Tagged {
        pattern: Choice {
            value: Some(pattern),
            probabilities: vec![(pattern, 1.0)],
        },
        formality: Formality::new(0.4).ok(),
        seasons: Choices {
            values: vec![season],
            probabilities: vec![(season, 1.0)],
        },
        ..Tagged::default()
    };
    let validation = Validation {
        descriptors: Vec::new(),
        samples: samples.to_vec(),
        failed: Vec::new(),
    };
    let tagged = [
        said(Plaid, Summer),
        said(Solid, Winter),
        said(Plaid, Winter),
    ];
    let known = Known {
        samples: &validation.samples,
        tagged: &tagged,
        baselines: Some(Baselines { train: &train }),
    };
    let mut report = Report::default();
    let names = ["accuracy", "f1", "ece", "majority", "lookup"];
    known
        .single(
            &mut report,
            names,
            |t| t.pattern,
            |t| &t.pattern,
            &Pattern::ALL,
        )
        .unwrap();
    let close = |name: &str, expected: f64, report: &Report| {
        let got = report.metrics[name];
        assert!(
            (got - expected).abs() < 1e-6,
            "{name}: {got}, not {expected}"
        );
    };
    close("accuracy", 1.0 / 3.0, &report);
    close("ece", 2.0 / 3.0, &report);
    // Solid is most usual; of shirts it is plaid, of boots solid.
    close("majority", 1.0 / 3.0, &report);
    close("lookup", 1.0, &report);

    let names = ["s_accuracy", "s_f1", "s_ece", "s_majority", "s_lookup"];
    known
        .several(&mut report, names, |t| t.seasons.as_deref(), |t| &t.seasons)
        .unwrap();
    close("s_accuracy", 2.0 / 3.0, &report);
    close("s_f1", 2.0 / 3.0, &report);
    close("s_majority", 1.0 / 3.0, &report);
    close("s_lookup", 1.0, &report);

    known.formality(&mut report);
    close("formality_mae", 0.4 / 3.0, &report);
    // The mean of 0.4, 0.6, 0.5, 0.1, 0.1 is 0.34.
    close("formality_mean_mae", (0.16 + 0.16 + 0.14) / 3.0, &report);
    close("formality_lookup_mae", 0.1 / 3.0, &report);
}
