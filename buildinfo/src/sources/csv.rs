//! The crash system's own table of versions as CSV, in the form of Socorro's `dumppv` and `insert_missing_versions`.
//!
//! Each row is one line: no value in this table contains a line end, so an unclosed quote spoils only its own line.

use std::io::{self, BufRead, Read};

use csv::{ReaderBuilder, StringRecord, Trim};

use builds::derive::group::group_of;
use builds::said::observation::Observation;

/// Maximum length of a line in bytes.
const MAX_LINE: u64 = 16 << 10;
/// Maximum length of a value in bytes.
const MAX_FIELD: usize = 2048;
/// Maximum columns of a row.
const MAX_COLUMNS: usize = 64;

/// Socorro's names for the columns that make an observation, and the shorter ones of `dumppv`.
const NAMES: [&[&str]; 5] = [
    &["product_name", "product"],
    &["release_channel", "channel"],
    &["version_string"],
    &["build_id"],
    &["archive_url"],
];

/// The positions of the columns.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Columns {
    product: usize,
    channel: usize,
    version: usize,
    build_id: usize,
    archive_url: Option<usize>,
}

impl Columns {
    /// The seven columns of a table without a header: product, channel, major version, release version, version, build
    /// id, URL.
    const USUAL: Self = Self {
        product: 0,
        channel: 1,
        version: 4,
        build_id: 5,
        archive_url: Some(6),
    };

    /// The positions given by a header, whose columns may be in any order and among others; `None` if the line is no
    /// header.
    fn of(header: &StringRecord) -> Option<Self> {
        let place = |names: &[&str]| {
            header.iter().position(|column| {
                let column = column.trim_start_matches('\u{feff}');
                names.iter().any(|name| column.eq_ignore_ascii_case(name))
            })
        };
        let [product, channel, version, build_id, archive_url] = NAMES.map(place);
        Some(Self {
            product: product?,
            channel: channel?,
            version: version?,
            build_id: build_id?,
            archive_url,
        })
    }
}

/// An invalid row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct BadRow {
    /// Its line number, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub why: String,
}

/// The rows of a table, line by line. Empty lines and lines beginning with `#` are skipped.
#[derive(Debug)]
pub struct Rows<R> {
    input: R,
    url: String,
    columns: Option<Columns>,
    line: u64,
}

/// Reads a table, with or without a header; `url` is the address the table was read from.
pub fn rows<R: BufRead>(input: R, url: &str) -> Rows<R> {
    Rows {
        input,
        url: url.to_owned(),
        columns: None,
        line: 0,
    }
}

impl<R: BufRead> Iterator for Rows<R> {
    /// Reading can fail, and a line can be invalid.
    type Item = io::Result<Result<Observation, BadRow>>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let line = match self.next_line() {
                Ok(Some(line)) => line,
                Ok(None) => return None,
                Err(error) => return Some(Err(error)),
            };
            if let Some(row) = line.and_then(|line| self.row(&line)).transpose() {
                let number = self.line;
                return Some(Ok(row.map_err(|why| BadRow { line: number, why })));
            }
        }
    }
}

impl<R: BufRead> Rows<R> {
    /// The next line, or why it is unusable; `None` at the end.
    fn next_line(&mut self) -> io::Result<Option<Result<Vec<u8>, String>>> {
        let mut line = Vec::new();
        let read = (&mut self.input).take(MAX_LINE).read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(None);
        }
        self.line += 1;
        if line.last() == Some(&b'\n') || (read as u64) < MAX_LINE {
            return Ok(Some(Ok(line)));
        }
        skip_line(&mut self.input)?;
        Ok(Some(Err(format!("longer than {MAX_LINE} bytes"))))
    }

    /// Parses a line; `None` if it is not meant to be a row.
    fn row(&mut self, line: &[u8]) -> Result<Option<Observation>, String> {
        let mut record = StringRecord::new();
        let mut reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .trim(Trim::All)
            .comment(Some(b'#'))
            .buffer_capacity(1024)
            .from_reader(line);
        match reader.read_record(&mut record) {
            Ok(true) if !record.iter().all(str::is_empty) => {}
            Ok(_) => return Ok(None),
            Err(_) => return Err("not UTF-8".to_owned()),
        }
        if record.len() > MAX_COLUMNS || record.iter().any(|value| value.len() > MAX_FIELD) {
            return Err(format!(
                "more than {MAX_COLUMNS} columns, or a value of more than {MAX_FIELD} bytes"
            ));
        }
        let columns = match &self.columns {
            Some(columns) => columns,
            None => match Columns::of(&record) {
                Some(columns) => {
                    self.columns = Some(columns);
                    return Ok(None);
                }
                None => self.columns.insert(Columns::USUAL),
            },
        };
        let value = |place: usize, name: &str| {
            record
                .get(place)
                .filter(|value| !value.is_empty())
                .ok_or_else(|| format!("no {name}"))
        };
        let observation = Observation::csv_row(
            &self.url,
            value(columns.product, "product")?.trim_start_matches('\u{feff}'),
            value(columns.channel, "channel")?,
            value(columns.version, "version_string")?,
            value(columns.build_id, "build_id")?,
            columns
                .archive_url
                .and_then(|place| record.get(place))
                .filter(|url| !url.is_empty()),
        );
        group_of(&observation).map_err(|why| why.to_string())?;
        Ok(Some(observation))
    }
}

/// Skips to the end of a line.
fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = input.fill_buf()?;
        if buffer.is_empty() {
            return Ok(());
        }
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let length = buffer.len();
        input.consume(end.map_or(length, |at| at + 1));
        if end.is_some() {
            return Ok(());
        }
    }
}

/// The address given for the built-in history.
pub const HISTORY: &str = "builtin:history";

/// Builds that no source has any more: Firefox 40 to 49, whose candidates the archive has lost (bug 1507916), and the
/// first betas of Developer Edition (bug 1418037).
pub fn history() -> Vec<Observation> {
    let text = include_str!("../../data/history.csv");
    rows(text.as_bytes(), HISTORY)
        .filter_map(Result::ok)
        .filter_map(Result::ok)
        .collect()
}

#[cfg(test)]
mod tests;
