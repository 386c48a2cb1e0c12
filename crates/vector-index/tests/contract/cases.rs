//! Plain cases: what a store does when all goes well.

use serde_json::{Value, json};
use wardrobe_vector_index::*;

pub fn spec(name: &str, dimension: usize) -> CollectionSpec {
    CollectionSpec::cosine(name, dimension, "model-a")
}

pub fn ids(hits: &[Hit]) -> Vec<&str> {
    hits.iter().map(|hit| hit.id.as_str()).collect()
}

fn close(got: f32, expected: f32) {
    assert!(
        (got - expected).abs() < 1e-6,
        "got {got}, expected {expected}"
    );
}

/// Four garments in a plane, each 30 degrees on from the one before.
fn garments() -> Vec<Record> {
    let at = |degrees: f32| {
        vec![
            degrees.to_radians().cos() * 2.0,
            degrees.to_radians().sin() * 2.0,
        ]
    };
    vec![
        Record::new("shirt", at(0.0))
            .with("slots", vec!["top"])
            .with("formality", 0.6)
            .with("created_at", "2024-03-01T00:00:00Z"),
        Record::new("dress", at(30.0))
            .with("slots", vec!["top", "bottom"])
            .with("formality", 0.8)
            .with("created_at", "2024-05-01T00:00:00Z"),
        Record::new("jeans", at(60.0))
            .with("slots", vec!["bottom"])
            .with("formality", 0.2)
            .with("pattern", Value::Null),
        Record::new("socks", at(90.0))
            .with("laundry", true)
            .with("formality", 0),
    ]
}

fn filled<S: VectorStore>(store: &S) -> CollectionSpec {
    let looks = spec("looks", 2);
    store.create_collection(&looks).unwrap();
    store.upsert(&looks, &garments()).unwrap();
    looks
}

pub fn upsert_replaces_whole_records<S: VectorStore, G>(make: &dyn Fn() -> (S, G)) {
    let (store, _keep) = make();
    let looks = filled(&store);
    store
        .query(&looks, &[1.0, 0.0], &QueryOptions::top(1))
        .unwrap();
    let newer = Record::new("shirt", vec![0.0, -3.0]).with("colour", "navy");
    store.upsert(&looks, std::slice::from_ref(&newer)).unwrap();
    assert_eq!(
        store.get(&looks, DEFAULT_USER, &["shirt"]).unwrap(),
        [Some(newer)]
    );
    assert_eq!(store.count(&looks, Scope::default(), None).unwrap(), 4);
    let hits = store
        .query(&looks, &[0.0, -1.0], &QueryOptions::top(1))
        .unwrap();
    assert_eq!(
        (ids(&hits), &hits[0].metadata["colour"]),
        (vec!["shirt"], &json!("navy"))
    );
    assert!(!hits[0].metadata.contains_key("slots"));
    // Of two in one call the later stays; nothing at all is fine.
    let twice = [
        Record::new("x", vec![1.0, 1.0]),
        Record::new("x", vec![2.0, 1.0]),
    ];
    store.upsert(&looks, &twice).unwrap();
    store.upsert(&looks, &[]).unwrap();
    assert_eq!(
        store.get(&looks, DEFAULT_USER, &["x"]).unwrap(),
        [Some(twice[1].clone())]
    );
}

pub fn get_answers_in_the_order_asked<S: VectorStore, G>(make: &dyn Fn() -> (S, G)) {
    let (store, _keep) = make();
    let looks = filled(&store);
    let got = store
        .get(&looks, DEFAULT_USER, &["socks", "hat", "shirt", "socks"])
        .unwrap();
    let all = garments();
    let expected = [Some(&all[3]), None, Some(&all[0]), Some(&all[3])];
    assert_eq!(got.iter().map(Option::as_ref).collect::<Vec<_>>(), expected);
    assert_eq!(store.get(&looks, "anna", &["socks"]).unwrap(), [None]);
    assert_eq!(store.get(&looks, DEFAULT_USER, &[]).unwrap(), []);
}

pub fn query_ranks_by_each_metric<S: VectorStore, G>(make: &dyn Fn() -> (S, G)) {
    let (store, _keep) = make();
    // Against the query (2, 0): angles 0, 45 and 90 degrees, of different lengths.
    let records = [
        Record::new("far", vec![9.0, 0.0]),
        Record::new("near", vec![1.0, 1.0]),
        Record::new("across", vec![0.0, 0.5]),
    ];
    for (metric, expected) in [
        (
            Metric::Cosine,
            [("far", 1.0), ("near", 0.5f32.sqrt()), ("across", 0.0)],
        ),
        (Metric::Dot, [("far", 18.0), ("near", 2.0), ("across", 0.0)]),
        (
            Metric::Euclidean,
            [
                ("near", -2f32.sqrt()),
                ("across", -4.25f32.sqrt()),
                ("far", -7.0),
            ],
        ),
    ] {
        let spec = CollectionSpec {
            metric,
            ..spec(metric.as_str(), 2)
        };
        store.create_collection(&spec).unwrap();
        store.upsert(&spec, &records).unwrap();
        let hits = store
            .query(&spec, &[2.0, 0.0], &QueryOptions::top(3))
            .unwrap();
        assert_eq!(ids(&hits), expected.map(|(id, _)| id), "{metric}");
        for (hit, (_, score)) in hits.iter().zip(expected) {
            close(hit.score, score);
        }
    }
}

pub fn fewer_than_k_is_no_error<S: VectorStore, G>(make: &dyn Fn() -> (S, G)) {
    let (store, _keep) = make();
    let looks = filled(&store);
    let ask = |options: QueryOptions<'_>| store.query(&looks, &[1.0, 0.1], &options).unwrap().len();
    assert_eq!(ask(QueryOptions::top(0)), 0);
    assert_eq!(ask(QueryOptions::top(3)), 3);
    assert_eq!(ask(QueryOptions::top(100)), 4);
    assert_eq!(ask(QueryOptions::top(usize::MAX)), 4);
    assert_eq!(
        ask(QueryOptions::top(5).matching(&Filter::eq("slots", "shoes"))),
        0
    );
    assert_eq!(ask(QueryOptions::top(5).in_scope(Scope::User("anna"))), 0);
    store.create_collection(&spec("empty", 2)).unwrap();
    let hits = store
        .query(&spec("empty", 2), &[1.0, 0.0], &QueryOptions::top(5))
        .unwrap();
    assert_eq!(hits, []);
}

pub fn equal_scores_come_by_user_and_id<S: VectorStore, G>(make: &dyn Fn() -> (S, G)) {
    let (store, _keep) = make();
    let looks = spec("looks", 2);
    store.create_collection(&looks).unwrap();
    for (user, id) in [("b", "1"), ("a", "3"), ("b", "0"), ("a", "2"), ("a", "30")] {
        store
            .upsert(&looks, &[Record::new(id, vec![0.6, 0.8]).of_user(user)])
            .unwrap();
    }
    let everybody = QueryOptions::top(4).in_scope(Scope::AllUsers);
    let hits = store.query(&looks, &[0.6, 0.8], &everybody).unwrap();
    let got: Vec<_> = hits.iter().map(|hit| (&*hit.user, &*hit.id)).collect();
    assert_eq!(got, [("a", "2"), ("a", "3"), ("a", "30"), ("b", "0")]);
    hits.iter().for_each(|hit| close(hit.score, 1.0));
}

pub fn users_never_meet_unless_asked<S: VectorStore, G>(make: &dyn Fn() -> (S, G)) {
    let (store, _keep) = make();
    let looks = filled(&store);
    let (anna, all) = (Scope::User("anna"), Scope::AllUsers);
    let hers = Record::new("shirt", vec![0.0, 1.0])
        .of_user("anna")
        .with("slots", vec!["top"]);
    store.upsert(&looks, std::slice::from_ref(&hers)).unwrap();
    let ask = |scope| {
        let options = QueryOptions::top(10).in_scope(scope);
        store.query(&looks, &[0.0, 1.0], &options).unwrap().len()
    };
    assert_eq!((ask(Scope::default()), ask(anna), ask(all)), (4, 1, 5));
    let tops = Filter::eq("slots", "top");
    let count = |scope| store.count(&looks, scope, Some(&tops)).unwrap();
    assert_eq!(
        (count(Scope::default()), count(anna), count(all)),
        (2, 1, 3)
    );
    assert_eq!(
        store.get(&looks, "anna", &["shirt"]).unwrap(),
        [Some(hers.clone())]
    );
    assert_eq!(
        store
            .iterate(&looks, anna)
            .collect::<Result<Vec<_>>>()
            .unwrap(),
        [hers]
    );
    assert_eq!(
        store.delete(&looks, Scope::default(), &["shirt"]).unwrap(),
        1
    );
    assert_eq!((ask(Scope::default()), ask(anna)), (3, 1));
    store.upsert(&looks, &garments()).unwrap();
    assert_eq!(store.delete(&looks, all, &["shirt"]).unwrap(), 2);
    assert_eq!((ask(Scope::default()), ask(anna), ask(all)), (3, 0, 3));
}

pub fn filters_on_lists_numbers_and_text<S: VectorStore, G>(make: &dyn Fn() -> (S, G)) {
    let (store, _keep) = make();
    let looks = filled(&store);
    let any = Filter::and([]);
    for (filter, expected) in [
        (Filter::eq("slots", "top"), vec!["shirt", "dress"]),
        (Filter::ne("slots", "top"), vec!["jeans", "socks"]),
        (
            Filter::any_of("slots", ["bottom", "shoes"]),
            vec!["dress", "jeans"],
        ),
        (Filter::any_of("slots", Vec::<&str>::new()), vec![]),
        (
            Filter::range("formality", 0.2..=0.6),
            vec!["shirt", "jeans"],
        ),
        (Filter::range("formality", 0.2..0.6), vec!["jeans"]),
        (Filter::range("formality", ..0.2), vec!["socks"]),
        (Filter::range("formality", 0.7..), vec!["dress"]),
        (
            Filter::range("created_at", "2024-04".."2025"),
            vec!["dress"],
        ),
        (Filter::range("slots", "a".."c"), vec!["dress", "jeans"]),
        (Filter::eq("formality", 0.0), vec!["socks"]),
        (Filter::eq("formality", "0"), vec![]),
        (Filter::eq("laundry", true), vec!["socks"]),
        (Filter::eq("pattern", Value::Null), vec!["jeans"]),
        (
            Filter::ne("pattern", "striped"),
            vec!["shirt", "dress", "jeans", "socks"],
        ),
        (any.clone(), vec!["shirt", "dress", "jeans", "socks"]),
        (Filter::or([]), vec![]),
        (
            Filter::and([
                Filter::eq("slots", "top"),
                Filter::range("formality", 0.7..),
            ]),
            vec!["dress"],
        ),
        (
            Filter::or([
                Filter::eq("laundry", true),
                Filter::and([Filter::eq("slots", "top"), any]),
            ]),
            vec!["shirt", "dress", "socks"],
        ),
    ] {
        let options = QueryOptions::top(9).matching(&filter);
        let hits = store.query(&looks, &[1.0, 0.0], &options).unwrap();
        assert_eq!(ids(&hits), expected, "{filter:?}");
        let count = store
            .count(&looks, Scope::default(), Some(&filter))
            .unwrap();
        assert_eq!(count, expected.len(), "{filter:?}");
    }
}

pub fn deleting_by_id_and_by_filter<S: VectorStore, G>(make: &dyn Fn() -> (S, G)) {
    let (store, _keep) = make();
    let looks = filled(&store);
    let left = || {
        let hits = store
            .query(&looks, &[1.0, 0.0], &QueryOptions::top(9))
            .unwrap();
        hits.into_iter().map(|hit| hit.id).collect::<Vec<_>>()
    };
    assert_eq!(left(), ["shirt", "dress", "jeans", "socks"]);
    assert_eq!(
        store
            .delete(&looks, Scope::default(), &["dress", "hat", "dress"])
            .unwrap(),
        1
    );
    assert_eq!(left(), ["shirt", "jeans", "socks"]);
    let mine = Scope::default();
    assert_eq!(
        store
            .delete_where(&looks, mine, &Filter::eq("slots", "shoes"))
            .unwrap(),
        0
    );
    let low = Filter::range("formality", ..0.5);
    assert_eq!(
        store
            .delete_where(&looks, Scope::User("anna"), &low)
            .unwrap(),
        0
    );
    assert_eq!(store.delete_where(&looks, mine, &low).unwrap(), 2);
    assert_eq!(left(), ["shirt"]);
    // What was deleted can come back.
    store.upsert(&looks, &garments()[3..]).unwrap();
    assert_eq!(left(), ["shirt", "socks"]);
    assert_eq!(
        store.delete_where(&looks, mine, &Filter::and([])).unwrap(),
        2
    );
    assert_eq!(
        (
            left().len(),
            store.count(&looks, Scope::AllUsers, None).unwrap()
        ),
        (0, 0)
    );
}

pub fn a_batch_answers_as_its_queries_alone<S: VectorStore, G>(make: &dyn Fn() -> (S, G)) {
    let (store, _keep) = make();
    let looks = filled(&store);
    let queries: Vec<[f32; 2]> = (0..11)
        .map(|i| [(i as f32).cos(), (i as f32 * 1.7).sin() + 0.01])
        .collect();
    let batch: Vec<&[f32]> = queries.iter().map(|query| &query[..]).collect();
    let options = QueryOptions::top(3);
    let together = store.query_batch(&looks, &batch, &options).unwrap();
    let alone: Vec<_> = batch
        .iter()
        .map(|query| store.query(&looks, query, &options).unwrap())
        .collect();
    assert_eq!(together, alone);
    assert_eq!(
        store.query_batch(&looks, &[], &options).unwrap(),
        Vec::<Vec<Hit>>::new()
    );
}

pub fn iteration_is_ordered_and_complete<S: VectorStore, G>(make: &dyn Fn() -> (S, G)) {
    let (store, _keep) = make();
    let many = spec("many", 3);
    store.create_collection(&many).unwrap();
    let record = |i: usize| {
        let record = Record::new(format!("{:03}", i * 7 % 600), vec![i as f32, 1.0, -2.5]);
        record.of_user(["anna", "ben"][i % 2]).with("i", i)
    };
    let mut all: Vec<Record> = (0..600).map(record).collect();
    store.upsert(&many, &all).unwrap();
    all.sort_by(|a, b| (&a.user, &a.id).cmp(&(&b.user, &b.id)));
    let got: Vec<Record> = store
        .iterate(&many, Scope::AllUsers)
        .collect::<Result<_>>()
        .unwrap();
    assert_eq!(got, all);
    all.retain(|record| record.user == "ben");
    let ben = Scope::User("ben");
    let got: Vec<Record> = store.iterate(&many, ben).collect::<Result<_>>().unwrap();
    assert_eq!(got, all);
    let after = Cursor::from(&all[9]);
    assert_eq!(
        store.page(&many, ben, Some(&after), 5).unwrap(),
        all[10..15]
    );
    assert_eq!(
        store
            .page(&many, ben, Some(&Cursor::from(&all[299])), 5)
            .unwrap(),
        []
    );
    assert_eq!(store.page(&many, ben, None, 0).unwrap(), []);
}

pub fn collections_are_separate<S: VectorStore, G>(make: &dyn Fn() -> (S, G)) {
    let (store, _keep) = make();
    let looks = filled(&store);
    let other = CollectionSpec {
        metric: Metric::Dot,
        ..CollectionSpec::cosine("a", 3, "model-b")
    };
    store.create_collection(&other).unwrap();
    store.create_collection(&looks).unwrap(); // again: nothing happens
    store
        .upsert(&other, &[Record::new("shirt", vec![1.0, 2.0, 3.0])])
        .unwrap();
    assert_eq!(store.collections().unwrap(), [other.clone(), looks.clone()]);
    assert_eq!(store.count(&looks, Scope::AllUsers, None).unwrap(), 4);
    store
        .query(&other, &[1.0, 0.0, 0.0], &QueryOptions::top(1))
        .unwrap();
    assert!(store.drop_collection("a").unwrap());
    assert!(!store.drop_collection("a").unwrap());
    assert_eq!(store.collections().unwrap(), std::slice::from_ref(&looks));
    // Made anew under its name, another shape and empty.
    let anew = CollectionSpec::cosine("a", 2, "model-c");
    store.create_collection(&anew).unwrap();
    assert_eq!(
        store
            .query(&anew, &[1.0, 0.0], &QueryOptions::top(1))
            .unwrap(),
        []
    );
    assert_eq!(store.count(&looks, Scope::AllUsers, None).unwrap(), 4);
}

pub fn stats_count<S: VectorStore, G>(make: &dyn Fn() -> (S, G)) {
    let (store, _keep) = make();
    let looks = filled(&store);
    store
        .upsert(
            &looks,
            &[Record::new("hat", vec![1.0, 1.0]).of_user("anna")],
        )
        .unwrap();
    let expected = Stats {
        records: 5,
        users: 2,
        vector_bytes: 5 * 2 * 4,
    };
    assert_eq!(store.stats(&looks).unwrap(), expected);
}
