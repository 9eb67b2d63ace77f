//! How the report was processed.

use super::field::Kind::{Boolean, Integer, List, Text};
use super::field::Shape::Members;
use super::field::{Field, protected, public};

/// The rows, sorted by name.
#[rustfmt::skip] // Columns.
pub(super) const ROWS: &[Field] = &[
    public("completed_datetime", Text)
        .about("Time at which processing of the crash ended, ISO 8601 in UTC with microseconds. Later processing \
            replaces it."),
    protected("processor_details", List).of(Members(DETAIL))
        .about("Protected side of the processor's notes: what a note is about, such as a value, and notes about \
            protected annotations. Absent if there is nothing to tell."),
    public("processor_history", List)
        .about("Notes of the earlier times that the crash was processed, the newest first, at most 20. Empty if it \
            was processed once."),
    public("processor_notes", Text).searched()
        .about("What happened while the report was processed, one note per line: when it started, what was missing, \
            malformed or left out, and failures. Never quotes protected data."),
    public("row_version", Integer)
        .about("Counter of the versions of this document. It grows whenever the stored result is replaced, for \
            instance after the crash is processed again."),
    public("started_datetime", Text)
        .about("When processing of this crash began, ISO 8601 in UTC. `completed_datetime` is when it ended."),
    public("success", Boolean)
        .about("Whether all rules were run. True in every finished result, also if the minidump could not be read: \
            `mdsw_status_string` tells that."),
];

/// One note with what is protected of it.
#[rustfmt::skip] // Columns.
const DETAIL: &[Field] = &[
    protected("detail", Text)
        .about("What the note is about, such as the value that could not be read. Absent if there is nothing to add."),
    protected("note", Text)
        .about("The note. Of a note that everyone may read, the same text as in `processor_notes`."),
];
