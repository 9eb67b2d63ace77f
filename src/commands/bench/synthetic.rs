//! Any number of invented builds that look like real ones.

use builds::build::{Certainty, Reason, Status};
use builds::said::observation::{Digest, SourceName};
use builds::{Build, BuildId, Product, Version};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

const PLATFORMS: [&str; 6] = ["linux-i686", "linux-x86_64", "mac", "win32", "win64", "win64-aarch64"];
/// Seconds between builds: a million builds span fourteen years.
const APART: i64 = 44 * 60;
/// Number of major versions in the history.
const MAJORS: usize = 150;

/// How to look up a build.
#[derive(Debug, Clone, Copy)]
pub(super) struct Identity {
    pub(super) product: Product,
    pub(super) channel: &'static str,
    pub(super) build_id: BuildId,
}

/// A history of builds, each for every platform.
#[derive(Debug, Clone, Copy)]
pub(super) struct History {
    ids: usize,
}

impl History {
    /// The history that has about `builds` builds.
    pub(super) fn of(builds: usize) -> Self {
        Self {
            ids: builds.div_ceil(PLATFORMS.len()).max(1),
        }
    }

    /// The number of different build ids.
    pub(super) fn ids(self) -> usize {
        self.ids
    }

    /// The identity of the build with this number, counted from 0.
    pub(super) fn identity(self, number: usize) -> anyhow::Result<Identity> {
        Ok(Identity {
            product: if number % 7 == 6 {
                Product::THUNDERBIRD
            } else {
                Product::FIREFOX
            },
            channel: match number % 20 {
                0..11 => "nightly",
                11..16 => "beta",
                16 => "esr",
                _ => "release",
            },
            build_id: id_at(started(number))?,
        })
    }

    /// Every build, by id, starting with this number.
    pub(super) fn builds(self, number: usize) -> impl Iterator<Item = anyhow::Result<Build>> {
        (number..self.ids).flat_map(move |number| PLATFORMS.map(|platform| self.build(number, platform)))
    }

    fn build(self, number: usize, platform: &str) -> anyhow::Result<Build> {
        let Identity {
            product,
            channel,
            build_id,
        } = self.identity(number)?;
        let major = 10 + number * MAJORS / self.ids;
        let step = number % 60;
        let version: Version = match channel {
            "nightly" => format!("{major}.0a1"),
            "beta" => format!("{major}.0b{}", step / 4 + 1),
            "esr" => format!("{major}.{}.0esr", step / 6),
            _ => format!("{major}.0.{}", step / 6),
        }
        .parse()?;
        let nightly = channel == "nightly";
        let directory = product.as_str().to_lowercase();
        let folder = if nightly {
            let time = started(number).format("%Y/%m/%Y-%m-%d-%H-%M-%S");
            format!("{directory}/nightly/{time}-mozilla-central")
        } else {
            format!("{directory}/candidates/{version}-candidates/build1/{platform}/en-US")
        };
        let own = Digest::of(&serde_json::json!([number, platform]));
        let shipped = (!nightly).then(|| Digest::of(&version.as_str().into()));
        Ok(Build {
            product,
            channel: channel.to_owned(),
            line: product.line(channel, &version),
            build_id,
            platform: platform.to_owned(),
            variant: String::new(),
            build_number: (!nightly).then_some(1),
            status: if nightly { Status::Published } else { Status::Shipped },
            certainty: Certainty::Stated,
            reason: if nightly {
                Reason::Nightly
            } else {
                Reason::ShippedBuildNumber
            },
            offered_on: vec![channel.to_owned()],
            revision: Some(own_revision(number)),
            repository: Some(match channel {
                "nightly" => "https://hg.mozilla.org/mozilla-central".to_owned(),
                other => format!("https://hg.mozilla.org/releases/mozilla-{other}"),
            }),
            archive_url: Some(format!(
                "https://archive.mozilla.org/pub/{folder}/{directory}-{version}.en-US.{platform}.tar.bz2"
            )),
            published_at: Some((started(number) + TimeDelta::hours(2)).timestamp_micros()),
            shipped_on: (!nightly).then(|| started(number).date_naive()),
            sources: if nightly {
                vec![SourceName::BUILDHUB]
            } else {
                vec![SourceName::BUILDHUB, SourceName::PRODUCT_DETAILS]
            },
            evidence: [Some(own), shipped].into_iter().flatten().collect(),
            version,
        })
    }
}

fn own_revision(number: usize) -> String {
    let digest = Digest::of(&number.into()).to_string();
    text::cut(&digest, 40).to_owned()
}

/// When the build with this number was started: no two at the same time, at irregular distances.
fn started(number: usize) -> DateTime<Utc> {
    let number = i64::try_from(number).unwrap_or(i64::MAX / APART / 2);
    let start = NaiveDate::from_ymd_opt(2012, 1, 1).unwrap_or_default();
    start.and_time(chrono::NaiveTime::MIN).and_utc() + TimeDelta::seconds(number * APART + number * 7919 % APART)
}

/// The build id for a time.
pub(super) fn id_at(time: DateTime<Utc>) -> anyhow::Result<BuildId> {
    Ok(time.format("%Y%m%d%H%M%S").to_string().parse()?)
}
