//! Random calls, each checked against a map and brute force in f64.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;
use wardrobe_vector_index::*;

use super::cases::spec;

const DIMENSION: usize = 3;
const USERS: [&str; 2] = ["anna", "ben"];

#[derive(Debug, Clone)]
enum Call {
    Upsert(Vec<Record>),
    Delete(Scope<'static>, Vec<String>),
    DeleteWhere(Scope<'static>, Filter),
    Query(Vec<Vec<f32>>, usize, Scope<'static>, Option<Filter>),
}

type Model = BTreeMap<(String, String), Record>;

fn user() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&USERS[..])
}

fn id() -> impl Strategy<Value = String> {
    (0..12u8).prop_map(|id| format!("g{id}"))
}

fn scope() -> impl Strategy<Value = Scope<'static>> {
    prop_oneof![3 => user().prop_map(Scope::User), 1 => Just(Scope::AllUsers)]
}

/// Small whole numbers, so that ties happen, or anything.
fn vector() -> impl Strategy<Value = Vec<f32>> {
    let values = prop_oneof![
        prop::collection::vec((-2..3i8).prop_map(f32::from), DIMENSION),
        prop::collection::vec(-1e3..1e3f32, DIMENSION),
    ];
    values.prop_filter("a zero vector is refused", |v| v.iter().any(|x| *x != 0.0))
}

fn record() -> impl Strategy<Value = Record> {
    let slots = prop::collection::vec(prop::sample::select(&["top", "bottom", "shoes"][..]), 0..3);
    let formality = prop::option::of(0..5u8);
    (user(), id(), vector(), slots, formality).prop_map(|(user, id, vector, slots, formality)| {
        let record = Record::new(id, vector).of_user(user).with("slots", slots);
        match formality {
            Some(level) => record.with("formality", f64::from(level) / 4.0),
            None => record,
        }
    })
}

fn filter() -> impl Strategy<Value = Filter> {
    let slot = || prop::sample::select(&["top", "bottom", "shoes", "hat"][..]);
    let leaf = prop_oneof![
        slot().prop_map(|slot| Filter::eq("slots", slot)),
        slot().prop_map(|slot| Filter::ne("slots", slot)),
        (slot(), slot()).prop_map(|(a, b)| Filter::any_of("slots", [a, b])),
        (0.0..1.0f64, 0.0..1.0f64)
            .prop_map(|(a, b)| Filter::range("formality", a.min(b)..=a.max(b))),
        (0..5u8).prop_map(|level| Filter::range("formality", f64::from(level) / 4.0..)),
        (0..5u8).prop_map(|level| Filter::eq("formality", f64::from(level) / 4.0)),
    ];
    leaf.prop_recursive(2, 6, 3, |inner| {
        let some = || prop::collection::vec(inner.clone(), 0..3);
        prop_oneof![some().prop_map(Filter::And), some().prop_map(Filter::Or)]
    })
}

fn call() -> impl Strategy<Value = Call> {
    let queries = prop::collection::vec(vector(), 1..7);
    prop_oneof![
        4 => prop::collection::vec(record(), 0..8).prop_map(Call::Upsert),
        2 => (scope(), prop::collection::vec(id(), 0..4)).prop_map(|(s, i)| Call::Delete(s, i)),
        1 => (scope(), filter()).prop_map(|(s, f)| Call::DeleteWhere(s, f)),
        4 => (queries, 0..20usize, scope(), prop::option::of(filter()))
            .prop_map(|(q, k, s, f)| Call::Query(q, k, s, f)),
    ]
}

/// What the filter says, straight from its definition.
fn holds(filter: &Filter, record: &Record) -> bool {
    let values = |field: &str| match record.metadata.get(field) {
        Some(Value::Array(values)) => values.clone(),
        Some(value) => vec![value.clone()],
        None => Vec::new(),
    };
    match filter {
        Filter::Eq { field, value } => values(field).contains(value),
        Filter::Ne { field, value } => !values(field).contains(value),
        Filter::In { field, values: any } => values(field).iter().any(|value| any.contains(value)),
        Filter::Range {
            field,
            lower,
            upper,
        } => {
            let number = |value: &Value| value.as_f64().unwrap();
            let bounds = (lower.as_ref().map(number), upper.as_ref().map(number));
            values(field)
                .iter()
                .any(|value| std::ops::RangeBounds::contains(&bounds, &number(value)))
        }
        Filter::And(filters) => filters.iter().all(|filter| holds(filter, record)),
        Filter::Or(filters) => filters.iter().any(|filter| holds(filter, record)),
        other => panic!("the model does not know {other:?}"),
    }
}

fn in_scope(scope: Scope<'_>, record: &Record) -> bool {
    scope == Scope::AllUsers || scope == Scope::User(&record.user)
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        a.iter()
            .zip(b)
            .map(|(a, b)| f64::from(*a) * f64::from(*b))
            .sum()
    };
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

fn check_hits(
    model: &Model,
    query: &[f32],
    (k, scope, filter): (usize, Scope<'_>, Option<&Filter>),
    hits: &[Hit],
) -> std::result::Result<(), TestCaseError> {
    let wanted =
        |record: &Record| in_scope(scope, record) && filter.is_none_or(|f| holds(f, record));
    let mut scores: Vec<f64> = model
        .values()
        .filter(|r| wanted(r))
        .map(|r| cosine(query, &r.vector))
        .collect();
    scores.sort_by(|a, b| b.total_cmp(a));
    prop_assert_eq!(hits.len(), k.min(scores.len()));
    let mut seen = Vec::new();
    for (hit, expected) in hits.iter().zip(scores) {
        let key = (hit.user.clone(), hit.id.clone());
        let record = &model[&key];
        prop_assert!(
            wanted(record) && !seen.contains(&key),
            "{key:?} does not belong"
        );
        seen.push(key);
        prop_assert_eq!(&hit.metadata, &record.metadata);
        let score = f64::from(hit.score);
        prop_assert!((score - cosine(query, &record.vector)).abs() < 1e-6);
        prop_assert!(
            (score - expected).abs() < 1e-6,
            "{score} where {expected} was to be had"
        );
    }
    Ok(())
}

fn check_all<S: VectorStore>(
    store: &S,
    spec: &CollectionSpec,
    model: &Model,
) -> std::result::Result<(), TestCaseError> {
    let stored: Vec<Record> = store
        .iterate(spec, Scope::AllUsers)
        .collect::<Result<_>>()
        .unwrap();
    prop_assert_eq!(stored, model.values().cloned().collect::<Vec<_>>());
    let stats = store.stats(spec).unwrap();
    prop_assert_eq!(stats.records, model.len());
    let of = |user: &str| model.keys().filter(|(u, _)| u == user).count();
    prop_assert_eq!(
        stats.users,
        USERS.iter().filter(|user| of(user) > 0).count()
    );
    for user in USERS {
        prop_assert_eq!(
            store.count(spec, Scope::User(user), None).unwrap(),
            of(user)
        );
    }
    Ok(())
}

fn run<S: VectorStore>(store: &S, calls: Vec<Call>) -> std::result::Result<(), TestCaseError> {
    let spec = spec("model", DIMENSION);
    store.create_collection(&spec).unwrap();
    let mut model = Model::new();
    for call in calls {
        match call {
            Call::Upsert(records) => {
                store.upsert(&spec, &records).unwrap();
                model.extend(
                    records
                        .into_iter()
                        .map(|r| ((r.user.clone(), r.id.clone()), r)),
                );
            }
            Call::Delete(scope, ids) => {
                let before = model.len();
                model.retain(|(_, id), record| !(in_scope(scope, record) && ids.contains(id)));
                let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
                prop_assert_eq!(
                    store.delete(&spec, scope, &ids).unwrap(),
                    before - model.len()
                );
            }
            Call::DeleteWhere(scope, filter) => {
                let before = model.len();
                let goes = |r: &Record| in_scope(scope, r) && holds(&filter, r);
                let count = store.count(&spec, scope, Some(&filter)).unwrap();
                model.retain(|_, record| !goes(record));
                let removed = store.delete_where(&spec, scope, &filter).unwrap();
                prop_assert_eq!((removed, count), (before - model.len(), removed));
            }
            Call::Query(queries, k, scope, filter) => {
                let batch: Vec<&[f32]> = queries.iter().map(Vec::as_slice).collect();
                let options = QueryOptions {
                    k,
                    scope,
                    filter: filter.as_ref(),
                };
                let answers = store.query_batch(&spec, &batch, &options).unwrap();
                prop_assert_eq!(answers.len(), batch.len());
                for (query, hits) in batch.iter().zip(&answers) {
                    check_hits(&model, query, (k, scope, filter.as_ref()), hits)?;
                }
            }
        }
    }
    check_all(store, &spec, &model)
}

pub fn agrees_with_a_map_and_brute_force<S: VectorStore, G>(make: &dyn Fn() -> (S, G)) {
    let mut runner = TestRunner::new(Config {
        cases: 32,
        failure_persistence: None,
        ..Config::default()
    });
    let calls = prop::collection::vec(call(), 1..25);
    let outcome = runner.run(&calls, |calls| {
        let (store, _keep) = make();
        run(&store, calls)
    });
    outcome.unwrap();
}
