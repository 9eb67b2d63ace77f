//! History: imports, and changed conclusions.

use axum::extract::State;
use axum::response::Response;
use builds::policy::Policy;
use platform::clock::rfc3339;
use platform::http::ApiError;
use serde::{Deserialize, Serialize};
use text::cursor;

use super::asked::{Asked, takes};
use super::paging::{limit_of, no_cursor};
use super::state::Api;
use crate::db::{self, ChangeCursor, Run};
use crate::explain::HistoryEntry;

/// Which imports to list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RunsParams {
    /// Where the page begins: `cursor` of the page before.
    cursor: Option<String>,
    /// How many, 1 to 200; 20 if left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

takes!(RunsParams, "/api/v1/runs?limit=5", |given, wrong| {
    wrong.check(given, "cursor", |text| text.parse::<i64>().map_err(|_| no_cursor()));
});

/// A page of imports.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Runs {
    /// The newest first.
    runs: Vec<OneRun>,
    /// Where the next page begins; none after the last.
    cursor: Option<String>,
    /// The address of the next page; none after the last.
    next: Option<String>,
}

/// One import.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct OneRun {
    /// Its id.
    id: i64,
    /// What was read: `auto`, or one source.
    source: String,
    /// When it began, RFC 3339.
    started: String,
    /// When it ended; none while it runs, or if it was killed.
    ended: Option<String>,
    /// `running`, `complete`, `partial` (a source failed), `failed`, `stopped` (on request) or `broken`.
    outcome: String,
    /// Requests made, retries included.
    requests: i64,
    /// Records read.
    records: i64,
    /// Statements that were new.
    new_records: i64,
    /// Statements that were known.
    unchanged: i64,
    /// Unusable records, and requests that finally failed.
    errors: i64,
    /// The newest generation after it.
    generation: i64,
    /// How each source did (`sources`, each with `state` and `why`), and what was taken from the archive for which
    /// reason (`filled`).
    #[schema(value_type = Object)]
    policy: Policy,
    /// What a person should know.
    notes: Vec<String>,
}

impl From<Run> for OneRun {
    fn from(run: Run) -> Self {
        Self {
            id: run.id,
            policy: run.policy(),
            source: run.source,
            started: rfc3339(run.started),
            ended: run.ended.map(rfc3339),
            outcome: run.outcome,
            requests: run.requests,
            records: run.records,
            new_records: run.new_records,
            unchanged: run.unchanged,
            errors: run.errors,
            generation: run.generation,
            notes: run.notes.lines().map(str::to_owned).collect(),
        }
    }
}

/// The imports, the newest first, and how they went.
#[utoipa::path(
    get, path = "/api/v1/runs", tag = "history", params(RunsParams),
    responses(
        (status = 200, description = "A page of imports", body = Runs),
        (status = 400, description = "A parameter cannot be understood", body = super::error::Error),
    )
)]
pub(super) async fn runs(State(api): State<Api>, asked: Asked<RunsParams>) -> Result<Response, ApiError> {
    let limit = limit_of(asked.params.limit, 20, 200)?;
    let before = asked.params.cursor.as_deref().map(str::parse::<i64>);
    let before = before.transpose().map_err(|_| no_cursor())?;
    let page = db::runs_before(&api.db, before.unwrap_or(i64::MAX), limit).await?;
    let last = page.rows.last().filter(|_| page.more);
    let cursor = last.map(|run| run.id.to_string());
    asked.fresh(Runs {
        next: cursor.as_deref().map(|cursor| asked.next(cursor)),
        cursor,
        runs: page.rows.into_iter().map(OneRun::from).collect(),
    })
}

/// From where to read changes.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ChangesParams {
    /// `cursor` of the last answer, or the number of a generation: what came after it; everything if left out.
    cursor: Option<String>,
    /// How many changes, 1 to 1000; 500 if left out.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
}

takes!(ChangesParams, "/api/v1/changes?cursor=0&limit=100", |given, wrong| {
    wrong.check(given, "cursor", |text| read_cursor(text).ok_or_else(no_cursor));
});

/// Changes in the order in which they came.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Changes {
    /// The changes, oldest first.
    changes: Vec<OneChange>,
    /// Where to go on, now or later.
    cursor: String,
    /// The address of the next changes, now or later.
    next: String,
    /// Whether there are more already.
    more: bool,
}

/// A build id about which something else is concluded. Putting `new` in the place of what was there, one change after
/// the other, gives the table of all conclusions.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct OneChange {
    /// The product.
    product: String,
    /// The build id.
    build_id: String,
    /// The generation, `reason` (`new`, `changed`, `withdrawn`), and `old` and `new`: the builds with this id, each
    /// with channel, version, platform, variant, status, certainty and reason.
    #[serde(flatten)]
    entry: HistoryEntry,
}

/// What became different since a cursor.
#[utoipa::path(
    get, path = "/api/v1/changes", tag = "history", params(ChangesParams),
    responses(
        (status = 200, description = "The changes after the cursor, and the next cursor", body = Changes),
        (status = 400, description = "A parameter cannot be understood", body = super::error::Error),
    )
)]
pub(super) async fn changes(State(api): State<Api>, asked: Asked<ChangesParams>) -> Result<Response, ApiError> {
    let limit = limit_of(asked.params.limit, 500, 1000)?;
    let cursor = asked.params.cursor.as_deref().unwrap_or("0");
    let start = read_cursor(cursor).ok_or_else(no_cursor)?;
    // Read first: a generation finished meanwhile only makes the tag too old, not the answer.
    let generation = db::latest_generation(&api.db).await?.n;
    let mut changes = db::changes_after(&api.db, &start, limit + 1).await?;
    // The changes after the cursor are complete or refused: a part would look like all. Checked after reading them.
    let removed = db::changes_removed(&api.db).await?;
    if start.generation < removed || (start.generation == removed && start.within.is_some()) {
        return Err(ApiError::BadRequest(format!(
            "the changes reach back to generation {removed}: take a snapshot, and go on with cursor={removed}"
        )));
    }
    let more = i64::try_from(changes.len()).unwrap_or(i64::MAX) > limit;
    changes.truncate(usize::try_from(limit).unwrap_or(0));
    let next = changes
        .last()
        .map(|last| cursor::write([&last.generation.to_string(), &last.product, &last.build_id.to_string()]));
    let changes = changes.into_iter().map(|change| OneChange {
        product: change.product.clone(),
        build_id: change.build_id.to_string(),
        entry: HistoryEntry::from(change),
    });
    let cursor = next.unwrap_or_else(|| cursor.to_owned());
    let body = Changes {
        changes: changes.collect(),
        next: asked.next(&cursor),
        cursor,
        more,
    };
    Ok(asked.answer(&generation.to_string(), body))
}

fn read_cursor(cursor: &str) -> Option<ChangeCursor> {
    // Clients keep these cursors; older ones have dots between their parts.
    let place = cursor.replace('.', "~");
    if let Some([generation]) = cursor::read(&place) {
        let generation = generation.parse().ok()?;
        return Some(ChangeCursor {
            generation,
            within: None,
        });
    }
    let [generation, product, id] = cursor::read(&place)?;
    Some(ChangeCursor {
        generation: generation.parse().ok()?,
        within: Some((product, id.parse().ok()?)),
    })
}

#[cfg(test)]
mod tests {
    use super::{ChangeCursor, read_cursor};

    #[test]
    fn places_that_clients_kept_are_still_taken() {
        let within = |generation, within: Option<(&str, &str)>| {
            let within = within.map(|(product, id)| (product.to_owned(), id.parse().unwrap()));
            Some(ChangeCursor { generation, within })
        };
        for (cursor, expected) in [
            ("7", within(7, None)),
            (
                "7~Firefox~20260101000000",
                within(7, Some(("Firefox", "20260101000000"))),
            ),
            (
                "7.Firefox.20260101000000",
                within(7, Some(("Firefox", "20260101000000"))),
            ),
            ("7~Firefox", None),
            ("x~Firefox~20260101000000", None),
            ("7~Firefox~20260101000000~", None),
            ("", None),
        ] {
            assert_eq!(read_cursor(cursor), expected, "{cursor}");
        }
    }
}
