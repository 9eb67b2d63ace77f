#![no_main]

#[path = "../checks/bugzilla_answer.rs"]
mod bugzilla_answer;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bugzilla_answer::check(bytes));
