//! The pages of the audit: what is wrong with the build data, since when, and what to do about it.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use buildinfo::audit::read::{Filter, Summary};
use buildinfo::audit::{Overview, Place};
use buildinfo::db::MOST_COUNTED;
use buildinfo::sources::archive::public_address;
use builds::audit::{Check, Finding, Score};
use builds::{BuildId, Product};
use platform::http::ApiError;

use crate::page::{PageError, html, unusable};
use crate::params::Params;
use crate::state::Webapp;
use crate::words::{self, Word};
use crate::{format, links};

/// The path of the audit.
pub(super) const PATH: &str = "/builds/audit";
/// Findings per page of one check.
const PAGE: usize = 100;
/// Maximum rows of scores on a page.
const MOST_SCORES: usize = 200;
/// Longer texts of findings are cut.
const CELL: usize = 400;

/// Shows what every check found and how good each source is, or everything that one check found.
pub(crate) async fn show(State(app): State<Webapp>, params: Params) -> Result<Response, PageError> {
    let name = params.text("product").map_err(unusable)?;
    let product = match name {
        "" => None,
        name => Some(name.parse::<Product>().map_err(|_| no_product())?),
    };
    let check = match params.text("check").map_err(unusable)? {
        "" => None,
        name => Some(Check::named(name).ok_or_else(no_check)?),
    };
    let audit = app.audits.overview(product).await?;
    let Some(check) = check else {
        let page = AuditPage::new(&audit, product);
        return Ok(html(StatusCode::OK, &page));
    };
    let after = match params.get("after") {
        None | Some("") => None,
        Some(place) => Some(place.parse::<Place>().map_err(|()| no_such_place())?),
    };
    let filter = Filter {
        product,
        check: Some(check),
    };
    let found = app.audits.findings(filter, after.as_ref(), PAGE).await?;
    let page = CheckPage {
        head: Head::new(check, summary_of(&audit, check)),
        product: product.map(Product::as_str),
        rows: found.findings.iter().map(Row::new).collect(),
        all: link(product, None, ""),
        first: after.map(|_| link(product, Some(check), "")),
        next: found
            .next
            .as_ref()
            .map(|place| link(product, Some(check), &place.to_string())),
    };
    Ok(html(StatusCode::OK, &page))
}

fn no_product() -> PageError {
    let names = Product::names();
    ApiError::BadRequest(format!("Builds are known of these products: {names}.")).into()
}

fn no_check() -> PageError {
    let names = Check::ALL.map(Check::as_str).join(", ");
    ApiError::BadRequest(format!("The checks of the audit are {names}.")).into()
}

fn no_such_place() -> PageError {
    let sentence = "This link into the list of findings is not whole: begin again with the first.";
    ApiError::BadRequest(sentence.to_owned()).into()
}

fn summary_of(audit: &Overview, check: Check) -> Option<&Summary> {
    audit.summaries.iter().find(|one| one.check == check)
}

fn link(product: Option<Product>, check: Option<Check>, after: &str) -> String {
    let product = product.map_or("", Product::as_str);
    let check = check.map_or("", Check::as_str);
    links::page(PATH, &[("product", product), ("check", check), ("after", after)])
}

/// What is shown about a check before its findings.
#[derive(Debug)]
struct Head {
    name: &'static str,
    title: &'static str,
    meaning: &'static str,
    advice: String,
    /// The number of findings, in words.
    count: String,
    nothing: bool,
    /// The severity of the worst finding.
    worst: Option<Word>,
}

impl Head {
    fn new(check: Check, summary: Option<&Summary>) -> Self {
        let (title, meaning) = words::check(check);
        let count = summary.map_or(0, |summary| summary.count);
        let worst = summary.and_then(|summary| summary.findings.first());
        Self {
            name: check.as_str(),
            title,
            meaning,
            advice: words::sentence(check.advice()),
            count: counted(count),
            nothing: count == 0,
            worst: worst.map(|finding| words::severity(finding.severity)),
        }
    }
}

fn counted(count: i64) -> String {
    match count {
        0 => "none".to_owned(),
        MOST_COUNTED.. => format!("{} or more", text::thousands(MOST_COUNTED)),
        count => text::thousands(count),
    }
}

/// One finding.
#[derive(Debug)]
struct Row {
    severity: Word,
    subject: String,
    /// The page, or the file of the archive, that the finding is about.
    link: Option<String>,
    found: String,
    /// The command that states the right value.
    command: Option<String>,
}

impl Row {
    fn new(finding: &Finding) -> Self {
        Self {
            severity: words::severity(finding.severity),
            subject: text::shortened(&finding.subject, CELL),
            link: about(finding),
            found: text::shortened(&finding.found, CELL),
            command: finding.command.clone(),
        }
    }
}

fn about(finding: &Finding) -> Option<String> {
    let subject = finding.subject.as_str();
    match finding.check {
        Check::SilentSource => Some(super::runs::PATH.to_owned()),
        Check::BadFile if subject.starts_with("/pub/") => Some(public_address(subject)),
        Check::ReportedVersion => {
            let (product, rest) = Product::at_start_of(subject)?;
            let id = rest.split(' ').nth(1)?;
            Some(links::crashes(&[("product", product.as_str()), ("build_id", id)]))
        }
        Check::LatePlatform => {
            let (product, rest) = Product::at_start_of(subject)?;
            Some(links::channel(product.as_str(), rest.split(' ').next()?))
        }
        _ => {
            let id = subject.split(' ').find_map(|word| word.parse::<BuildId>().ok())?;
            Some(links::builds_with_id(&id.to_string()))
        }
    }
}

/// What one check found, on the page of all checks.
#[derive(Debug)]
struct Section {
    head: Head,
    rows: Vec<Row>,
    /// How many more there are, and the page that lists them all.
    more: Option<(String, String)>,
}

impl Section {
    fn new(summary: &Summary, product: Option<Product>) -> Self {
        let shown = i64::try_from(summary.findings.len()).unwrap_or(i64::MAX);
        let left = summary.count - shown;
        let more = (left > 0).then(|| {
            let least = if summary.count >= MOST_COUNTED { "at least " } else { "" };
            let text = format!("{least}{} more", text::thousands(left));
            (text, link(product, Some(summary.check), ""))
        });
        Self {
            head: Head::new(summary.check, Some(summary)),
            rows: summary.findings.iter().map(Row::new).collect(),
            more,
        }
    }
}

/// How well a source did on a channel.
#[derive(Debug)]
struct ScoreRow {
    product: &'static str,
    channel: String,
    source: &'static str,
    builds: String,
    holes: usize,
    median: String,
    p95: String,
    timed: usize,
    contradictions: usize,
    withdrawals: usize,
}

impl ScoreRow {
    fn new(score: &Score) -> Self {
        let delay = |seconds: Option<i64>| seconds.map(format::seconds).unwrap_or_default();
        Self {
            product: score.product.as_str(),
            channel: score.channel.clone(),
            source: score.source.as_str(),
            builds: text::thousands(i64::try_from(score.builds).unwrap_or(i64::MAX)),
            holes: score.holes,
            median: delay(score.median_delay_seconds),
            p95: delay(score.p95_delay_seconds),
            timed: score.timed,
            contradictions: score.contradictions,
            withdrawals: score.withdrawals,
        }
    }
}

#[derive(Debug, Template)]
#[template(path = "audit.html")]
struct AuditPage {
    product: Option<&'static str>,
    products: Vec<&'static str>,
    made: String,
    generation: i64,
    /// The worst result, as a sentence, and how it looks.
    verdict: (String, &'static str),
    /// When the sources answered, one sentence per line.
    freshness: String,
    sections: Vec<Section>,
    scores: Vec<ScoreRow>,
    scores_left_out: usize,
}

impl AuditPage {
    fn new(audit: &Overview, product: Option<Product>) -> Self {
        let sections = audit.summaries.iter();
        let scores: Vec<ScoreRow> = audit.scores.iter().take(MOST_SCORES).map(ScoreRow::new).collect();
        Self {
            product: product.map(Product::as_str),
            products: Product::all().map(Product::as_str).collect(),
            made: format::time(audit.made),
            generation: audit.generation.n,
            verdict: verdict(&audit.summaries),
            freshness: audit.freshness.to_string(),
            sections: sections.map(|one| Section::new(one, product)).collect(),
            scores_left_out: audit.scores.len() - scores.len(),
            scores,
        }
    }
}

fn verdict(summaries: &[Summary]) -> (String, &'static str) {
    let bad: i64 = summaries.iter().map(|one| one.bad).sum();
    let all: i64 = summaries.iter().map(|one| one.count).sum();
    match (bad, all - bad) {
        (0, 0) => ("Nothing is wrong, as far as can be seen.".to_owned(), "good"),
        (0, rest) => {
            let rest = format::counted(rest, "finding");
            (
                format!("No answer is known to be wrong or missing. {rest} to look at when there is time."),
                "odd",
            )
        }
        (1, _) => ("1 finding makes answers wrong or missing now.".to_owned(), "bad"),
        (bad, _) => {
            let bad = text::thousands(bad);
            (format!("{bad} findings make answers wrong or missing now."), "bad")
        }
    }
}

#[derive(Debug, Template)]
#[template(path = "audit_check.html")]
struct CheckPage {
    head: Head,
    product: Option<&'static str>,
    rows: Vec<Row>,
    all: String,
    first: Option<String>,
    next: Option<String>,
}
