//! How a pool of walkers is made.

use std::path::PathBuf;
use std::time::Duration;

/// How a [`Pool`](super::Pool) is made.
#[derive(Debug, Clone)]
pub struct PoolSettings {
    /// Children at most; each walks one dump at a time. They are started when they are first
    /// needed.
    pub walkers: usize,
    /// Address space of a child in bytes. What a child needs is about 2.2 times
    /// `symbol_cache_bytes` and 500 MB for the walk.
    pub memory_bytes: u64,
    /// How long one dump may take, with parsing its symbols.
    pub timeout: Duration,
    /// Folders that symbol files are looked for in, in this order.
    pub symbol_roots: Vec<PathBuf>,
    /// Bytes of symbol files' text that a child keeps parsed; a larger file is not used at all.
    pub symbol_cache_bytes: u64,
    /// The program to start, which must call [`child::run`](super::child::run) when it gets `arguments`. The service's
    /// is its own.
    pub program: PathBuf,
    /// The arguments that make the program a walker.
    pub arguments: Vec<String>,
    /// After so many dumps a child is replaced.
    pub jobs_per_child: u32,
}

impl Default for PoolSettings {
    /// Two children of 2 GiB with a quarter of it for symbols' text, 120 s for a dump, no symbols,
    /// this program with the argument `walker`.
    fn default() -> Self {
        Self {
            walkers: 2,
            memory_bytes: 2 << 30,
            timeout: Duration::from_secs(120),
            symbol_roots: Vec::new(),
            symbol_cache_bytes: 512 << 20,
            program: std::env::current_exe().unwrap_or_else(|_| PathBuf::from("datil")),
            arguments: vec!["walker".to_owned()],
            jobs_per_child: 10_000,
        }
    }
}
