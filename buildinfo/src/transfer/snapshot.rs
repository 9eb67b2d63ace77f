//! All builds of a generation in one file, for look-ups without access to a service.
//!
//! The file is gzip. Its first line is a [`Header`], a JSON object; the canonical export follows, one build per line.
//! The header's digest is the export's, so a reader can tell whether the file is complete and equal to another.

use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, Write};

use builds::build::Build;
use builds::index::{BuildIndex, IndexBuilder, IndexFull};
use builds::said::observation::Digest;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use platform::clock::rfc3339;
use platform::db::Db;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use crate::db::latest_generation;
use crate::transfer::export::{self, ExportError};

/// The format written and read.
const FORMAT: u32 = 1;
/// Maximum length of a line in bytes.
const LONGEST_LINE: u64 = 1 << 20;

/// The first line of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The version of the format.
    pub datil_builds: u32,
    /// The generation exported.
    pub generation: i64,
    /// When the generation was finished, RFC 3339.
    pub created: String,
    /// The number of builds that follow, one per line.
    pub builds: u64,
    /// SHA-256 of all lines after this one, in hex: the digest of the canonical export.
    pub sha256: Digest,
}

impl Header {
    /// When the generation was finished, microseconds UTC; 0 if the header does not say.
    pub fn created_micros(&self) -> i64 {
        chrono::DateTime::parse_from_rfc3339(&self.created).map_or(0, |time| time.timestamp_micros())
    }
}

/// A snapshot in a file that is deleted when this is dropped.
#[derive(Debug)]
pub struct Snapshot {
    /// The header.
    pub header: Header,
    /// The file.
    pub file: NamedTempFile,
    /// Its length in bytes.
    pub length: u64,
    /// SHA-256 of the compressed file.
    pub sha256: Digest,
}

/// Makes a snapshot of the newest generation in the folder for temporary files. Memory use does not grow with the
/// number of builds. Compression occupies a processor for a while, so call this on a thread that serves nothing else.
///
/// # Errors
/// The database failed, or the file could not be written.
pub async fn make(db: &Db) -> Result<Snapshot, ExportError> {
    let generation = latest_generation(db).await?;
    let mut lines = NamedTempFile::new()?;
    let mut packed = GzEncoder::new(BufWriter::new(lines.as_file_mut()), Compression::default());
    let sha256 = export::canonical(db, generation.n, &mut packed).await?;
    packed.finish()?.flush()?;
    let header = Header {
        datil_builds: FORMAT,
        generation: generation.n,
        created: rfc3339(generation.created),
        builds: u64::try_from(generation.builds).unwrap_or(0),
        sha256,
    };
    // The digest is known only now but comes first: two gzip members in a row decompress to one text.
    let mut first = GzEncoder::new(Vec::new(), Compression::default());
    serde_json::to_writer(&mut first, &header).map_err(io::Error::from)?;
    first.write_all(b"\n")?;
    lines.rewind()?;
    let mut all = io::Cursor::new(first.finish()?).chain(lines.as_file_mut());
    let mut file = NamedTempFile::new()?;
    let (mut hash, mut length) = (Sha256::new(), 0);
    let mut piece = vec![0; 1 << 16];
    loop {
        let read = all.read(&mut piece)?;
        let piece = piece.get(..read).unwrap_or_default();
        if piece.is_empty() {
            break;
        }
        hash.update(piece);
        file.write_all(piece)?;
        length += piece.len() as u64;
    }
    file.flush()?;
    Ok(Snapshot {
        header,
        file,
        length,
        sha256: Digest(hash.finalize().into()),
    })
}

/// The file is not a complete snapshot.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// It cannot be read, or is not gzip.
    #[error("the snapshot cannot be unpacked: fetch it again")]
    Unreadable(#[from] io::Error),
    /// It is something else, or of a later format.
    #[error("this is no snapshot of builds in format {FORMAT}")]
    NoSnapshot,
    /// It was truncated or altered.
    #[error("the snapshot is damaged: {0}; fetch it again")]
    Damaged(&'static str),
    /// There are more builds than an index can hold.
    #[error(transparent)]
    Full(#[from] IndexFull),
}

/// Reads a whole snapshot. A damaged one yields no index.
///
/// # Errors
/// See [`SnapshotError`].
pub fn read(file: impl Read) -> Result<(Header, BuildIndex), SnapshotError> {
    let mut lines = BufReader::new(MultiGzDecoder::new(BufReader::new(file)));
    let mut line = Vec::new();
    next_line(&mut lines, &mut line)?;
    let header: Header = serde_json::from_slice(&line).map_err(|_| SnapshotError::NoSnapshot)?;
    if header.datil_builds != FORMAT {
        return Err(SnapshotError::NoSnapshot);
    }
    let mut builder = IndexBuilder::new(header.generation);
    let (mut hash, mut builds) = (Sha256::new(), 0);
    while next_line(&mut lines, &mut line)? {
        builds += 1;
        if builds > header.builds {
            return Err(SnapshotError::Damaged("it has more builds than it says"));
        }
        hash.update(&line);
        let build: Build = serde_json::from_slice(&line).map_err(|_| SnapshotError::Damaged("a line is no build"))?;
        builder.push(&build)?;
    }
    if builds < header.builds {
        return Err(SnapshotError::Damaged("it has fewer builds than it says"));
    }
    if Digest(hash.finalize().into()) != header.sha256 {
        return Err(SnapshotError::Damaged("its digest is another"));
    }
    Ok((header, builder.finish()))
}

/// Reads a line including its end; false after the last one.
fn next_line(lines: &mut impl BufRead, line: &mut Vec<u8>) -> Result<bool, SnapshotError> {
    line.clear();
    lines.take(LONGEST_LINE).read_until(b'\n', line)?;
    match line.last() {
        None => Ok(false),
        Some(b'\n') => Ok(true),
        Some(_) => Err(SnapshotError::Damaged("a line has no end")),
    }
}
