//! The audit log, for those who administer the system.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use platform::access::{self, Action, Entry, Permission};
use platform::http::{ApiError, Caller};
use text::cursor;

use crate::page::{PageError, html, unusable, vary};
use crate::params::Params;
use crate::state::Webapp;
use crate::{format, links};

/// Lines per page.
const PAGE: usize = 100;

/// Shows the log, or its lines about one crash, the newest first. That it was read is a line as well.
pub(crate) async fn show(State(app): State<Webapp>, caller: Caller, params: Params) -> Result<Response, PageError> {
    caller.require(Permission::Administer)?;
    let asked = params.text("crash_id").map_err(unusable)?.trim_start_matches("bp-");
    let first = match asked.parse() {
        // Lines name the first copy of a report.
        Ok(id) => crashstore::db::first_copy(&app.db, &id).await?.to_string(),
        Err(_) => asked.to_owned(),
    };
    let crash_id = first.as_str();
    let place = match params.get("after") {
        None | Some("") => None,
        Some(place) => Some(read(place).ok_or_else(|| {
            ApiError::BadRequest("This link into the audit log is not whole: begin again with the newest.".to_owned())
        })?),
    };
    let before = place.as_ref().map(|(at, id)| (*at, id.as_str()));
    // One more than is shown reveals whether there is an older page.
    let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
    let mut entries = access::entries(&app.db, crash_id, i64::MIN, before, limit).await?;
    app.access.record(&caller, Action::ReadAuditLog, None, crash_id).await?;
    let older = (entries.len() > PAGE)
        .then(|| entries.get(PAGE - 1))
        .flatten()
        .map(|last| {
            let place = cursor::write([&last.at.to_string(), &last.id]);
            links::page("/audit-log", &[("crash_id", crash_id), ("after", &place)])
        });
    entries.truncate(PAGE);
    let page = AuditLogPage {
        crash_id,
        rows: entries
            .into_iter()
            .map(|entry| Row {
                time: format::time(entry.at),
                entry,
            })
            .collect(),
        newest: place.map(|_| links::page("/audit-log", &[("crash_id", crash_id)])),
        older,
    };
    let mut response = html(StatusCode::OK, &page);
    vary(&mut response);
    Ok(response)
}

fn read(place: &str) -> Option<(i64, String)> {
    let [at, id] = cursor::read(place)?;
    Some((at.parse().ok()?, id))
}

#[derive(Debug, Template)]
#[template(path = "audit_log.html")]
struct AuditLogPage<'a> {
    crash_id: &'a str,
    rows: Vec<Row>,
    newest: Option<String>,
    older: Option<String>,
}

#[derive(Debug)]
struct Row {
    time: String,
    entry: Entry,
}
