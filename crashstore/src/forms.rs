//! The forms that search documents have had, and which fields each of them added.
//!
//! A row says which form its document has. Rows of older forms are made again in the background; until then they lack
//! the fields that came later, and searches by those say so.

/// A form of the search document.
struct Form {
    /// A digest of the fields that the document is made of: of a line for each of them in the order of the table,
    /// `<search name> <kind> <path>`, and since the fourth form one for `frames`. The first 8 bytes of the SHA-256 in
    /// hexadecimal.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "it says which form this is; a test compares it")
    )]
    digest: &'static str,
    /// The search names of the fields that rows of the form before lack, sorted: new ones, and those that are made
    /// otherwise since.
    added: &'static [&'static str],
}

/// Every form, from the first on. A change of the fields adds one; one that is there stands in stored rows by its
/// number, and is never changed.
const FORMS: [Form; 4] = [
    Form {
        digest: "dd74744cc0a1e142",
        added: &[],
    },
    Form {
        digest: "3f6696b99cdcba8f",
        added: &["version_reported"],
    },
    // The fields of `memory_measures` are in the table since this form. Documents had them before.
    Form {
        digest: "a5f1e1d29559d5c3",
        added: &["collector_notes"],
    },
    Form {
        digest: "8d1eaf26acb61f13",
        added: &["build_certainty", "build_status", "builds_behind", "frames", "weight"],
    },
];

/// The number of the newest form. The first one is 1.
pub(crate) const NEWEST: i64 = FORMS.len() as i64;

/// The search names of the fields that rows of these forms may lack, each once, sorted. A form that this release does
/// not know, because a newer one wrote it, lacks nothing that this one knows.
pub fn incomplete(present: impl IntoIterator<Item = i64>) -> Vec<&'static str> {
    let Some(oldest) = present.into_iter().min() else {
        return Vec::new();
    };
    let known = usize::try_from(oldest).unwrap_or(0);
    let later = FORMS.iter().skip(known);
    let mut names: Vec<&str> = later.flat_map(|form| form.added).copied().collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crash::fields::{FRAMES, searched};
    use sha2::{Digest, Sha256};

    use super::*;

    /// The digest of today's fields without these; `frames` has its line if it is not among them.
    fn digest_without(names: &[&str]) -> String {
        let known = searched().iter().filter(|searched| !names.contains(&searched.name));
        let lines = known.map(|searched| {
            let path = searched.path.join(".");
            format!("{} {:?} {path}\n", searched.name, searched.field.kind)
        });
        let frames = (!names.contains(&FRAMES.name))
            .then(|| format!("{} {:?} of the crashing thread\n", FRAMES.name, FRAMES.kind));
        hex::encode(&Sha256::digest(lines.chain(frames).collect::<String>())[..8])
    }

    #[test]
    fn the_newest_form_is_that_of_todays_fields() {
        let digest = digest_without(&[]);
        assert_eq!(
            FORMS.last().map(|form| form.digest),
            Some(digest.as_str()),
            "the fields are others: add this form to FORMS, with the fields that it adds"
        );
        let different: BTreeSet<&str> = FORMS.iter().map(|form| form.digest).collect();
        assert_eq!(different.len(), FORMS.len());
    }

    /// If a field is removed or moved one day, earlier forms can no longer be told by today's fields: this holds for
    /// the later ones then.
    #[test]
    fn each_form_is_todays_without_what_came_later() {
        for (before, form) in FORMS.iter().enumerate().skip(2) {
            let later = incomplete([i64::try_from(before).unwrap() + 1]);
            assert_eq!(digest_without(&later), form.digest, "form {}", before + 1);
        }
        let memory = searched()
            .iter()
            .filter(|searched| searched.path[0] == "memory_measures");
        let memory: Vec<&str> = memory.map(|searched| searched.name).collect();
        for (number, form) in [(1, &FORMS[0]), (2, &FORMS[1])] {
            let later = [incomplete([number]), memory.clone()].concat();
            assert_eq!(digest_without(&later), form.digest, "form {number}");
        }
    }

    #[test]
    fn what_a_form_adds_can_be_searched_and_is_sorted() {
        let names: BTreeSet<&str> = searched().iter().map(|searched| searched.name).collect();
        for form in &FORMS {
            assert!(form.added.is_sorted_by(|a, b| a < b), "{:?}", form.added);
            for name in form.added {
                assert!(names.contains(name) || *name == FRAMES.name, "{name}");
            }
        }
    }

    #[test]
    fn rows_lack_what_came_after_the_oldest_of_their_forms() {
        let of_the_fourth = ["build_certainty", "build_status", "builds_behind", "frames", "weight"];
        let mut since_the_third = of_the_fourth.to_vec();
        since_the_third.insert(3, "collector_notes");
        for (present, expected) in [
            (&[][..], &[][..]),
            (&[4], &[]),
            (&[5], &[]),
            (&[3], &of_the_fourth),
            (&[4, 3], &of_the_fourth),
            (&[3, 2], &since_the_third),
            (&[1], &[&since_the_third[..], &["version_reported"]].concat()),
            (&[-7], &incomplete([1])),
        ] {
            let mut expected = expected.to_vec();
            expected.sort_unstable();
            assert_eq!(incomplete(present.iter().copied()), expected, "{present:?}");
        }
    }
}
