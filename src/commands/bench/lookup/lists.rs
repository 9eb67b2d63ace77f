//! The lists of builds: by each filter alone and by any two, with and without results, first and second page.

use std::time::Instant;

use buildinfo::db::{BuildKey, Filter, list_builds};
use builds::{Build, Product};
use platform::db::Db;

use super::super::figures::{Figures, Limit, median};
use super::super::synthetic::History;

/// The rows of a page of the API.
const PAGE: i64 = 100;
/// Time limit of a list, in milliseconds.
const LIMIT: f64 = 50.0;
/// A year of build ids.
const YEAR: u64 = 10_000_000_000;

/// A filter field's name, and a function that sets it.
type Narrow = (&'static str, Box<dyn Fn(&mut Filter)>);

/// Measures how long the slowest lists take.
pub(super) async fn measure(db: &Db, history: History, figures: &mut Figures) -> anyhow::Result<()> {
    db.analyze().await?;
    // A build from the middle: its matches are not all on the first page.
    let Some(build) = history.builds(history.ids() / 2).next() else {
        return Ok(());
    };
    let (found, nothing) = (found(&build?), nothing());
    for (name, first, second, limit) in [
        (
            "lists by one filter or two, found",
            &found,
            &found,
            Limit::AtMost(LIMIT),
        ),
        ("by one or two, neither found", &nothing, &nothing, Limit::AtMost(LIMIT)),
        ("by two, one of them found", &found, &nothing, Limit::None),
    ] {
        let mut slowest = (0.0, String::new());
        for (one, set_one) in first {
            for (other, set_other) in second {
                let mut filter = Filter::default();
                set_one(&mut filter);
                set_other(&mut filter);
                let took = time(db, &filter).await?;
                if took > slowest.0 {
                    slowest = (took, format!("{one}, {other}"));
                }
            }
        }
        figures.add(name, slowest.0, "ms", limit)?;
        figures.heading(&format!("    the slowest by {}", slowest.1))?;
    }
    let all = time(db, &Filter::default()).await?;
    figures.add("the list of all", all, "ms", Limit::AtMost(LIMIT))
}

/// The median of three measurements of both pages, in milliseconds for the slower page.
async fn time(db: &Db, filter: &Filter) -> anyhow::Result<f64> {
    let mut times = [0.0; 3];
    for time in &mut times {
        let begin = Instant::now();
        let page = list_builds(db, 1, filter, None, PAGE).await?;
        let first = begin.elapsed();
        let begin = Instant::now();
        if let Some(last) = page.rows.last() {
            list_builds(db, 1, filter, Some(&BuildKey::from(last)), PAGE).await?;
        }
        *time = first.max(begin.elapsed()).as_secs_f64() * 1e3;
    }
    Ok(median(times))
}

fn found(build: &Build) -> Vec<Narrow> {
    let (product, platform) = (build.product, build.platform.clone());
    let (channel, version) = (build.channel.clone(), build.version.to_string());
    let revision = build.revision.clone();
    let year = build.build_id.as_u64() / YEAR * YEAR;
    vec![
        ("product", Box::new(move |filter| filter.product = Some(product))),
        (
            "channel",
            Box::new(move |filter| filter.channel = Some(channel.clone())),
        ),
        (
            "version",
            Box::new(move |filter| filter.version = Some(version.clone())),
        ),
        (
            "platform",
            Box::new(move |filter| filter.platform = Some(platform.clone())),
        ),
        (
            "revision",
            Box::new(move |filter| filter.revision.clone_from(&revision)),
        ),
        (
            "build ids of a year",
            Box::new(move |filter| filter.ids = Some(year..year + YEAR)),
        ),
    ]
}

fn nothing() -> Vec<Narrow> {
    let nothing = || Some("nothing".to_owned());
    vec![
        ("product", Box::new(|filter| filter.product = Some(Product::FENIX))),
        ("channel", Box::new(move |filter| filter.channel = nothing())),
        ("version", Box::new(move |filter| filter.version = nothing())),
        ("platform", Box::new(move |filter| filter.platform = nothing())),
        ("revision", Box::new(move |filter| filter.revision = nothing())),
        ("build id", Box::new(|filter| filter.ids = Some(1..2))),
    ]
}
