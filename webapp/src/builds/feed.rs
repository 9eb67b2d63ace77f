//! The newest builds of a channel as an Atom feed (RFC 4287), for programs that wait for a release.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use buildinfo::db;
use builds::{BuildIndex, BuildRef, Directory, Product, Status};
use chrono::NaiveTime;
use platform::clock::rfc3339;
use platform::http::ApiError;

use super::channel::{PAGE, channel_of, small_index, unknown_product};
use crate::page::{PageError, Problem, unusable};
use crate::params::Params;
use crate::state::Webapp;
use crate::{links, words};

/// Returns the newest builds of a channel; with `status`, only those with that status.
pub(crate) async fn show(
    State(app): State<Webapp>,
    Path((name, channel)): Path<(String, String)>,
    params: Params,
) -> Result<Response, PageError> {
    let Ok(directory) = name.parse::<Directory>() else {
        return Ok(unknown_product(&name));
    };
    let status = match params.text("status").map_err(unusable)? {
        "" => None,
        text => match serde_json::from_value(text.into()) {
            Ok(status) => Some(status),
            Err(_) => return Ok(not_a_status(text)),
        },
    };
    let (product, channel) = (directory.product(), channel_of(directory, &channel));
    let generation = db::latest_generation(&app.db).await?.n;
    let page = db::builds_of_channel(&app.db, generation, product, &channel, None, PAGE).await?;
    let found = if page.rows.is_empty() {
        StatusCode::NOT_FOUND
    } else {
        StatusCode::OK
    };
    let feed = Feed::new(product, &channel, status, &small_index(generation, &page.rows)?);
    let headers = [
        (header::CONTENT_TYPE, "application/atom+xml; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    match feed.render() {
        Ok(text) => Ok((found, headers, text).into_response()),
        Err(error) => Err(ApiError::Internal(error.into()).into()),
    }
}

fn not_a_status(text: &str) -> Response {
    Problem {
        title: "Not a status".to_owned(),
        sentence: format!(
            "“{}” is nothing that can become of a build.",
            text::shortened(text, 100)
        ),
        causes: vec![
            "A feed can be asked for builds that are shipped, candidate, aborted, pulled, published, variant \
            or unofficial, or for all."
                .to_owned(),
        ],
    }
    .answer(StatusCode::BAD_REQUEST)
}

#[derive(Debug, Template)]
#[template(path = "feed.xml")]
struct Feed {
    /// Stable.
    id: String,
    product: &'static str,
    channel: String,
    own: String,
    page: String,
    updated: String,
    entries: Vec<Entry>,
}

/// The builds with the same id, name and status.
#[derive(Debug)]
struct Entry {
    /// Stable, whatever happens to the build.
    id: String,
    title: String,
    page: String,
    /// The upload time or, if later, the start of the day on which it shipped; microseconds UTC.
    at: i64,
    updated: String,
    status: String,
    platforms: String,
}

impl Feed {
    fn new(product: Product, channel: &str, status: Option<Status>, index: &BuildIndex) -> Self {
        let same = |build: &BuildRef<'_>| (build.build_id(), build.variant().to_owned());
        let mut builds: Vec<BuildRef<'_>> = index
            .builds()
            .filter(|build| build.channel() == channel)
            .filter(|build| status.is_none_or(|status| build.status() == status))
            .collect();
        builds.sort_by_key(same);
        let mut entries: Vec<Entry> = builds
            .chunk_by(|a, b| same(a) == same(b))
            .filter_map(|builds| Entry::new(product, channel, builds))
            .collect();
        entries.sort_by(|a, b| (b.at, &b.id).cmp(&(a.at, &a.id)));
        let page = links::channel(product.as_str(), channel);
        let chosen = status.map(|status| format!("?status={status}"));
        Self {
            id: urn(product, channel),
            product: product.as_str(),
            channel: channel.to_owned(),
            own: format!("{page}/feed.atom{}", chosen.unwrap_or_default()),
            page,
            updated: rfc3339(entries.first().map_or(0, |newest| newest.at)),
            entries,
        }
    }
}

/// The name of a channel's feed. Names of products can have blanks, which no URN has.
fn urn(product: Product, channel: &str) -> String {
    format!("urn:datil:{}:{channel}", links::segment(product.as_str()))
}

impl Entry {
    fn new(product: Product, channel: &str, builds: &[BuildRef<'_>]) -> Option<Self> {
        let build = *builds.first()?;
        let id = build.build_id();
        let uploaded = builds.iter().filter_map(|build| build.published_at()).min();
        let shipped = builds
            .iter()
            .filter_map(|build| build.shipped_on())
            .map(|day| day.and_time(NaiveTime::MIN).and_utc().timestamp_micros())
            .min();
        let at = uploaded.unwrap_or_else(|| id.micros()).max(shipped.unwrap_or(0));
        let mut platforms: Vec<&str> = builds
            .iter()
            .map(|build| build.platform())
            .filter(|name| !name.is_empty())
            .collect();
        platforms.sort_unstable();
        // A candidate's name already includes its number.
        let number = build
            .build_number()
            .filter(|_| build.version().candidate().is_none())
            .map(|number| format!(" build {number}"));
        let status = build.status().to_string();
        Some(Self {
            id: format!("{}:{id}:{}", urn(product, channel), build.variant()),
            title: format!(
                "{product} {}{}{}: {}",
                words::version(product.as_str(), build.version().as_str()),
                number.unwrap_or_default(),
                if build.variant().is_empty() {
                    String::new()
                } else {
                    format!(" {}", build.variant())
                },
                words::status(&status).text
            ),
            page: links::build_page(product.as_str(), channel, id),
            at,
            updated: rfc3339(at),
            status,
            platforms: platforms.join(", "),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::build;

    #[test]
    fn an_entry_is_as_new_as_its_shipping_and_keeps_its_id() {
        let mut candidate = build("beta", "64.0b4", "20181025233934", "win64");
        candidate.status = Status::Candidate;
        candidate.shipped_on = None;
        let mut shipped = build("beta", "64.0b4", "20181025233934", "macosx");
        shipped.shipped_on = "2018-10-30".parse().ok();
        let later = build("beta", "64.0b5", "20181029174105", "win64");
        let feed = |builds: &[builds::Build], status| {
            let index = BuildIndex::from_builds(1, builds).unwrap();
            Feed::new(Product::FIREFOX, "beta", status, &index)
        };
        let before = feed(&[candidate.clone(), later.clone()], None);
        let after = feed(&[shipped, later], None);
        let titles = |feed: &Feed| -> Vec<String> { feed.entries.iter().map(|entry| entry.title.clone()).collect() };
        assert!(titles(&before)[1].starts_with("Firefox 64.0b4"), "{before:?}");
        assert!(titles(&after)[0].ends_with(": shipped"), "{after:?}");
        assert_eq!(after.entries[0].updated, "2018-10-30T00:00:00Z");
        assert_eq!(after.updated, after.entries[0].updated);
        assert_eq!(before.entries[1].id, after.entries[0].id);
        assert_eq!(feed(&[candidate], Some(Status::Shipped)).entries.len(), 0);
    }
}
