//! The right to import bugs, in the table `bug_import`. Nobody else writes what imports write.

use platform::lease::LeaseRow;

/// The right to import bugs; its transactions write down in the same row how far they came.
pub const IMPORT: LeaseRow = LeaseRow {
    table: "bug_import",
    name: "bugzilla",
    right: "to import bugs",
    is_changed: true,
};
