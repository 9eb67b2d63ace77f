//! Signing in and out.

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use platform::access::Permission;
use platform::http::{Caller, Refused};
use serde::Deserialize;

use crate::page::{PageError, html, vary};
use crate::params::Params;
use crate::state::Webapp;
use crate::{format, links};

const HERE: &str = "/account";

/// Says who the reader is, or asks for a token. Who is signed in and was sent here by another page goes back to it:
/// browsers send no cookie with the first request that comes from another site, so that such a page looks as if one
/// were not signed in.
pub(crate) async fn show(State(app): State<Webapp>, caller: Caller, params: Params) -> Response {
    let next = params.get("next").and_then(links::own_page);
    if let Some(next) = next.filter(|_| caller.is_signed_in()) {
        return see(next, None);
    }
    page(&app, &caller, StatusCode::OK, next.unwrap_or_default(), String::new())
}

/// The form for signing in.
#[derive(Deserialize)]
pub(crate) struct SignIn {
    token: String,
    #[serde(default)]
    next: String,
}

/// Signs in.
pub(crate) async fn sign_in(
    State(app): State<Webapp>,
    caller: Caller,
    Form(form): Form<SignIn>,
) -> Result<Response, PageError> {
    let next = links::own_page(&form.next);
    let problem = match app.access.sign_in(&form.token, &caller).await {
        Ok(cookie) => return Ok(see(next.unwrap_or(HERE), Some(cookie))),
        Err(Refused::Database(error)) => return Err(error.into()),
        Err(Refused::Unknown) => "No token is like this one: look whether it was copied whole.",
        Err(Refused::Expired) => "This token has expired: ask for a new one.",
        Err(Refused::Revoked) => "This token was revoked.",
    };
    let next = next.unwrap_or_default();
    Ok(page(
        &app,
        &Caller::default(),
        StatusCode::FORBIDDEN,
        next,
        problem.to_owned(),
    ))
}

/// Signs out.
pub(crate) async fn sign_out(State(app): State<Webapp>, caller: Caller) -> Result<Response, PageError> {
    let cookie = app.access.sign_out(&caller).await?;
    Ok(see(HERE, Some(cookie)))
}

/// Leads the browser to another page of this site, which it asks for anew.
fn see(path: &str, cookie: Option<HeaderValue>) -> Response {
    let Ok(to) = HeaderValue::from_str(path) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    if let Some(cookie) = cookie {
        headers.insert(header::SET_COOKIE, cookie);
    }
    response
}

fn page(app: &Webapp, caller: &Caller, status: StatusCode, next: &str, problem: String) -> Response {
    let known = caller.identity().map(|identity| Known {
        note: identity.note.clone(),
        token_id: identity.token_id.clone(),
        expires: format::time(identity.expires),
        permissions: identity.permissions.iter().map(|p| (p.name(), p.meaning())).collect(),
        sees_audit_log: caller.may(Permission::Administer),
        is_signed_in: caller.is_signed_in(),
    });
    let page = AccountPage {
        known,
        next,
        problem,
        hours: app.access.session().as_secs() / 3600,
    };
    let mut response = html(status, &page);
    vary(&mut response);
    response
}

#[derive(Debug, Template)]
#[template(path = "account.html")]
struct AccountPage<'a> {
    known: Option<Known>,
    /// Where to go after signing in; empty if nowhere.
    next: &'a str,
    problem: String,
    /// How long one stays signed in.
    hours: u64,
}

/// The holder of a token.
#[derive(Debug)]
struct Known {
    note: String,
    token_id: String,
    expires: String,
    permissions: Vec<(&'static str, &'static str)>,
    sees_audit_log: bool,
    is_signed_in: bool,
}
