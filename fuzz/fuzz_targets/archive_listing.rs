#![no_main]

#[path = "../checks/archive_listing.rs"]
mod archive_listing;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| archive_listing::check(bytes));
