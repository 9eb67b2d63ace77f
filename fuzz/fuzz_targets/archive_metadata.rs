#![no_main]

#[path = "../checks/archive_metadata.rs"]
mod archive_metadata;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| archive_metadata::check(bytes));
