//! What is written of a processed crash.

use bytes::Bytes;
use crash::ProcessedCrash;
use crashstore::column::{Name, Text};
use crashstore::db::{Finished, Output};
use crashstore::search;
use platform::cpu;

use super::problem::Problem;
use crate::enrich::Found;

/// A processed crash as it is written: a document may be many megabytes, so its forms are built once and on another
/// thread.
pub(super) struct Written {
    pub(super) output: Output,
    pub(super) document: ProcessedCrash,
    pub(super) bytes: Bytes,
    pub(super) search: Vec<u8>,
}

impl Written {
    pub(super) async fn of(mut document: ProcessedCrash, output: Output) -> Result<Self, Problem> {
        document.set("row_version", output.row_version);
        let made = cpu::run(move || Self {
            bytes: document.to_json().into(),
            search: search::stored_document(&document),
            document,
            output,
        });
        made.await
            .map_err(|_| Problem::Never("the document could not be written"))
    }
}

/// What the row of a crash keeps of it.
pub(super) fn finished(processed: &ProcessedCrash, found: &Found) -> Finished {
    let text = |name: &str| processed.text(name).unwrap_or_default();
    Finished {
        os_name: Name::of(text("os_name")),
        process_type: Name::of(text("process_type")),
        signature: Text::of(text("signature")),
        reason: Text::of(text("reason")),
        product: Name::of(text("product")),
        channel: Name::of(text("release_channel")),
        build_id: Name::of(text("build")),
        attached: found.attached(text("version"), text("version_reported")),
    }
}
