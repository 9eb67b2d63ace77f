//! The symbols of one walk: answers the walker's questions from the cache and counts them.
//!
//! The walker asks for every frame and for every word of a stack that could be a return address, so the number of
//! questions bounds frames, memory and time. When the budget is spent, no answer ever comes: the code that polls the
//! walk sees it pending and knows why.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use minidump::Module;
use minidump_unwind::{
    FileError, FileKind, FillSymbolError, FrameSymbolizer, FrameWalker, SymbolFile, SymbolProvider, SymbolStats,
};

use super::{
    cache::{SymbolCache, Symbols},
    document::ModuleSymbols,
};
use crate::symbol_key::{SymbolKey, leaf};

/// See the module's description.
pub(super) struct Session<'a> {
    // The walk runs on one thread; the lock only satisfies the trait's `Sync` bound.
    state: Mutex<State<'a>>,
}

struct State<'a> {
    cache: &'a mut SymbolCache,
    left: u32,
    /// By the address of the module, which is unique among the modules the walker asks for.
    modules: HashMap<u64, Option<Arc<SymbolFile>>>,
    /// What the walker's document shows, by name, and what is true, by address.
    stats: HashMap<String, SymbolStats>,
    known: HashMap<u64, ModuleSymbols>,
}

impl<'a> Session<'a> {
    /// A session that answers at most `questions` questions.
    pub(super) fn new(cache: &'a mut SymbolCache, questions: u32) -> Self {
        cache.begin_walk();
        Self {
            state: Mutex::new(State {
                cache,
                left: questions,
                modules: HashMap::new(),
                stats: HashMap::new(),
                known: HashMap::new(),
            }),
        }
    }

    async fn symbols(&self, module: &(dyn Module + Sync)) -> Option<Arc<SymbolFile>> {
        if !self.state().spend() {
            return std::future::pending().await;
        }
        self.state().symbols(module)
    }

    /// What is known about the symbols of the requested modules, by address.
    pub(super) fn modules(&self) -> HashMap<u64, ModuleSymbols> {
        self.state().known.clone()
    }

    fn state(&self) -> MutexGuard<'_, State<'a>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State<'_> {
    fn spend(&mut self) -> bool {
        let may = self.left > 0;
        self.left = self.left.saturating_sub(1);
        may
    }

    fn symbols(&mut self, module: &(dyn Module + Sync)) -> Option<Arc<SymbolFile>> {
        if let Some(known) = self.modules.get(&module.base_address()) {
            return known.clone();
        }
        let found = key_of(module).map_or(Symbols::Missing, |key| self.cache.get(&key));
        let mut stats = SymbolStats::default();
        let symbols = match found {
            Symbols::Loaded(symbols) => {
                stats.loaded_symbols = true;
                stats.symbol_url = symbols.url.clone();
                Some(symbols)
            }
            Symbols::Corrupt => {
                stats.corrupt_symbols = true;
                None
            }
            Symbols::Missing => None,
        };
        let known = ModuleSymbols {
            loaded: stats.loaded_symbols,
            corrupt: stats.corrupt_symbols,
            url: stats.symbol_url.clone(),
        };
        self.known.insert(module.base_address(), known);
        self.stats.insert(leaf(&module.code_file()).to_owned(), stats);
        self.modules.insert(module.base_address(), symbols.clone());
        symbols
    }
}

/// The key of a module's symbols. For modules without a debug file (MinGW's), their own name is used.
pub(super) fn key_of(module: &dyn Module) -> Option<SymbolKey> {
    let debug_file = module
        .debug_file()
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| module.code_file());
    let debug_id = module.debug_identifier()?.breakpad().to_string();
    SymbolKey::new(&debug_file, &debug_id)
}

#[async_trait]
impl SymbolProvider for Session<'_> {
    async fn fill_symbol(
        &self,
        module: &(dyn Module + Sync),
        frame: &mut (dyn FrameSymbolizer + Send),
    ) -> Result<(), FillSymbolError> {
        let symbols = self.symbols(module).await.ok_or(FillSymbolError {})?;
        symbols.fill_symbol(module, frame);
        Ok(())
    }

    async fn walk_frame(&self, module: &(dyn Module + Sync), walker: &mut (dyn FrameWalker + Send)) -> Option<()> {
        self.symbols(module).await?.walk_frame(module, walker)
    }

    async fn get_file_path(&self, _module: &(dyn Module + Sync), _file_kind: FileKind) -> Result<PathBuf, FileError> {
        Err(FileError::NotFound)
    }

    fn stats(&self) -> HashMap<String, SymbolStats> {
        self.state().stats.clone()
    }
}
