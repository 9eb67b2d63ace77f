//! Minidumps, and what the stackwalker made of them.

use super::field::Kind::{Boolean, Integer, List, Object, Text};
use super::field::Shape::{DumpName, Members};
use super::field::{Field, protected, public};
use super::json_dump::JSON_DUMP;

/// The dumps whose results are public, and so their names too.
pub const PUBLIC_DUMPS: [&str; 2] = [crate::MAIN_DUMP, "upload_file_minidump_browser"];

/// The rows, sorted by name.
#[rustfmt::skip] // Columns.
pub(super) const ROWS: &[Field] = &[
    public("additional_minidumps", List).of(DumpName)
        .about("Names of the minidumps that came with the report beside the main one; the result for each is kept in \
            a field of that name. Everyone sees only `upload_file_minidump_browser`, the one whose result is public. \
            Empty if there were none."),
    protected("dumper_error", Text).copied_from("DumperError").searched()
        .about("Error that occurred on the client while it wrote the minidump. Absent if none was reported."),
    public("json_dump", Object).of(Members(JSON_DUMP))
        .about("What the stackwalker read from the main minidump: reason, system, modules, and all threads with their \
            stacks. Empty if it failed, absent if there was no minidump or an empty one."),
    protected("mdsw_return_code", Integer)
        .about("How walking the minidump ended: 0 if it worked, -9 if it took too much time or memory, the negated \
            number of another signal that ended the walker, else 1. Absent if there was no minidump to walk."),
    public("mdsw_status_string", Text)
        .about("Result of reading the minidump in one word: `OK`, `EmptyMinidump`, or the name of the error, such as \
            `MissingThreadList` or `MinidumpTooLarge`; `unknown error` if the walker died. Absent if the report has \
            no minidump."),
    protected("mdsw_stderr", Text)
        .about("Remark in place of the stackwalker's error output. Written only if the minidump is empty: then it \
            says that the minidump was not walked."),
    public("minidump_sha256_hash", Text).searched()
        .about("SHA-256 of the crashed process's minidump, in hexadecimal, as computed by the collector. Empty if the \
            report has no minidump."),
    protected("soft_errors", Text).searched()
        .about("Problems that the program writing the minidump met and worked around, as JSON text of at most 4,096 \
            characters; may be cut in the middle. Absent if it recorded none."),
    public("stackwalk_version", Text).searched()
        .about("Name and version of the program that read the minidump and walked its stacks. Absent if there was no \
            minidump to walk."),
    public("upload_file_minidump_browser", Object).of(Members(DUMP_RESULT))
        .about("Result for the minidump of the main process that came along with that of a child: its `json_dump`, \
            `mdsw_status_string`, `stackwalk_version` and more. Absent if no such minidump was sent."),
];

/// The result for an additional minidump.
#[rustfmt::skip] // Columns.
const DUMP_RESULT: &[Field] = &[
    public("json_dump", Object).of(Members(JSON_DUMP))
        .about("Document of the stack walk, of the same form as the crash's own `json_dump`; empty if the walk \
            failed, absent if the minidump is empty."),
    protected("mdsw_return_code", Integer)
        .about("Exit code of the stack walk: 0 for success, -9 after a timeout or lack of memory, another negative \
            number for a signal, 1 for any other failure. Absent if the minidump is empty."),
    public("mdsw_status_string", Text)
        .about("Status of the stack walk: `OK`, `EmptyMinidump`, `unknown error`, or the name of what is wrong with \
            the minidump."),
    protected("mdsw_stderr", Text)
        .about("Message of the stack walk; present only if the minidump is empty."),
    public("stackwalk_version", Text)
        .about("Name and version of the program that walked the stacks. Absent if the minidump is empty."),
    public("success", Boolean)
        .about("Whether the stack walk gave a document. Absent if the minidump is empty."),
];
