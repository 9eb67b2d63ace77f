//! Walks a minidump in this process, and records what the walk asked of the symbols.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use minidump::{Minidump, MinidumpModuleList, MinidumpThreadList, MinidumpThreadNames, Module};
use minidump_processor::process_minidump;
use minidump_unwind::{
    FileError, FileKind, FillSymbolError, FrameSymbolizer, FrameWalker, SymbolProvider, SymbolStats, Symbolizer,
    simple_symbol_supplier,
};
use serde_json::Value;

/// A symbol file: the name and id of its module.
pub(crate) type SymbolKey = (String, String);

/// Addresses looked up, relative to the start of their module.
pub(crate) type Asked = BTreeMap<SymbolKey, BTreeSet<u64>>;

/// Symbols in a folder, with a record of what was asked of them.
pub(crate) struct Symbols {
    provider: Symbolizer,
    asked: Mutex<Asked>,
}

impl Symbols {
    /// Opens symbols in the usual layout below `root`: `<debug file>/<debug id>/<name>.sym`.
    pub(crate) fn new(root: &Path) -> Self {
        Self {
            provider: Symbolizer::new(simple_symbol_supplier(vec![root.to_path_buf()])),
            asked: Mutex::default(),
        }
    }

    /// Returns what was asked so far.
    pub(crate) fn into_asked(self) -> Asked {
        self.asked.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, module: &dyn Module, instruction: u64) {
        let key = module.debug_file().zip(module.debug_identifier());
        let (Some((file, id)), Some(address)) = (key, instruction.checked_sub(module.base_address())) else {
            return;
        };
        let leaf = file.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked
            .entry((leaf, id.breakpad().to_string()))
            .or_default()
            .insert(address);
    }
}

#[async_trait]
impl SymbolProvider for Symbols {
    async fn fill_symbol(
        &self,
        module: &(dyn Module + Sync),
        frame: &mut (dyn FrameSymbolizer + Send),
    ) -> Result<(), FillSymbolError> {
        self.note(module, frame.get_instruction());
        self.provider.fill_symbol(module, frame).await
    }

    async fn walk_frame(&self, module: &(dyn Module + Sync), walker: &mut (dyn FrameWalker + Send)) -> Option<()> {
        self.note(module, walker.get_instruction());
        self.provider.walk_frame(module, walker).await
    }

    async fn get_file_path(&self, _: &(dyn Module + Sync), _: FileKind) -> Result<PathBuf, FileError> {
        Err(FileError::NotFound)
    }

    fn stats(&self) -> HashMap<String, SymbolStats> {
        self.provider.stats()
    }
}

/// Walks `dump` and returns the stackwalker's JSON document.
///
/// # Errors
/// When the dump cannot be read or holds no threads.
pub(crate) fn walk(dump: &[u8], symbols: &Symbols) -> Result<Value> {
    let dump = Minidump::read(dump).context("reading the minidump")?;
    let walked = pollster::block_on(process_minidump(&dump, symbols)).context("walking the minidump")?;
    let mut json = Vec::new();
    walked.print_json(&mut json, false).context("printing the walk")?;
    let json: Value = serde_json::from_slice(&json).context("reading the walk")?;
    ensure!(json["thread_count"].as_u64() > Some(0), "the minidump holds no threads");
    Ok(json)
}

/// Returns the function names of a thread in [`walk`]'s answer, from the top, inlined calls first; frames without a
/// name are left out.
pub(crate) fn functions(thread: &Value) -> Vec<&str> {
    let frames = thread["frames"].as_array().into_iter().flatten();
    frames
        .flat_map(|frame| {
            let inlines = frame["inlines"].as_array().into_iter().flatten();
            inlines.chain([frame]).filter_map(|call| call["function"].as_str())
        })
        .collect()
}

/// Returns the modules of a dump: their path, and the key of their symbols.
///
/// # Errors
/// When the dump has no readable module list.
pub(crate) fn modules(dump: &[u8]) -> Result<Vec<(PathBuf, SymbolKey)>> {
    let dump = Minidump::read(dump).context("reading the minidump")?;
    let list: MinidumpModuleList = dump.get_stream().context("reading the module list")?;
    let keyed = list.iter().filter_map(|module| {
        let debug_file: Cow<'_, str> = module.debug_file()?;
        let leaf = debug_file.rsplit('/').next().unwrap_or_default().to_owned();
        let key = (leaf, module.debug_identifier()?.breakpad().to_string());
        Some((PathBuf::from(module.code_file().as_ref()), key))
    });
    Ok(keyed.collect())
}

/// Returns the names of the threads of a dump, with their ids.
///
/// # Errors
/// When the dump has no readable thread names.
pub(crate) fn thread_names(dump: &[u8]) -> Result<Vec<(u32, String)>> {
    let dump = Minidump::read(dump).context("reading the minidump")?;
    let threads: MinidumpThreadList<'_> = dump.get_stream().context("reading the thread list")?;
    let names: MinidumpThreadNames = dump.get_stream().context("reading the thread names")?;
    let named = threads.threads.iter().filter_map(|thread| {
        let id = thread.raw.thread_id;
        Some((id, names.get_name(id)?.into_owned()))
    });
    Ok(named.collect())
}
