//! A sample crash: what it is, what it sends, what a walk of it must find, and its layout on disk.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value, json};

use crate::walk::{self, Symbols};

/// The dump that says why the process crashed.
pub(crate) const MAIN_DUMP: &str = "upload_file_minidump";

/// Maximum bytes of a dump.
const MOST_DUMP_BYTES: usize = 300_000;

/// A crash as a client would send it, without the build's identity and without times: the submitter fills those
/// in.
pub(crate) struct Sample {
    pub(crate) name: &'static str,
    /// The system as the stackwalker names it.
    pub(crate) os: &'static str,
    pub(crate) about: &'static str,
    pub(crate) annotations: Map<String, Value>,
    /// Name in the payload, and bytes.
    pub(crate) dumps: Vec<(&'static str, Vec<u8>)>,
    /// `None` if there is no dump to walk.
    pub(crate) expect: Option<Expect>,
}

/// What a walk of the main dump finds.
pub(crate) struct Expect {
    pub(crate) reason: &'static str,
    /// `None` if it differs from run to run; the dump's own is written then.
    pub(crate) address: Option<u64>,
    pub(crate) thread: &'static str,
    /// Functions of the crashing thread from the top, as [`walk::functions`] gives them.
    pub(crate) functions: &'static [&'static str],
}

impl Sample {
    /// Writes `crash.json` and the dumps into `folder`.
    ///
    /// # Errors
    /// When a file cannot be written, or the main dump cannot be walked to find its address.
    pub(crate) fn write(&self, folder: &Path, symbols: &Symbols) -> Result<()> {
        fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
        for (name, bytes) in &self.dumps {
            let path = folder.join(format!("{name}.dmp"));
            fs::write(&path, bytes).with_context(|| format!("writing {}", path.display()))?;
        }
        let path = folder.join("crash.json");
        fs::write(&path, self.text(symbols)?).with_context(|| format!("writing {}", path.display()))
    }

    /// Returns the text of `crash.json`.
    ///
    /// # Errors
    /// When the main dump cannot be walked to find its address.
    pub(crate) fn text(&self, symbols: &Symbols) -> Result<String> {
        let names = self
            .dumps
            .iter()
            .map(|(name, _)| ((*name).to_owned(), format!("{name}.dmp").into()));
        let crash = json!({
            "about": self.about,
            "os": self.os,
            "annotations": self.annotations,
            "dumps": names.collect::<Map<_, _>>(),
            "expect": self.expected(symbols)?,
        });
        Ok(serde_json::to_string_pretty(&crash).context("writing JSON")? + "\n")
    }

    fn expected(&self, symbols: &Symbols) -> Result<Value> {
        let Some(expect) = &self.expect else {
            return Ok(expected(Value::Null, Value::Null, Value::Null, &[]));
        };
        let address = match expect.address {
            Some(address) => format!("{address:#018x}").into(),
            None => {
                let dump = self.dumps.iter().find(|(name, _)| *name == MAIN_DUMP);
                let (_, dump) = dump.with_context(|| format!("{} has no main dump", self.name))?;
                walk::walk(dump, symbols)?["crash_info"]["address"].clone()
            }
        };
        Ok(expected(
            expect.reason.into(),
            address,
            expect.thread.into(),
            expect.functions,
        ))
    }
}

fn expected(reason: Value, address: Value, thread: Value, functions: &[&str]) -> Value {
    json!({
        "reason": reason,
        "address": address,
        "crashing_thread_name": thread,
        "top_functions": functions,
    })
}

/// Compares the walks of the crash in `folder` with what its `crash.json` expects.
///
/// # Errors
/// When a file is missing or broken, a dump cannot be walked, or the walk finds something else.
pub(crate) fn check(folder: &Path, symbols: &Symbols) -> Result<()> {
    let path = folder.join("crash.json");
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let crash: Value = serde_json::from_str(&text).with_context(|| format!("reading {}", path.display()))?;
    let Some(dumps) = crash["dumps"].as_object() else {
        bail!("{} names no dumps", path.display());
    };
    let mut found = expected(Value::Null, Value::Null, Value::Null, &[]);
    for (name, file) in dumps {
        let path = folder.join(file.as_str().unwrap_or_default());
        let dump = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
        ensure!(dump.len() <= MOST_DUMP_BYTES, "{file} has {} bytes", dump.len());
        let walked = walk::walk(&dump, symbols)?;
        if name == MAIN_DUMP {
            let wanted = crash["expect"]["top_functions"].as_array().map_or(0, Vec::len);
            let crashed = &walked["crashing_thread"];
            let mut functions = walk::functions(crashed);
            functions.truncate(wanted);
            let info = &walked["crash_info"];
            found = expected(
                info["type"].clone(),
                info["address"].clone(),
                crashed["thread_name"].clone(),
                &functions,
            );
            ensure!(
                walked["system_info"]["os"] == crash["os"],
                "the dump is of {}",
                walked["system_info"]["os"]
            );
        } else {
            let threads = walked["threads"].as_array().into_iter().flatten();
            ensure!(
                threads.flat_map(walk::functions).next().is_some(),
                "{file} has no stack with names"
            );
        }
    }
    ensure!(
        found == crash["expect"],
        "found {found:#}\nbut expected {:#}",
        crash["expect"]
    );
    Ok(())
}
