//! Buildhub: a search over the records of builds, `POST /api/search` (Elasticsearch 6).
//!
//! Records are read in upload order (`download.date`, then `id`) with `search_after`: other ways lose records to the
//! default size of 10, the maximum size of 1,000 and the window of 10,000 results.

use builds::said::observation::{Observation, SourceName};
use serde_json::{Value, json};
use url::Url;

use super::address::under;
use super::client::{Client, SourceError};

/// Buildhub's maximum page size.
const PAGE: usize = 1000;

/// One page of records.
#[derive(Debug)]
pub struct Records {
    /// The page's observations.
    pub observations: Vec<Observation>,
    /// The number of records on the page.
    pub records: usize,
    /// Records that yield no observation: a member is missing.
    pub unusable: usize,
    /// The total number of records, as the source counts them.
    pub total: u64,
    /// Where the next page begins; none after the last.
    pub next: Option<Value>,
    /// The newest upload on this page, as Buildhub writes it.
    pub newest: Option<String>,
}

/// What to request.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Only uploads at this time or later, RFC 3339.
    pub since: Option<String>,
    /// Only these products, by Buildhub's names; empty: all.
    pub products: Vec<&'static str>,
    /// Only builds with this id.
    pub build_id: Option<String>,
}

/// The number of records uploaded before a time, RFC 3339.
///
/// # Errors
/// See [`SourceError`].
pub async fn count_before(client: &Client, root: &Url, time: &str) -> Result<u64, SourceError> {
    let url = under(root, "/api/search");
    let body = json!({
        "size": 0,
        "query": {"bool": {"filter": [{"range": {"download.date": {"lt": time}}}]}},
    });
    let answer = client.post_json(&url, &body).await?;
    answer
        .pointer("/hits/total")
        .and_then(Value::as_u64)
        .ok_or_else(|| SourceError::Garbage {
            url,
            why: "an answer without a total".to_owned(),
        })
}

/// Reads the page that begins after `after`.
///
/// # Errors
/// See [`SourceError`]; an answer without hits is [`SourceError::Garbage`].
pub async fn page(client: &Client, root: &Url, wanted: &Wanted, after: Option<&Value>) -> Result<Records, SourceError> {
    let url = under(root, "/api/search");
    let mut filter = Vec::new();
    if let Some(since) = &wanted.since {
        filter.push(json!({"range": {"download.date": {"gte": since}}}));
    }
    if !wanted.products.is_empty() {
        filter.push(json!({"terms": {"source.product": wanted.products}}));
    }
    if let Some(id) = &wanted.build_id {
        filter.push(json!({"term": {"build.id": id}}));
    }
    let mut body = json!({
        "size": PAGE,
        "query": {"bool": {"filter": filter}},
        "sort": [{"download.date": {"order": "asc"}}, {"id": {"order": "asc"}}],
    });
    if let Some(after) = after {
        body["search_after"] = after.clone();
    }
    let mut answer = client.post_json(&url, &body).await?;
    let garbage = |why: &str| SourceError::Garbage {
        url: url.clone(),
        why: why.to_owned(),
    };
    let total = answer.pointer("/hits/total").and_then(Value::as_u64);
    let hits = answer
        .pointer_mut("/hits/hits")
        .and_then(Value::as_array_mut)
        .ok_or_else(|| garbage("an answer without hits"))?;
    let total = total.ok_or_else(|| garbage("an answer without a total"))?;
    let next = match hits.last() {
        Some(last) if hits.len() >= PAGE => Some(
            last.get("sort")
                .cloned()
                .ok_or_else(|| garbage("a hit without its place in the order"))?,
        ),
        _ => None,
    };
    if next.is_some() && next.as_ref() == after {
        return Err(garbage("the same page again"));
    }
    let newest = hits
        .iter()
        .filter_map(|hit| hit.pointer("/_source/download/date")?.as_str())
        .max()
        .map(str::to_owned);
    let record = |hit: &mut Value| {
        let record = hit.get_mut("_source")?.take();
        Observation::buildhub_record(SourceName::BUILDHUB, &url, record).ok()
    };
    let observations: Vec<Observation> = hits.iter_mut().filter_map(record).collect();
    Ok(Records {
        records: hits.len(),
        unusable: hits.len() - observations.len(),
        observations,
        total,
        next,
        newest,
    })
}
