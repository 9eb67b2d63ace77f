//! What parameters mean.

use super::*;
use crate::fields::FieldId;
use crate::query::{After, Aggregation, Calendar, Condition, Interval, Number, Range, Side, Sort, Test};
use crate::row::Value;

const ALL: Context = Context {
    now: 1_790_000_000_000_000,
    sees_protected: true,
};

const ANONYMOUS: Context = Context {
    sees_protected: false,
    ..ALL
};

fn field(name: &str) -> FieldId {
    FieldId::of(name).unwrap()
}

fn parsed(text: &str) -> Parsed {
    parse_query_string(text, &ALL).unwrap_or_else(|problem| panic!("{text}: {problem}"))
}

/// The conditions but for that on the date.
fn conditions(text: &str) -> Vec<Condition> {
    let mut conditions = parsed(text).query.conditions;
    conditions.retain(|condition| condition.field != field("date"));
    conditions
}

fn text(text: &str) -> String {
    text.to_owned()
}

fn words(words: &[&str]) -> Test {
    Test::Words(words.iter().map(|word| text(word)).collect())
}

fn range(side: Side, bound: i64) -> Range {
    Range {
        side,
        bound: Number::Integer(bound),
    }
}

fn pattern(typed: &str) -> Test {
    Test::Matches(
        super::pattern::pattern(typed, super::pattern::Case::Kept)
            .unwrap()
            .pattern,
    )
}

#[test]
fn every_operator_has_its_test() {
    for (name, value, expected) in [
        ("signature", "js", words(&["js"])),
        ("signature", "js::Break_x foo", words(&["js", "break_x", "foo"])),
        ("signature", "", words(&[])),
        ("signature", "::", words(&[])),
        ("signature", "=js", Test::Equals(text("js"))),
        ("signature", "=", Test::Equals(text(""))),
        ("signature", "==a", Test::Equals(text("=a"))),
        ("signature", "~Js*", Test::Contains(text("Js*"))),
        ("signature", "^OOM", Test::StartsWith(text("OOM"))),
        ("signature", "$ne", Test::EndsWith(text("ne"))),
        ("signature", "@a.*", pattern("a.*")),
        ("signature", "__null__", Test::Missing),
        ("signature", "__null__x", words(&["__null__x"])),
        ("product", "Anything", words(&["anything"])),
        ("product", "~Fire", Test::Contains(text("Fire"))),
        ("platform", "__null__", Test::Missing),
        ("release_channel", "nightly", Test::Equals(text("nightly"))),
        ("release_channel", "=nightly", Test::Equals(text("nightly"))),
        ("release_channel", "", Test::Equals(text(""))),
        ("version", "100.0", Test::Equals(text("100.0"))),
        ("version", "^100.", Test::StartsWith(text("100."))),
        ("version", "4.0b", Test::StartsWith(text("4.0b"))),
        ("version", "=4.0b", Test::Equals(text("4.0b"))),
        ("useragent_locale", "en-US", Test::Equals(text("en-us"))),
        ("modules_in_stack", "=Xul.DLL", Test::Equals(text("xul.dll"))),
        ("modules_in_stack", "~XUL", Test::Contains(text("xul"))),
        ("modules_in_stack", "", Test::Equals(text(""))),
        ("frames", "=js::x", Test::Equals(text("js::x"))),
        ("frames", "js::x", words(&["js", "x"])),
        ("uptime", "5", Test::Number(Number::Integer(5))),
        ("uptime", "-5", Test::Number(Number::Integer(-5))),
        (
            "build_id",
            "9007199254740993",
            Test::Number(Number::Integer(9_007_199_254_740_993)),
        ),
        ("uptime", "__null__", Test::Missing),
        ("uptime_ts", "1.5", Test::Number(Number::Number(1.5))),
        ("safe_mode", "__true__", Test::Boolean(true)),
        ("safe_mode", "Yes", Test::Boolean(true)),
        ("safe_mode", "0", Test::Boolean(false)),
        ("safe_mode", "__null__", Test::Missing),
    ] {
        for (sign, negated) in [("", false), ("!", true)] {
            let params = [(text(name), format!("{sign}{value}"))];
            let mut query = parse(&params, &ALL).unwrap_or_else(|problem| panic!("{problem}")).query;
            let condition = query.conditions.pop().unwrap();
            let (any, none) = if negated {
                (vec![], vec![expected.clone()])
            } else {
                (vec![expected.clone()], vec![])
            };
            let expected = Condition {
                field: field(name),
                ranges: vec![],
                any,
                none,
            };
            assert_eq!(condition, expected, "{name}={sign}{value}");
        }
    }
}

#[test]
fn values_of_a_field_stand_in_three_groups() {
    let equals = |value: &str| Test::Equals(text(value));
    let starts = |value: &str| Test::StartsWith(text(value));
    for (query, ranges, any, none) in [
        (
            "signature=!%3Da&signature=!%3Db",
            vec![],
            vec![],
            vec![equals("a"), equals("b")],
        ),
        (
            "signature=!^EMPTY&signature=!^OOM",
            vec![],
            vec![],
            vec![starts("EMPTY"), starts("OOM")],
        ),
        (
            "signature=!%3Da&signature=%3Db",
            vec![],
            vec![equals("b")],
            vec![equals("a")],
        ),
        (
            "signature=js&signature=foo",
            vec![],
            vec![words(&["js"]), words(&["foo"])],
            vec![],
        ),
        (
            "build_id=>=1&build_id=<5",
            vec![range(Side::From, 1), range(Side::Below, 5)],
            vec![],
            vec![],
        ),
        (
            "build_id=>=1&build_id=7&build_id=!<=3",
            vec![range(Side::From, 1)],
            vec![Test::Number(Number::Integer(7))],
            vec![Test::Range(range(Side::UpTo, 3))],
        ),
        (
            "modules_in_stack= Xul.dll; B;;ΑΣ;",
            vec![],
            vec![equals("xul.dll"), equals("b"), equals("ασ")],
            vec![],
        ),
        (
            "modules_in_stack=!a;B&modules_in_stack==%20C%20",
            vec![],
            vec![equals("c")],
            vec![equals("a"), equals("b")],
        ),
        ("modules_in_stack=;", vec![], vec![equals("")], vec![]),
    ] {
        let [condition] = &conditions(query)[..] else {
            panic!("{query}");
        };
        assert_eq!(
            (&condition.ranges, &condition.any, &condition.none),
            (&ranges, &any, &none),
            "{query}"
        );
    }
    let named: Vec<_> = conditions("?version=1&product=a&version=2")
        .iter()
        .map(|of| of.field.name())
        .collect();
    assert_eq!(named, ["version", "product"]);
}

#[test]
fn without_parameters_there_are_defaults() {
    let Parsed { query, warnings, .. } = parsed("");
    let ranges = vec![
        range(Side::From, ALL.now - 7 * 86_400_000_000),
        range(Side::UpTo, ALL.now),
    ];
    assert_eq!(query.conditions[0].ranges, ranges);
    assert_eq!((query.limit, query.offset, query.conditions.len()), (100, 0, 1));
    assert_eq!(
        query.columns,
        ["uuid", "date", "signature", "product", "version"].map(field)
    );
    assert_eq!(query.aggregations, [terms("signature", vec![])]);
    assert!(query.sort.is_empty() && warnings.is_empty());
}

#[test]
fn what_is_neither_true_nor_false_is_taken_for_false_with_a_warning() {
    for value in ["maybe", "", "2"] {
        let Parsed { query, warnings, .. } = parsed(&format!("safe_mode={value}"));
        assert_eq!(query.conditions[1].any, [Test::Boolean(false)]);
        assert_eq!(warnings.len(), 1, "{value}");
    }
}

#[test]
fn a_cursor_belongs_to_one_query() {
    let asked = "product=Firefox&uptime=>5&date=>=2026-11-25&_sort=uptime&_cursor=";
    let first = parsed(asked);
    assert!(first.pages && first.query.after.is_none());
    let last = After {
        values: vec![Some(Value::Integer(7))],
        id: "id".to_owned(),
    };
    let cursor = to_cursor(&first.query, &last).unwrap();
    let later = Context {
        now: ALL.now + 60_000_000,
        ..ALL
    };
    let next = |query: &str| parse_query_string(&format!("{query}{cursor}"), &later);
    let page = next(asked).unwrap();
    assert_eq!(page.query.after, Some(last));
    assert_eq!(
        page.query.conditions, first.query.conditions,
        "the dates of the first page"
    );
    // The order of parameters does not matter, nor what else is shown or counted.
    let same = "uptime=>5&_facets=version&date=>=2026-11-25&product=Firefox&_sort=uptime&_columns=uuid&_cursor=";
    assert!(next(same).is_ok());
    for other in [
        "product=Fenix&uptime=>5&date=>=2026-11-25&_sort=uptime&_cursor=",
        "uptime=>5&date=>=2026-11-25&_sort=uptime&_cursor=",
        "product=Firefox&uptime=>5&date=>=2026-11-24&_sort=uptime&_cursor=",
        "product=Firefox&uptime=>5&date=>=2026-11-25&date=<2026-11-26&_sort=uptime&_cursor=",
        "product=Firefox&uptime=>5&_sort=uptime&_cursor=",
        "product=Firefox&uptime=>5&date=>=2026-11-25&_sort=-uptime&_cursor=",
        "product=Firefox&uptime=>5&date=>=2026-11-25&_sort=uptime_ts&_cursor=",
    ] {
        let problem = next(other).unwrap_err();
        assert!(
            problem.message.starts_with("not a cursor of this query"),
            "{other}: {problem}"
        );
    }
}

#[test]
fn hits_can_be_chosen() {
    let query = parsed(
        "_columns=uuid&_columns=url&_columns=uuid&_sort=-date&_sort=uptime&_sort=-uptime&_results_number=0\
         &_results_offset=4294967295&_facets_size=",
    )
    .query;
    assert_eq!(query.columns, ["uuid", "url"].map(field));
    let sort = |name, descending| Sort {
        field: field(name),
        descending,
    };
    assert_eq!(query.sort, [sort("date", true), sort("uptime", false)]);
    assert_eq!((query.limit, query.offset), (0, 4_294_967_295));
}

fn terms(name: &str, within: Vec<Aggregation>) -> Aggregation {
    Aggregation::Terms {
        field: field(name),
        size: 50,
        within,
    }
}

#[test]
fn aggregations_are_joined() {
    let installs = || Aggregation::Cardinality {
        field: field("install_time"),
    };
    let histogram = |name, interval, within| Aggregation::Histogram {
        field: field(name),
        interval,
        within,
    };
    let days = Interval::Calendar(Calendar::Day);
    let signature = || terms("signature", vec![]);
    for (text, expected) in [
        ("_facets=product", vec![terms("product", vec![])]),
        ("_facets=product&_facets=product", vec![terms("product", vec![])]),
        ("_facets=nonsense", vec![signature()]),
        ("_facets=_cardinality.install_time", vec![installs()]),
        ("_facets=_histogram.date", vec![histogram("date", days, vec![])]),
        ("_facets_size=0&_aggs.product=version", vec![]),
        (
            "_aggs.product=version",
            vec![signature(), terms("product", vec![terms("version", vec![])])],
        ),
        (
            "_facets=product&_aggs.product=version&_aggs.product.version=_cardinality.install_time\
             &_aggs.product=cpu_arch",
            vec![terms(
                "product",
                vec![terms("version", vec![installs()]), terms("cpu_arch", vec![])],
            )],
        ),
        (
            "_aggs.signature=_histogram.uptime&_histogram_interval.uptime=60",
            vec![terms(
                "signature",
                vec![histogram("uptime", Interval::Number(60.0), vec![])],
            )],
        ),
        (
            "_histogram.date=product&_histogram_interval.date=1w&_facets=uptime",
            vec![
                terms("uptime", vec![]),
                histogram(
                    "date",
                    Interval::Calendar(Calendar::Week),
                    vec![terms("product", vec![])],
                ),
            ],
        ),
        (
            "_facets=reason&_aggs.product.version.platform.cpu_arch=reason",
            vec![
                terms("reason", vec![]),
                terms(
                    "product",
                    vec![terms(
                        "version",
                        vec![terms(
                            "platform",
                            vec![terms("cpu_arch", vec![terms("reason", vec![])])],
                        )],
                    )],
                ),
            ],
        ),
    ] {
        assert_eq!(parsed(text).query.aggregations, expected, "{text}");
    }
}

#[test]
fn what_is_wrong_is_named() {
    let many = |name: &str, count: usize| {
        let one = |number: usize| format!("{name}={number}");
        (0..count).map(one).collect::<Vec<_>>().join("&")
    };
    let fields = FieldId::all().filter(|field| field.name() != "frames");
    let facets: Vec<String> = fields.map(|field| format!("_facets={}", field.name())).collect();
    let complex: Vec<String> = (0..100)
        .map(|n| format!("{}=@(.{{60}}|x){{8}}y{n}", if n == 0 { "signature" } else { "reason" }))
        .collect();
    for (text, parameter, part) in [
        ("_columns=nonsense", "_columns", "Unknown field 'nonsense'"),
        ("_columns=frames", "_columns", "only be filtered by"),
        ("_facets=frames", "_facets", "only be filtered by"),
        (
            "_aggs.product=_cardinality.frames",
            "_aggs.product",
            "only be filtered by",
        ),
        ("_sort=-frames", "_sort", "only be filtered by"),
        ("frames=~x", "frames", "whole name"),
        ("frames=!__null__", "frames", "whole name"),
        ("_results_number=1001", "_results_number", "0 to 1000"),
        ("_results_number=abc", "_results_number", "whole number"),
        ("_results_offset=-1", "_results_offset", "whole number"),
        ("_results_offset=4294967296", "_results_offset", "whole number"),
        ("_facets_size=10001", "_facets_size", "0 to 10000"),
        (
            "_histogram_interval.uptime=abc",
            "_histogram_interval.uptime",
            "whole number",
        ),
        (
            "_histogram_interval.uptime=0",
            "_histogram_interval.uptime",
            "whole number",
        ),
        (
            "_histogram_interval.uptime_ts=NaN",
            "_histogram_interval.uptime_ts",
            "greater than 0",
        ),
        ("_histogram_interval.date=1.5h", "_histogram_interval.date", "month"),
        (
            "_aggs.product.version.platform.cpu_arch.reason=uptime",
            "_aggs.product",
            "more than 5",
        ),
        ("uptime=abc", "uptime", "whole number"),
        ("uptime=>", "uptime", "whole number"),
        ("uptime=99999999999999999999", "uptime", "whole number"),
        ("uptime=1.5", "uptime", "whole number"),
        ("uptime_ts=inf", "uptime_ts", "must be a number"),
        ("_cursor=&_results_offset=1", "_cursor", "leave `_results_offset` out"),
        ("_cursor=&_results_number=0", "_cursor", "at least 1"),
        ("_cursor=bm9uc2Vuc2U", "_cursor", "not a cursor of this query"),
        ("signature=@a~", "signature", "complement"),
        ("date=2026-01-01", "date", "prefix operator"),
        ("date=>=2020-01-01", "date", "365 days"),
        (&many("signature", 1_001), "signature", "1000 values"),
        (&format!("{}&x=1", many("_", 10_001)), "", "10000 parameters"),
        (
            &format!("signature={}", "x".repeat(10_001)),
            "signature",
            "10000 characters",
        ),
        (&facets.join("&"), "_facets", "100 aggregations"),
        (&complex.join("&"), "reason", "too complex together"),
    ] {
        let problem = parse_query_string(text, &ALL).expect_err(text);
        assert!(!problem.to_string().starts_with(':'), "{problem}");
        assert!(problem.parameter.starts_with(parameter), "{text:.60}: {problem}");
        assert!(problem.message.contains(part), "{text:.60}: {problem}");
    }
}

#[test]
fn unknown_parameters_are_ignored_with_a_warning() {
    let Parsed { query, warnings, .. } =
        parsed("_result_number=5&_histogram_interval=day&_aggs.x=product&_aggs.product=x&=1");
    assert_eq!(query, parsed("").query);
    let named: Vec<_> = warnings.iter().map(|warning| warning.parameter.as_str()).collect();
    assert_eq!(
        named,
        ["_aggs.x", "_aggs.product", "_result_number", "_histogram_interval", ""]
    );
    assert_eq!(parsed("signature=@^a$").warnings.len(), 1);
    assert_eq!(parsed("_aggs.product").warnings.len(), 1);
    assert_eq!(parsed("_histogram.uptime=&_facets=").warnings.len(), 1);
    // Texts have no intervals.
    for text in [
        "_histogram.product=version",
        "_facets=_histogram.product",
        "_aggs.version=_histogram.product",
    ] {
        assert_eq!(parsed(text).warnings.len(), 1, "{text}");
    }
    assert_eq!(parsed("date=__null__").warnings.len(), 1);
    assert_eq!(parsed("_results_number=5&_results_number=6").warnings.len(), 1);
}

#[test]
fn protected_fields_are_left_out_for_those_who_may_not_see_them() {
    for text in [
        "url=secret",
        "url=@(",
        "_columns=url&_columns=uuid&_columns=date&_columns=signature&_columns=product&_columns=version",
        "_facets=url",
        "_facets=_cardinality.url",
        "_facets=_histogram.phc_usable_size",
        "_aggs.url=product",
        "_aggs.product.url=version",
        "_aggs.product=url",
        "_aggs.product=_cardinality.url",
        "_histogram.phc_usable_size=product",
        "_histogram.date=url",
        "_histogram_interval.phc_usable_size=x",
        "_sort=-url",
        "_sort=url",
    ] {
        let found = parse_query_string(text, &ANONYMOUS).unwrap_or_else(|problem| panic!("{text}: {problem}"));
        assert_eq!(found.query, parsed("").query, "{text}");
        assert_eq!(found.warnings.len(), 1, "{text}: {:?}", found.warnings);
        let warning = &found.warnings[0];
        assert!(warning.message.contains("protected"), "{text}: {warning:?}");
        assert!(!warning.message.contains("secret"), "{text}: {warning:?}");
    }
}

#[test]
fn a_field_of_which_not_everyone_sees_all_is_whole_for_those_who_may_see_it() {
    let keys = field("crash_report_keys");
    for (context, expected) in [(ANONYMOUS, keys), (ALL, keys.whole())] {
        let text = "crash_report_keys=URL&_columns=crash_report_keys&_sort=crash_report_keys\
                    &_facets=crash_report_keys&_aggs.product=_cardinality.crash_report_keys";
        let Parsed { query, warnings, .. } = parse_query_string(text, &context).unwrap();
        assert_eq!(warnings, []);
        assert_eq!((query.conditions[1].field, query.sort[0].field), (expected, expected));
        assert_eq!(query.columns, [expected]);
        assert_eq!(query.aggregations[0].field(), expected);
        assert_eq!(query.aggregations[1].within()[0].field(), expected);
        let hidden = parse_query_string("crash_report_keys_whole=URL", &context).unwrap();
        assert_eq!((hidden.query.conditions.len(), hidden.warnings.len()), (1, 1));
    }
}
