//! The keys of a crash report's objects. They match Socorro's, so that an existing bucket can be taken over.

use crash::{CrashId, MAIN_DUMP};

/// The folder of the raw crashes of all days.
pub const RAW_CRASHES: &str = "v1/raw_crash";

/// The annotations.
pub fn raw_crash(id: &CrashId) -> String {
    format!("{RAW_CRASHES}/{}/{id}", id.day_key())
}

/// The list of dump names.
pub fn dump_names(id: &CrashId) -> String {
    format!("v1/dump_names/{id}")
}

/// A dump. The main minidump is stored under the name `dump`.
pub fn dump(id: &CrashId, name: &str) -> String {
    let name = if name == MAIN_DUMP || name.is_empty() {
        "dump"
    } else {
        name
    };
    format!("v1/{name}/{id}")
}

/// The folder of the processed crashes.
pub const PROCESSED_CRASHES: &str = "v1/processed_crash";

/// The processed crash.
pub fn processed_crash(id: &CrashId) -> String {
    format!("{PROCESSED_CRASHES}/{id}")
}

/// The folder of the outputs not yet copied to their processed crash's own key.
pub const OUTPUTS: &str = "v1/processed_output";

/// The output of a claim on a crash, until it is copied to the key of the processed crash.
pub fn output(id: &CrashId, claim: &str) -> String {
    format!("{OUTPUTS}/{id}.{claim}")
}

/// Parses the crash and the claim from the name of an output; `None` for any other name.
pub fn of_output(name: &str) -> Option<(CrashId, &str)> {
    let (id, claim) = name.split_once('.')?;
    Some((id.parse().ok()?, claim))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_an_existing_bucket() {
        let id: CrashId = "de1bb258-cbbf-4589-a673-34f800160918".parse().unwrap();
        for (key, expected) in [
            (raw_crash(&id), format!("v1/raw_crash/20160918/{id}")),
            (dump_names(&id), format!("v1/dump_names/{id}")),
            (dump(&id, MAIN_DUMP), format!("v1/dump/{id}")),
            (dump(&id, "memory_report"), format!("v1/memory_report/{id}")),
            (processed_crash(&id), format!("v1/processed_crash/{id}")),
        ] {
            assert_eq!(key, expected);
        }
    }

    #[test]
    fn the_name_of_an_output_tells_crash_and_claim() {
        let id: CrashId = "de1bb258-cbbf-4589-a673-34f800160918".parse().unwrap();
        let key = output(&id, "17-0a1b-3");
        let name = key.rsplit('/').next().unwrap();
        assert_eq!(of_output(name), Some((id, "17-0a1b-3")));
        assert_eq!(of_output("de1bb258"), None);
        assert_eq!(of_output("x.y"), None);
    }
}
