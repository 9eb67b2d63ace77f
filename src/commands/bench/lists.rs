//! The lists of crashes: every filter, alone and combined, over many crashes.

use std::time::Instant;

use clap::Args;
use crash::CrashId;
use crashstore::Received;
use crashstore::column::{Name, Text};
use crashstore::db::{Attached, Filter, Finished, Output, finish, insert_received, list};
use platform::db::{Beginning, Db};

use super::figures::{Figures, Limit, median};
use super::scratch::{Scratch, servers};
use super::verdict::Verdict;

/// Rows per transaction.
const BATCH: usize = 2_000;
/// The crashes came in over this many days.
const DAYS: i64 = 90;
const DAY: i64 = 86_400_000_000;
/// When the last of them came in: 2026-11-01.
const NEWEST: i64 = 1_793_491_200_000_000;
/// The rows of a page of the web application, plus one.
const PAGE: i64 = 51;
/// Time limit of a list, in milliseconds.
const LIMIT: f64 = 50.0;

#[derive(Debug, Args)]
pub(crate) struct ListsArgs {
    /// How many crashes there are
    #[arg(long, default_value_t = 1_000_000)]
    rows: usize,
    /// Measure on this PostgreSQL server too, in a schema of its own
    #[arg(long, value_name = "URL")]
    postgres: Option<String>,
    #[command(flatten)]
    pub(super) verdict: Verdict,
}

pub(super) async fn measure(args: &ListsArgs, figures: &mut Figures) -> anyhow::Result<()> {
    for server in servers(args.postgres.as_deref()) {
        let scratch = Scratch::create(server).await?;
        figures.heading(&format!(
            "Lists of {} crashes of {DAYS} days, {}",
            args.rows,
            scratch.db.engine()
        ))?;
        let began = Instant::now();
        fill(&scratch.db, args.rows).await?;
        scratch.db.analyze().await?;
        figures.add("filling", began.elapsed().as_secs_f64(), "s", Limit::None)?;
        for (name, cases, limit) in [
            ("one filter, all time, found", alone(true), LIMIT),
            ("one filter, all time, not found", alone(false), LIMIT),
            ("any together, newest 7 days, found", together(true, true), LIMIT),
            ("any together, newest 7 days, not found", together(false, true), LIMIT),
            ("any together, all time, found", together(true, false), f64::INFINITY),
            (
                "any together, all time, not found",
                together(false, false),
                f64::INFINITY,
            ),
        ] {
            let (slowest, which) = slowest(&scratch.db, &cases).await?;
            let limit = if limit.is_finite() {
                Limit::AtMost(limit)
            } else {
                Limit::None
            };
            figures.add(name, slowest, "ms", limit)?;
            if !which.is_empty() {
                figures.heading(&format!("    the slowest by {which}"))?;
            }
        }
        scratch.end().await?;
    }
    Ok(())
}

/// The time of the slowest list in milliseconds, as the median of three, and its filters.
async fn slowest(db: &Db, cases: &[Filter]) -> anyhow::Result<(f64, String)> {
    let mut worst = (0.0, String::new());
    for filter in cases {
        let mut times = [0.0; 3];
        for time in &mut times {
            let began = Instant::now();
            list(db, filter, None, PAGE).await?;
            *time = began.elapsed().as_secs_f64() * 1e3;
        }
        let median = median(times);
        if median > worst.0 {
            worst = (median, named(filter));
        }
    }
    Ok(worst)
}

fn named(filter: &Filter) -> String {
    let named = [
        ("product", &filter.product),
        ("channel", &filter.channel),
        ("version", &filter.version),
        ("build id", &filter.build_id),
        ("signature", &filter.signature),
    ];
    let named = named.iter().filter(|(_, value)| !value.is_empty());
    named
        .map(|(name, value)| format!("{name} {value}"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// The attributes of an invented crash: few products and channels, a version every four weeks, many builds, and
/// signatures of which some are far more frequent than others.
struct Invented {
    received: i64,
    product: &'static str,
    channel: &'static str,
    version: String,
    build_id: String,
    signature: String,
}

/// The `n`-th of `count` crashes; deterministic.
fn invented(n: usize, count: usize) -> Invented {
    // A linear congruential sequence: spread widely enough, and the same on every machine.
    let mut seed = (n as u64).wrapping_mul(6_364_136_223_846_793_005) ^ 0x9e37_79b9_7f4a_7c15;
    let mut roll = |sides: u64| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % sides
    };
    let share = n as f64 / count as f64;
    let received = NEWEST - DAYS * DAY + (share * (DAYS * DAY) as f64) as i64;
    let day = (received - (NEWEST - DAYS * DAY)) / DAY;
    let product = match roll(100) {
        0..70 => "Firefox",
        70..90 => "Fenix",
        90..95 => "Focus",
        95..99 => "Thunderbird",
        _ => "Other",
    };
    let major = 140 + day / 28;
    let (channel, version, build_id) = match roll(100) {
        0..60 => ("release", format!("{major}.0"), build_id(day / 28 * 28, 1)),
        60..80 => {
            let beta = day % 28 / 3 + 1;
            let version = format!("{}.0b{beta}", major + 1);
            ("beta", version, build_id(day / 3 * 3, 2))
        }
        80..95 => ("nightly", format!("{}.0a1", major + 2), build_id(day, 10 + roll(2))),
        _ => ("esr", "140.5.0esr".to_owned(), build_id(day / 28 * 28, 3)),
    };
    // The first is one in ten, the second one in twenty, and so on down to rare ones.
    let rank = match roll(100) {
        0..10 => 0,
        10..15 => 1,
        15..60 => roll(100),
        _ => roll(20_000),
    };
    Invented {
        received,
        product,
        channel,
        version,
        build_id,
        signature: format!("{product}::function_{rank}"),
    }
}

fn build_id(day: i64, hour: u64) -> String {
    let date = platform::clock::from_micros(NEWEST - DAYS * DAY + day * DAY);
    format!("{}{hour:02}0000", date.format("%Y%m%d"))
}

async fn fill(db: &Db, count: usize) -> anyhow::Result<()> {
    for first in (0..count).step_by(BATCH) {
        let mut tx = db.begin_repeatable().await?;
        for n in first..(first + BATCH).min(count) {
            let crash = invented(n, count);
            // Ids are random, and so are their positions in an index.
            let spread = (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let id: CrashId = format!("{:08x}-cbbf-4589-a673-{n:06x}261101", spread >> 32)
                .parse()
                .map_err(|_| anyhow::anyhow!("an invented crash id is none"))?;
            let row = Received {
                id: id.clone(),
                received: crash.received,
                product: Name::of(crash.product),
                version: Name::of(&crash.version),
                channel: Name::of(crash.channel),
                build_id: Name::of(&crash.build_id),
                weight: 1.0,
                content_hash: format!("{spread:016x}"),
                duplicate_of: None,
            };
            insert_received(&mut tx, &row).await?;
            let found = Finished {
                os_name: Name::of("Windows NT"),
                process_type: Name::of("content"),
                signature: Text::of(&crash.signature),
                reason: Text::of("EXCEPTION_ACCESS_VIOLATION_READ"),
                product: row.product.clone(),
                channel: row.channel.clone(),
                build_id: row.build_id.clone(),
                attached: Attached {
                    version: row.version.clone(),
                    lookup_product: row.product.clone(),
                    lookup_build: row.build_id.clone(),
                    status: Name::of("shipped"),
                    ..Attached::default()
                },
            };
            let output = Output {
                row_version: 1,
                claim: String::new(),
            };
            finish(&mut tx, &id, &found, 0, &output, crash.received).await?;
        }
        tx.commit().await?;
    }
    Ok(())
}

/// The most frequent recent values; with `found`, some crash has them all, else no crash has two of them.
fn values(found: bool) -> Filter {
    let text = str::to_owned;
    let day = DAYS - 1;
    let (release, beta) = (format!("{}.0", 140 + day / 28), build_id(day / 3 * 3, 2));
    Filter {
        product: text("Firefox"),
        channel: text(if found { "release" } else { "beta" }),
        version: release,
        build_id: if found { build_id(day / 28 * 28, 1) } else { beta },
        signature: text(if found {
            "Firefox::function_0"
        } else {
            "Fenix::function_0"
        }),
        ..Filter::default()
    }
}

/// Each filter alone.
fn alone(found: bool) -> Vec<Filter> {
    let values = if found {
        values(true)
    } else {
        let nothing = || "Nothing".to_owned();
        Filter {
            product: nothing(),
            channel: nothing(),
            version: nothing(),
            build_id: nothing(),
            signature: nothing(),
            ..Filter::default()
        }
    };
    let mut filters: Vec<Filter> = (0..5).map(|n| only(&values, 1 << n)).collect();
    if found {
        filters.push(Filter::default());
        filters.push(Filter {
            product: "Other".to_owned(),
            ..Filter::default()
        });
        filters.push(Filter {
            version_begins: Some(Beginning::new("1", false)),
            ..Filter::default()
        });
        filters.push(Filter {
            build_id_begins: Some(Beginning::new("20", false)),
            ..Filter::default()
        });
        filters.push(Filter {
            signature: "Focus::function_19999".to_owned(),
            ..Filter::default()
        });
    }
    filters
}

/// Every combination of two or more filters.
fn together(found: bool, lately: bool) -> Vec<Filter> {
    let since = lately.then_some(NEWEST - 7 * DAY);
    let values = Filter { since, ..values(found) };
    (1..32_u32)
        .filter(|set| set.count_ones() >= 2)
        .map(|set| only(&values, set))
        .collect()
}

/// The values selected by a bit set.
fn only(values: &Filter, set: u32) -> Filter {
    let take = |bit: u32, value: &String| {
        if set & bit == 0 { String::new() } else { value.clone() }
    };
    Filter {
        product: take(1, &values.product),
        channel: take(2, &values.channel),
        version: take(4, &values.version),
        build_id: take(8, &values.build_id),
        signature: take(16, &values.signature),
        since: values.since,
        ..Filter::default()
    }
}
