#![no_main]

#[path = "../checks/buildhub_records.rs"]
mod buildhub_records;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| buildhub_records::check(bytes));
