//! The list of crashes.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use buildinfo::db::beginning;
use builds::names::product;
use builds::{Product, Version};
use crashstore::db::{self, Cursor, Filter, State as CrashState, Summary};
use platform::db::{Beginning, Db, DbError};
use platform::http::ApiError;

use crate::page::{PageError, html, unusable};
use crate::params::Params;
use crate::state::Webapp;
use crate::words::{self, Word};
use crate::{format, links};

/// Crashes per page.
const PAGE: usize = 50;
/// Longer signatures and reasons are cut in the list; the report has them in full.
const CELL: usize = 160;

/// Shows the crashes that match the filters, newest first.
pub(crate) async fn list(State(app): State<Webapp>, params: Params) -> Result<Response, PageError> {
    let mut asked = Asked::read(&params).map_err(unusable)?;
    let after = match params.get("after") {
        None | Some("") => None,
        Some(place) => Some(place.parse::<Cursor>().map_err(|()| no_such_place())?),
    };
    // One more than is shown reveals whether there is an older page.
    let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
    let filter = asked.filter(&app.db).await?;
    // Links to more of the list name what is listed.
    (asked.product, asked.channel) = (filter.product.clone(), filter.channel.clone());
    let crashes = db::list(&app.db, &filter, after.as_ref(), limit).await?;
    let page = CrashesPage::new(&asked, &filter, after.is_some(), &crashes);
    Ok(html(StatusCode::OK, &page))
}

fn no_such_place() -> PageError {
    let sentence = "This link into the list of crashes is not whole: begin again with the newest.";
    ApiError::BadRequest(sentence.to_owned()).into()
}

/// The filters as requested; empty ones do not narrow the list.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// The product as in crash reports, or in any known spelling.
    pub product: String,
    /// The version as programs or people write it, or its beginning, as [`beginning::versions`] reads it.
    pub version: String,
    /// The channel.
    pub channel: String,
    /// The build id, its first digits, or a date.
    pub build_id: String,
    /// The whole signature.
    pub signature: String,
}

impl Asked {
    fn read(params: &Params) -> Result<Self, &'static str> {
        let text = |name| params.text(name).map(str::to_owned);
        Ok(Self {
            product: text("product")?,
            version: text("version")?,
            channel: text("channel")?,
            build_id: text("build_id")?,
            signature: text("signature")?,
        })
    }

    /// The filters as searched. A name that reports use for their product means that product; if no crash has it, it
    /// means what sources and people call by it, such as `devedition` or `Firefox for Android`.
    ///
    /// # Errors
    /// The database failed.
    pub async fn filter(&self, db: &Db) -> Result<Filter, DbError> {
        let product = Filter {
            product: self.product.clone(),
            ..Filter::default()
        };
        let mut named = product::named(&self.product);
        let is_same = named.is_some_and(|named| named == (self.product.as_str(), ""));
        if named.is_some() && !is_same && !db::list(db, &product, None, 1).await?.is_empty() {
            named = None;
        }
        let (product, own_channel) = named.unwrap_or((&self.product, ""));
        let version = if product.is_empty() || product.parse::<Product>().is_ok() {
            Version::written(&self.version)
        } else {
            self.version.clone()
        };
        let version_begins = beginning::versions(&version);
        let build_id_begins = beginning::build_ids(&self.build_id);
        let channel = if self.channel.is_empty() {
            own_channel
        } else {
            &self.channel
        };
        let whole = |text: &str, begins: bool| if begins { "" } else { text }.to_owned();
        Ok(Filter {
            product: product.to_owned(),
            version: whole(&version, version_begins.is_some()),
            version_begins,
            channel: channel.to_owned(),
            build_id: whole(&self.build_id, build_id_begins.is_some()),
            build_id_begins,
            signature: self.signature.clone(),
            since: None,
        })
    }

    /// The filters by the names of their parameters.
    fn named(&self) -> [(&'static str, &str); 5] {
        [
            ("product", &self.product),
            ("version", &self.version),
            ("channel", &self.channel),
            ("build_id", &self.build_id),
            ("signature", &self.signature),
        ]
    }

    /// The address of the list with these filters.
    pub(crate) fn link(&self) -> String {
        links::crashes(&self.named())
    }
}

/// The filters in words; empty if there are none.
fn words_of(filter: &Filter) -> String {
    let begins = |what: &str, begin: &Beginning| format!("{what} {begin}, everything that begins so");
    let whole = |what: &str, text: &str| (!text.is_empty()).then(|| format!("{what} {}", text::shortened(text, CELL)));
    [
        whole("product", &filter.product),
        whole("channel", &filter.channel),
        filter.version_begins.as_ref().map(|begin| begins("version", begin)),
        whole("version", &filter.version),
        filter.build_id_begins.as_ref().map(|begin| begins("build id", begin)),
        whole("build id", &filter.build_id),
        whole("signature", &filter.signature),
    ]
    .into_iter()
    .flatten()
    .collect::<Vec<_>>()
    .join("; ")
}

#[derive(Debug, Template)]
#[template(path = "crashes.html")]
struct CrashesPage<'a> {
    asked: &'a Asked,
    /// The filters in words; empty if there are none.
    words: String,
    /// Products to offer in the form: those on the page.
    products: BTreeSet<&'a str>,
    rows: Vec<Row<'a>>,
    newest: Option<String>,
    older: Option<String>,
}

/// One crash in a list.
#[derive(Debug)]
pub(crate) struct Row<'a> {
    pub(crate) crash: &'a Summary,
    pub(crate) version: String,
    pub(crate) time: String,
    pub(crate) report: String,
    pub(crate) processed: bool,
    /// A remark about the version; none for a build that is known and out.
    pub(crate) mark: Option<Word>,
    pub(crate) build: Option<String>,
    pub(crate) reason: String,
    pub(crate) signature: String,
    pub(crate) same_signature: String,
}

impl<'a> CrashesPage<'a> {
    fn new(asked: &'a Asked, filter: &Filter, beyond_newest: bool, crashes: &'a [Summary]) -> Self {
        let shown = crashes.get(..PAGE).unwrap_or(crashes);
        let filters = asked.named();
        let older = shown.last().filter(|_| crashes.len() > shown.len()).map(|last| {
            let place = Cursor {
                received: last.received,
                crash_id: last.id.to_string(),
            }
            .to_string();
            let with_place: Vec<(&str, &str)> = filters.into_iter().chain([("after", &*place)]).collect();
            links::crashes(&with_place)
        });
        Self {
            asked,
            words: words_of(filter),
            products: crashes
                .iter()
                .map(|crash| crash.product.as_str())
                .filter(|product| !product.is_empty())
                .collect(),
            rows: shown.iter().map(Row::new).collect(),
            newest: beyond_newest.then(|| links::crashes(&filters)),
            older,
        }
    }
}

impl<'a> Row<'a> {
    pub(crate) fn new(crash: &'a Summary) -> Self {
        let processed = crash.state == CrashState::Processed;
        Self {
            crash,
            version: words::version(&crash.product, &crash.version),
            time: format::time(crash.received),
            report: links::report(&crash.id),
            processed,
            mark: mark(crash, processed),
            build: links::build(&crash.product, &crash.channel, &crash.build_id),
            reason: text::shortened(&crash.reason, CELL),
            signature: text::shortened(&crash.signature, CELL),
            same_signature: links::crashes(&[("signature", &crash.signature)]),
        }
    }
}

fn mark(crash: &Summary, processed: bool) -> Option<Word> {
    if !processed {
        return Some(Word {
            text: "as reported",
            meaning: "The version is the one that the client reported: this crash is not processed yet.",
            look: "odd",
        });
    }
    let word = words::build_status(&crash.build_status, &crash.product, &crash.build_id);
    (word.look != "good").then_some(word)
}
