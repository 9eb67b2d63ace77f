//! Loading CSV tables of versions.

use std::collections::HashSet;
use std::io::{self, BufRead};
use std::str::FromStr;

use builds::said::observation::{Digest, Observation, SourceName};
use platform::clock;
use platform::db::{Db, DbError};
use platform::lease::Lease;
use tokio_util::sync::CancellationToken;

use crate::db::{self, Run, Writes};
use crate::import::{ImportError, Progress, derive_dirty, with_lease};
use crate::sources::csv::{self, BadRow};
use crate::sources::table::{PLACE, Table};

/// Maximum file size in bytes.
const MAX_FILE: u64 = 1 << 30;
/// Rows stored at a time.
const CHUNK: usize = 450;
/// Maximum characters of the name of a table's loader.
const MAX_AUTHOR: usize = 200;
/// Maximum bad rows named in the run's notes.
const NAMED: i64 = 20;

/// A table's origin: a name of letters, digits, `.`, `_` and `-` that begins with a letter or digit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(String);

/// An invalid origin name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an origin has 1 to 100 letters, digits, '.', '_' and '-', and begins with a letter or digit")]
pub struct NotAnOrigin;

impl FromStr for Origin {
    type Err = NotAnOrigin;

    fn from_str(text: &str) -> Result<Self, NotAnOrigin> {
        let of_its_kind = |character: char| character.is_ascii_alphanumeric() || matches!(character, '.' | '_' | '-');
        let well = text.len() <= 100
            && text.starts_with(|first: char| first.is_ascii_alphanumeric())
            && text.chars().all(of_its_kind);
        well.then(|| Self(text.to_owned())).ok_or(NotAnOrigin)
    }
}

impl Origin {
    /// The address of the table's observations. The slash distinguishes it from the built-in table.
    fn url(&self) -> String {
        format!("{PLACE}{}", self.0)
    }
}

/// The person who loads a table: a name of at most 200 characters without control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author(String);

/// An invalid author name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an author is a name of 1 to {MAX_AUTHOR} characters, in one line")]
pub struct NotAnAuthor;

impl FromStr for Author {
    type Err = NotAnAuthor;

    fn from_str(text: &str) -> Result<Self, NotAnAuthor> {
        let text = text.trim();
        let well = !text.is_empty() && text.chars().count() <= MAX_AUTHOR && !text.contains(char::is_control);
        well.then(|| Self(text.to_owned())).ok_or(NotAnAuthor)
    }
}

/// How to load a table.
#[derive(Debug, Clone)]
pub struct LoadOptions {
    /// Where it comes from.
    pub origin: Origin,
    /// Who loads it; shown beside every answer that rests on the table.
    pub author: Author,
    /// The table is complete for its origin: whatever an earlier table said and this one does not is withdrawn.
    /// Otherwise rows are only added.
    pub replace: bool,
}

/// A table was not loaded, or not completely. Rows already read stay, and loading it again continues.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The same errors as an import.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The table could not be read.
    #[error("reading the table: {0}")]
    Read(#[from] io::Error),
    /// The table is too large.
    #[error("the table is larger than {MAX_FILE} bytes")]
    TooLarge,
}

impl From<DbError> for LoadError {
    fn from(error: DbError) -> Self {
        Self::Import(error.into())
    }
}

/// Loads a table as one run, under the same lease as an import, and derives the builds its rows affect. Bad rows are
/// counted and noted; they are not an error.
///
/// # Errors
/// See [`LoadError`].
pub async fn load_csv(
    db: &Db,
    input: impl BufRead,
    options: &LoadOptions,
    owner: &str,
    stop: &CancellationToken,
    report: &(dyn Fn(Progress) + Sync),
) -> Result<Run, LoadError> {
    let work = |lease: Lease| async move {
        let policy = format!("the table {:?}", options.origin.0);
        let run = Run::next(db, SourceName::CSV.as_str(), policy).await?;
        db::start_run(&lease, &run).await?;
        let mut load = Load {
            lease,
            options,
            report,
            run,
            said: HashSet::new(),
        };
        let outcome = load.work(input, stop).await;
        load.end(&outcome).await?;
        Ok(outcome.map(|()| load.run))
    };
    with_lease(db, true, owner, stop, report, work).await?
}

struct Load<'a> {
    lease: Lease,
    options: &'a LoadOptions,
    report: &'a (dyn Fn(Progress) + Sync),
    run: Run,
    /// The table's observations.
    said: HashSet<Digest>,
}

impl Load<'_> {
    async fn work(&mut self, input: impl BufRead, stop: &CancellationToken) -> Result<(), LoadError> {
        let url = self.options.origin.url();
        let LoadOptions { origin, author, .. } = self.options;
        self.note(&format!("the table {}, loaded by {}", origin.0, author.0));
        let mut input = input.take(MAX_FILE);
        let mut chunk = Vec::with_capacity(CHUNK);
        for row in csv::rows(&mut input, &url) {
            self.run.records += 1;
            match row? {
                Ok(mut row) => {
                    Table::mark(&mut row, &self.options.origin.0, &self.options.author.0);
                    chunk.push(row);
                }
                Err(bad) => self.note_bad(&bad),
            }
            if chunk.len() == CHUNK {
                self.store(&mut chunk).await?;
            }
            if stop.is_cancelled() {
                return Err(ImportError::Stopped.into());
            }
        }
        self.store(&mut chunk).await?;
        if input.limit() == 0 {
            return Err(LoadError::TooLarge);
        }
        if self.options.replace {
            self.withdraw(&url).await?;
        }
        self.run.generation = derive_dirty(&self.lease, stop, self.report).await?;
        Ok(())
    }

    async fn store(&mut self, chunk: &mut Vec<Observation>) -> Result<(), LoadError> {
        if self.options.replace {
            self.said.extend(chunk.iter().map(Observation::digest));
        }
        let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let seen = db::record(&self.lease, self.run.id, chunk).await?;
        self.run.new_records += count(seen.new);
        self.run.unchanged += count(seen.unchanged);
        chunk.clear();
        let done = u64::try_from(self.run.records).unwrap_or(0);
        (self.report)(Progress::Reading {
            source: SourceName::CSV,
            done,
            total: done,
        });
        Ok(())
    }

    /// Withdraws what earlier tables of the origin said, if this one is complete: an empty table or one with bad rows
    /// proves nothing about missing rows.
    async fn withdraw(&mut self, url: &str) -> Result<(), LoadError> {
        if self.said.is_empty() || self.run.errors > 0 {
            self.note("rows of earlier tables stay: this one is empty or has bad rows");
            return Ok(());
        }
        let source = SourceName::CSV.as_str();
        let withdrawn = db::close_unsaid(&self.lease, self.run.id, source, url, &self.said).await?;
        self.note(&format!("{withdrawn} rows of earlier tables are withdrawn"));
        Ok(())
    }

    fn note_bad(&mut self, bad: &BadRow) {
        self.run.errors += 1;
        if self.run.errors <= NAMED {
            self.note(&bad.to_string());
        }
    }

    fn note(&mut self, text: &str) {
        self.run.note(text);
    }

    /// Stores how the run ended, whether it succeeded or failed.
    async fn end(&mut self, outcome: &Result<(), LoadError>) -> Result<(), ImportError> {
        let unnamed = self.run.errors - NAMED;
        if unnamed > 0 {
            self.note(&format!("and {unnamed} bad rows more"));
        }
        let usable = self.run.records - self.run.errors;
        self.run.ended = Some(clock::now_micros());
        self.run.outcome = match outcome {
            Err(LoadError::Import(ImportError::Stopped)) => "stopped",
            Err(_) => "broken",
            Ok(()) if usable == 0 => "failed",
            Ok(()) => "complete",
        }
        .to_owned();
        let mut tx = self.lease.begin_import().await?;
        db::end_run(&mut tx, &self.run).await?;
        Ok(tx.commit().await?)
    }
}

#[cfg(test)]
mod tests {
    use super::{Author, Origin};

    #[test]
    fn an_author_is_a_name_in_one_line() {
        for text in ["ana", " Ana Ñandú ", "user 1000", &"x".repeat(200)] {
            assert!(text.parse::<Author>().is_ok(), "{text}");
        }
        for text in ["", " ", "a\nb", "\u{1b}[1m", &"x".repeat(201)] {
            assert!(text.parse::<Author>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_origin_is_a_plain_name() {
        for text in ["a", "versions-2026.csv", "9_x"] {
            assert!(text.parse::<Origin>().is_ok(), "{text}");
        }
        for text in ["", ".", "..", "-", "a/b", "a b", "ä", &"x".repeat(101)] {
            assert!(text.parse::<Origin>().is_err(), "{text}");
        }
    }
}
