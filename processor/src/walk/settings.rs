//! Settings of a pool of walkers.

use std::path::PathBuf;
use std::time::Duration;

/// Settings of a [`Pool`](super::Pool).
#[derive(Debug, Clone)]
pub struct PoolSettings {
    /// Maximum children; each walks one dump at a time. They are started on first use.
    pub walkers: usize,
    /// Address space of a child in bytes. A child needs about 2.2 times `symbol_cache_bytes`, plus 500 MB for the walk.
    pub memory_bytes: u64,
    /// Time limit for one dump, including parsing its symbols.
    pub timeout: Duration,
    /// Folders searched for symbol files of every dump, in this order.
    pub symbol_roots: Vec<PathBuf>,
    /// Maximum bytes of symbol text that a child keeps parsed; a larger file is never used.
    pub symbol_cache_bytes: u64,
    /// The program to start, which must call [`child::run`](super::child::run) when it gets `arguments`. The service
    /// uses itself.
    pub program: PathBuf,
    /// The arguments that make the program a walker.
    pub arguments: Vec<String>,
    /// A child is replaced after this many dumps.
    pub jobs_per_child: u32,
}

impl Default for PoolSettings {
    /// Two children of 2 GiB with a quarter of it for symbol text, 120 s for a dump, no symbols, this program with the
    /// argument `walker`.
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
