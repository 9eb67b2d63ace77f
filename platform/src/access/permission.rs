//! What a token may do.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// A thing that needs leave. The order is that of lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Permission {
    /// See what is protected of crashes.
    ViewPii,
    /// Read minidumps and other files of a report.
    ViewRawDump,
    /// Let crashes be processed again.
    ReprocessCrashes,
    /// Send queries to the search engine as they are.
    RunCustomQueries,
    /// Run queries that take long.
    RunLongQueries,
    /// Upload symbols.
    UploadSymbols,
    /// Upload symbols of builds that are only tried out.
    UploadTrySymbols,
    /// State builds.
    AnnounceBuilds,
    /// See who did what.
    Administer,
}

/// A permission's name, what people call it, and what it allows.
struct Row(&'static str, &'static str, &'static str);

impl Permission {
    const ALL: [Self; 9] = [
        Self::ViewPii,
        Self::ViewRawDump,
        Self::ReprocessCrashes,
        Self::RunCustomQueries,
        Self::RunLongQueries,
        Self::UploadSymbols,
        Self::UploadTrySymbols,
        Self::AnnounceBuilds,
        Self::Administer,
    ];

    /// Names and titles of the first five are those that clients of Crash Stats know; those of symbols are Tecken's.
    fn row(self) -> Row {
        match self {
            Self::ViewPii => Row(
                "view_pii",
                "View Personal Identifiable Information",
                "see the whole of a crash report except its files",
            ),
            Self::ViewRawDump => Row(
                "view_rawdump",
                "View Raw Dumps",
                "download the files of a crash report: minidumps, which hold memory, and attachments",
            ),
            Self::ReprocessCrashes => Row(
                "reprocess_crashes",
                "Reprocess Crashes",
                "let crash reports be processed again",
            ),
            Self::RunCustomQueries => Row(
                "run_custom_queries",
                "Run Custom Queries in Super Search",
                "do no more than others yet; Crash Stats has it",
            ),
            Self::RunLongQueries => Row(
                "run_long_queries",
                "Run Long Queries",
                "ask searches that take up to 25 seconds; those of others end after 4.5",
            ),
            Self::UploadSymbols => Row(
                "upload_symbols",
                "Upload Symbols Files",
                "upload symbols of builds that ship",
            ),
            Self::UploadTrySymbols => Row(
                "upload_try_symbols",
                "Upload Try Symbols Files",
                "upload symbols of builds that are only tried out",
            ),
            Self::AnnounceBuilds => Row(
                "announce_builds",
                "Announce Builds",
                "announce the builds that a pipeline of the site makes, and withdraw them",
            ),
            Self::Administer => Row("administer", "Administer", "read the audit log"),
        }
    }

    /// Every permission, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter()
    }

    /// Its name, such as `view_pii`.
    pub fn name(self) -> &'static str {
        self.row().0
    }

    /// What people call it; errors use this name.
    pub fn title(self) -> &'static str {
        self.row().1
    }

    /// What it allows, as the end of the sentence "its holder may …".
    pub fn meaning(self) -> &'static str {
        self.row().2
    }
}

/// The text is not the name of a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no such permission")]
pub struct NoPermission;

impl FromStr for Permission {
    type Err = NoPermission;

    fn from_str(name: &str) -> Result<Self, NoPermission> {
        Self::all().find(|one| one.name() == name).ok_or(NoPermission)
    }
}

/// What a token may do: any number of permissions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Permissions(BTreeSet<Permission>);

impl Permissions {
    /// Whether this one is among them.
    pub fn contains(&self, permission: Permission) -> bool {
        self.0.contains(&permission)
    }

    /// Each of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = Permission> {
        self.0.iter().copied()
    }

    /// Reads the stored form. Names that this release does not know allow nothing.
    pub(crate) fn stored(text: &str) -> Self {
        text.split_whitespace().filter_map(|name| name.parse().ok()).collect()
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        Self(permissions.into_iter().collect())
    }
}

/// The stored form: their names with blanks between them.
impl fmt::Display for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.iter().map(Permission::name).collect();
        f.write_str(&names.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permission_has_a_row_of_its_own() {
        assert!(Permission::ALL.is_sorted_by(|a, b| a < b));
        assert_eq!(
            Permission::ALL.last().map(|last| *last as usize + 1),
            Some(Permission::ALL.len())
        );
        for permission in Permission::all() {
            assert_eq!(permission.name().parse(), Ok(permission));
        }
        assert_eq!("".parse::<Permission>(), Err(NoPermission));
        assert_eq!("VIEW_PII".parse::<Permission>(), Err(NoPermission));
    }

    #[test]
    fn the_stored_form_reads_back_and_what_is_unknown_allows_nothing() {
        let some: Permissions = [Permission::ViewRawDump, Permission::ViewPii].into_iter().collect();
        assert_eq!(some.to_string(), "view_pii view_rawdump");
        assert_eq!(Permissions::stored("view_pii view_rawdump"), some);
        assert_eq!(Permissions::stored(" view_pii  fly view_rawdump"), some);
        assert_eq!(Permissions::stored(""), Permissions::default());
    }

    #[test]
    fn the_documentation_lists_them() {
        let page = include_str!("../../../docs/access.md");
        let rows: Vec<String> = page
            .lines()
            .skip_while(|line| !line.starts_with("| permission |"))
            .skip(2)
            .take_while(|line| line.starts_with('|'))
            .map(str::to_owned)
            .collect();
        let expected: Vec<String> = Permission::all()
            .map(Permission::row)
            .map(|Row(name, title, meaning)| format!("| `{name}` | {title} | {meaning} |"))
            .collect();
        assert_eq!(rows, expected);
    }
}
