//! Reading a source that announces builds: one document with the records of all of them.

use buildinfo::import::{Import, ImportError, Reader};
use builds::{Observation, SourceName};
use serde_json::Value;

use crate::ANNOUNCER;

const SOURCE: SourceName = SourceName::of(&ANNOUNCER);

/// Reads what is announced.
pub(crate) const READER: Reader = Reader {
    source: SOURCE,
    read: |import, _| Box::pin(read(import)),
};

async fn read(import: &mut Import<'_>) -> Result<(), ImportError> {
    let client = import.client(SOURCE);
    let url = import.address(SOURCE)?.join("announced.json");
    let url = url.map_err(|_| ImportError::NoAddress(SOURCE))?.to_string();
    match client.get_json(&url).await {
        Ok(Value::Array(announced)) => {
            let whole = announced.len();
            let said: Vec<Observation> = announced
                .into_iter()
                .filter_map(|record| Observation::buildhub_record(SOURCE, &url, record).ok())
                .collect();
            import.record_listing(SOURCE, &url, &said, whole - said.len()).await?;
            import.note_read(SOURCE, &client, &format!("{} builds are announced", said.len()));
        }
        Ok(_) => import.note_read(SOURCE, &client, "nothing is announced"),
        Err(error) => import.note_failed(SOURCE, &error),
    }
    Ok(())
}
