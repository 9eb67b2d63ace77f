//! `datil buildinfo builds` and `compare`: builds as they are stored.

use std::ops::Range;
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use buildinfo::db::{BuildKey, Filter, latest_generation, list_builds};
use buildinfo::lookup;
use builds::catalog::{Comparison, NoComparison, Several, ShortBuild, Which};
use builds::names::build_id::{named_range, prefix_range};
use builds::{Build, BuildId, Directory, Version};
use chrono::NaiveDate;
use clap::Args;
use platform::clock;
use platform::db::Db;

use super::print;

#[derive(Debug, Args)]
pub(crate) struct BuildsArgs {
    /// Only this product, in any known spelling
    #[arg(long)]
    product: Option<String>,
    /// Only builds that follow this channel
    #[arg(long)]
    channel: Option<String>,
    /// Only this version, such as 152.0b4 or 152.0b4rc1, or its beginning: 152, 152.0b, 152.0*; 152.0rc2 or "152.0 RC
    /// build 2" finds build 2 of 152.0
    #[arg(long)]
    version: Option<String>,
    /// Only builds made on this day (UTC) or later
    #[arg(long, value_name = "YYYY-MM-DD")]
    since: Option<NaiveDate>,
    /// Only this build id, or ids that begin with these 4 digits or more
    #[arg(long, value_name = "PREFIX")]
    build_id: Option<String>,
    /// Only builds of this source revision
    #[arg(long)]
    revision: Option<String>,
    /// Only this platform, such as win64 or linux-x86_64
    #[arg(long)]
    platform: Option<String>,
    /// At most so many, 1 to 10000
    #[arg(long, default_value = "100", value_parser = clap::value_parser!(i64).range(1..=10_000))]
    limit: i64,
    /// Go on after this place, which the page before has named
    #[arg(long, value_name = "PLACE")]
    after: Option<String>,
}

impl BuildsArgs {
    fn filter(&self) -> anyhow::Result<Filter> {
        let directory = self.product.as_deref().map(directory_of).transpose()?;
        let since = match self.since {
            Some(day) => {
                let day = prefix_range(&day.format("%Y%m%d").to_string());
                day.context("--since must be a day from 1998 on")?.start..u64::MAX
            }
            None => 0..u64::MAX,
        };
        let ids = match &self.build_id {
            Some(text) => ids_of(text)?,
            None => 0..u64::MAX,
        };
        Ok(Filter {
            revision: self.revision.clone(),
            platform: self.platform.clone(),
            ids: Some(ids.start.max(since.start)..ids.end.min(since.end)),
            ..Filter::named(directory, self.channel.as_deref(), self.version.as_deref())
        })
    }
}

/// A product in any known spelling, with the channel if the name implies one.
pub(super) fn directory_of(name: &str) -> anyhow::Result<Directory> {
    name.parse()
        .with_context(|| format!("{name:?} is no product that has builds"))
}

fn ids_of(text: &str) -> anyhow::Result<Range<u64>> {
    named_range(text).ok_or_else(|| anyhow!("{text:?} is not a build id, nor its first 4 digits or more"))
}

pub(crate) async fn builds(db: &Db, args: &BuildsArgs, as_json: bool) -> anyhow::Result<ExitCode> {
    let filter = args.filter()?;
    let after = args.after.as_deref().map(read_place).transpose()?;
    let generation = latest_generation(db).await?.n;
    let page = list_builds(db, generation, &filter, after.as_ref(), args.limit).await?;
    if as_json {
        print::objects(&page.rows)?;
    } else {
        let rows: Vec<[String; 9]> = page.rows.iter().map(row).collect();
        let heading = [
            "BUILD ID",
            "PRODUCT",
            "CHANNEL",
            "VERSION",
            "BUILD",
            "STATUS",
            "PLATFORM",
            "UPLOADED (UTC)",
            "REVISION",
        ];
        print::columns(heading, &rows)?;
    }
    if let Some(last) = page.rows.last().filter(|_| page.more) {
        print::say_more(&write_place(last));
    }
    Ok(ExitCode::SUCCESS)
}

fn row(build: &Build) -> [String; 9] {
    let platform = [build.platform.as_str(), &build.variant];
    [
        build.build_id.to_string(),
        build.product.to_string(),
        build.channel.clone(),
        build.version.to_string(),
        print::or_dash(build.build_number),
        status(build),
        print::listed(platform),
        print::or_dash(build.published_at.map(clock::rfc3339)),
        print::or_dash(build.revision.as_deref()),
    ]
}

/// The status, with a question mark if no source states it.
pub(super) fn status(build: &Build) -> String {
    match build.certainty {
        builds::Certainty::Stated => build.status.to_string(),
        builds::Certainty::Inferred => format!("{}?", build.status),
    }
}

fn write_place(build: &Build) -> String {
    let key = BuildKey::from(build);
    format!("{}/{}", key.build_id, key.names.join("/"))
}

fn read_place(text: &str) -> anyhow::Result<BuildKey> {
    let no_place = || anyhow!("--after must be a place that an earlier page named");
    let (id, names) = text.split_once('/').ok_or_else(no_place)?;
    let names: Vec<String> = names.split('/').map(str::to_owned).collect();
    Ok(BuildKey {
        build_id: id.parse().map_err(|_| no_place())?,
        names: names.try_into().map_err(|_| no_place())?,
    })
}

#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    /// The build id of the first build
    from: BuildId,
    /// The build id of the second build
    to: BuildId,
    /// The product of both
    #[arg(long, default_value = "Firefox")]
    product: String,
    /// The channel of both, where an id stands for several builds
    #[arg(long)]
    channel: Option<String>,
    /// The channel of the first build, where it is another one
    #[arg(long, value_name = "CHANNEL")]
    from_channel: Option<String>,
    /// The channel of the second build
    #[arg(long, value_name = "CHANNEL")]
    to_channel: Option<String>,
    /// The exact version of the first build, where its id and channel stand for several
    #[arg(long, value_name = "VERSION", value_parser = version)]
    from_version: Option<Version>,
    /// The exact version of the second build
    #[arg(long, value_name = "VERSION", value_parser = version)]
    to_version: Option<Version>,
}

fn version(text: &str) -> Result<Version, String> {
    Version::from_spoken(text).ok_or_else(|| "not a version, such as 154.0b1, 153.0rc2 or 140.2.0esr".to_owned())
}

/// What is ambiguous or unknown, and how to specify it.
fn refused(error: &NoComparison) -> anyhow::Error {
    let NoComparison::Ambiguous(ambiguous) = error else {
        return anyhow!("{error}");
    };
    let parameters = ambiguous.iter().flat_map(Several::parameters);
    let options: Vec<String> = parameters.map(|name| format!("--{}", name.replace('_', "-"))).collect();
    anyhow!(
        "{error}: say which with {} (--channel is for both)",
        options.join(" and ")
    )
}

pub(crate) async fn compare(db: &Db, args: &CompareArgs, as_json: bool) -> anyhow::Result<ExitCode> {
    let directory = directory_of(&args.product)?;
    let product = directory.product();
    let which = |id, channel: &Option<String>, version: &Option<Version>| {
        let channels = [channel.as_deref(), args.channel.as_deref()];
        Which::of(directory, id, channels, version.clone()).map_err(anyhow::Error::msg)
    };
    let from = which(args.from, &args.from_channel, &args.from_version)?;
    let to = which(args.to, &args.to_channel, &args.to_version)?;
    let generation = latest_generation(db).await?.n;
    let compared = lookup::compare(db, generation, product, &from, &to).await?;
    let comparison = compared.map_err(|error| refused(&error))?;
    if as_json {
        print::objects([&comparison])?;
        return Ok(ExitCode::SUCCESS);
    }
    let heading = ["", "BUILD ID", "CHANNEL", "VERSION", "STATUS", "PLATFORMS", "REVISION"];
    let rows = [short("from", &comparison.from), short("to", &comparison.to)];
    print::columns(heading, &rows)?;
    print::columns(
        ["between", &distance(comparison.seconds)],
        &[["changes".to_owned(), changes(&comparison)]],
    )?;
    Ok(ExitCode::SUCCESS)
}

fn short(name: &str, build: &ShortBuild) -> [String; 7] {
    [
        name.to_owned(),
        build.build_id.to_string(),
        build.own_channel.clone(),
        build.own_version.to_string(),
        build.status.to_string(),
        print::listed(&build.platforms),
        print::or_dash(build.revision.as_deref()),
    ]
}

fn changes(comparison: &Comparison) -> String {
    match (&comparison.changes_url, comparison.no_changes_url) {
        (Some(url), _) => url.clone(),
        (None, why) => print::or_dash(why),
    }
}

fn distance(seconds: i64) -> String {
    let (days, rest) = (seconds.abs() / 86_400, seconds.abs() % 86_400);
    let direction = if seconds < 0 { " earlier" } else { "" };
    format!("{days} d {} h {} min{direction}", rest / 3600, rest / 60 % 60)
}

#[cfg(test)]
mod tests {
    use super::{distance, read_place};

    #[test]
    fn a_place_is_read_back_and_nonsense_is_refused() {
        let place = "20181025233934/Firefox/beta/64.0b4/win64/";
        let key = read_place(place).unwrap();
        assert_eq!(key.build_id.to_string(), "20181025233934");
        assert_eq!(key.names, ["Firefox", "beta", "64.0b4", "win64", ""]);
        for text in [
            "",
            "20181025233934",
            "x/Firefox/beta/64.0b4/win64/",
            "20181025233934/a/b",
        ] {
            assert!(read_place(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_distance_is_told_in_days() {
        assert_eq!(distance(90_061), "1 d 1 h 1 min");
        assert_eq!(distance(-3600), "0 d 1 h 0 min earlier");
    }
}
