//! What is asked of the crashes.

use search::fields::FieldId;
use search::query::{Aggregation, Calendar, Condition, Interval, Number, Pattern, Query, Range, Side, Test};

/// The most buckets that clients ask for.
const MANY: usize = 10_000;

/// A question with the time it may take. The limits are of one process's CPU time, in milliseconds.
#[derive(Debug)]
pub(crate) struct Figure {
    /// What it is, in a few words; the first says its number.
    pub(crate) name: &'static str,
    /// The question.
    pub(crate) query: Query,
    /// The limit for 350,000 narrow or wide rows of 7 days, if it has one.
    pub(crate) limit_cpu_ms: Option<f64>,
    /// The limit for 9 million wide rows of 26 weeks, if it has one.
    pub(crate) gate_cpu_ms: Option<f64>,
}

impl Figure {
    /// Its number: `Q1`.
    pub(crate) fn number(&self) -> &'static str {
        self.name.split(' ').next().unwrap_or(self.name)
    }
}

/// Every question, over the crashes from one moment until before another, in microseconds UTC. `signature` is one of
/// theirs.
///
/// # Errors
/// A field or an expression is none.
pub(crate) fn all(from: i64, until: i64, signature: &str) -> anyhow::Result<Vec<Figure>> {
    let bound = |side, bound| Range {
        side,
        bound: Number::Integer(bound),
    };
    let dates = Condition {
        field: field("date")?,
        ranges: vec![bound(Side::From, from), bound(Side::Below, until)],
        any: Vec::new(),
        none: Vec::new(),
    };
    let ask = |tests: Vec<(&str, Test)>, aggregations, limit, columns: &[&str]| -> anyhow::Result<Query> {
        let mut conditions = vec![dates.clone()];
        for (name, test) in tests {
            let field = field(name)?;
            conditions.push(Condition {
                field,
                ranges: Vec::new(),
                any: vec![test],
                none: Vec::new(),
            });
        }
        let columns = columns.iter().map(|name| field(name)).collect::<anyhow::Result<_>>()?;
        Ok(Query {
            conditions,
            limit,
            columns,
            aggregations,
            ..Query::default()
        })
    };
    let pairs = ["product", "platform", "release_channel", "process_type", "reason"];
    let pairs = pairs
        .iter()
        .map(|name| terms(name, MANY, Vec::new()))
        .collect::<anyhow::Result<_>>()?;
    let per_day = |within| histogram("date", Interval::Calendar(Calendar::Day), within);
    let below = |most| Test::Range(bound(Side::Below, most));
    let installs = vec![terms("platform", 50, Vec::new())?, cardinality("install_time")?];
    let contains = |text: &str| Test::Contains(text.to_owned());
    let equals = |text: &str| Test::Equals(text.to_owned());
    let firefox = || Test::Words(vec!["firefox".to_owned()]);
    let questions = vec![
        (
            "Q1 top 50, platforms, installs",
            ask(
                vec![("product", firefox())],
                vec![terms("signature", 50, installs)?],
                0,
                &[],
            )?,
            Some(50.0),
            Some(1_000.0),
        ),
        (
            "Q2 contains on proto signature, days",
            ask(
                vec![("proto_signature", contains("7788::"))],
                vec![per_day(Vec::new())?],
                0,
                &[],
            )?,
            Some(250.0),
            None,
        ),
        (
            "Q3 regex on signature, top files",
            ask(
                vec![("signature", matches("js::.*(Sweep|Run).*")?)],
                vec![terms("topmost_filenames", 50, Vec::new())?],
                0,
                &[],
            )?,
            None,
            None,
        ),
        ("Q4 newest 100", ask(Vec::new(), Vec::new(), 100, SHOWN)?, None, None),
        (
            "Q5 signatures by 5 other fields",
            ask(Vec::new(), vec![terms("signature", MANY, pairs)?], 0, &[])?,
            None,
            Some(5_000.0),
        ),
        (
            "Q6 contains on signature",
            ask(vec![("signature", contains("FrameLoader"))], Vec::new(), 100, SHOWN)?,
            None,
            None,
        ),
        (
            "Q7 regex on signature",
            ask(
                vec![("signature", matches("mozilla::dom::.*(Reflow|Paint).*")?)],
                Vec::new(),
                100,
                SHOWN,
            )?,
            None,
            None,
        ),
        (
            "Q8 contains on proto signature",
            ask(
                vec![("proto_signature", contains("GCRuntime123"))],
                Vec::new(),
                100,
                SHOWN,
            )?,
            Some(250.0),
            None,
        ),
        (
            "Q8r regex on proto signature",
            ask(
                vec![("proto_signature", matches(".*::(Release|Sweep) \\| js::.*")?)],
                Vec::new(),
                100,
                SHOWN,
            )?,
            Some(250.0),
            None,
        ),
        (
            "Q9 days, top signatures of each",
            ask(
                Vec::new(),
                vec![per_day(vec![terms("signature", 50, Vec::new())?])?],
                0,
                &[],
            )?,
            None,
            None,
        ),
        (
            "Q10 signatures, 16 counts within",
            ask(Vec::new(), vec![terms("signature", MANY, sixteen()?)?], 0, &[])?,
            Some(1_000.0),
            None,
        ),
        (
            "Q11 count with 3 filters",
            ask(
                vec![
                    ("product", firefox()),
                    ("release_channel", equals("nightly")),
                    ("uptime", below(60)),
                ],
                Vec::new(),
                0,
                &[],
            )?,
            None,
            None,
        ),
        (
            "Q12 newest 1,000 of a signature",
            ask(vec![("signature", equals(signature))], Vec::new(), 1_000, SHOWN)?,
            None,
            None,
        ),
        (
            "Q13 missing integer",
            ask(vec![("oom_allocation_size", Test::Missing)], Vec::new(), 0, &[])?,
            None,
            None,
        ),
    ];
    let figure = |(name, query, limit_cpu_ms, gate_cpu_ms)| Figure {
        name,
        query,
        limit_cpu_ms,
        gate_cpu_ms,
    };
    Ok(questions.into_iter().map(figure).collect())
}

/// The columns that hits show.
#[rustfmt::skip] // Columns.
pub(crate) const SHOWN: &[&str] = &[
    "uuid", "date", "signature", "product", "version", "release_channel", "build_id", "platform", "process_type",
    "reason", "address", "moz_crash_reason", "install_time", "uptime", "cpu_arch", "proto_signature",
    "topmost_filenames", "startup_crash", "oom_allocation_size", "user_comments",
];

/// What bugbot counts within each signature before it files a bug.
fn sixteen() -> anyhow::Result<Vec<Aggregation>> {
    let mut within = vec![
        cardinality("install_time")?,
        cardinality("oom_allocation_size")?,
        cardinality("user_comments")?,
        histogram("uptime", Interval::Number(1.0), Vec::new())?,
        histogram("date", Interval::Calendar(Calendar::Day), Vec::new())?,
    ];
    for name in SIXTEEN_TERMS {
        within.push(terms(name, MANY, Vec::new())?);
    }
    Ok(within)
}

/// The fields whose values [`sixteen`] lists.
#[rustfmt::skip] // Columns.
pub(crate) const SIXTEEN_TERMS: &[&str] = &[
    "build_id", "cpu_arch", "moz_crash_reason", "phc_alloc_stack", "platform", "process_type", "product", "reason",
    "release_channel", "startup_crash", "version",
];

fn field(name: &str) -> anyhow::Result<FieldId> {
    FieldId::of(name).ok_or_else(|| anyhow::anyhow!("{name} is not a field"))
}

fn terms(name: &str, size: usize, within: Vec<Aggregation>) -> anyhow::Result<Aggregation> {
    let field = field(name)?;
    Ok(Aggregation::Terms { field, size, within })
}

fn histogram(name: &str, interval: Interval, within: Vec<Aggregation>) -> anyhow::Result<Aggregation> {
    let field = field(name)?;
    Ok(Aggregation::Histogram {
        field,
        interval,
        within,
    })
}

fn cardinality(name: &str) -> anyhow::Result<Aggregation> {
    Ok(Aggregation::Cardinality { field: field(name)? })
}

fn matches(typed: &str) -> anyhow::Result<Test> {
    let compiled = regex_automata::meta::Regex::new(&format!(r"\A(?s:{typed})\z"))?;
    Ok(Test::Matches(Pattern {
        typed: typed.to_owned(),
        compiled,
    }))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{SIXTEEN_TERMS, all};

    #[test]
    fn every_question_is_another() {
        let all = all(1, 2, "a").unwrap();
        let names: HashSet<_> = all.iter().map(|figure| figure.name).collect();
        assert_eq!(names.len(), 14);
        assert!(all.iter().all(|figure| figure.query.conditions[0].ranges.len() == 2));
        let ten = all.iter().find(|figure| figure.name.starts_with("Q10 ")).unwrap();
        let within = ten.query.aggregations[0].within();
        assert_eq!(within.len(), 16);
        assert!(
            SIXTEEN_TERMS
                .iter()
                .all(|name| within.iter().any(|counted| counted.field().name() == *name))
        );
    }
}
