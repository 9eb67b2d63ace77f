//! The names that people use for versions, and back.
//!
//! The crash system writes the candidate number into the version (`154.0b1rc2`, `153.0rc2`), but nobody says that:
//! release managers say "154.0b1 build 2" and "153.0 RC build 2". Programs get the former, people read the latter.

use crate::names::version::written::{Stage, Version};

impl Version {
    /// The name that people use: `154.0b1 build 2 (candidate)` for `154.0b1rc2`, `153.0 RC build 2` for `153.0rc2`; a
    /// version that is not a candidate is unchanged.
    pub fn spoken(&self) -> String {
        match (self.stage(), self.candidate()) {
            (_, None) => self.as_str().to_owned(),
            (Stage::ReleaseCandidate(number), _) => {
                format!("{} RC build {number}", self.without_candidate())
            }
            (_, Some(number)) => format!("{} build {number} (candidate)", self.without_candidate()),
        }
    }

    /// Parses a version in either form: as sources and programs write it, or as [`Self::spoken`] does, in any case and
    /// with or without `(candidate)`; `154.0 Beta 3` is `154.0b3`, and a number may follow its word directly, as in
    /// `153.0 rc2`. None if the text is neither.
    pub fn from_spoken(text: &str) -> Option<Self> {
        if let Ok(version) = text.parse() {
            return Some(version);
        }
        let text = text.trim().to_ascii_lowercase();
        let text = text.strip_suffix("(candidate)").unwrap_or(&text);
        let mut words = text.split_whitespace().flat_map(word_and_number);
        let mut version: Self = words.next()?.parse().ok()?;
        if version.stage() == Stage::Release && !version.as_str().contains('.') {
            version = version.number().parse().ok()?;
        }
        let mut is_rc = false;
        while let Some(word) = words.next() {
            match (word, words.next()) {
                ("beta", Some(number)) if version.stage() == Stage::Release => {
                    let number = number.parse::<u32>().ok()?;
                    version = format!("{version}b{number}").parse().ok()?;
                }
                ("rc", Some("build")) if version.stage() == Stage::Release && !is_rc => {
                    is_rc = true;
                    version = version.with_candidate(words.next()?.parse().ok()?);
                }
                ("rc" | "build", Some(number)) if version.candidate().is_none() => {
                    version = version.with_candidate(number.parse().ok()?);
                }
                _ => return None,
            }
        }
        // Parsed again, so that no number exceeds a version's limits.
        version.as_str().parse().ok()
    }

    /// A version as programs write it, from either form; text that is not a version, such as the beginning of one, is
    /// unchanged.
    pub fn written(text: &str) -> String {
        Self::from_spoken(text).map_or_else(|| text.to_owned(), |read| read.to_string())
    }
}

/// `rc2` as `rc` and `2`; any other word alone.
fn word_and_number(word: &str) -> impl Iterator<Item = &str> {
    let at_word = ["rc", "build", "beta"].iter().find_map(|name| {
        let number = word.strip_prefix(name)?;
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then_some((*name, number))
    });
    let (first, second) = at_word.map_or((word, None), |(name, number)| (name, Some(number)));
    std::iter::once(first).chain(second)
}

#[cfg(test)]
mod tests {
    use super::Version;

    #[test]
    fn a_candidate_is_called_what_people_call_it_and_read_back() {
        for (version, spoken) in [
            ("154.0b1rc2", "154.0b1 build 2 (candidate)"),
            ("140.2.0esrrc1", "140.2.0esr build 1 (candidate)"),
            ("153.0rc2", "153.0 RC build 2"),
            ("38.0.5b1rc10", "38.0.5b1 build 10 (candidate)"),
            ("153.0", "153.0"),
            ("154.0b1", "154.0b1"),
            ("155.0a1", "155.0a1"),
            ("140.2.0esr", "140.2.0esr"),
            ("65.0b", "65.0b"),
        ] {
            let read: Version = version.parse().unwrap();
            assert_eq!(read.spoken(), spoken);
            let back = Version::from_spoken(spoken).unwrap();
            assert_eq!(back.as_str(), version, "{spoken}");
        }
    }

    #[test]
    fn what_people_type_is_read() {
        for (text, version) in [
            (" 154.0b1 build 2 ", "154.0b1rc2"),
            ("154.0B1 Build 2 (Candidate)", "154.0b1rc2"),
            ("153.0 rc 2", "153.0rc2"),
            ("153.0 rc2", "153.0rc2"),
            ("153.0 RC2", "153.0rc2"),
            ("153.0 RC build2", "153.0rc2"),
            ("154.0b1 build2", "154.0b1rc2"),
            ("154.0 beta3", "154.0b3"),
            ("154 beta 3", "154.0b3"),
            ("153.0 build 2", "153.0rc2"),
            ("162.0 Beta 1", "162.0b1"),
            ("162.0 beta 1 build 3", "162.0b1rc3"),
            ("154.0b1rc2", "154.0b1rc2"),
        ] {
            let read = Version::from_spoken(text);
            assert_eq!(read.unwrap().as_str(), version, "{text}");
        }
        for text in [
            "",
            "build 2",
            "154.0b1 build",
            "154.0b1 build x",
            "154.0b1 build 2 build 3",
            "154.0b1 rc build 2",
            "154.0b1 build 99999999999",
            "154.0 beta",
            "153.0 rc2 rc2",
            "153.0 rcx",
            "154.0 beta 1 beta 2",
            "nsTArray 2 build 1",
            "(candidate)",
        ] {
            assert!(Version::from_spoken(text).is_none(), "{text}");
        }
    }
}
