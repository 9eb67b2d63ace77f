//! What a Bugzilla is asked: the parameters of `GET /rest/bug`.

use platform::clock;
use url::Url;

/// What is wanted of each bug. The fields of versions have names that nobody knows beforehand (`cf_status_firefox152`):
/// `_custom` asks for all fields that a Bugzilla added to its own. One that does not know the word passes over it.
const FIELDS: &str = "id,summary,status,resolution,keywords,assigned_to,cf_crash_signature,_custom";

/// Which changes are asked for. Fields of versions change in bugs of any kind and are not among them: known bugs are
/// asked again each day.
const CHANGES: [&str; 6] = [
    "cf_crash_signature",
    "resolution",
    "[Bug creation]",
    "bug_status",
    "assigned_to",
    "keywords",
];

const DAY: i64 = 86_400 * 1_000_000;

/// Which bugs are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// All with a crash signature.
    All,
    /// Those that are new or changed since the beginning of this day, `YYYY-MM-DD`.
    Changed {
        /// The day, in whatever time zone the Bugzilla has.
        since: String,
    },
    /// These.
    Known(Vec<i64>),
}

impl Question {
    /// The address to ask at, for `limit` bugs from the `offset`-th on, in the order of their numbers.
    pub fn url(&self, root: &Url, offset: u64, limit: usize) -> Url {
        let mut url = root.clone();
        // An address that cannot have a path is refused with the settings.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["rest", "bug"]);
        }
        let mut query = url.query_pairs_mut();
        match self {
            Self::All => {
                query
                    .append_pair("f1", "cf_crash_signature")
                    .append_pair("o1", "substring")
                    .append_pair("v1", "[@");
            }
            Self::Changed { since } => {
                for field in CHANGES {
                    query.append_pair("chfield", field);
                }
                query.append_pair("chfieldfrom", since).append_pair("chfieldto", "Now");
            }
            Self::Known(ids) => {
                let ids: Vec<String> = ids.iter().map(i64::to_string).collect();
                query.append_pair("id", &ids.join(","));
            }
        }
        query
            .append_pair("include_fields", FIELDS)
            .append_pair("order", "bug_id")
            .append_pair("limit", &limit.to_string())
            .append_pair("offset", &offset.to_string());
        drop(query);
        url
    }
}

/// The day before a time (microseconds UTC), `YYYY-MM-DD`: midnight of it is at least ten hours before that time in
/// every time zone, so that neither a Bugzilla's zone nor a clock that is wrong by hours hides a change.
pub fn day_before(time: i64) -> String {
    let written = clock::rfc3339(time.saturating_sub(DAY));
    written.split('T').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked() {
        const REST: &str = "&include_fields=id%2Csummary%2Cstatus%2Cresolution%2Ckeywords%2Cassigned_to\
            %2Ccf_crash_signature%2C_custom&order=bug_id&limit=500&offset=7";
        let changed = Question::Changed {
            since: "2026-11-28".to_owned(),
        };
        for (root, question, expected) in [
            (
                "https://b.example/",
                Question::All,
                "https://b.example/rest/bug?f1=cf_crash_signature&o1=substring&v1=%5B%40",
            ),
            (
                "http://h:1/my/bugzilla/",
                changed,
                "http://h:1/my/bugzilla/rest/bug?chfield=cf_crash_signature&chfield=resolution\
                 &chfield=%5BBug+creation%5D&chfield=bug_status&chfield=assigned_to&chfield=keywords\
                 &chfieldfrom=2026-11-28&chfieldto=Now",
            ),
            (
                "https://b.example/x/",
                Question::Known(vec![3, 5]),
                "https://b.example/x/rest/bug?id=3%2C5",
            ),
        ] {
            let root = Url::parse(root).unwrap();
            assert_eq!(question.url(&root, 7, 500).as_str(), format!("{expected}{REST}"));
        }
    }

    #[test]
    fn the_day_before_is_over_everywhere() {
        for (time, expected) in [
            (1_795_910_400, "2026-11-28"),
            (1_795_996_799, "2026-11-28"),
            (1_772_341_200, "2026-02-28"),
        ] {
            assert_eq!(day_before(time * 1_000_000), expected);
        }
    }
}
