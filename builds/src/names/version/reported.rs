//! The version a program reports, compared with the version of its build.

use crate::names::version::written::{Stage, Version};

impl Version {
    /// Whether a build of this version reports itself as `reported`.
    ///
    /// Programs omit what is not part of their number: betas and candidates the suffix (`153.0` for `153.0b5` and
    /// `153.0rc2`), many the `esr`. Candidate numbers appear only in folder names. The numbers before the suffix are
    /// always the same, except for `0.0`, which means that a program does not know its version.
    pub fn can_report(&self, reported: &Self) -> bool {
        if reported.numbers[..2] == [0, 0] {
            return true;
        }
        if reported.numbers != self.numbers {
            return false;
        }
        match (reported.stage, self.stage) {
            (Stage::Release, _)
            | (Stage::ReleaseCandidate(_), Stage::ReleaseCandidate(_) | Stage::Release)
            | (Stage::Esr, Stage::Esr | Stage::Release)
            // All betas of a number, including the former name of a release's last candidate.
            | (Stage::Beta(0), Stage::Beta(_))
            | (Stage::Beta(99), Stage::ReleaseCandidate(_) | Stage::Release) => true,
            (reported, own) => reported == own,
        }
    }
}

/// Whether the reported version contradicts the build's version. An invalid version does; an empty text does not.
pub fn contradicts(version: &str, reported: &str) -> bool {
    let reported = reported.trim();
    if reported.is_empty() || reported == version {
        return false;
    }
    match (version.parse::<Version>(), reported.parse::<Version>()) {
        (Ok(version), Ok(reported)) => !version.can_report(&reported),
        (_, Err(_)) => true,
        (Err(_), Ok(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::contradicts;

    #[test]
    fn what_builds_report_of_themselves_is_no_contradiction() {
        for (version, reported, expected) in [
            // A program does not report its beta number; nor does Developer Edition.
            ("153.0b5", "153.0", false),
            ("153.0b5", "153.0b5", false),
            ("153.0b5", "153.0b", false),
            ("153.0b5", "153.0b4", true),
            ("153.0b5", "154.0", true),
            ("153.0b5", "153.0.1", true),
            ("154.0b1rc2", "154.0", false),
            ("154.0b1rc2", "154.0b1", false),
            ("154.0b1rc2", "154.0b2", true),
            // A release candidate on beta, under its current name and the one used until 2015.
            ("153.0rc2", "153.0", false),
            ("38.0rc3", "38.0b99", false),
            ("153.0rc2", "153.0b9", true),
            ("153.0", "153.0", false),
            ("153.0", "153.0.0", false),
            ("153.0", " 153.0 ", false),
            ("153.0", "153.0.1", true),
            ("153.0.1", "153.0", true),
            ("153.0", "152.0", true),
            ("153.0", "1530", true),
            ("140.2.0esr", "140.2.0", false),
            ("140.2.0esr", "140.2.0esr", false),
            ("115.3.0", "115.3.0esr", false),
            ("140.2.0esr", "140.2.1", true),
            ("155.0a1", "155.0a1", false),
            ("155.0a1", "155.0", false),
            ("155.0a1", "154.0a1", true),
            ("155.0a1", "155.0b1", true),
            // Fenix nightlies that included the day, and a program that does not know its version.
            ("155.0a1", "0.0a1", false),
            ("155.0a1", "", false),
            ("79.0.0-beta.3", "79.0b3", false),
            ("153.0", "my browser", true),
            ("no version", "153.0", false),
        ] {
            assert_eq!(contradicts(version, reported), expected, "{version} reports {reported}");
        }
    }
}
