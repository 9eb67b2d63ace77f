//! Searches as known clients send them, against a few builds.

use serde_json::{Value, json};

use super::{Refused, Search};
use crate::index::BuildIndex;
use crate::said::observation::Observation;
use crate::samples::{Record, index, record};

fn builds() -> BuildIndex {
    let beta = |id, number, platform| {
        let folder = format!("firefox/candidates/65.0b{number}-candidates/build1");
        let version = format!("65.0b{number}");
        Record {
            platform,
            ..Record::new(id, &folder, "beta", &version)
        }
        .observation()
    };
    let nightly = |id: &str, version: &str| {
        let folder = format!("firefox/nightly/2019/01/{id}-mozilla-central");
        record(id, &folder, "nightly", version)
    };
    let mut without_upload = Record::new(
        "20190105100000",
        "firefox/candidates/64.0.2-candidates/build1",
        "release",
        "64.0.2",
    )
    .value();
    without_upload["download"].as_object_mut().unwrap().remove("date");
    let source = crate::SourceName::BUILDHUB;
    index(
        &[
            beta("20181206201918", 3, "win64"),
            beta("20181206201918", 3, "mac"),
            beta("20181211223337", 4, "win64"),
            nightly("20190101093000", "66.0a1"),
            nightly("20190102093000", "66.0a1"),
            nightly("20190301093000", "67.0a1"),
            Observation::buildhub_record(source, "u", without_upload).unwrap(),
        ],
        &[],
    )
}

fn ask(body: &Value) -> Result<Value, Refused> {
    let search = Search::parse(body.to_string().as_bytes())?;
    let found = search.run(&builds())?;
    Ok(search.answer(found, |_| None, 0))
}

fn aggregate(aggregation: &Value) -> Value {
    let body = json!({"size": 0, "aggs": {"a": aggregation}});
    let mut answer = ask(&body).unwrap_or_else(|refused| panic!("{refused}: {body}"));
    answer["aggregations"]["a"].take()
}

/// The keys of buckets with their counts.
fn counts(answer: &Value) -> Vec<(String, u64)> {
    let buckets = answer["buckets"].as_array().unwrap();
    let key = |bucket: &Value| match bucket.get("key_as_string").unwrap_or(&bucket["key"]) {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    buckets
        .iter()
        .map(|bucket| (key(bucket), bucket["doc_count"].as_u64().unwrap()))
        .collect()
}

/// The query that libmozdata always sends (its `buildhub.py`).
fn libmozdata(field: &str, include: &str) -> Value {
    json!({
        "aggs": {"myaggs": {
            "filter": {"bool": {"must": [
                {"term": {"source.product": "firefox"}}, {"term": {"target.channel": "beta"}},
            ]}},
            "aggs": {field: {"terms": {
                "field": field, "size": 1000, "order": {"_term": "desc"}, "include": include,
            }}},
        }},
        "size": 0,
    })
}

#[test]
fn the_questions_of_libmozdata_are_answered() {
    for (field, include, expected) in [
        ("target.version", ".*", &["65.0b4", "65.0b3"][..]),
        ("build.id", ".*", &["20181211223337", "20181206201918"]),
        ("target.version", "65\\.0b3.*", &["65.0b3"]),
        ("target.version", "65.0b.*", &["65.0b4", "65.0b3"]),
        ("build.id", "2018121.*", &["20181211223337"]),
        ("target.version", "7.*", &[]),
    ] {
        let answer = ask(&libmozdata(field, include)).unwrap();
        let own = &answer["aggregations"]["myaggs"];
        assert_eq!(own["doc_count"], 3);
        let keys: Vec<String> = counts(&own[field]).into_iter().map(|(key, _)| key).collect();
        assert_eq!(keys, expected, "{include}");
        assert_eq!(answer["hits"]["hits"], json!([]));
    }
}

#[test]
fn values_are_included_and_excluded_by_expression_and_by_list() {
    let versions = |more: Value| {
        let mut terms = json!({"field": "target.version", "order": {"_key": "asc"}});
        terms.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = aggregate(&json!({ "terms": terms }));
        let keys: Vec<String> = counts(&answer).into_iter().map(|(key, _)| key).collect();
        (keys.join(" "), answer["sum_other_doc_count"].as_u64().unwrap())
    };
    for (more, expected) in [
        (json!({"include": "6[56].*"}), ("65.0b3 65.0b4 66.0a1", 0)),
        (json!({"exclude": ".*a1"}), ("64.0.2 65.0b3 65.0b4", 0)),
        (json!({"include": "6[56].*", "exclude": "66.*"}), ("65.0b3 65.0b4", 0)),
        (json!({"include": ["65.0b3", "67.0a1", "1.0"]}), ("65.0b3 67.0a1", 0)),
        (json!({"exclude": ["65.0b3", "67.0a1"]}), ("64.0.2 65.0b4 66.0a1", 0)),
        (
            json!({"include": "6.*", "exclude": ["66.0a1"]}),
            ("64.0.2 65.0b3 65.0b4 67.0a1", 0),
        ),
        // Values that are not included do not count among the others either.
        (json!({"include": "65.*", "size": 1}), ("65.0b3", 1)),
        (json!({"min_doc_count": 2}), ("65.0b3 66.0a1", 0)),
        (json!({"include": []}), ("", 0)),
    ] {
        let (keys, others) = versions(more.clone());
        assert_eq!((keys.as_str(), others), expected, "{more}");
    }
    let upload = aggregate(&json!({"terms": {"field": "build.date", "include": ["2019-01-01T09:30:00Z"]}}));
    assert_eq!(counts(&upload), [("2019-01-01T09:30:00.000Z".to_owned(), 1)]);
}

#[test]
fn buckets_come_in_the_order_that_is_asked_for() {
    let channels = |order: Value| {
        let answer = aggregate(&json!({
            "terms": {"field": "target.channel", "order": order},
            "aggs": {
                "newest": {"max": {"field": "build.date"}},
                "ids": {"cardinality": {"field": "build.id"}},
                "win": {"filter": {"term": {"target.platform": "win64"}}},
            },
        }));
        let keys: Vec<String> = counts(&answer).into_iter().map(|(key, _)| key).collect();
        keys.join(" ")
    };
    for (order, expected) in [
        (json!({"_count": "desc"}), "beta nightly release"),
        (json!({"_count": "asc"}), "release beta nightly"),
        (json!({"_term": "desc"}), "release nightly beta"),
        (json!({"_key": "asc"}), "beta nightly release"),
        (json!({"_key": "ASC"}), "beta nightly release"),
        (json!([{"_count": "desc"}, {"_key": "desc"}]), "nightly beta release"),
        (json!({"newest": "desc"}), "nightly release beta"),
        (json!({"newest.value": "asc"}), "beta release nightly"),
        (json!({"ids": "desc"}), "nightly beta release"),
        (json!([{"win": "asc"}, {"_key": "asc"}]), "release beta nightly"),
    ] {
        assert_eq!(channels(order.clone()), expected, "{order}");
    }
}

#[test]
fn conditions_make_buckets_of_their_own() {
    let named = aggregate(&json!({
        "filters": {"other_bucket_key": "rest", "filters": {
            "betas": {"term": {"target.channel": "beta"}},
            "new": {"range": {"build.date": {"gte": "2019"}}},
        }},
        "aggs": {"v": {"terms": {"field": "target.version", "size": 1}}},
    }));
    let buckets = &named["buckets"];
    assert_eq!(buckets["betas"]["doc_count"], 3);
    assert_eq!(buckets["betas"]["v"]["buckets"][0]["key"], "65.0b3");
    assert_eq!(buckets["new"]["doc_count"], 4);
    assert_eq!(buckets["rest"]["doc_count"], 0);
    let listed = aggregate(&json!({"filters": {"filters": [
        {"term": {"target.channel": "beta"}}, {"match_all": {}},
    ]}}));
    assert_eq!(listed["buckets"], json!([{"doc_count": 3}, {"doc_count": 7}]));
    let missing = aggregate(&json!({
        "missing": {"field": "download.date"},
        "aggregations": {"ids": {"terms": {"field": "build.id"}}},
    }));
    assert_eq!(missing["doc_count"], 1);
    assert_eq!(missing["ids"]["buckets"][0]["key"], "20190105100000");
    let all = aggregate(&json!({"filter": {"term": {"target.channel": "beta"}}, "aggs": {
        "v": {"terms": {"field": "target.version", "min_doc_count": 0, "order": {"_key": "asc"}}}}}));
    assert_eq!(
        counts(&all["v"]),
        [
            ("64.0.2".to_owned(), 0),
            ("65.0b3".to_owned(), 2),
            ("65.0b4".to_owned(), 1),
            ("66.0a1".to_owned(), 0),
            ("67.0a1".to_owned(), 0),
        ]
    );
    let named = json!({"terms": {"field": "target.os", "missing": "none"}, "meta": {"x": 1}});
    assert_eq!(aggregate(&named)["meta"], json!({"x": 1}));
}

#[test]
fn spans_of_time_are_buckets_also_those_in_which_nothing_lies() {
    let months = |more: Value| {
        let mut own = json!({"field": "build.date", "interval": "month", "format": "yyyy-MM"});
        own.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        aggregate(&json!({ "date_histogram": own }))
    };
    let of = |text: &str, count| (text.to_owned(), count);
    assert_eq!(
        counts(&months(json!({}))),
        [of("2018-12", 3), of("2019-01", 3), of("2019-02", 0), of("2019-03", 1)]
    );
    assert_eq!(
        counts(&months(json!({"min_doc_count": 1, "order": {"_key": "desc"}}))),
        [of("2019-03", 1), of("2019-01", 3), of("2018-12", 3)]
    );
    let keyed = months(json!({"keyed": true}));
    assert_eq!(keyed["buckets"]["2019-01"]["doc_count"], 3);
    for (interval, first) in [
        ("year", "2018-01-01T00:00:00.000Z"),
        ("quarter", "2018-10-01T00:00:00.000Z"),
        ("week", "2018-12-03T00:00:00.000Z"),
        ("day", "2018-12-06T00:00:00.000Z"),
        ("1d", "2018-12-06T00:00:00.000Z"),
        ("12h", "2018-12-06T12:00:00.000Z"),
    ] {
        let answer = aggregate(&json!({"date_histogram": {
            "field": "build.date", "interval": interval, "min_doc_count": 1}}));
        assert_eq!(counts(&answer)[0].0, first, "{interval}");
    }
}

#[test]
fn the_first_records_of_buckets_are_shown() {
    let answer = aggregate(&json!({
        "terms": {"field": "target.channel", "include": ["nightly"]},
        "aggs": {
            "last": {"top_hits": {
                "size": 1, "sort": [{"build.date": "desc"}], "_source": {"includes": ["build.id"]}}},
            "n": {"value_count": {"field": "build.id"}},
        },
    }));
    let bucket = &answer["buckets"][0];
    assert_eq!(bucket["n"], json!({"value": 3}));
    let hits = &bucket["last"]["hits"];
    assert_eq!(hits["total"], 3);
    assert_eq!(hits["hits"][0]["_source"], json!({"build": {"id": "20190301093000"}}));
    assert_eq!(hits["hits"][0]["sort"], json!([1_551_432_600_000_i64]));
}

#[test]
fn what_an_aggregation_does_not_know_is_refused_with_what_it_does() {
    let refused = |aggregation: Value| {
        let body = json!({"size": 0, "aggs": {"a": aggregation}});
        ask(&body).expect_err("it is refused").to_string()
    };
    let terms = |more: Value| {
        let mut own = json!({"field": "build.id"});
        own.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "terms": own })
    };
    for (aggregation, expected) in [
        (terms(json!({"size": 0})), "must be greater than 0"),
        (terms(json!({"script": "x"})), "known are field, size, order"),
        (
            terms(json!({"include": {"partition": 0, "num_partitions": 2}})),
            "[include] is a regular expression or a list",
        ),
        (terms(json!({"include": "("})), "regular expression"),
        (terms(json!({"exclude": [{}]})), "text or a number"),
        (
            json!({"terms": {"field": "build.date", "include": ".*"}}),
            "[include] of a date",
        ),
        (terms(json!({"order": {"_count": "up"}})), "asc or desc"),
        (terms(json!({"order": {"n>m": "asc"}})), "[n>m]"),
        (
            json!({"date_histogram": {"field": "build.id", "interval": "day"}}),
            "only known of dates",
        ),
        (
            json!({"date_histogram": {"field": "build.date", "interval": "fortnight"}}),
            "[fortnight]",
        ),
        (
            json!({"date_histogram": {"field": "build.date", "interval": "0d"}}),
            "[0d]",
        ),
        (
            json!({"date_histogram": {"field": "build.date", "interval": "1s"}}),
            "too many buckets",
        ),
        (
            json!({"date_histogram": {"field": "build.date", "interval": "day", "time_zone": "+02:00"}}),
            "only be UTC",
        ),
        (json!({"top_hits": {"size": 101}}), "at most 100"),
        (json!({"filters": {"filters": 1}}), "an object or a list"),
        (
            json!({"max": {"field": "build.date"}, "aggs": {"x": {"missing": {"field": "build.id"}}}}),
            "cannot have others inside",
        ),
        (json!({"percentiles": {"field": "build.date"}}), "known are terms"),
    ] {
        let error = refused(aggregation.clone());
        assert!(error.contains(expected), "{aggregation}: {error}");
    }
}

/// The number of records that match a query.
fn total(query: &Value) -> u64 {
    let body = json!({"size": 0, "query": query});
    let answer = ask(&body).unwrap_or_else(|refused| panic!("{refused}: {body}"));
    answer["hits"]["total"].as_u64().unwrap()
}

#[test]
fn the_architecture_tells_the_builds_of_a_platform_apart() {
    // As whattrainisitnow requests the nightlies of a day.
    let nightlies = |architecture: &str| {
        json!({"bool": {"must": [
            {"match": {"source.product": "firefox"}},
            {"match": {"target.platform": "win64"}},
            {"match": {"target.locale": "en-US"}},
            {"match": {"target.channel": "nightly"}},
            {"regexp": {"build.target": architecture}},
            {"regexp": {"build.id": "20190101.*"}},
        ]}})
    };
    assert_eq!(total(&nightlies("x86_64.*")), 1);
    assert_eq!(total(&nightlies("aarch64.*")), 0);
}

#[test]
fn what_buildhubs_own_pages_send_is_answered() {
    let facet = |field: &str, order: &str| {
        let count = format!("{field}_count");
        json!({"filter": {}, "aggs": {
            field: {"terms": {"field": field, "size": 1000, "order": {"_term": order}}},
            count: {"cardinality": {"field": field}},
        }})
    };
    let answer = ask(&json!({
        "aggs": {"version3": facet("target.version", "desc"), "channel5": facet("target.channel", "asc")},
        "size": 30,
        "sort": [{"download.date": "desc"}],
        "highlight": {"fields": {"source.product": {}, "build.id": {}}},
    }))
    .unwrap();
    let versions = &answer["aggregations"]["version3"];
    assert_eq!(versions["target.version"]["buckets"][0]["key"], "67.0a1");
    assert_eq!(versions["target.version_count"]["value"], 5);
    assert_eq!(answer["hits"]["hits"].as_array().unwrap().len(), 7);
}

#[test]
fn versions_are_compared_as_texts_as_buildhub_does() {
    // A client requests versions from 66 on this way, knowing that "100" sorts before "66".
    let query = json!({"bool": {"filter": [
        {"term": {"source.product": "firefox"}},
        {"bool": {"should": [
            {"range": {"target.version": {"gte": "66"}}},
            {"bool": {"must": [
                {"range": {"target.version": {"gte": "100"}}},
                {"range": {"target.version": {"lt": "200"}}},
            ]}},
        ]}},
        {"bool": {"should": [
            {"range": {"target.version": {"lte": "66"}}},
            {"prefix": {"target.version": "66"}},
        ]}},
    ]}});
    assert_eq!(total(&query), 2);
}
