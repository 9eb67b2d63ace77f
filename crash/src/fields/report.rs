//! The report itself: what it is called, what came with it, and how it came in.

use super::field::Kind::{Boolean, Integer, List, Number, Object, Text};
use super::field::Shape::{Members, ReportKey};
use super::field::{Field, protected, public};

/// The rows, sorted by name.
#[rustfmt::skip] // Columns.
pub(super) const ROWS: &[Field] = &[
    protected("collector_metadata", Object).of(Members(METADATA))
        .about("What the collector recorded when the report came in: form, compression and size of the upload, \
            checksums of the dumps, the `User-Agent` header, the throttling rule and remarks. Empty if missing."),
    public("crash_id", Text)
        .about("Id of the crash: 36 characters, a random UUID whose last six digits are the day of receipt as \
            `YYMMDD`. The same value as `uuid`."),
    public("crash_report_keys", List).searched().of(ReportKey)
        .about("Names of all annotations and dumps in the report, and of what the collector added, sorted. Everyone \
            sees the names of public annotations and of the dumps whose results are public. Names are cut at 100 \
            characters; unusual ones are left out."),
    public("submitted_from", Text).searched()
        .about("Part of the product from which the report was sent: `Auto`, `Infobar`, `AboutCrashes`, `CrashedTab` \
            or `Client`; `Unknown` if the client did not say."),
    protected("submitted_from_infobar", Boolean)
        .about("Whether the report was sent from the bar by which the browser offers to submit crash reports that \
            have not been sent yet."),
    public("throttleable", Boolean).copied_from("Throttleable").searched()
        .about("Whether the collector may drop the report when it takes only a sample. False if the user asked for it \
            to be sent; such reports are always kept. Absent if the client did not say."),
    protected("user_comments", Text).copied_from("Comments").searched()
        .about("What the user wrote about the crash when sending the report. Absent if nothing was written."),
    public("uuid", Text).searched()
        .about("Id of the crash report, 36 characters; its last six digits are the day it was received. Same as \
            `crash_id`."),
];

/// The object that the collector writes, [`crate::Metadata`].
#[rustfmt::skip] // Columns.
const METADATA: &[Field] = &[
    protected("collector_notes", List).searched()
        .about("Oddities that the collector found while it received the report, and the names of annotations that it \
            removed before storing it, one text each. Empty if there was nothing to note."),
    protected("dump_checksums", Object)
        .about("Object from the name of each dump to its SHA-256, in hexadecimal."),
    protected("payload", Text)
        .about("How the annotations were sent: `json` or `multipart`."),
    protected("payload_compressed", Text)
        .about("Whether the body was compressed with gzip: the text `1` or `0`."),
    protected("payload_size", Integer)
        .about("Size of the body as it was sent, in bytes."),
    protected("sampling_weight", Number).searched_by_all_as("weight")
        .about("Number of crashes that this one stands for: 1 divided by the product of the sampling rates that it \
            passed, at least 1. Everyone may search by it, on purpose: it says nothing but how to count."),
    protected("throttle_rule", Text)
        .about("Name of the throttling rule that let the report in."),
    protected("user_agent", Text)
        .about("`User-Agent` header of the request; the text `None` if there was none."),
];
