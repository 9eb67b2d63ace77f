//! Shipped versions for which no source has listed a build.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::finding::{Check, Finding, Severity};
use crate::derive::facts::Facts;
use crate::names::product::Directory;
use crate::names::version::Version;

/// How many days before the newest data still matter; earlier versions are history.
const RECENT_DAYS: i64 = 60;

/// The shipped versions without a build. `built` are the versions that have builds, by
/// [`crate::Version::key`]; `newest` is the day of the newest data.
pub fn shipped_without_build(
    facts: &Facts,
    built: &BTreeSet<(Directory, [u32; 8])>,
    newest: Option<NaiveDate>,
) -> Vec<Finding> {
    // A line can be listed without the suffix that its builds get from their channel.
    let is_built = |directory: Directory, version: &Version| {
        let esr = (directory, version.with_esr());
        built.contains(&(directory, version.key()))
            || (!facts.shipped.contains_key(&esr) && built.contains(&(directory, esr.1.key())))
    };
    let missing = facts
        .shipped
        .iter()
        .filter(|((directory, version), _)| directory.product().has_source() && !is_built(*directory, version));
    let findings = missing.map(|((directory, version), shipped)| {
        let age = shipped.date.zip(newest);
        let recent = age.is_some_and(|(date, newest)| (newest - date).num_days() <= RECENT_DAYS);
        let on = match shipped.date {
            Some(date) => format!("on {date}"),
            None => "at an unknown date".to_owned(),
        };
        Finding::new(
            if recent { Severity::Bad } else { Severity::Note },
            Check::ShippedWithoutBuild,
            format!("{} {version}", directory.as_str()),
            format!(
                "build{} shipped {on}, and no source has listed it",
                shipped.build_number
            ),
        )
    });
    findings.collect()
}
