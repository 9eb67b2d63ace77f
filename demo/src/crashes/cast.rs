//! Who crashes how: the list of submissions, each a sample and a build of the world that fits its system.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{NaiveDateTime, NaiveTime, TimeDelta};

use super::sample::{Expected, Sample, Submission, samples};
use crate::world::{Channel, Plan, Status, Truth, World};

/// The name of the minidump of the process that crashed.
const MAIN_DUMP: &str = "upload_file_minidump";

/// A build to find in the world: the newest one that fits.
pub(super) struct Part {
    pub(super) name: &'static str,
    sample: &'static str,
    product: &'static str,
    channel: Channel,
    status: Status,
    fits: fn(&World, &Truth) -> bool,
}

const fn part(
    name: &'static str,
    sample: &'static str,
    (product, channel, status): (&'static str, Channel, Status),
    fits: fn(&World, &Truth) -> bool,
) -> Part {
    Part {
        name,
        sample,
        product,
        channel,
        status,
        fits,
    }
}

const NIGHTLY: (&str, Channel, Status) = ("Firefox", Channel::Nightly, Status::Published);
const BETA: (&str, Channel, Status) = ("Firefox", Channel::Beta, Status::Shipped);
const BETA_CANDIDATE: (&str, Channel, Status) = ("Firefox", Channel::Beta, Status::Candidate);
const RELEASE: (&str, Channel, Status) = ("Firefox", Channel::Release, Status::Shipped);
const ESR: (&str, Channel, Status) = ("Firefox", Channel::Esr, Status::Shipped);
const AURORA: (&str, Channel, Status) = ("Firefox", Channel::Aurora, Status::Shipped);

pub(super) const PARTS: &[Part] = &[
    part("nightly-linux", "linux-null-write", NIGHTLY, any),
    part("nightly-windows", "windows-access-violation", NIGHTLY, any),
    part(
        "nightly-before-the-merge",
        "linux-null-write",
        NIGHTLY,
        |world, truth| major(truth) < world.plan.nightly(),
    ),
    part("beta-windows", "windows-stack-overflow", BETA, is_beta),
    part(
        "beta-with-a-linux-build-of-its-own",
        "linux-panic",
        BETA,
        has_another_id,
    ),
    part(
        "beta-aborted",
        "linux-socket-thread",
        ("Firefox", Channel::Beta, Status::Aborted),
        is_beta,
    ),
    part("beta-not-yet-out", "windows-access-violation", BETA_CANDIDATE, is_beta),
    part(
        "release-candidate-on-beta",
        "windows-access-violation",
        BETA,
        is_release_candidate,
    ),
    part(
        "release-candidate-not-yet-out",
        "mac-bad-access",
        BETA_CANDIDATE,
        is_release_candidate,
    ),
    part(
        "release-candidate-of-a-pulled-version",
        "linux-bad-jump",
        ("Firefox", Channel::Beta, Status::Pulled),
        is_release_candidate,
    ),
    part("release", "linux-out-of-memory", RELEASE, is_first),
    part("release-dot", "windows-access-violation", RELEASE, is_dot),
    part(
        "release-dot-aborted",
        "linux-illegal-instruction",
        ("Firefox", Channel::Release, Status::Aborted),
        is_dot,
    ),
    part(
        "release-pulled",
        "mac-bad-access",
        ("Firefox", Channel::Release, Status::Pulled),
        any,
    ),
    part("esr-newer-line", "windows-stack-overflow", ESR, |world, truth| {
        !is_older_line(world, truth)
    }),
    part("esr-older-line", "linux-many-threads", ESR, is_older_line),
    part(
        "esr-aborted",
        "linux-stack-overflow",
        ("Firefox", Channel::Esr, Status::Aborted),
        is_older_line,
    ),
    part("developer-edition", "linux-content-process", AURORA, any),
    part(
        "developer-edition-of-an-unshipped-beta",
        "linux-panic",
        AURORA,
        |world, truth| {
            world
                .truths_of("Firefox", Channel::Beta)
                .any(|beta| beta.build_id == truth.build_id && beta.status == Status::Aborted)
        },
    ),
    part(
        "thunderbird-nightly",
        "linux-socket-thread",
        ("Thunderbird", Channel::Nightly, Status::Published),
        any,
    ),
    part(
        "thunderbird-beta",
        "linux-null-write",
        ("Thunderbird", Channel::Beta, Status::Shipped),
        any,
    ),
    part(
        "thunderbird-release",
        "windows-thunderbird",
        ("Thunderbird", Channel::Release, Status::Shipped),
        any,
    ),
    part(
        "thunderbird-esr",
        "windows-thunderbird",
        ("Thunderbird", Channel::Esr, Status::Shipped),
        any,
    ),
    part("empty-minidump", "linux-null-write", NIGHTLY, any),
    part("truncated-minidump", "windows-access-violation", RELEASE, is_dot),
];

fn any(_: &World, _: &Truth) -> bool {
    true
}

fn is_beta(_: &World, truth: &Truth) -> bool {
    truth.version.contains('b')
}

fn is_release_candidate(world: &World, truth: &Truth) -> bool {
    !is_beta(world, truth) && truth.version.contains("rc")
}

fn is_first(_: &World, truth: &Truth) -> bool {
    truth.version.matches('.').count() == 1
}

fn is_dot(world: &World, truth: &Truth) -> bool {
    !is_first(world, truth)
}

fn is_older_line(world: &World, truth: &Truth) -> bool {
    world
        .truths_of(truth.product, truth.channel)
        .any(|other| major(other) > major(truth))
}

/// Returns whether another platform of the same build has another build id.
fn has_another_id(world: &World, truth: &Truth) -> bool {
    world.truths_of(truth.product, truth.channel).any(|other| {
        other.version == truth.version && other.build_number == truth.build_number && other.build_id != truth.build_id
    })
}

fn major(truth: &Truth) -> u32 {
    truth
        .version
        .split('.')
        .next()
        .and_then(|major| major.parse().ok())
        .unwrap_or(0)
}

/// Returns the sample crashes as clients of this world's builds send them, and a few from builds that no source knows;
/// in a live world, also three from the build that the sources do not list yet. Cases that a plan has no build for are
/// left out; the default plan has them all.
pub fn samples_for(world: &World) -> Vec<Submission> {
    let samples: BTreeMap<&str, Sample> = samples().into_iter().map(|sample| (sample.name, sample)).collect();
    let mut submissions: Vec<Submission> = PARTS
        .iter()
        .filter_map(|part| {
            let sample = samples.get(part.sample)?;
            let truth = find(world, part, sample)?;
            Some(submission(part.name, sample, &Identity::of(truth), Some(truth)))
        })
        .collect();
    for submission in &mut submissions {
        match (submission.name, submission.dumps.get_mut(MAIN_DUMP)) {
            ("empty-minidump", Some(dump)) => dump.clear(),
            ("truncated-minidump", Some(dump)) => dump.truncate(dump.len() / 2),
            _ => {}
        }
    }
    submissions.extend(strangers(world, &samples));
    for (number, submission) in (0..).zip(&mut submissions) {
        set_times(submission, world, number);
    }
    submissions
}

fn find<'a>(world: &'a World, part: &Part, sample: &Sample) -> Option<&'a Truth> {
    let platform = sample.platform()?;
    world
        .truths_of(part.product, part.channel)
        .filter(|truth| truth.platform == platform && truth.status == part.status && !truth.only_in_buildhub)
        .filter(|truth| (part.fits)(world, truth))
        .last()
}

/// Returns submissions from builds that are in no source.
fn strangers(world: &World, samples: &BTreeMap<&str, Sample>) -> Vec<Submission> {
    let newest = |channel: Channel| {
        world
            .truths_of("Firefox", channel)
            .filter(|truth| matches!(truth.status, Status::Shipped | Status::Published))
            .last()
            .map(Identity::of)
    };
    let (Some(nightly), Some(beta), Some(release)) = (
        newest(Channel::Nightly),
        newest(Channel::Beta),
        newest(Channel::Release),
    ) else {
        return Vec::new();
    };
    let fenix = Identity {
        product: "Fenix",
        ..nightly
    };
    let unlisted = unlisted(world).into_iter().flat_map(|identity| {
        let case = move |(name, sample)| (name, sample, identity.clone());
        UNLISTED.iter().copied().map(case)
    });
    let cases = [
        (
            "unknown-build-id",
            "linux-null-write",
            Identity {
                build_id: unused_build_id(world, &beta.build_id),
                ..beta
            },
        ),
        (
            "junk-build-id",
            "linux-bad-jump",
            Identity {
                build_id: "2\",381,,\"".into(),
                ..release.clone()
            },
        ),
        (
            "unknown-product",
            "linux-null-write",
            Identity {
                product: "Waterfowl",
                ..release
            },
        ),
        ("fenix-java", "android-java", fenix.clone()),
        ("fenix-native", "android-native", fenix),
    ];
    cases
        .into_iter()
        .chain(unlisted)
        .filter_map(|(name, sample, identity)| Some(submission(name, samples.get(sample)?, &identity, None)))
        .collect()
}

/// The crashes of the build that no source lists yet.
const UNLISTED: &[(&str, &str)] = &[
    ("unlisted-linux", "linux-null-write"),
    ("unlisted-windows", "windows-access-violation"),
    ("unlisted-mac", "mac-bad-access"),
];

/// Returns the build that the sources list only later.
fn unlisted(world: &World) -> Option<Identity> {
    let live = world.plan.live?;
    let build_id = live.unlisted_built().format("%Y%m%d%H%M%S").to_string();
    let known = World::generate(&Plan::live(live.began, live.unlisted_published()));
    let truths = known.truths_of("Firefox", Channel::Nightly);
    let mut truths = truths.filter(|truth| *truth.build_id == *build_id);
    truths.next().map(Identity::of)
}

/// Returns a build id slightly later than this one that no build of the world has.
fn unused_build_id(world: &World, build_id: &str) -> Arc<str> {
    let mut at = moment(build_id).unwrap_or_default();
    loop {
        at += TimeDelta::seconds(61);
        let id: Arc<str> = at.format("%Y%m%d%H%M%S").to_string().into();
        if world.truth.iter().all(|truth| truth.build_id != id) {
            return id;
        }
    }
}

/// The build that a client says it is.
#[derive(Clone)]
struct Identity {
    product: &'static str,
    channel: Channel,
    version: Arc<str>,
    build_id: Arc<str>,
}

impl Identity {
    fn of(truth: &Truth) -> Self {
        Self {
            product: truth.product,
            channel: truth.channel,
            version: Arc::clone(&truth.reported),
            build_id: Arc::clone(&truth.build_id),
        }
    }
}

fn submission(name: &'static str, sample: &Sample, identity: &Identity, truth: Option<&Truth>) -> Submission {
    let mut annotations = sample.annotations.clone();
    let identity = [
        ("BuildID", &*identity.build_id),
        ("ProductID", product_id(identity.product)),
        ("ProductName", identity.product),
        ("ReleaseChannel", identity.channel.as_str()),
        ("Vendor", "Mozilla"),
        ("Version", &identity.version),
    ];
    annotations.extend(identity.map(|(name, value)| (name.to_owned(), value.to_owned())));
    Submission {
        name,
        sample: sample.name,
        annotations,
        dumps: sample
            .dumps
            .iter()
            .map(|(name, bytes)| (name.clone(), bytes.to_vec()))
            .collect(),
        expected: truth.map(|truth| Expected {
            version: truth.version.to_string(),
            status: truth.status,
        }),
    }
}

fn product_id(product: &str) -> &'static str {
    match product {
        "Firefox" => "{ec8030f7-c20a-464f-9b0e-13a3a9e97384}",
        "Thunderbird" => "{3550f703-e582-4d05-9a08-453d09bdfdc6}",
        "Fenix" => "{aa3c5121-dab2-40e2-81ca-7ea25febc110}",
        _ => "{00000000-0000-0000-0000-000000000000}",
    }
}

/// Sets the times: installed some hours after the build, crashed two days after that, or shortly before the present of
/// a live world; started as long before the crash as the sample ran. No two submissions of one world crash at the same
/// time, as if from different users.
fn set_times(submission: &mut Submission, world: &World, number: i32) {
    let annotation = |name: &str| submission.annotations.get(name).map_or("", String::as_str);
    let last = world.plan.end.and_time(NaiveTime::MIN);
    let built = moment(annotation("BuildID")).unwrap_or(last - TimeDelta::days(9));
    let (installed, crashed) = match world.plan.live {
        None => {
            let installed = built + TimeDelta::hours(8);
            (
                installed,
                installed + TimeDelta::days(2) + TimeDelta::minutes(37) * number,
            )
        }
        Some(live) => {
            let now = live.now.naive_utc();
            let after = TimeDelta::hours(8).min((now - built) / 4);
            let installed = built + after + TimeDelta::seconds(7) * number;
            let later = TimeDelta::days(2) + TimeDelta::minutes(37) * number;
            let latest = now - TimeDelta::seconds(20) * (number + 1);
            (installed, latest.min(installed + later))
        }
    };
    let ran: f64 = annotation("UptimeTS").parse().unwrap_or(0.0);
    let mut ran = TimeDelta::milliseconds((ran * 1000.0) as i64);
    if ran >= crashed - installed {
        ran = (crashed - installed) / 2;
        let seconds = format!("{}.5", ran.num_seconds());
        submission.annotations.insert("UptimeTS".to_owned(), seconds);
    }
    let times = [
        ("InstallTime", installed),
        ("StartupTime", crashed - TimeDelta::seconds(ran.num_seconds())),
        ("CrashTime", crashed),
    ];
    let times = times.map(|(name, at)| (name.to_owned(), at.and_utc().timestamp().to_string()));
    submission.annotations.extend(times);
}

/// Returns the moment that a build id names; none for junk.
fn moment(build_id: &str) -> Option<NaiveDateTime> {
    NaiveDateTime::parse_from_str(build_id, "%Y%m%d%H%M%S").ok()
}
