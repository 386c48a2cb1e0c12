//! The suite every [`VectorStore`] must pass. A backend's test file says
//!
//! ```ignore
//! mod contract;
//! contract_tests!(make_store); // fn make_store() -> (impl VectorStore, guard that keeps it alive)
//! ```
//!
//! `contract_tests!(make_store, where is_there)` passes over every case while `is_there()` is false.

pub mod cases;
pub mod errors;
pub mod model;

/// One `#[test]` for each case of the suite.
macro_rules! contract_tests {
    ($make:path) => {
        contract_tests!($make, where always);
        fn always() -> bool {
            true
        }
    };
    ($make:path, where $there:path) => {
        contract_tests!($make, $there; cases:
            upsert_replaces_whole_records, get_answers_in_the_order_asked,
            query_ranks_by_each_metric, fewer_than_k_is_no_error, equal_scores_come_by_user_and_id,
            users_never_meet_unless_asked, filters_on_lists_numbers_and_text,
            deleting_by_id_and_by_filter, a_batch_answers_as_its_queries_alone,
            iteration_is_ordered_and_complete, collections_are_separate, stats_count);
        contract_tests!($make, $there; errors:
            bad_vectors, another_embedder_dimension_or_metric, unknown_collections, bad_records,
            bad_filters, bad_collections, a_failed_call_changes_nothing);
        contract_tests!($make, $there; model: agrees_with_a_map_and_brute_force);
    };
    ($make:path, $there:path; $module:ident: $($case:ident),+) => {
        $(#[test]
        fn $case() {
            if $there() {
                contract::$module::$case(&$make);
            }
        })+
    };
}
