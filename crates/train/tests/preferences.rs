//! Feedback helps whoever means it: the simulation in small. `wardrobe eval preferences` runs it whole.

use std::path::Path;

use wardrobe_train::evaluate::preferences::{Course, Simulation, plot, read};

fn course(taps_at_random: bool) -> Course {
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/tags/clothing.csv");
    let garments = read(&table).unwrap();
    let simulation = Simulation {
        wearers: 30,
        seed: 7,
        feedbacks: 10,
        taps_at_random,
        ..Simulation::default()
    };
    simulation.run(&garments, || ()).unwrap()
}

#[test]
fn ten_feedbacks_make_better_outfits_and_random_ones_do_no_harm() {
    let (taste, random) = (course(false), course(true));
    assert_eq!(taste.checkpoints, [0, 5, 10]);
    let gain = taste.gain(2).unwrap();
    assert!(gain.value > 0.1 && gain.ci95.low > 0.0, "{gain:?}");
    let of_noise = random.gain(2).unwrap();
    assert!(of_noise.ci95.high > 0.0, "{of_noise:?}");
    assert_eq!(
        taste.at(0).unwrap(),
        random.at(0).unwrap(),
        "the same wearers"
    );
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("courses.png");
    plot(&[("taste", &taste), ("random", &random)], &picture).unwrap();
    assert_eq!(image::open(&picture).unwrap().width(), 900);
}

#[test]
fn a_table_that_is_none_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("tags.csv");
    for (text, words) in [
        ("id,category\n1,shirt\n", "certainty"),
        (
            "id,category,certainty,formality,colors\n1,shirt,1,0.5,navi:1\n",
            "navi",
        ),
    ] {
        std::fs::write(&table, text).unwrap();
        let error = read(&table).unwrap_err().to_string();
        assert!(
            error.contains("tags.csv") && error.contains(words),
            "{error}"
        );
    }
}
