//! The samples, and what is made of them.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

use serde::Deserialize;

use crate::world::{Platform, Status};

/// Every file of `fixtures/crashes` and `fixtures/symbols`: its path under `fixtures`, and its bytes.
static FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/fixtures.rs"));

/// A crash without a build's identity and without times.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The name of its folder.
    pub name: &'static str,
    /// What happened, in a sentence.
    pub about: String,
    /// The system as a stackwalker names it: `Linux`, `Windows NT`, `Mac OS X`, `Android`.
    pub os: String,
    /// The annotations that do not depend on the build.
    pub annotations: BTreeMap<String, String>,
    /// The minidumps by their names in a payload; none for a crash in Java.
    pub dumps: BTreeMap<String, &'static [u8]>,
    /// What a walk of the main minidump finds.
    pub expect: Walked,
}

/// What a walk of a minidump finds; all empty when there is none.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Walked {
    /// The crash reason, such as `SIGSEGV / SEGV_MAPERR`.
    pub reason: Option<String>,
    /// The crash address, `0x` and 16 hexadecimal digits.
    pub address: Option<String>,
    /// The crashing thread's name.
    pub crashing_thread_name: Option<String>,
    /// The first functions of the crashing thread, inlined ones included.
    pub top_functions: Vec<String>,
}

/// A crash as a client sends it.
#[derive(Debug, Clone, PartialEq)]
pub struct Submission {
    /// The name of the case; unique.
    pub name: &'static str,
    /// The name of the [`Sample`] it was made from.
    pub sample: &'static str,
    /// All annotations.
    pub annotations: BTreeMap<String, String>,
    /// The minidumps by their names in the payload.
    pub dumps: BTreeMap<String, Vec<u8>>,
    /// The build that crashed; `None` when no source knows it.
    pub expected: Option<Expected>,
}

/// What there is to find out about a submission's build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// The exact version.
    pub version: String,
    /// What became of the build, whatever the channel it crashed on.
    pub status: Status,
}

impl Sample {
    /// Returns the platform whose builds crash like this; none for Android.
    pub fn platform(&self) -> Option<Platform> {
        match self.os.as_str() {
            "Linux" => Some(Platform::LinuxX86_64),
            "Windows NT" => Some(Platform::Win64),
            "Mac OS X" => Some(Platform::Mac),
            _ => None,
        }
    }
}

/// The content of `crash.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Described {
    about: String,
    os: String,
    annotations: BTreeMap<String, String>,
    dumps: BTreeMap<String, String>,
    expect: Walked,
}

/// Returns all samples, sorted by name.
pub fn samples() -> Vec<Sample> {
    FILES.iter().filter_map(|(path, bytes)| sample(path, bytes)).collect()
}

fn sample(path: &'static str, bytes: &[u8]) -> Option<Sample> {
    let name = path.strip_prefix("crashes/")?.strip_suffix("/crash.json")?;
    let described: Described =
        serde_json::from_slice(bytes).expect("the embedded crash.json files are read by the tests");
    let dumps = described.dumps.into_iter().map(|(dump, file)| {
        let path = format!("crashes/{name}/{file}");
        let found = FILES.iter().find(|(known, _)| *known == path);
        (dump, found.expect("the embedded dumps are read by the tests").1)
    });
    Some(Sample {
        name,
        about: described.about,
        os: described.os,
        annotations: described.annotations,
        dumps: dumps.collect(),
        expect: described.expect,
    })
}

/// Writes the symbols of the samples under `folder`, in the layout of a symbol server: `<file>/<id>/<file>.sym`.
/// Existing files with the same content are left alone. Returns how many were written.
///
/// # Errors
///
/// When a folder or file cannot be written.
pub fn write_symbols(folder: &Path) -> io::Result<usize> {
    let mut written = 0;
    for (path, bytes) in FILES {
        let Some(path) = path.strip_prefix("symbols/") else {
            continue;
        };
        let file = folder.join(path);
        if fs::read(&file).is_ok_and(|present| present == *bytes) {
            continue;
        }
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&file, bytes)?;
        written += 1;
    }
    Ok(written)
}
