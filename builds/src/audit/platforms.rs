//! Builds that are late or missing on a platform.

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::{Check, Finding, Severity};
use crate::names::build_id::BuildId;
use crate::names::channel::Lines;
use crate::names::product::Product;
use crate::names::version::{Stage, Version};

/// How much later a platform may come than the others, in microseconds: six hours.
const MAY_TAKE: i64 = 6 * 3_600_000_000;
/// After two days it is no longer late but missing.
const IS_MISSING: i64 = 48 * 3_600_000_000;
/// Minimum number of builds to tell what is usual.
const FEWEST: usize = 3;
/// Maximum builds named in a finding.
const NAMED: usize = 5;

/// One build for one platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnPlatform {
    /// Its id.
    pub build_id: BuildId,
    /// Its version.
    pub version: Version,
    /// The platform.
    pub platform: String,
}

/// The platforms that recent builds of a channel lack, though more than half of these builds have them; one finding per
/// platform. Lateness is measured against `newest`, the newest build of the product. Candidates are left out: they are
/// often made for only some platforms. ESR lines are examined one by one: each has the platforms of its own time.
pub fn late_platforms(product: Product, channel: &str, builds: &[OnPlatform], newest: BuildId) -> Vec<Finding> {
    let mut lines: BTreeMap<Option<u32>, Vec<&OnPlatform>> = BTreeMap::new();
    for build in builds {
        let line = (product.channel(channel).lines == Lines::Major).then(|| build.version.major());
        lines.entry(line).or_default().push(build);
    }
    let findings = lines.into_iter().flat_map(|(line, builds)| {
        let name = match line {
            Some(major) => format!("{product} {channel} {major}"),
            None => format!("{product} {channel}"),
        };
        late_in_line(&name, &builds, newest)
    });
    findings.collect()
}

/// The same for the builds of one line, named `line`.
fn late_in_line(line: &str, builds: &[&OnPlatform], newest: BuildId) -> Vec<Finding> {
    // Nightlies are distinguished by id; elsewhere the ids of one version can differ by platform.
    let mut steps: BTreeMap<(BuildId, String), BTreeSet<&str>> = BTreeMap::new();
    let mut newest_of: BTreeMap<&str, BuildId> = BTreeMap::new();
    let counted = builds
        .iter()
        .filter(|build| build.version.candidate().is_none() && !build.platform.is_empty());
    for build in counted.clone() {
        let id = newest_of.entry(build.version.as_str()).or_insert(build.build_id);
        *id = build.build_id.max(*id);
    }
    for build in counted {
        let nightly = matches!(build.version.stage(), Stage::Alpha(_));
        let step = if nightly {
            (build.build_id, build.build_id.to_string())
        } else {
            let newest = newest_of.get(build.version.as_str());
            (newest.copied().unwrap_or(build.build_id), build.version.to_string())
        };
        steps.entry(step).or_default().insert(&build.platform);
    }
    if steps.len() < FEWEST {
        return Vec::new();
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for platform in steps.values().flatten() {
        *counts.entry(platform).or_default() += 1;
    }
    let usual = counts.into_iter().filter(|(_, count)| count * 2 > steps.len());
    let findings = usual.filter_map(|(platform, _)| {
        let lacking: Vec<(i64, &str)> = steps
            .iter()
            .filter(|(_, platforms)| !platforms.contains(platform))
            .map(|((id, name), _)| (newest.micros() - id.micros(), name.as_str()))
            .filter(|(age, _)| *age >= MAY_TAKE)
            .collect();
        let oldest = lacking.iter().map(|(age, _)| *age).max()?;
        let (severity, word) = if oldest >= IS_MISSING {
            (Severity::Bad, "missing")
        } else {
            (Severity::Warning, "late")
        };
        let names: Vec<&str> = lacking.iter().rev().map(|(_, name)| *name).take(NAMED).collect();
        let more = match lacking.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        Some(Finding::new(
            severity,
            Check::LatePlatform,
            format!("{line} {platform}"),
            format!(
                "{word} in {} of {} builds: {}{more}",
                lacking.len(),
                steps.len(),
                names.join(", ")
            ),
        ))
    });
    findings.collect()
}
