//! Retrieval worked by hand, and every undefined metric.

use wardrobe_eval::*;

fn close(got: f64, expected: f64) {
    assert!(
        (got - expected).abs() < 1e-12,
        "got {got}, expected {expected}"
    );
}

/// Three queries over six items: found first, found third, found never; the second has two relevant items.
fn queries() -> (Vec<Vec<usize>>, Vec<Vec<usize>>) {
    (
        vec![vec![4], vec![0, 5], vec![1]],
        vec![vec![4, 0, 2, 5], vec![1, 2, 5, 0], vec![0, 2, 3, 4]],
    )
}

#[test]
fn recall_counts_queries_that_find_something() {
    let (relevant, ranked) = queries();
    assert_eq!(
        recall_hits(&relevant, &ranked, 2).unwrap(),
        [true, false, false]
    );
    close(recall_at_k(&relevant, &ranked, 1).unwrap(), 1.0 / 3.0);
    close(recall_at_k(&relevant, &ranked, 3).unwrap(), 2.0 / 3.0);
    // Both items of the second query are among four, which counts once.
    close(recall_at_k(&relevant, &ranked, 4).unwrap(), 2.0 / 3.0);
}

#[test]
fn recall_by_chance_is_counted_from_the_draws() {
    let (relevant, _) = queries();
    // Of 6 items: one relevant is among 2 drawn with 2/6; one of two with 1 - 4/6 * 3/5.
    let expected = (2.0 / 6.0 + (1.0 - 4.0 / 6.0 * 3.0 / 5.0) + 2.0 / 6.0) / 3.0;
    close(chance_recall_at_k(&relevant, 6, 2).unwrap(), expected);
    // As many as there are, or more: all are drawn.
    close(chance_recall_at_k(&relevant, 6, 6).unwrap(), 1.0);
    close(chance_recall_at_k(&relevant, 6, 9).unwrap(), 1.0);
    // Nothing is relevant: nothing is found.
    close(chance_recall_at_k(&[vec![]], 6, 2).unwrap(), 0.0);
}

#[test]
fn purity_is_the_share_of_neighbours_of_the_same_label() {
    let labels = [0, 0, 1, 0];
    let neighbours = [vec![1, 2, 3], vec![0, 3, 2], vec![3, 0, 1], vec![2, 1, 0]];
    assert_eq!(
        neighbour_purity(&labels, &neighbours, 2).unwrap(),
        [0.5, 1.0, 0.0, 0.5]
    );
    close(knn_purity(&labels, &neighbours, 2).unwrap(), 0.5);
    close(knn_purity(&labels, &neighbours, 1).unwrap(), 0.5);
    close(
        knn_purity(&labels, &neighbours, 3).unwrap(),
        (2.0 / 3.0) * 3.0 / 4.0,
    );
}

#[test]
fn what_is_undefined_is_an_error() {
    let (relevant, ranked) = queries();
    assert_eq!(recall_at_k(&relevant, &ranked, 0), Err(EvalError::ZeroK));
    assert_eq!(
        recall_at_k(&relevant, &ranked, 5),
        Err(EvalError::RankingTooShort {
            sample: 0,
            len: 4,
            k: 5
        })
    );
    assert!(matches!(
        recall_at_k(&[], &[], 1),
        Err(EvalError::Empty { .. })
    ));
    assert!(matches!(
        recall_at_k(&relevant, &ranked[..2], 1),
        Err(EvalError::LengthMismatch { .. })
    ));
    assert!(matches!(
        chance_recall_at_k(&[], 6, 1),
        Err(EvalError::Empty { .. })
    ));
    assert_eq!(chance_recall_at_k(&relevant, 6, 0), Err(EvalError::ZeroK));
    assert_eq!(knn_purity(&[0], &[vec![]], 0), Err(EvalError::ZeroK));
    assert!(matches!(
        knn_purity(&[0, 1], &[vec![1], vec![7]], 1),
        Err(EvalError::ClassOutOfRange {
            sample: 1,
            class: 7,
            ..
        })
    ));
}
