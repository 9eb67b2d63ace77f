//! All conclusions as text that is identical wherever the same was observed.

mod error;
mod table;

use std::io::{self, Write};

use builds::build::Build;
use builds::said::observation::Digest;
use platform::db::Db;
use sha2::{Digest as _, Sha256};

use crate::db;

pub use error::ExportError;
pub use table::{Written, table};

/// Writes every build valid in a generation as one JSON object per line, sorted by build id and then by [`Build::key`],
/// and returns the digest of the whole text. It contains no generation numbers or import times: two databases with the
/// same observations export the same bytes.
///
/// # Errors
/// See [`ExportError`].
pub async fn canonical(db: &Db, generation: i64, out: &mut (dyn Write + Send)) -> Result<Digest, ExportError> {
    let mut hash = Sha256::new();
    let mut written = Ok(());
    db::load_all(db, generation, |builds| {
        if written.is_ok() {
            written = write_sorted(builds, &mut hash, out);
        }
    })
    .await?;
    written?;
    out.flush()?;
    Ok(Digest(hash.finalize().into()))
}

fn write_sorted(mut builds: Vec<Build>, hash: &mut Sha256, out: &mut (dyn Write + Send)) -> io::Result<()> {
    builds.sort_by(|left, right| (left.build_id, left.key()).cmp(&(right.build_id, right.key())));
    for build in &builds {
        let mut line = serde_json::to_vec(build)?;
        line.push(b'\n');
        hash.update(&line);
        out.write_all(&line)?;
    }
    Ok(())
}
