//! Builds that the site's own pipeline announces, and withdraws.

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use builds::said::announcement::{AnnouncedName, Announcement};
use builds::said::observation::Observation;
use platform::access::{self, Action, Permission};
use platform::db::Tx;
use platform::http::query::Wrong;
use platform::http::{ApiError, Caller};
use platform::{clock, cpu};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::asked::{Asked, Takes, known_product, takes, whole_id};
use super::body::Whole;
use super::state::Api;
use crate::db::{self, NotPut, Outcome, Put};

/// Maximum builds in one request.
const MOST: usize = 1000;
/// A right request.
const EXAMPLE: &str = "POST /api/v1/builds {\"product\": \"Firefox\", \"channel\": \"default\", \
    \"version\": \"154.0\", \"build_id\": \"20260827093000\"}";
/// What is said while the right to import is somebody else's.
const WAITING: &str = "it is stored, and taken in as soon as the import that runs leaves room or ends";

/// The holder of a token that may announce builds.
#[derive(Debug)]
pub(super) struct Announcer(Caller);

impl<S: Sync> FromRequestParts<S> for Announcer {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Ok(caller) = Caller::from_request_parts(parts, state).await;
        caller.require(Permission::AnnounceBuilds)?;
        Ok(Self(caller))
    }
}

impl Announcer {
    /// The id of the token, which is what everyone may know of it.
    fn token(&self) -> &str {
        self.0.identity().map_or("", |identity| &identity.token_id)
    }
}

/// What came of a request.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Taken {
    /// `done`: it is part of `generation`, and look-ups know it. `waiting`: it is stored, and will be.
    state: &'static str,
    /// Why it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<&'static str>,
    /// The newest generation.
    generation: i64,
    /// Each build, in the order of the request.
    builds: Vec<TakenBuild>,
}

/// What came of one build.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct TakenBuild {
    /// What this changes.
    outcome: Outcome,
    /// The subject of the observation: product, channel, build id and platform.
    subject: String,
    /// The digest of the observation, as `explain` names it.
    digest: String,
    /// What is stated: the members as they are understood.
    #[schema(value_type = Option<Object>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    stated: Option<Map<String, Value>>,
}

/// A build as it is announced.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "it only describes what is read")]
pub(super) struct AnnouncedBuild {
    /// The product, in any known spelling.
    #[schema(example = "Firefox")]
    product: String,
    /// The channel; not needed where the product has only one.
    #[schema(example = "default")]
    channel: Option<String>,
    /// The exact version.
    #[schema(example = "154.0")]
    version: String,
    /// 14 digits `YYYYMMDDhhmmss`, UTC.
    #[schema(example = "20260827093000")]
    build_id: String,
    /// The platform, as other builds name it; left out, the build is one for all platforms.
    #[schema(example = "win64")]
    platform: Option<String>,
    /// `published` (the default), `shipped` or `candidate`.
    status: Option<String>,
    /// The source revision.
    revision: Option<String>,
    /// The address of the revision's repository.
    repository: Option<String>,
    /// Where the build lies.
    archive_url: Option<String>,
    /// When it was published, RFC 3339 in UTC.
    published_at: Option<String>,
    /// N of `buildN`.
    build_number: Option<u32>,
}

/// States one build or many. The same build announced again replaces what was said of it before.
#[utoipa::path(
    post, path = "/api/v1/builds", tag = "builds",
    request_body(
        content = Vec<AnnouncedBuild>,
        description = "One build, or an array of 1 to 1,000 builds, of at most 2 MB. If one of them is wrong, none is \
            taken. Needs a token with the permission `announce_builds` in the header `Auth-Token`",
    ),
    responses(
        (status = 200, description = "None of the builds is new, and look-ups know what is stated", body = Taken),
        (status = 201, description = "Some are new, and look-ups know them", body = Taken),
        (status = 202, description = "All is stored, and taken in when the import that runs leaves room", body = Taken),
        (status = 400, description = "Something is wrong with a build", body = super::error::Error),
        (status = 403, description = "The token does not allow this, or there is none", body = super::error::Error),
        (status = 413, description = "Longer than 2 MB", body = super::error::Error),
        (status = 503, description = "Too many builds wait to be taken in", body = super::error::Error),
    )
)]
pub(super) async fn announce(State(api): State<Api>, by: Announcer, Whole(body): Whole) -> Result<Response, ApiError> {
    let now = clock::now_micros();
    let announced = cpu::run_sized(body.len(), move || read(&body, now)).await??;
    take(&api, &by, Statement::Announced(announced)).await
}

/// Which announced builds to withdraw.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Withdrawn {
    /// The product, in any known spelling.
    #[param(example = "Firefox")]
    product: String,
    /// The channel; not needed where the product has only one.
    channel: Option<String>,
    /// The build id.
    build_id: String,
    /// The platform; left out, all of them.
    platform: Option<String>,
}

takes!(
    Withdrawn,
    "/api/v1/builds?product=Firefox&channel=default&build_id=20260827093000",
    |given, wrong| {
        wrong.check(given, "product", known_product);
        wrong.check(given, "build_id", whole_id);
    }
);

/// Withdraws what was announced of a build.
#[utoipa::path(
    delete, path = "/api/v1/builds", tag = "builds", params(Withdrawn),
    responses(
        (status = 200, description = "It is announced no more, and look-ups know that", body = Taken),
        (status = 202, description = "The withdrawal is stored, and taken in when the import that runs leaves room",
            body = Taken),
        (status = 400, description = "A parameter is missing or wrong", body = super::error::Error),
        (status = 403, description = "The token does not allow this, or there is none", body = super::error::Error),
        (status = 404, description = "No such build is announced", body = super::error::Error),
        (status = 503, description = "Too many builds wait to be taken in", body = super::error::Error),
    )
)]
pub(super) async fn withdraw(
    State(api): State<Api>,
    by: Announcer,
    asked: Asked<Withdrawn>,
) -> Result<Response, ApiError> {
    let Withdrawn {
        product,
        channel,
        build_id,
        platform,
    } = &asked.params;
    let name = AnnouncedName::read(product, channel.as_deref(), build_id, platform.as_deref());
    let name = match name {
        Ok(name) => name,
        Err(bad) => {
            let mut wrong = Wrong::default();
            for bad in bad {
                wrong.add(&bad.member, bad.why);
            }
            wrong.refused(Withdrawn::EXAMPLE)?;
            return Err(ApiError::BadRequest("the parameters cannot be read".to_owned()));
        }
    };
    take(&api, &by, Statement::Withdrawn(name)).await
}

/// Reads one announcement or many.
fn read(body: &[u8], now: i64) -> Result<Vec<Announcement>, ApiError> {
    let is_array = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    let texts: Vec<&[u8]> = if is_array {
        let items: Vec<&RawValue> = serde_json::from_slice(body).map_err(|_| {
            let why = "the body begins with [ and is no JSON array of builds";
            ApiError::BadRequest(format!("{why}. For example: {EXAMPLE}"))
        })?;
        items.into_iter().map(|item| item.get().as_bytes()).collect()
    } else {
        vec![body]
    };
    if !(1..=MOST).contains(&texts.len()) {
        let many = texts.len();
        return Err(ApiError::BadRequest(format!(
            "a request announces 1 to {MOST} builds, not {many}: send the others in another one"
        )));
    }
    let mut wrong = Wrong::default();
    let mut announced: Vec<Announcement> = Vec::with_capacity(texts.len());
    let mut first = std::collections::BTreeMap::new();
    for (at, text) in texts.into_iter().enumerate() {
        // As it stands in the request, counted from 0.
        let place = |member: &str| match (is_array, member) {
            (true, "") => format!("[{at}]"),
            (true, member) => format!("[{at}].{member}"),
            (false, "") => "the body".to_owned(),
            (false, member) => member.to_owned(),
        };
        match Announcement::read(text, now) {
            Ok(one) => {
                if let Some(other) = first.insert(one.name.clone(), at) {
                    wrong.add(&place(""), format!("is the same build as [{other}]"));
                }
                announced.push(one);
            }
            Err(bad) => bad.into_iter().for_each(|bad| wrong.add(&place(&bad.member), bad.why)),
        }
    }
    wrong.refused(EXAMPLE)?;
    Ok(announced)
}

/// What a request states.
enum Statement {
    Announced(Vec<Announcement>),
    Withdrawn(AnnouncedName),
}

/// Stores what is stated, with its line in the audit log, has it taken in, and answers.
async fn take(api: &Api, by: &Announcer, statement: Statement) -> Result<Response, ApiError> {
    let mut tx = api.db.begin().await?;
    let put = put(&mut tx, by, &statement).await.map_err(|error| match error {
        NotPut::Full => ApiError::Unavailable(error.to_string()),
        NotPut::Db(error) => error.into(),
    })?;
    let (action, detail) = match &statement {
        Statement::Announced(_) => (Action::AnnounceBuilds, detail(&put)),
        Statement::Withdrawn(_) if put.outcomes.is_empty() => {
            return Err(ApiError::NotFound("no such build is announced".to_owned()));
        }
        Statement::Withdrawn(_) => (Action::WithdrawBuilds, detail(&put)),
    };
    access::record(&mut tx, &by.0.actor(), action, None, &detail).await?;
    tx.commit().await?;
    let is_done = api.inbox.taken_in(put.through).await?;
    let status = match statement {
        _ if !is_done => StatusCode::ACCEPTED,
        Statement::Announced(_) if put.outcomes.iter().any(|(outcome, ..)| *outcome == Outcome::New) => {
            StatusCode::CREATED
        }
        _ => StatusCode::OK,
    };
    let mut stated = match statement {
        Statement::Announced(announced) => announced,
        Statement::Withdrawn(_) => Vec::new(),
    }
    .into_iter();
    let builds = put.outcomes.into_iter().map(|(outcome, subject, digest)| TakenBuild {
        outcome,
        subject,
        digest,
        stated: stated.next().map(Announcement::into_stated),
    });
    let body = Taken {
        state: if is_done { "done" } else { "waiting" },
        explanation: (!is_done).then_some(WAITING),
        builds: builds.collect(),
        generation: db::latest_generation(&api.db).await?.n,
    };
    Ok((status, [(header::CACHE_CONTROL, "no-store")], axum::Json(body)).into_response())
}

async fn put(tx: &mut Tx, by: &Announcer, statement: &Statement) -> Result<Put, NotPut> {
    match statement {
        Statement::Announced(announced) => {
            let announced: Vec<Observation> = announced.iter().map(Announcement::observation).collect();
            db::put_announced(tx, &announced, by.token()).await
        }
        Statement::Withdrawn(name) => db::put_withdrawn(tx, &name.said_under(), by.token()).await,
    }
}

/// What the audit log says of it.
fn detail(put: &Put) -> String {
    let first = put.outcomes.first().map_or("", |(_, subject, _)| subject);
    match put.outcomes.len() {
        1 => first.to_owned(),
        many => format!("{many} builds, first {first}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST, read};

    const NOW: i64 = 1_790_000_000_000_000;

    fn build(id: usize) -> String {
        format!(r#"{{"product": "Firefox", "channel": "beta", "version": "154.0b1", "build_id": "{id}"}}"#)
    }

    #[test]
    fn one_build_or_many_are_read() {
        let many: Vec<String> = (0..MOST)
            .map(|n| build(20_260_101_000_000 + n / 60 * 100 + n % 60))
            .collect();
        for (body, count) in [
            (build(20_260_101_000_000), 1),
            (format!(" [{}]", build(20_260_101_000_000)), 1),
            (format!("[{}]", many.join(",")), MOST),
        ] {
            assert_eq!(read(body.as_bytes(), NOW).map(|all| all.len()).unwrap_or(0), count);
        }
        let (one, other) = (build(20_260_101_000_000), build(20_260_101_000_001));
        for (body, error) in [
            (String::new(), "the body is no JSON. For example"),
            ("7".to_owned(), "the body is no JSON object"),
            ("[".to_owned(), "the body begins with [ and is no JSON array"),
            ("[]".to_owned(), "a request announces 1 to 1000 builds, not 0"),
            (
                format!("[{},{one}]", many.join(",")),
                "a request announces 1 to 1000 builds, not 1001",
            ),
            (
                format!("[{one},{other},{one}]"),
                "[2] is the same build as [0]. For example: POST /api/v1/builds {",
            ),
            (format!("[{one},7]"), "[1] is no JSON object"),
            (
                format!("[{one},{}]", other.replace("beta", "x").replace("154.0b1", "y")),
                "[1].channel “x” is no channel of the product: there are nightly, aurora, beta, release, esr, \
                 default, unofficial, nightly-try; [1].version “y” is not a version",
            ),
            (
                one.replace("Firefox", "Waterfowl"),
                "product “Waterfowl” is none that builds are known of",
            ),
        ] {
            let found = read(body.as_bytes(), NOW).err().map(|error| error.to_string());
            let found = found.unwrap_or_else(|| panic!("{body} is read"));
            assert!(found.starts_with(error), "{found}");
        }
    }
}
