//! Our own sample crashes, and the same crashes as clients of a world's builds would send them.

mod cast;
mod sample;
#[cfg(test)]
mod tests;

pub use self::cast::samples_for;
pub use self::sample::{Expected, Sample, Submission, Walked, samples, write_symbols};
