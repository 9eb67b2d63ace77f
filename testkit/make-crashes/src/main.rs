//! Makes the sample crashes and their symbols, and checks them.
//!
//! `make-crashes OUT_DIR` writes `OUT_DIR/crashes` and `OUT_DIR/symbols`; `make-crashes --check DIR` walks every
//! minidump there with the symbols there and compares what it finds with what each crash expects. It never reads the
//! network.

mod android;
mod annotations;
mod catalogue;
mod linux;
mod mac;
mod make;
mod sample;
mod symbols;
mod synthetic;
mod victim;
mod walk;
mod windows;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["--check", folder] => make::check(Path::new(folder)),
        [folder] if !folder.starts_with('-') => make::make(Path::new(folder)),
        _ => {
            eprintln!("usage: make-crashes OUT_DIR\n       make-crashes --check DIR");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("make-crashes: {error:#}");
            ExitCode::FAILURE
        }
    }
}
