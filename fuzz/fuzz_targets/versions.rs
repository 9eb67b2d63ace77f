#![no_main]

#[path = "../checks/versions.rs"]
mod versions;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| versions::check(bytes));
