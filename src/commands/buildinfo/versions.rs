//! `datil buildinfo versions` and `latest`.

use std::process::ExitCode;

use anyhow::anyhow;
use buildinfo::db::latest_generation;
use buildinfo::lookup;
use builds::catalog::{LatestBuild, Newest, VersionBuilds};
use builds::names::channel::normalise_channel;
use builds::{Line, Product, Version};
use clap::Args;
use platform::db::Db;
use serde::Serialize;

use super::builds::directory_of;
use super::print;

#[derive(Debug, Args)]
pub(crate) struct VersionsArgs {
    /// The product, in any known spelling
    #[arg(long)]
    product: String,
    /// Only builds that follow this channel
    #[arg(long)]
    channel: Option<String>,
    /// At most so many versions, 1 to 10000
    #[arg(long, default_value = "50", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    limit: u16,
    /// Go on after this place, which the page before has named
    #[arg(long, value_name = "PLACE")]
    after: Option<String>,
}

/// A version as one line of JSON.
#[derive(Serialize)]
struct OfProduct<'a, T> {
    product: Product,
    #[serde(flatten)]
    what: &'a T,
}

pub(crate) async fn versions(db: &Db, args: &VersionsArgs, as_json: bool) -> anyhow::Result<ExitCode> {
    let directory = directory_of(&args.product)?;
    let product = directory.product();
    let channel = directory.channel(args.channel.as_deref());
    let after = args.after.as_deref().map(read_place).transpose()?;
    let generation = latest_generation(db).await?.n;
    let page = lookup::versions(
        db,
        generation,
        product,
        channel.as_deref(),
        after.as_ref(),
        usize::from(args.limit),
    )
    .await?;
    if as_json {
        let of_product = |what| OfProduct { product, what };
        print::objects(page.rows.iter().map(of_product))?;
    } else {
        let rows: Vec<[String; 5]> = page.rows.iter().map(row).collect();
        print::columns(["VERSION", "CHANNEL", "SHIPPED", "BUILD", "BUILDS"], &rows)?;
    }
    if let Some(last) = page.rows.last().filter(|_| page.more) {
        print::say_more(&format!("{}/{}", last.version, last.channel));
    }
    Ok(ExitCode::SUCCESS)
}

/// Maximum builds of a version shown to people, newest first: a nightly version has sixty.
const SHOWN: usize = 6;

fn row(version: &VersionBuilds) -> [String; 5] {
    let earlier = version.builds.len().saturating_sub(SHOWN);
    let builds = version.builds.iter().skip(earlier).map(|build| {
        let number = build.build_number.map(|number| format!(" build{number}"));
        format!("{}{} {}", build.build_id, number.unwrap_or_default(), build.status)
    });
    let earlier = (earlier > 0).then(|| format!("{earlier} earlier"));
    let builds = earlier.into_iter().chain(builds);
    [
        version.version.to_string(),
        version.channel.clone(),
        print::or_dash(version.shipped_on),
        print::or_dash(version.shipped_build_number),
        print::listed(builds).replace(',', ", "),
    ]
}

fn read_place(text: &str) -> anyhow::Result<(Version, String)> {
    text.split_once('/')
        .and_then(|(version, channel)| Some((version.parse().ok()?, channel.to_owned())))
        .ok_or_else(|| anyhow!("--after must be a place that an earlier page named"))
}

#[derive(Debug, Args)]
pub(crate) struct LatestArgs {
    /// Only this product, in any known spelling
    #[arg(long)]
    product: Option<String>,
    /// Only this channel
    #[arg(long)]
    channel: Option<String>,
}

/// The newest builds of a line as one line of JSON: the offered one is the object itself.
#[derive(Serialize)]
struct NewestOfLine<'a> {
    product: Product,
    channel: &'a str,
    /// The offered build also has this member.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<Line>,
    #[serde(flatten)]
    build: Option<&'a LatestBuild>,
    offered: Option<&'a LatestBuild>,
    newest_built: Option<&'a LatestBuild>,
}

impl<'a> NewestOfLine<'a> {
    fn of(product: Product, channel: &'a str, newest: &'a Newest) -> Self {
        Self {
            product,
            channel,
            line: newest.offered.is_none().then_some(newest.line),
            build: newest.offered.as_ref(),
            offered: newest.offered.as_ref(),
            newest_built: newest.newest_built.as_ref(),
        }
    }
}

pub(crate) async fn latest(db: &Db, args: &LatestArgs, as_json: bool) -> anyhow::Result<ExitCode> {
    let directory = args.product.as_deref().map(directory_of).transpose()?;
    let channel = match directory {
        Some(directory) => directory.channel(args.channel.as_deref()),
        None => args.channel.as_deref().map(normalise_channel),
    };
    let generation = latest_generation(db).await?.n;
    let mut rows = Vec::new();
    let asked = |product: Product, own: &str| {
        directory.is_none_or(|directory| directory.product() == product)
            && channel.as_ref().is_none_or(|channel| channel == own)
    };
    for one in lookup::newest_of_channels(db, generation, usize::MAX, asked).await? {
        for newest in &one.lines {
            if as_json {
                print::objects([NewestOfLine::of(one.product, &one.channel, newest)])?;
            } else {
                rows.extend(newest_rows(one.product, &one.channel, newest));
            }
        }
    }
    if !as_json {
        let heading = [
            "PRODUCT",
            "CHANNEL",
            "LINE",
            "NEWEST",
            "VERSION",
            "BUILD ID",
            "BUILD",
            "STATUS",
            "UPLOADED (UTC)",
            "PLATFORMS",
        ];
        print::columns(heading, &rows)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The offered build and the last one built, in one row if they are the same.
fn newest_rows(product: Product, channel: &str, newest: &Newest) -> Vec<[String; 10]> {
    let row = |what: &str, found: Option<&LatestBuild>| {
        let place = [
            product.to_string(),
            channel.to_owned(),
            newest.line.to_string(),
            what.to_owned(),
        ];
        let build = match found {
            Some(LatestBuild { version, build, .. }) => [
                version.to_string(),
                build.build_id.to_string(),
                print::or_dash(build.build_number),
                build.status.to_string(),
                print::or_dash(build.published_at.as_deref()),
                print::listed(&build.platforms),
            ],
            None => ["none", "-", "-", "-", "-", "-"].map(str::to_owned),
        };
        let mut cells = place.into_iter().chain(build);
        std::array::from_fn(|_| cells.next().unwrap_or_default())
    };
    let (offered, built) = (newest.offered.as_ref(), newest.newest_built.as_ref());
    if newest.is_offered() {
        vec![row("offered, built", offered)]
    } else {
        vec![row("offered", offered), row("built", built)]
    }
}
