//! The list of all samples.

use anyhow::Result;

use crate::sample::Sample;
use crate::victim::Victim;
use crate::walk::SymbolKey;
use crate::{android, linux, mac, windows};

/// Returns all samples; those of Linux are made by crashing `victim`.
///
/// # Errors
/// When the victim cannot be run or traced.
pub(crate) fn all(victim: &Victim) -> Result<Vec<Sample>> {
    let mut samples = linux::samples(victim)?;
    samples.extend(synthetic());
    Ok(samples)
}

/// Returns the samples that are the same each time they are made.
pub(crate) fn synthetic() -> Vec<Sample> {
    let mut samples = windows::samples();
    samples.push(mac::sample());
    samples.extend(android::samples());
    samples
}

/// Returns the symbols of the modules that exist only in synthetic minidumps.
pub(crate) fn hand_written_symbols() -> Vec<(SymbolKey, &'static str)> {
    [
        windows::SYMBOLS,
        windows::THUNDERBIRD_SYMBOLS,
        mac::SYMBOLS,
        android::SYMBOLS,
    ]
    .into_iter()
    .map(|(file, id, text)| ((file.to_owned(), id.to_owned()), text))
    .collect()
}
