//! The crash system's own table of versions.
//!
//! It knows less than we do: no platform, no status, no revision. A released build has a row with its version; every
//! build with a known number has a row as candidate, and a release's candidate is listed under beta, as its users got
//! it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use builds::build::{Build, Status};
use builds::names::build_id::BuildId;
use builds::names::product::{Directory, Product};
use builds::names::version::{Stage, Version};
use platform::db::Db;

use super::error::ExportError;
use crate::db;

/// The columns of Socorro's table.
const COLUMNS: [&str; 7] = [
    "product_name",
    "release_channel",
    "major_version",
    "release_version",
    "version_string",
    "build_id",
    "archive_url",
];

/// The result of an export.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// Rows written.
    pub rows: u64,
    /// Builds, one for each platform, that have no name in this table: they did not ship, and their number is unknown.
    pub nameless: u64,
}

/// A part of the table that is made in one go.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Part {
    product_name: &'static str,
    channel: String,
    major: u32,
}

/// A stored version without candidate number, and the names of its builds and candidates.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Stored {
    product: Product,
    channel: String,
    version: String,
}

/// Writes the builds valid in a generation as the crash system's table, sorted by its columns: product, channel, major
/// version as a number, then the others as text.
///
/// # Errors
/// See [`ExportError`].
pub async fn table(db: &Db, generation: i64, out: &mut (dyn Write + Send)) -> Result<Written, ExportError> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(COLUMNS).map_err(io::Error::from)?;
    let mut written = Written::default();
    for (part, versions) in parts(db::versions(db, generation, None).await?) {
        let mut rows = BTreeSet::new();
        for (stored, names) in versions {
            let builds = db::builds_of_versions(db, generation, stored.product, &stored.channel, &names).await?;
            let named = rows_of(&builds);
            if stored.channel == part.channel {
                written.nameless += named.nameless;
            }
            rows.extend(named.rows.into_iter().filter(|row| row.part == part));
        }
        for row in rows {
            writer.write_record(row.cells()).map_err(io::Error::from)?;
            written.rows += 1;
        }
    }
    writer.flush()?;
    Ok(written)
}

/// The parts of the table in order, with the versions that have rows there.
fn parts(versions: Vec<(String, String, String)>) -> BTreeMap<Part, BTreeMap<Stored, Vec<String>>> {
    let mut parts: BTreeMap<Part, BTreeMap<Stored, Vec<String>>> = BTreeMap::new();
    for (product, channel, name) in versions {
        // Stored names can always be parsed.
        let (Ok(product), Ok(version)) = (product.parse::<Product>(), name.parse::<Version>()) else {
            continue;
        };
        let stored = Stored {
            product,
            version: version.without_candidate().to_string(),
            channel,
        };
        let channels = BTreeSet::from([
            stored.channel.as_str(),
            candidate_channel(product, &stored.channel, &version),
        ]);
        for part in channels {
            let part = Part::of(product, part, &version);
            let names = parts.entry(part).or_default();
            names.entry(stored.clone()).or_default().push(name.clone());
        }
    }
    parts
}

impl Part {
    fn of(product: Product, channel: &str, version: &Version) -> Self {
        // Before Developer Edition had versions of its own, Aurora was Firefox.
        let product_name = match version.stage() {
            Stage::Alpha(_) => product.as_str(),
            _ => Directory::of(product, channel).row().table_name,
        };
        Self {
            product_name,
            channel: channel.to_owned(),
            major: version.major(),
        }
    }
}

/// The channel that a candidate is listed under.
fn candidate_channel<'a>(product: Product, channel: &'a str, version: &Version) -> &'a str {
    match product.tried_on(channel) {
        Some(tried) if !version.is_esr() => tried,
        _ => channel,
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    part: Part,
    release_version: String,
    version_string: String,
    build_id: String,
    archive_url: String,
}

impl Row {
    fn cells(&self) -> [String; 7] {
        [
            self.part.product_name.to_owned(),
            self.part.channel.clone(),
            self.part.major.to_string(),
            self.release_version.clone(),
            self.version_string.clone(),
            self.build_id.clone(),
            self.archive_url.clone(),
        ]
    }
}

#[derive(Debug, Default)]
struct Named {
    rows: BTreeSet<Row>,
    nameless: u64,
}

/// The rows of builds made for one version on one channel: one for each id and name, regardless of platform.
fn rows_of(builds: &[Build]) -> Named {
    let mut named = Named::default();
    // All names of an id have the address of one build: the default variant of the first platform.
    let mut addresses: BTreeMap<BuildId, (&str, &str, &str)> = BTreeMap::new();
    for build in builds {
        // A row is one line.
        let url = build.archive_url.as_deref().map(str::trim);
        if let Some(url) = url.filter(|url| !url.contains(['\r', '\n'])) {
            let own = (build.variant.as_str(), build.platform.as_str(), url);
            let address = addresses.entry(build.build_id).or_insert(own);
            *address = own.min(*address);
        }
    }
    for build in builds.iter().filter(|build| build.status != Status::Unofficial) {
        let version = build.version.without_candidate();
        let names = names_of(build, &version);
        named.nameless += u64::from(names.is_empty());
        for (channel, name) in names {
            named.rows.insert(Row {
                part: Part::of(build.product, channel, &version),
                release_version: reported(&version),
                version_string: name.to_string(),
                build_id: build.build_id.to_string(),
                archive_url: addresses.get(&build.build_id).map_or("", |(_, _, url)| *url).to_owned(),
            });
        }
    }
    named
}

/// The channels and versions under which the crash system lists a build (archivescraper's rows).
fn names_of<'a>(build: &'a Build, version: &Version) -> Vec<(&'a str, Version)> {
    let is_out = matches!(build.status, Status::Shipped | Status::Published | Status::Variant);
    let own = is_out.then(|| (build.channel.as_str(), version.clone()));
    let number = build.build_number.filter(|_| build.status != Status::Published);
    let candidate = number.map(|number| {
        (
            candidate_channel(build.product, &build.channel, version),
            version.with_candidate(number),
        )
    });
    own.into_iter().chain(candidate).collect()
}

/// The version that the program reports: betas and ESR report the number of their release.
fn reported(version: &Version) -> String {
    match version.stage() {
        Stage::Alpha(_) => version.to_string(),
        _ => version.number(),
    }
}

#[cfg(test)]
mod tests {
    use super::{reported, rows_of};
    use crate::samples::{csv, record, shipped};
    use builds::{Version, derive_all};

    #[test]
    fn every_build_has_the_rows_that_the_crash_system_has() {
        let candidates = "firefox/candidates";
        for (id, folder, channel, shipped_as, expected) in [
            (
                "20181025233934",
                "64.0b4-candidates/build2",
                "beta",
                Some("firefox-64.0b4"),
                &["Firefox beta 64.0b4", "Firefox beta 64.0b4rc2"][..],
            ),
            (
                "20181025143507",
                "64.0b4-candidates/build1",
                "beta",
                Some("firefox-64.0b4"),
                &["Firefox beta 64.0b4rc1"],
            ),
            (
                "20181018182531",
                "63.0-candidates/build2",
                "release",
                Some("firefox-63.0"),
                &["Firefox beta 63.0rc2", "Firefox release 63.0"],
            ),
            (
                "20181015152800",
                "63.0-candidates/build1",
                "release",
                Some("firefox-63.0"),
                &["Firefox beta 63.0rc1"],
            ),
            (
                "20181002000000",
                "60.3.0esr-candidates/build2",
                "esr",
                Some("firefox-60.3.0esr"),
                &["Firefox esr 60.3.0esr", "Firefox esr 60.3.0esrrc2"],
            ),
            (
                "20180901000000",
                "62.0.2-candidates/build1",
                "release",
                Some("firefox-62.0.2"),
                &["Firefox beta 62.0.2rc1"],
            ),
        ] {
            let version = folder.split_once('-').unwrap().0;
            let mut observations = vec![record(id, &format!("{candidates}/{folder}"), channel, version)];
            observations.extend(shipped_as.map(|key| shipped(key, 2)));
            let named = rows_of(&derive_all(&observations, &[]).builds);
            let names: Vec<String> = named
                .rows
                .iter()
                .map(|row| format!("{} {} {}", row.part.product_name, row.part.channel, row.version_string))
                .collect();
            assert_eq!(names, expected, "{folder}");
        }
    }

    #[test]
    fn aurora_is_firefox_before_it_had_betas_and_developer_edition_since() {
        let observations = [
            csv("Firefox", "aurora", "36.0a2", "20150101004001"),
            csv("Firefox", "aurora", "55.0b1", "20170612224034"),
        ];
        let named = rows_of(&derive_all(&observations, &[]).builds);
        let cells: Vec<String> = named.rows.iter().map(|row| row.cells().join(",")).collect();
        assert_eq!(
            cells,
            [
                "DevEdition,aurora,55,55.0,55.0b1,20170612224034,",
                "Firefox,aurora,36,36.0a2,36.0a2,20150101004001,",
            ]
        );
    }

    #[test]
    fn a_candidate_without_a_number_has_no_name() {
        let builds = derive_all(&[csv("Firefox", "beta", "40.0b99", "20150728203509")], &[]).builds;
        let named = rows_of(&builds);
        assert_eq!((named.rows.len(), named.nameless), (0, 1));
    }

    #[test]
    fn the_reported_version_is_what_the_program_says() {
        for (version, expected) in [
            ("64.0b4", "64.0"),
            ("67.0a1", "67.0a1"),
            ("60.3.0esr", "60.3"),
            ("62.0.2", "62.0.2"),
        ] {
            assert_eq!(reported(&version.parse().unwrap()), expected);
        }
    }

    #[test]
    fn the_name_of_a_candidate_reads_back() {
        for text in ["64.0b4", "63.0", "62.0.2", "60.3.0esr", "38.0.5b1"] {
            let version: Version = text.parse().unwrap();
            let named = version.with_candidate(2);
            let read: Version = named.to_string().parse().unwrap();
            assert_eq!((read.candidate(), read.without_candidate()), (Some(2), version));
        }
    }
}
