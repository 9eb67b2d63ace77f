//! Questions about one build, or many: look-ups and explanations.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use builds::resolve::{Answer, EXAMPLE, Question};
use platform::http::ApiError;
use platform::{clock, cpu};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::asked::{Asked, takes};
use super::body::Whole;
use super::state::Api;
use crate::explain::{self, Explanation};
use crate::lookup::Freshness;

/// Maximum questions in one request.
const MAX_QUESTIONS: usize = 5000;
/// Approximate size of an answer in bytes.
const ANSWER: usize = 512;

/// What is asked about a build.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Params {
    /// The product, in any known spelling.
    #[param(example = "Firefox")]
    product: String,
    /// The channel; left out if not known.
    #[serde(default)]
    channel: String,
    /// The build id, or its beginning.
    build_id: String,
    /// The version that the program reports about itself: echoed, never believed.
    version: Option<String>,
}

takes!(
    Params,
    "/api/v1/lookup?product=Firefox&channel=beta&build_id=20260827093000"
);

impl Params {
    fn question(&self) -> Question {
        Question {
            product: self.product.clone(),
            channel: self.channel.clone(),
            build_id: self.build_id.clone(),
            version: self.version.clone(),
            asked_at: Some(clock::now_micros()),
        }
    }
}

/// Which exact version is this build, and what became of it?
#[utoipa::path(
    get, path = "/api/v1/lookup", tag = "questions", params(Params),
    responses(
        (status = 200, description = "The answer; of an unknown build too, with status `unknown` and the reason; \
            beside it `as_of` (all was known then that the sources held) and `silent` (sources that do not answer)",
            body = Answer),
        (status = 400, description = "A parameter is missing or unknown", body = super::error::Error),
    )
)]
pub(super) async fn lookup(State(api): State<Api>, asked: Asked<Params>) -> Result<Response, ApiError> {
    let freshness = api.lookup.freshness();
    let answer = api.lookup.answer(&asked.params.question()).await?;
    let basis = format!("{} {} {}", answer.generation, answer.reason, freshness.tag());
    Ok(asked.answer(&basis, freshness.date(&answer)))
}

/// The same question for many builds.
#[utoipa::path(
    post, path = "/api/v1/lookup", tag = "questions",
    request_body(
        content((Option<serde_json::Value> = "application/json"), (Option<String> = "application/x-ndjson")),
        description = "At most 5,000 questions and 2 MB: a JSON array of objects with `product`, `channel`, \
            `build_id` and `version`, or one object a line",
    ),
    responses(
        (status = 200, description = "The answers in the order of the questions, as an array or one a line like the \
            questions; each is an `Answer`, and in place of what is no question stands an object with `error` and \
            `line`", content((Vec<Object> = "application/json"), (String = "application/x-ndjson"))),
        (status = 400, description = "Too many questions, or neither form", body = super::error::Error),
        (status = 413, description = "Longer than 2 MB", body = super::error::Error),
    )
)]
pub(super) async fn lookup_many(State(api): State<Api>, Whole(body): Whole) -> Result<Response, ApiError> {
    let now = clock::now_micros();
    let batch = cpu::run_sized(body.len(), move || Batch::read(&body, now)).await??;
    let freshness = api.lookup.freshness();
    let answers = api.lookup.answers(&batch.questions).await?;
    let answers_size = answers.len().saturating_mul(ANSWER);
    let headers = [
        (header::CONTENT_TYPE, batch.form.content_type()),
        (header::CACHE_CONTROL, "no-store"),
    ];
    let write = move || batch.write(&answers, &freshness);
    let text = cpu::run_sized(answers_size, write).await?;
    let text = text.map_err(anyhow::Error::from)?;
    Ok((headers, text).into_response())
}

/// The format of a body with many questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Array,
    Lines,
}

impl Form {
    fn content_type(self) -> &'static str {
        match self {
            Self::Array => "application/json",
            Self::Lines => "application/x-ndjson",
        }
    }
}

/// Many questions, and the errors in the places that hold none.
#[derive(Debug)]
struct Batch {
    form: Form,
    questions: Vec<Question>,
    /// For each place: none, or why it holds no question.
    places: Vec<Option<String>>,
}

impl Batch {
    fn read(body: &[u8], now: i64) -> Result<Self, ApiError> {
        let too_many = || {
            ApiError::BadRequest(format!(
                "there are more than {MAX_QUESTIONS} questions: send the others in another request"
            ))
        };
        let is_array = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
        let (form, texts): (Form, Vec<&[u8]>) = if is_array {
            let items: Vec<&RawValue> = serde_json::from_slice(body).map_err(|_| {
                ApiError::BadRequest(format!(
                    "the body begins with [ and is no JSON array: one of questions is wanted, such as [{EXAMPLE}]"
                ))
            })?;
            (Form::Array, items.iter().map(|item| item.get().as_bytes()).collect())
        } else {
            let body = body.strip_suffix(b"\n").unwrap_or(body);
            let lines = body.split(|byte| *byte == b'\n');
            let lines = lines.take(MAX_QUESTIONS + 1);
            (Form::Lines, if body.is_empty() { Vec::new() } else { lines.collect() })
        };
        if texts.len() > MAX_QUESTIONS {
            return Err(too_many());
        }
        let mut batch = Self {
            form,
            questions: Vec::new(),
            places: Vec::with_capacity(texts.len()),
        };
        for text in texts {
            let place = match Question::read(text) {
                Ok(question) => {
                    batch.questions.push(Question {
                        asked_at: question.asked_at.or(Some(now)),
                        ..question
                    });
                    None
                }
                Err(why) => Some(why),
            };
            batch.places.push(place);
        }
        Ok(batch)
    }

    /// Writes the answers in the places of their questions.
    fn write(&self, answers: &[Answer], freshness: &Freshness) -> serde_json::Result<String> {
        let mut answers = answers.iter();
        let mut texts = Vec::with_capacity(self.places.len());
        for (place, number) in self.places.iter().zip(1..) {
            texts.push(match place {
                None => serde_json::to_string(&answers.next().map(|answer| freshness.date(answer)))?,
                Some(error) => json!({ "error": error, "line": number }).to_string(),
            });
        }
        Ok(match self.form {
            Form::Array => format!("[{}]", texts.join(",")),
            Form::Lines => texts.iter().flat_map(|text| [text, "\n"]).collect(),
        })
    }
}

/// An answer with each observation, correction and rule that led to it.
#[utoipa::path(
    get, path = "/api/v1/explain", tag = "questions", params(Params),
    responses(
        (status = 200, description = "The answer, what the sources said with the addresses where it was read, and how \
            the conclusion came to be", body = Explanation),
        (status = 400, description = "A parameter is missing or unknown", body = super::error::Error),
    )
)]
pub(super) async fn explain(State(api): State<Api>, asked: Asked<Params>) -> Result<Response, ApiError> {
    let freshness = api.lookup.freshness();
    let answer = api.lookup.answer(&asked.params.question()).await?;
    let explanation: Explanation = explain::explain(&api.db, &answer).await?;
    asked.fresh(freshness.date(&explanation))
}
