//! Requested build ids that no source knows.

use axum::extract::State;
use axum::response::Response;
use builds::unknown::{UnknownKey, Verdict, counted_product};
use platform::clock::{self, rfc3339};
use platform::http::ApiError;
use serde::{Deserialize, Serialize};

use super::asked::{Asked, takes};
use super::paging::{limit_of, no_cursor};
use super::state::Api;
use crate::api::listed_unknown::ListedUnknown;
use crate::db::{self, AlarmFilter, UnknownFilter};
use crate::watch::importer::{Importer, Who};

/// Which unknown ids to list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Params {
    /// The product, in any known spelling, or another name as it was asked for.
    product: Option<String>,
    /// `junk`, `unofficial`, `no_source` or `not_seen`.
    verdict: Option<String>,
    /// `open`: those with an alarm that is on; `cleared`: those whose alarm is over.
    alarm: Option<String>,
    /// Where the page begins: `cursor` of the page before.
    cursor: Option<String>,
    /// How many, 1 to 1000; 100 if left out.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
}

takes!(
    Params,
    "/api/v1/unknown?product=Firefox&verdict=not_seen",
    |given, wrong| {
        wrong.check(given, "verdict", known_verdict);
        wrong.check(given, "alarm", known_alarm);
        wrong.check(given, "cursor", |text| {
            text.parse::<UnknownKey>().map_err(|()| no_cursor())
        });
    }
);

/// A page of unknown ids.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct UnknownPage {
    /// The highest id first.
    unknown: Vec<ListedUnknown>,
    /// Where the next page begins; none after the last.
    cursor: Option<String>,
    /// The address of the next page; none after the last.
    next: Option<String>,
    /// Who looks for the builds of alarms.
    importer: OneImporter,
}

/// Whether anybody imports.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct OneImporter {
    /// `scheduled`: a process imports by itself, and looks for the build of an alarm within seconds; `by_hand`:
    /// imports are made, but no process makes them by itself; `handed_in`: nothing was ever imported, and builds are
    /// announced, or come from tables; `nobody`.
    who: Who,
    /// When the newest import began, RFC 3339; none if there never was one.
    last_import: Option<String>,
    /// That new builds do not become known by themselves, and what to do; none if `scheduled` or
    /// `handed_in`.
    warning: Option<String>,
}

impl From<Importer> for OneImporter {
    fn from(importer: Importer) -> Self {
        Self {
            who: importer.who,
            last_import: importer.last.map(rfc3339),
            warning: importer.warning(),
        }
    }
}

/// The ids that were asked for, here or for crashes, and that no source knows.
#[utoipa::path(
    get, path = "/api/v1/unknown", tag = "history", params(Params),
    responses(
        (status = 200, description = "A page of unknown ids", body = UnknownPage),
        (status = 400, description = "A parameter cannot be understood", body = super::error::Error),
    )
)]
pub(super) async fn list(State(api): State<Api>, asked: Asked<Params>) -> Result<Response, ApiError> {
    let params = &asked.params;
    let limit = limit_of(params.limit, 100, 1000)?;
    let after = params.cursor.as_deref().map(str::parse::<UnknownKey>);
    let after = after.transpose().map_err(|()| no_cursor())?;
    let filter = params.filter()?;
    let page = db::list_unknown(&api.db, &filter, after.as_ref(), limit).await?;
    let importer = Importer::of(&api.db, clock::now_micros()).await?;
    let last = page.rows.last().filter(|_| page.more);
    let cursor = last.map(|last| last.key().to_string());
    let body = UnknownPage {
        next: cursor.as_deref().map(|cursor| asked.next(cursor)),
        cursor,
        unknown: page.rows.iter().map(ListedUnknown::from).collect(),
        importer: importer.into(),
    };
    asked.fresh(body)
}

impl Params {
    fn filter(&self) -> Result<UnknownFilter, ApiError> {
        let verdict = self.verdict.as_deref().map(known_verdict).transpose()?;
        let alarm = self.alarm.as_deref().map(known_alarm).transpose()?;
        Ok(UnknownFilter {
            product: self.product.as_deref().map(counted_product),
            verdict,
            alarm: alarm.unwrap_or(AlarmFilter::Any),
        })
    }
}

fn known_verdict(name: &str) -> Result<Verdict, ApiError> {
    let why = "verdict must be junk, unofficial, no_source or not_seen";
    Verdict::named(name).ok_or_else(|| ApiError::BadRequest(why.to_owned()))
}

fn known_alarm(name: &str) -> Result<AlarmFilter, ApiError> {
    AlarmFilter::named(name).ok_or_else(|| ApiError::BadRequest("alarm must be open or cleared".to_owned()))
}
