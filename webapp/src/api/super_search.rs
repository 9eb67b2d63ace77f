//! Search over crashes, as clients of Crash Stats ask for it.

use std::time::Duration;

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use crash::fields::Access;
use platform::access::{Action, Permission};
use platform::http::Caller;
use platform::{clock, cpu};
use search::evaluate;
use search::fields::{FieldId, described};
use search::hits::{self, Hit};
use search::json::Json;
use search::parse::{Context, Fault, Parsed, Problem, Warning, parse, to_cursor, to_query_string, truth};
use search::query::Query;
use search::service::{Answered, AskError};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::answer::{Style, json as answer};
use super::endpoint::{Endpoint, Kind, Parameter, pairs};
use super::failure::{Failure, require};
use crate::find::record;
use crate::page::vary;
use crate::state::Webapp;

/// How long an answer may take: clients wait for 5 seconds.
const TIME: Duration = Duration::from_millis(4_500);
/// How long it may take for those who may ask for more.
const LONG_TIME: Duration = Duration::from_secs(25);

/// Maximum warnings in an answer.
const MOST_WARNINGS: usize = 100;

/// Parameters that say how to answer, rather than what is asked.
const ABOUT_THE_ANSWER: [&str; 5] = ["pretty", "strict", "_return_query", "_fields", "_ignore_empty"];

pub(super) const SUPER_SEARCH: Endpoint = Endpoint {
    name: "SuperSearch",
    about: "Searches crashes: lists them, and counts them by their fields. Every field below is a parameter, and may \
        be repeated: `signature=~OOM&product=Firefox`. Without dates the last 7 days are searched. Fields that are \
        protected are left out, with a warning, unless the token has the permission to see them. An answer takes up \
        to 4.5 seconds.",
    methods: &["GET"],
    parameters: PARAMETERS,
    needs: None,
    answers: (
        "`hits`, each with the columns that were asked for; `total`, how many crashes match; `facets`, what was \
         counted; `errors`, which names weeks whose crashes are not all indexed; `warnings`, what was left out of \
         the query; `as_of`, how far the index has come.",
        r#"{"hits": [{"uuid": "de1bb258-cbbf-4589-a673-34f800160918", "product": "Firefox"}], "total": 1,
"facets": {"signature": [{"term": "OOM | small", "count": 1}]}, "errors": [], "warnings": [],
"as_of": {"committed": "2026-11-29T12:00:00Z", "behind": 0}}"#,
    ),
};

pub(super) const SUPER_SEARCH_UNREDACTED: Endpoint = Endpoint {
    name: "SuperSearchUnredacted",
    about: "The same as SuperSearch, for those who may see what is protected; it refuses others.",
    needs: Some(Permission::ViewPii),
    ..SUPER_SEARCH
};

pub(super) const SUPER_SEARCH_FIELDS: Endpoint = Endpoint {
    name: "SuperSearchFields",
    about: "The fields that can be searched: of each its type, where it stands in the processed crash, who may see it \
        and what it means.",
    methods: &["GET"],
    parameters: &[],
    needs: None,
    answers: (
        "An object from the name of each field to what is known of it.",
        r#"{"uptime": {"name": "uptime", "namespace": "processed_crash", "in_database_name": "uptime",
"data_validation_type": "int", "query_type": "integer", "permissions_needed": ["public"]}}"#,
    ),
};

const fn parameter(name: &'static str, kind: Kind, about: &'static str) -> Parameter {
    Parameter {
        name,
        kind,
        required: false,
        about,
    }
}

/// What is no field. [`search::parse`] reads them; a test compares the two.
const PARAMETERS: &[Parameter] = &[
    parameter(
        "date",
        Kind::Texts,
        "When crashes came in, behind `>=`, `>`, `<=` or `<`: `>=2026-11-01`, or a moment in ISO 8601. Without a lower \
         bound it is 7 days before the upper one, without an upper one it is now. At most 365 days.",
    ),
    parameter(
        "_columns",
        Kind::Texts,
        "The fields of each hit: uuid, date, signature, product and version if nothing is said.",
    ),
    parameter(
        "_sort",
        Kind::Texts,
        "A field to sort hits by; with `-` before it the greatest comes first. Without it the newest come first.",
    ),
    parameter(
        "_results_number",
        Kind::Whole,
        "How many hits to list, 0 to 1000; 100 if nothing is said.",
    ),
    parameter(
        "_results_offset",
        Kind::Whole,
        "How many hits to pass over before: up to 4294967295.",
    ),
    parameter(
        "_cursor",
        Kind::Text,
        "Empty on the first page: the answer then has `next`, to be passed on here for the page after it, with the \
         same parameters. So no page repeats or passes over a crash, however many come in meanwhile. On the last page \
         `next` is null.",
    ),
    parameter(
        "_facets",
        Kind::Texts,
        "What is counted over all matches: a field, `_cardinality.FIELD` for how many different values there are, or \
         `_histogram.FIELD`. Signatures if nothing is said.",
    ),
    parameter(
        "_facets_size",
        Kind::Whole,
        "How many values of each field are listed, the most frequent first, 0 to 10000; 50 if nothing is said. With 0 \
         nothing is counted.",
    ),
    parameter(
        "_aggs.FIELD",
        Kind::Texts,
        "What is counted for each value of a field: as in `_facets`. Further fields may follow with dots: \
         `_aggs.product.version=_cardinality.install_time`.",
    ),
    parameter(
        "_histogram.FIELD",
        Kind::Texts,
        "What is counted for each interval of a number or a date.",
    ),
    parameter(
        "_histogram_interval.FIELD",
        Kind::Text,
        "How wide the intervals are: for dates minute, hour, day, week, month, quarter or year, a day if nothing is \
         said; for numbers a number, 1 if nothing is said.",
    ),
    parameter(
        "weighted",
        Kind::Text,
        "With 1, `weighted` stands beside each count: how many crashes that happened these stand for, by the sampling \
         of the collector; and `total_weighted` beside `total`.",
    ),
    parameter("strict", Kind::Text, "With 1, whatever would be a warning is an error."),
    parameter(
        "_return_query",
        Kind::Text,
        "With 1, the answer is how the query was understood; nothing is searched.",
    ),
    parameter(
        "_ignore_empty",
        Kind::Text,
        "With 1, parameters without a value count as absent, as forms send them; otherwise an empty value of a text \
         is an empty text.",
    ),
    parameter("pretty", Kind::Text, "With `print`, the answer is indented."),
];

/// The answer to a query.
pub(super) async fn super_search(
    State(app): State<Webapp>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let mut response = search(&app, &caller, &query.unwrap_or_default()).await?;
    vary(&mut response);
    Ok(response)
}

/// The same, for those who may see what is protected.
pub(super) async fn super_search_unredacted(
    state: State<Webapp>,
    caller: Caller,
    query: RawQuery,
) -> Result<Response, Failure> {
    require(&caller, Permission::ViewPii)?;
    super_search(state, caller, query).await
}

/// The fields that can be searched.
pub(super) async fn super_search_fields(RawQuery(query): RawQuery) -> Result<Response, Failure> {
    let given = pairs(query.unwrap_or_default().as_bytes());
    answer(described(), Style::of(&given)).await
}

/// Finds an answer in time, whatever it is that takes long.
async fn search(app: &Webapp, caller: &Caller, query: &str) -> Result<Response, Failure> {
    let time = if caller.may(Permission::RunLongQueries) {
        LONG_TIME
    } else {
        TIME
    };
    let found = tokio::time::timeout(time, find(app, caller, query)).await;
    found.unwrap_or_else(|_| {
        let error = format!(
            "Search query timed out: it took longer than {} seconds, since it asks for much or too many others run; \
             ask for less, or again later",
            time.as_secs_f64()
        );
        Err(Failure::text(StatusCode::SERVICE_UNAVAILABLE, &error))
    })
}

async fn find(app: &Webapp, caller: &Caller, query: &str) -> Result<Response, Failure> {
    let given = pairs(query.as_bytes());
    let style = Style::of(&given);
    let (strict, return_query) = (flag(&given, "strict")?, flag(&given, "_return_query")?);
    let ignores_empty = flag(&given, "_ignore_empty")?;
    let context = Context {
        now: clock::now_micros(),
        sees_protected: caller.may(Permission::ViewPii),
    };
    // Expressions may take a while to be compiled.
    let parsed = cpu::run(move || {
        let asked: Vec<(String, String)> = given
            .into_iter()
            .filter(|(name, value)| {
                let is_left_out = ignores_empty && value.is_empty();
                !is_left_out && !ABOUT_THE_ANSWER.contains(&name.as_str())
            })
            .collect();
        parse(&asked, &context)
    });
    let Parsed { query, pages, warnings } = parsed.await?.map_err(refused)?;
    if strict && !warnings.is_empty() {
        return Err(strictly_refused(&warnings));
    }
    if return_query {
        return answer(understood(&query, &warnings), style).await;
    }
    let protected = protected_fields(&query);
    if !protected.is_empty() {
        record(app, caller, Action::SearchProtected, None, &protected.join(" ")).await?;
    }
    let answered = app.search.ask(query.clone()).await;
    let answered = answered.map_err(|error| not_answered(&error))?;
    let hits = hits::read(&app.db, &answered.answer.hits, &query.columns).await?;
    let last = answered.answer.last.as_ref().filter(|_| pages);
    let next = last
        .map(|last| to_cursor(&query, last).ok_or_else(cursor_too_long))
        .transpose()?;
    let whole = Whole {
        next,
        answered,
        hits,
        query,
        pages,
        warnings,
    };
    answer(whole, style).await
}

/// Whether something is wanted that is not by default; of several values the last counts.
fn flag(given: &[(String, String)], name: &str) -> Result<bool, Failure> {
    let last = given
        .iter()
        .rev()
        .find(|(given, value)| given == name && !value.is_empty());
    let Some((_, value)) = last else { return Ok(false) };
    let error = format!("Bad value for parameter {name}: must be `1` or `0`");
    truth(value).ok_or_else(|| Failure::bad_argument(&error))
}

/// All that an answer is written from.
struct Whole {
    answered: Answered,
    hits: Vec<Hit>,
    query: Query,
    pages: bool,
    /// The cursor of the next page.
    next: Option<String>,
    warnings: Vec<Warning>,
}

impl Serialize for Whole {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Written<'a> {
            #[serde(flatten)]
            found: Json<'a>,
            warnings: Vec<Value>,
            as_of: Value,
        }
        let Answered { answer, as_of, .. } = &self.answered;
        let missing = as_of.missing_weeks(evaluate::span(&self.query));
        let mut warnings = written(&self.warnings);
        warnings.extend(as_of.lacking.iter().map(|field| {
            let message = "some crashes lack it: an earlier release wrote their rows, which are being made again";
            json!({"parameter": field, "message": message})
        }));
        let written = Written {
            found: Json {
                answer,
                hits: &self.hits,
                columns: &self.query.columns,
                missing: &missing,
                next: self.pages.then_some(self.next.as_deref()),
            },
            warnings,
            as_of: json!({"committed": clock::rfc3339(as_of.committed), "behind": as_of.behind}),
        };
        written.serialize(to)
    }
}

/// The first warnings, and how many more there are.
fn written(warnings: &[Warning]) -> Vec<Value> {
    let shown = warnings.iter().take(MOST_WARNINGS);
    let mut written: Vec<Value> = shown
        .map(|Warning { parameter, message }| json!({"parameter": parameter, "message": message}))
        .collect();
    let left_out = warnings.len().saturating_sub(MOST_WARNINGS);
    if left_out > 0 {
        written.push(json!({"parameter": "", "message": format!("and {left_out} more")}));
    }
    written
}

/// How a query was understood.
fn understood(query: &Query, warnings: &[Warning]) -> Value {
    json!({
        "query": {"query_string": to_query_string(query)},
        "indices": [],
        "warnings": written(warnings),
    })
}

/// The names of the fields in a query that not everybody may see.
fn protected_fields(query: &Query) -> Vec<&'static str> {
    let fields = query
        .fields()
        .into_iter()
        .filter(|field| field.access() != Access::Public);
    let mut names: Vec<&str> = fields.map(FieldId::name).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// A parameter that makes no sense, as clients know it.
fn refused(problem: Problem) -> Failure {
    let Problem {
        parameter,
        message,
        fault,
    } = problem;
    let error = match fault {
        Fault::Type => format!("{parameter}: {message}"),
        Fault::Value if parameter.is_empty() => format!("Bad request: BadArgumentError: {message}"),
        Fault::Value => format!("Bad request: BadArgumentError: Bad value for parameter {parameter}: {message}"),
        Fault::Sense => format!("Bad request: BadArgumentError: {message}"),
    };
    let mut errors = Map::new();
    if !parameter.is_empty() {
        errors.insert(parameter, json!([message]));
    }
    Failure::new(StatusCode::BAD_REQUEST, json!({"error": error, "errors": errors}))
}

fn cursor_too_long() -> Failure {
    let error = "Bad value for parameter _cursor: what these crashes are sorted by is too long for an address: sort by \
                 something else, or use _results_offset";
    Failure::bad_argument(error)
}

fn strictly_refused(warnings: &[Warning]) -> Failure {
    let mut errors = Map::new();
    for Warning { parameter, message } in warnings.iter().take(MOST_WARNINGS) {
        if let Some(messages) = errors.entry(parameter.clone()).or_insert(json!([])).as_array_mut() {
            messages.push(message.clone().into());
        }
    }
    let named: Vec<&str> = errors.keys().map(String::as_str).collect();
    let error = format!(
        "Bad request: BadArgumentError: with strict=1, these parameters are not accepted: {}",
        named.join(", ")
    );
    Failure::new(StatusCode::BAD_REQUEST, json!({"error": error, "errors": errors}))
}

fn not_answered(error: &AskError) -> Failure {
    match error {
        AskError::Refused(evaluate::Refused::TooLong | evaluate::Refused::GivenUp) => Failure::text(
            StatusCode::SERVICE_UNAVAILABLE,
            &format!("Search query timed out: {error}"),
        ),
        AskError::Refused(_) => Failure::bad_argument(&error.to_string()),
        AskError::Busy { retry_after } => Failure::not_now(&error.to_string(), *retry_after),
        AskError::NotReady | AskError::Damaged => Failure::not_now(&error.to_string(), 5),
    }
}
