//! The audit log: who saw what is protected, and who changed what.

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Somebody signed in.
    SignIn,
    /// Somebody signed out.
    SignOut,
    /// The page of a report was shown with what is protected.
    SeeReport,
    /// A whole processed crash was read.
    ReadProcessed,
    /// A whole raw crash was read.
    ReadRaw,
    /// A file of a report was read; the detail is its name, if that is public.
    ReadDump,
    /// Crashes were searched, counted or listed by what is protected; the detail names the fields.
    SearchProtected,
    /// The audit log itself was read.
    ReadAuditLog,
    /// A token was made; the detail is its id, its permissions and its note.
    CreateToken,
    /// A token was revoked; the detail is its id.
    RevokeToken,
    /// A crash report was deleted.
    DeleteCrash,
    /// A crash that could not be processed was taken up once more.
    RetryCrash,
    /// Something about builds was corrected; the detail says what.
    CorrectBuilds,
    /// Builds were read from a file; the detail is its name.
    LoadBuilds,
    /// Other lists for signatures were switched on or off; the detail says which.
    SwitchLists,
    /// Builds were announced; the detail says which.
    AnnounceBuilds,
    /// Announced builds were withdrawn; the detail says which.
    WithdrawBuilds,
    /// A crash report was queued to be processed again; the detail is the ruleset.
    ReprocessCrash,
}

impl Action {
    /// Every action's name, in the order of the enum.
    pub const NAMES: &[&str] = &[
        "sign_in",
        "sign_out",
        "see_report",
        "read_processed",
        "read_raw",
        "read_dump",
        "search_protected",
        "read_audit_log",
        "create_token",
        "revoke_token",
        "delete_crash",
        "retry_crash",
        "correct_builds",
        "load_builds",
        "switch_lists",
        "announce_builds",
        "withdraw_builds",
        "reprocess_crash",
    ];

    /// Its name in the log.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}

/// Who does something, and from where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Actor {
    /// `token <id> (<note>)`, or the user of the command line.
    pub who: String,
    /// An address, or the name of the machine whose command line was used.
    pub origin: String,
}

/// A line of the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When, microseconds UTC.
    pub at: i64,
    /// Tells lines of the same moment apart.
    pub id: String,
    /// Who did it.
    pub who: String,
    /// What was done: the name of an [`Action`], of this release or another one.
    pub action: String,
    /// The crash concerned; empty if none is.
    pub crash_id: String,
    /// More about it; never what is protected.
    pub detail: String,
    /// From where.
    pub origin: String,
}

crate::from_row!(Entry {
    at,
    id,
    who,
    action,
    crash_id,
    detail,
    origin
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_lists_them() {
        let page = include_str!("../../../docs/access.md");
        let rows = page
            .lines()
            .skip_while(|line| !line.starts_with("| action |"))
            .skip(2)
            .take_while(|line| line.starts_with('|'));
        let mut listed: Vec<&str> = rows.flat_map(|row| row.split('`').skip(1).step_by(2)).collect();
        let mut names = Action::NAMES.to_vec();
        listed.sort_unstable();
        names.sort_unstable();
        assert_eq!(listed, names);
    }

    #[test]
    fn every_name_is_listed() {
        let last = Action::ReprocessCrash;
        assert_eq!(Action::NAMES.len(), last as usize + 1);
        assert_eq!(Action::NAMES.last(), Some(&last.name()));
        assert_eq!(
            Action::NAMES.get(Action::ReadDump as usize),
            Some(&Action::ReadDump.name())
        );
    }
}
