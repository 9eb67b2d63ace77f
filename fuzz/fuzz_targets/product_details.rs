#![no_main]

#[path = "../checks/product_details.rs"]
mod product_details;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| product_details::check(bytes));
