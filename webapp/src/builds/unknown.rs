//! The page of build ids that no source knows, with the open alarms.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use buildinfo::db::{self, Alarm, AlarmFilter, Unknown, UnknownFilter};
use buildinfo::sources::archive::public_address;
use buildinfo::watch::alarm::{self, plan_of};
use buildinfo::watch::importer::Importer;
use builds::audit::Check;
use builds::unknown::{UnknownKey, Verdict, counted_product, stands_for_betas};
use builds::{BuildId, Product};
use platform::clock;
use platform::db::{Db, DbError};
use platform::http::ApiError;

use crate::page::{PageError, html, unusable};
use crate::params::Params;
use crate::state::Webapp;
use crate::words::{self, Word};
use crate::{format, links};

/// The path of the page.
pub(super) const PATH: &str = "/builds/unknown";
/// Ids per page.
const PAGE: i64 = 50;
/// Alarms per page.
const MOST_ALARMS: usize = 20;
/// How long ended alarms are shown, in microseconds: a day.
const LATELY: i64 = 86_400_000_000;
/// How many of the newest builds with an ended alarm are searched for them.
const MANY_ENDED: i64 = 200;
/// Maximum recently ended alarms shown.
const MOST_ENDED: usize = 5;
/// Stands for every verdict in the address.
const ALL: &str = "all";

/// Which ids are listed, as read from the address.
#[derive(Debug)]
struct Choice {
    product: String,
    /// None means any verdict.
    verdict: Option<Verdict>,
    /// `open`, `cleared`, or empty: with or without an alarm.
    alarm: String,
}

impl Choice {
    /// By default the ids that a source could still list; with an alarm, those of any verdict.
    fn read(params: &Params) -> Result<Self, PageError> {
        let product = params.text("product").map_err(unusable)?;
        let alarm = params.text("alarm").map_err(unusable)?;
        let verdict = match (params.text("verdict").map_err(unusable)?, alarm) {
            ("", "") => Some(Verdict::NotSeen),
            ("" | ALL, _) => None,
            (name, _) => Some(Verdict::named(name).ok_or_else(no_verdict)?),
        };
        if !alarm.is_empty() && AlarmFilter::named(alarm).is_none() {
            let sentence = "Alarms are open or cleared.".to_owned();
            return Err(ApiError::BadRequest(sentence).into());
        }
        Ok(Self {
            product: product.to_owned(),
            verdict,
            alarm: alarm.to_owned(),
        })
    }

    fn filter(&self) -> UnknownFilter {
        UnknownFilter {
            product: (!self.product.is_empty()).then(|| counted_product(&self.product)),
            verdict: self.verdict,
            alarm: AlarmFilter::named(&self.alarm).unwrap_or(AlarmFilter::Any),
        }
    }

    /// The address of the same list with another verdict, starting at a given place.
    fn link(&self, verdict: Option<Verdict>, after: &str) -> String {
        let parameters = [
            ("product", self.product.as_str()),
            ("verdict", verdict.map_or(ALL, Verdict::as_str)),
            ("alarm", &self.alarm),
            ("after", after),
        ];
        links::page(PATH, &parameters)
    }
}

fn no_verdict() -> PageError {
    let names = Verdict::ALL.map(Verdict::as_str).join(", ");
    ApiError::BadRequest(format!("The verdicts on unknown build ids are {names}.")).into()
}

fn no_such_place() -> PageError {
    let sentence = "This link into the list of build ids is not whole: begin again with the first.";
    ApiError::BadRequest(sentence.to_owned()).into()
}

/// Lists unknown ids, newest first; the first page starts with the open alarms.
pub(crate) async fn show(State(app): State<Webapp>, params: Params) -> Result<Response, PageError> {
    let choice = Choice::read(&params)?;
    let after = match params.get("after") {
        None | Some("") => None,
        Some(place) => Some(place.parse::<UnknownKey>().map_err(|()| no_such_place())?),
    };
    let filter = choice.filter();
    let found = db::list_unknown(&app.db, &filter, after.as_ref(), PAGE).await?;
    let mut alarms = match after {
        None => db::open_alarms(&app.db).await?,
        Some(_) => Vec::new(),
    };
    alarms.retain(|alarm| {
        let product = filter.product.as_ref();
        product.is_none_or(|product| *product == alarm.product)
    });
    let counts = db::unknown_counts(&app.db).await?;
    let now = clock::now_micros();
    let importer = Importer::of(&app.db, now).await?;
    let ended = match after {
        None => ended_lately(&app.db, filter.product.clone(), now).await?,
        Some(_) => Vec::new(),
    };
    let last = found.rows.last().filter(|_| found.more);
    let page = UnknownPage {
        first: after.map(|_| choice.link(choice.verdict, "")),
        next: last.map(|last| choice.link(choice.verdict, &last.key().to_string())),
        verdicts: verdicts(&choice, &counts),
        nothing_ever: counts.is_empty(),
        meaning: choice.verdict.map(|verdict| words::verdict(verdict).meaning),
        rows: found.rows.iter().map(Row::new).collect(),
        alarms_left_out: alarms.len().saturating_sub(MOST_ALARMS),
        alarms: alarms
            .iter()
            .take(MOST_ALARMS)
            .map(|alarm| AlarmRow::new(alarm, &importer))
            .collect(),
        advice: words::sentence(Check::OpenAlarm.advice()),
        nobody: importer.warning(),
        handed_in: importer.note().map(words::sentence),
        ended,
        all_ended: {
            let product = choice.product.as_str();
            links::page(PATH, &[("product", product), ("alarm", "cleared")])
        },
        choice,
    };
    Ok(html(StatusCode::OK, &page))
}

/// An alarm that ended.
#[derive(Debug)]
struct Ended {
    name: String,
    build_id: String,
    page: Option<String>,
    /// When the build became known.
    known: String,
    /// The sources that list it; empty if no build has the id any more.
    sources: String,
}

/// The alarms that ended recently, latest first.
async fn ended_lately(db: &Db, product: Option<String>, now: i64) -> Result<Vec<Ended>, DbError> {
    let filter = UnknownFilter {
        product,
        verdict: None,
        alarm: AlarmFilter::Cleared,
    };
    let found = db::list_unknown(db, &filter, None, MANY_ENDED).await?;
    let mut lately: Vec<(i64, Unknown)> = found
        .rows
        .into_iter()
        .filter_map(|row| Some((row.cleared?, row)))
        .filter(|(cleared, _)| *cleared >= now - LATELY)
        .collect();
    lately.sort_by_key(|(cleared, _)| std::cmp::Reverse(*cleared));
    lately.truncate(MOST_ENDED);
    if lately.is_empty() {
        return Ok(Vec::new());
    }
    let generation = db::latest_generation(db).await?.n;
    let mut ended = Vec::new();
    for (cleared, row) in lately {
        let builds = match (row.product.parse::<Product>(), row.build_id.parse()) {
            (Ok(product), Ok(id)) => db::builds_by_id(db, generation, product, id).await?,
            _ => Vec::new(),
        };
        let sources: BTreeSet<String> = builds
            .iter()
            .flat_map(|build| &build.sources)
            .map(ToString::to_string)
            .collect();
        ended.push(Ended {
            name: format!("{} {}", row.product, row.channel).trim().to_owned(),
            page: links::build(&row.product, &row.channel, &row.build_id),
            build_id: row.build_id,
            known: format::time(cleared),
            sources: sources.into_iter().collect::<Vec<_>>().join(", "),
        });
    }
    Ok(ended)
}

/// A verdict to choose, with its list.
#[derive(Debug)]
struct Tab {
    text: String,
    link: String,
    here: bool,
}

/// The number of ids per verdict, most urgent first. Not counted if a product is chosen.
fn verdicts(choice: &Choice, counts: &[(String, i64)]) -> Vec<Tab> {
    let order = [
        Some(Verdict::NotSeen),
        Some(Verdict::NoSource),
        Some(Verdict::Unofficial),
        Some(Verdict::Junk),
        None,
    ];
    let of = |verdict: Option<Verdict>| -> i64 {
        let wanted = |name: &str| verdict.is_none_or(|verdict| verdict.as_str() == name);
        let counts = counts.iter().filter(|(name, _)| wanted(name));
        counts.map(|(_, count)| count).sum()
    };
    let counted = choice.product.is_empty() && choice.alarm.is_empty();
    let tab = |verdict: Option<Verdict>| {
        let text = verdict.map_or("all", |verdict| words::verdict(verdict).text);
        Tab {
            text: match counted {
                true => format!("{text} ({})", text::thousands(of(verdict))),
                false => text.to_owned(),
            },
            link: choice.link(verdict, ""),
            here: choice.verdict == verdict,
        }
    };
    order.map(tab).into()
}

/// One unknown id.
#[derive(Debug)]
struct Row {
    product: String,
    channel: String,
    build_id: String,
    /// The page with what can be said about it; none if it is not a valid build id.
    page: Option<String>,
    crashes: Option<String>,
    verdict: Option<Word>,
    asked: String,
    first: String,
    last: String,
    alarm: Option<Word>,
    /// What became of the alarm.
    outcome: String,
}

impl Row {
    fn new(row: &Unknown) -> Self {
        let page = links::build(&row.product, &row.channel, &row.build_id);
        let crashes = [("product", &*row.product), ("build_id", &*row.build_id)];
        Self {
            crashes: row
                .build_id
                .parse::<BuildId>()
                .is_ok()
                .then(|| links::crashes(&crashes)),
            page,
            product: row.product.clone(),
            channel: row.channel.clone(),
            build_id: row.build_id.clone(),
            verdict: Verdict::named(&row.verdict).map(words::verdict),
            asked: text::thousands(row.asked),
            first: format::time(row.first_asked),
            last: format::time(row.last_asked),
            alarm: row.raised.map(|_| match row.cleared {
                None => ALARM_ON,
                Some(_) => ALARM_OVER,
            }),
            outcome: row.outcome.clone().unwrap_or_default(),
        }
    }
}

const ALARM_ON: Word = Word {
    text: "on",
    meaning: "Several installations crash with this build.",
    look: "bad",
};
const ALARM_OVER: Word = Word {
    text: "over",
    meaning: "The build became known.",
    look: "good",
};

/// An open alarm, with the build's expected locations.
#[derive(Debug)]
struct AlarmRow {
    /// What can be promised about a build that was not searched for yet.
    promise: String,
    product: String,
    channel: String,
    build_id: String,
    page: Option<String>,
    crashes: String,
    installs: String,
    reported: String,
    raised: String,
    tried: Option<String>,
    outcome: String,
    /// Folders of the archive with their addresses; a pattern for several folders has none.
    folders: Vec<(String, Option<String>)>,
    /// The body of the Buildhub search.
    search: String,
}

impl AlarmRow {
    fn new(alarm: &Alarm, importer: &Importer) -> Self {
        let plan = plan_of(alarm);
        let folders = plan.iter().flat_map(|plan| &plan.archive);
        Self {
            product: alarm.product.clone(),
            channel: alarm.channel.clone(),
            build_id: alarm.build_id.clone(),
            page: links::build(&alarm.product, &alarm.channel, &alarm.build_id),
            crashes: links::crashes(&[("product", &alarm.product), ("build_id", &alarm.build_id)]),
            installs: text::thousands(alarm.installs),
            reported: text::shortened(&alarm.reported, 40),
            raised: format::time(alarm.raised),
            promise: words::sentence(&match &plan {
                Some(plan) => alarm::promise(plan.product, importer),
                None => importer.promise(),
            }),
            tried: alarm.tried.map(format::time),
            outcome: alarm.outcome.as_deref().map(words::sentence).unwrap_or_default(),
            folders: folders
                .map(|path| {
                    let link = (!stands_for_betas(path)).then(|| public_address(path));
                    (path.clone(), link)
                })
                .collect(),
            search: plan
                .filter(|plan| plan.product.is_in_archive())
                .map(|plan| plan.buildhub.to_string())
                .unwrap_or_default(),
        }
    }
}

#[derive(Debug, Template)]
#[template(path = "unknown.html")]
struct UnknownPage {
    choice: Choice,
    verdicts: Vec<Tab>,
    /// The meaning of the chosen verdict.
    meaning: Option<&'static str>,
    /// Whether no unknown id was ever requested.
    nothing_ever: bool,
    alarms: Vec<AlarmRow>,
    alarms_left_out: usize,
    /// The recently ended alarms.
    ended: Vec<Ended>,
    /// The list of all ended alarms.
    all_ended: String,
    /// What to do about an alarm.
    advice: String,
    /// The warning that no process imports on its own, if none does.
    nobody: Option<String>,
    /// What to know where builds are not imported.
    handed_in: Option<String>,
    rows: Vec<Row>,
    first: Option<String>,
    next: Option<String>,
}

impl UnknownPage {
    fn products(&self) -> impl Iterator<Item = &'static str> {
        Product::all().map(Product::as_str)
    }
}
