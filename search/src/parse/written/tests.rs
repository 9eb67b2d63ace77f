//! What is written means the same query.

use proptest::prelude::*;

use super::super::{Context, parse, parse_query_string};
use super::*;

const ALL: Context = Context {
    now: 1_790_000_000_123_456,
    sees_protected: true,
};

fn check(query: &Query, context: &Context) {
    let written = to_query_string(query);
    let later = Context {
        now: context.now + 1,
        ..*context
    };
    let again = parse_query_string(&written, &later).unwrap_or_else(|problem| panic!("{written}: {problem}"));
    assert_eq!(&again.query, query, "{written}");
    let written = conditions_to_query_string(&query.conditions);
    let again = parse_query_string(&written, &later).unwrap_or_else(|problem| panic!("{written}: {problem}"));
    assert_eq!(again.query.conditions, query.conditions, "{written}");
}

#[test]
fn a_query_is_written_so_that_people_can_read_it() {
    for (text, expected) in [
        (
            "date=>=2026-01-01&date=<2026-01-08&signature=js::x&uptime=>5&uptime=!7&_results_number=0&_facets=product\
             &_facets_size=3&_columns=uuid",
            "date=%3E%3D2026-01-01T00%3A00%3A00.000000Z&date=%3C2026-01-08T00%3A00%3A00.000000Z&signature=js+x\
             &uptime=%3E5&uptime=%217&_results_offset=0&_results_number=0&_columns=uuid&_facets_size=3\
             &_facets=product",
        ),
        (
            "date=>=2026-01-01&date=<2026-01-08&_columns=uuid&_facets_size=0&_sort=-date",
            "date=%3E%3D2026-01-01T00%3A00%3A00.000000Z&date=%3C2026-01-08T00%3A00%3A00.000000Z&_sort=-date\
             &_results_offset=0&_results_number=100&_columns=uuid&_facets_size=0",
        ),
    ] {
        let query = parse_query_string(text, &ALL).unwrap().query;
        assert_eq!(to_query_string(&query), expected);
        check(&query, &ALL);
    }
}

#[test]
fn what_looks_like_something_else_stays_what_it_is() {
    for (name, value) in [
        ("signature", " __null__"),
        ("signature", "__NULL__"),
        ("signature", "! __null__"),
        ("signature", ""),
        ("signature", "!"),
        ("signature", "=!x"),
        ("signature", "!=!x&y=+z%20#"),
        ("signature", "=__null__"),
        ("version", "4.0b"),
        ("version", "__null__"),
        ("frames", " __null__"),
        ("modules_in_stack", "@[A-Z]+\\.DLL"),
        ("modules_in_stack", "İΑΣ"),
        ("uptime", "!>=-9223372036854775808"),
        ("uptime_ts", "<=1e300"),
        ("uptime_ts", "-0.1"),
        ("uptime_ts", "5e-324"),
        ("date", "<0000-01-01"),
        ("date", ">9999-12-30T23:59:59.999999Z"),
        ("crash_report_keys", "URL"),
    ] {
        for sees_protected in [false, true] {
            let context = Context { sees_protected, ..ALL };
            let params = [(name.to_owned(), value.to_owned())];
            match parse(&params, &context) {
                Ok(parsed) => check(&parsed.query, &context),
                Err(problem) => panic!("{name}={value}: {problem}"),
            }
        }
    }
}

fn filter() -> impl Strategy<Value = (String, String)> {
    let text = prop::sample::select(vec![
        "signature",
        "product",
        "version",
        "modules_in_stack",
        "crash_report_keys",
    ]);
    let number = prop::sample::select(vec!["uptime", "build_id", "weight"]);
    let boolean = prop::sample::select(vec!["safe_mode", "startup_crash"]);
    let dates = prop::sample::select(vec!["<=", "<"]);
    prop_oneof![
        4 => (text, "!?(__null__|[=~^$]?(\\PC{0,12}|a b|__null__|b)|@[a-z.|*]{1,1}[a-z]{0,5})")
            .prop_map(|(name, value)| (name.to_owned(), value)),
        2 => (number, "!?(__null__|(>=|<=|>|<)?-?[0-9]{1,17})").prop_map(|(name, value)| (name.to_owned(), value)),
        1 => ("!?(>=|<=|>|<)?", any::<f64>())
            .prop_map(|(sign, number)| ("uptime_ts".to_owned(), format!("{sign}{number:?}"))),
        1 => (boolean, "!?(__null__|__true__|yes|0)").prop_map(|(name, value)| (name.to_owned(), value)),
        1 => ("frames", "!?(=\\PC{0,9}|[a-z_: ]{0,9})").prop_map(|(name, value)| (name.clone(), value)),
        1 => (dates, "20[0-9]{2}-0[1-9]-[12][0-9](T0[0-9]:0[0-9]:0[0-9](\\.[0-9]{1,9})?Z?)?")
            .prop_map(|(side, day)| ("date".to_owned(), format!("{side}{day}"))),
    ]
}

fn counted() -> impl Strategy<Value = (String, String)> {
    let field = || prop::sample::select(vec!["product", "version", "uptime", "date", "crash_report_keys"]);
    let value = || {
        let histogram = prop::sample::select(vec!["date", "uptime", "weight"]);
        prop_oneof![
            field().prop_map(str::to_owned),
            field().prop_map(|name| format!("_cardinality.{name}")),
            histogram.prop_map(|name| format!("_histogram.{name}")),
        ]
    };
    let path = prop::collection::vec(field(), 1..4).prop_map(|fields| format!("_aggs.{}", fields.join(".")));
    prop_oneof![
        value().prop_map(|value| ("_facets".to_owned(), value)),
        (path, value()),
        (
            prop::sample::select(vec!["_histogram.date", "_histogram.uptime"]),
            value()
        )
            .prop_map(|(name, value)| (name.to_owned(), value)),
        prop::sample::select(vec![
            ("_histogram_interval.date", "1w"),
            ("_histogram_interval.date", "minute"),
            ("_histogram_interval.uptime", "60"),
            ("_histogram_interval.weight", "0.25"),
            ("_facets_size", "7"),
            ("_facets_size", "0"),
        ])
        .prop_map(|(name, value)| (name.to_owned(), value.to_owned())),
    ]
}

fn page() -> impl Strategy<Value = (String, String)> {
    prop::sample::select(vec![
        ("_sort", "-date"),
        ("_sort", "uptime"),
        ("_sort", "crash_report_keys"),
        ("_results_number", "0"),
        ("_results_number", "1000"),
        ("_results_offset", "30"),
        ("_columns", "uuid"),
        ("_columns", "crash_report_keys"),
    ])
    .prop_map(|(name, value)| (name.to_owned(), value.to_owned()))
}

proptest! {
    #[test]
    fn every_query_is_what_its_text_means(
        params in prop::collection::vec(prop_oneof![3 => filter(), 3 => counted(), 1 => page()], 0..14),
        sees_protected: bool,
    ) {
        let context = Context { sees_protected, ..ALL };
        // What cannot be understood, one of twelve, is another test's.
        if let Ok(parsed) = parse(&params, &context) {
            check(&parsed.query, &context);
        }
    }
}
