//! The fuzzer's seeds and past findings pass the checks of `fuzz/checks`.

#[path = "../../fuzz/checks/corpus.rs"]
mod corpus;
#[path = "../../fuzz/checks/search_query.rs"]
mod search_query;

#[test]
fn query_strings() {
    for (name, bytes) in corpus::inputs("search_query") {
        println!("{name}");
        search_query::check(&bytes);
    }
}

proptest::proptest! {
    #[test]
    fn any_query_string(
        parts in proptest::collection::vec(
            "(signature|uptime|date|safe_mode|url|version|_facets|_aggs\\.product|_histogram\\.date|_sort|\\PC{0,5})=\
             (!?(=|~|\\^|\\$|@|>=|<|__null__)?(\\PC{0,12}|[a(\\[\\])|*+?{}<>0-9,\"\\\\-]{0,12}|202[0-9T: -]{0,20}))",
            0..5,
        ),
    ) {
        search_query::check(parts.join("&").as_bytes());
    }
}
