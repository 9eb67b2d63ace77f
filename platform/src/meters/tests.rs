use super::*;

crate::meters! {
    const METRICS;
    /// Things that
    /// happened.
    counter HAPPENED = "test_happened_things_total" in "things";
    /// Things that happened, by kind.
    counter BY_KIND = "test_by_kind_things_total" in "things",
        by { "kind": OneOf(&["odd", "even"]) },
        statsd { "socorro.test.kind", "socorro.test.sort" };
    /// Things that happened, by name.
    counter BY_NAME = "test_by_name_things_total" in "things", by { "name": Open("a name of a thing") };
    /// How far it is.
    gauge FAR = "test_far_bytes" in "bytes";
    /// How many there are.
    gauge MANY = "test_many_things" in "things", by { "kind": OneOf(&["odd"]), "name": Open("a name of a thing") };
    /// How long it took.
    histogram(&[1.0, 2.0]) TOOK = "test_took_seconds" in "seconds", by { "what": Open("a word") };
    /// How long it waited.
    histogram(&[1.0]) WAITED = "test_waited_seconds" in "seconds";
}

#[test]
fn a_row_says_all_and_every_kind_is_recorded_and_shown() {
    let recorder = recorder(METRICS);
    let shown = metrics::with_local_recorder(&recorder, || {
        METRICS.iter().for_each(|metric| metric.describe());
        begin(METRICS);
        BY_KIND.add_with(2, ["odd"]);
        FAR.set(9.0);
        FAR.add(-2.0);
        MANY.set_with(3.0, ["odd".to_owned(), "it".to_owned()]);
        for seconds in [0.5, 1.5, 9.0] {
            TOOK.observe_with(seconds, ["it"]);
        }
        WAITED.observe(std::time::Duration::from_millis(500));
        recorder.handle().render()
    });
    for line in [
        "# HELP test_happened_things_total Things that happened.",
        "# TYPE test_happened_things_total counter",
        "test_happened_things_total 0",
        "test_by_kind_things_total{kind=\"odd\"} 2",
        "test_by_kind_things_total{kind=\"even\"} 0",
        "# HELP test_far_bytes How far it is.",
        "# TYPE test_far_bytes gauge",
        "test_far_bytes 7",
        "test_many_things{kind=\"odd\",name=\"it\"} 3",
        "# TYPE test_took_seconds histogram",
        "test_took_seconds_bucket{what=\"it\",le=\"1\"} 1",
        "test_took_seconds_bucket{what=\"it\",le=\"2\"} 2",
        "test_took_seconds_bucket{what=\"it\",le=\"+Inf\"} 3",
        "test_took_seconds_sum{what=\"it\"} 11",
        "test_waited_seconds_bucket{le=\"1\"} 1",
        "test_waited_seconds_sum 0.5",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line}\n{shown}");
    }
    let unheard = BY_NAME.metric().name;
    assert!(!shown.contains("quantile") && !shown.contains(unheard), "{shown}");
    let row = METRICS[1];
    assert_eq!((row.name, row.unit), ("test_by_kind_things_total", "things"));
    assert_eq!(row.statsd, ["socorro.test.kind", "socorro.test.sort"]);
    assert!(METRICS[0].labels.is_empty() && METRICS[0].statsd.is_empty());
    assert_eq!(HAPPENED.metric().help, "Things that happened.");
}

#[test]
fn only_values_of_the_row_are_allowed() {
    let allowed = |metric: &Metric, value: &str| metric.labels[0].values.allow(value);
    for (metric, value, expected) in [
        (BY_KIND.metric(), "odd", true),
        (BY_KIND.metric(), "strange", false),
        (BY_NAME.metric(), "strange", true),
    ] {
        assert_eq!(allowed(metric, value), expected, "{value}");
    }
}

#[cfg(debug_assertions)]
#[test]
#[should_panic(expected = "test_by_kind_things_total: kind is strange")]
fn another_value_fails_the_test_that_records_it() {
    BY_KIND.add_with(1, ["strange"]);
}
