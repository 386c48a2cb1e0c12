//! What a store refuses, and that a refused call changes nothing.

use serde_json::{Value, json};
use wardrobe_types::EmbedderId;
use wardrobe_vector_index::*;

use super::cases::{ids, spec};

fn with_one<S: VectorStore>(store: &S) -> CollectionSpec {
    let looks = spec("looks", 2);
    store.create_collection(&looks).unwrap();
    store
        .upsert(&looks, &[Record::new("shirt", vec![1.0, 0.0])])
        .unwrap();
    looks
}

pub fn bad_vectors<S: VectorStore, G>(make: &dyn Fn() -> (S, G)) {
    let (store, _keep) = make();
    let looks = with_one(&store);
    let check = |vector: &[f32], expected: fn(&IndexError) -> bool| {
        let error = store
            .upsert(&looks, &[Record::new("hat", vector.to_vec())])
            .unwrap_err();
        assert!(
            expected(&error) && error.to_string().contains("record \"hat\""),
            "{error}"
        );
        let error = store
            .query(&looks, vector, &QueryOptions::top(1))
            .unwrap_err();
        assert!(
            expected(&error) && error.to_string().contains("query 0"),
            "{error}"
        );
    };
    check(&[], |e| {
        matches!(
            e,
            IndexError::WrongDimension {
                expected: 2,
                got: 0,
                ..
            }
        )
    });
    check(&[1.0; 3], |e| {
        matches!(
            e,
            IndexError::WrongDimension {
                expected: 2,
                got: 3,
                ..
            }
        )
    });
    check(&[1.0, f32::NAN], |e| {
        matches!(e, IndexError::NotFinite { position: 1, .. })
    });
    check(&[f32::INFINITY, 1.0], |e| {
        matches!(e, IndexError::NotFinite { position: 0, .. })
    });
    check(&[0.0, -0.0], |e| matches!(e, IndexError::ZeroVector { .. }));
    check(&[1e30, 0.0], |e| matches!(e, IndexError::TooLong { .. }));
    // The smallest and the longest that are allowed still compare.
    let extremes = [
        Record::new("tiny", vec![0.0, 1e-45]),
        Record::new("long", vec![-9e17, 0.0]),
    ];
    store.upsert(&looks, &extremes).unwrap();
    let hits = store
        .query(&looks, &[1e-45, 1e-45], &QueryOptions::top(3))
        .unwrap();
    assert_eq!(ids(&hits), ["shirt", "tiny", "long"]);
}

pub fn another_embedder_dimension_or_metric<S: VectorStore, G>(make: &dyn Fn() -> (S, G)) {
    let (store, _keep) = make();
    let looks = with_one(&store);
    let refuses = |spec: &CollectionSpec, expected: fn(&IndexError) -> bool| {
        let record = [Record::new("hat", vec![1.0; spec.dimension])];
        let vector = vec![1.0; spec.dimension];
        let everything = Filter::and([]);
        let (mine, top) = (Scope::default(), QueryOptions::top(1));
        for error in [
            store.create_collection(spec).unwrap_err(),
            store.upsert(spec, &record).unwrap_err(),
            store.upsert(spec, &[]).unwrap_err(),
            store.query(spec, &vector, &top).unwrap_err(),
            store.get(spec, DEFAULT_USER, &["shirt"]).unwrap_err(),
            store.delete(spec, mine, &["shirt"]).unwrap_err(),
            store.delete_where(spec, mine, &everything).unwrap_err(),
            store.count(spec, mine, None).unwrap_err(),
            store.page(spec, mine, None, 1).unwrap_err(),
            store.stats(spec).unwrap_err(),
        ] {
            assert!(expected(&error), "{error}");
        }
        let mut records = store.iterate(spec, mine);
        assert!(expected(&records.next().unwrap().unwrap_err()));
        assert!(records.next().is_none());
    };
    let embedder = EmbedderId::from("model-b");
    refuses(
        &CollectionSpec {
            embedder,
            ..looks.clone()
        },
        |e| {
            matches!(e, IndexError::EmbedderMismatch { .. })
                && e.to_string().contains("model-a")
                && e.to_string().contains("model-b")
        },
    );
    refuses(
        &CollectionSpec {
            dimension: 3,
            ..looks.clone()
        },
        |e| {
            matches!(
                e,
                IndexError::CollectionMismatch {
                    field: "dimension",
                    ..
                }
            )
        },
    );
    refuses(
        &CollectionSpec {
            metric: Metric::Dot,
            ..looks.clone()
        },
        |e| {
            matches!(
                e,
                IndexError::CollectionMismatch {
                    field: "metric",
                    ..
                }
            )
        },
    );
    assert_eq!(store.count(&looks, Scope::AllUsers, None).unwrap(), 1);
}

pub fn unknown_collections<S: VectorStore, G>(make: &dyn Fn() -> (S, G)) {
    let (store, _keep) = make();
    with_one(&store);
    let error = store
        .count(&spec("lokos", 2), Scope::AllUsers, None)
        .unwrap_err();
    assert!(matches!(error, IndexError::UnknownCollection { .. }));
    assert_eq!(
        error.to_string(),
        "there is no collection \"lokos\" (there is: looks); create it first"
    );
}

pub fn bad_records<S: VectorStore, G>(make: &dyn Fn() -> (S, G)) {
    let (store, _keep) = make();
    let looks = with_one(&store);
    let refused = |record: Record| store.upsert(&looks, &[record]).unwrap_err();
    let good = Record::new("hat", vec![1.0, 1.0]);
    let error = refused(Record {
        id: String::new(),
        ..good.clone()
    });
    assert!(matches!(error, IndexError::EmptyName { part: "id" }));
    let error = refused(good.clone().of_user(""));
    assert!(matches!(error, IndexError::EmptyName { part: "user" }));
    for nested in [json!({"a": 1}), json!([["top"]]), json!([{}])] {
        let error = refused(good.clone().with("slots", nested));
        assert!(matches!(error, IndexError::BadMetadata { .. }), "{error}");
    }
    // Odd text is fine.
    let odd = Record::new("'; DROP TABLE x; -- \u{1F45F}\0", vec![1.0, 1.0])
        .of_user("%_\"")
        .with("", Value::from("\n"))
        .with("list", json!([null, 1, 2.5, true, "x"]));
    store.upsert(&looks, std::slice::from_ref(&odd)).unwrap();
    let got = store.get(&looks, "%_\"", &[&odd.id]).unwrap();
    assert_eq!(got, [Some(odd)]);
}

pub fn bad_filters<S: VectorStore, G>(make: &dyn Fn() -> (S, G)) {
    let (store, _keep) = make();
    let looks = with_one(&store);
    for filter in [
        Filter::eq("slots", vec!["top"]),
        Filter::ne("slots", json!({})),
        Filter::any_of("slots", [json!(["top"])]),
        Filter::range("formality", f64::NAN..),
        Filter::range("formality", json!(0.1)..json!("b")),
        Filter::range("laundry", json!(false)..),
        Filter::and([Filter::or([Filter::eq("slots", vec!["top"])])]),
    ] {
        let options = QueryOptions::top(1).matching(&filter);
        for error in [
            store.query(&looks, &[1.0, 0.0], &options).unwrap_err(),
            store
                .count(&looks, Scope::default(), Some(&filter))
                .unwrap_err(),
            store
                .delete_where(&looks, Scope::default(), &filter)
                .unwrap_err(),
        ] {
            assert!(
                matches!(error, IndexError::BadFilter { .. }),
                "{filter:?}: {error}"
            );
        }
    }
}

pub fn bad_collections<S: VectorStore, G>(make: &dyn Fn() -> (S, G)) {
    let (store, _keep) = make();
    for bad in [
        spec("", 2),
        spec("looks", 0),
        spec("looks", CollectionSpec::MAX_DIMENSION + 1),
        CollectionSpec::cosine("looks", 2, ""),
    ] {
        let error = store.create_collection(&bad).unwrap_err();
        assert!(matches!(error, IndexError::BadCollection { .. }), "{error}");
    }
    assert_eq!(store.collections().unwrap(), []);
}

pub fn a_failed_call_changes_nothing<S: VectorStore, G>(make: &dyn Fn() -> (S, G)) {
    let (store, _keep) = make();
    let looks = with_one(&store);
    let before: Vec<Record> = store
        .iterate(&looks, Scope::AllUsers)
        .map(Result::unwrap)
        .collect();
    let batch = [
        Record::new("new", vec![1.0, 1.0]),
        Record::new("shirt", vec![0.0, 1.0]),
        Record::new("bad", vec![f32::NAN, 1.0]),
    ];
    store.upsert(&looks, &batch).unwrap_err();
    let after: Vec<Record> = store
        .iterate(&looks, Scope::AllUsers)
        .map(Result::unwrap)
        .collect();
    assert_eq!(after, before);
    let hits = store
        .query(&looks, &[1.0, 0.0], &QueryOptions::top(5))
        .unwrap();
    assert_eq!((ids(&hits), hits[0].score), (vec!["shirt"], 1.0));
}
