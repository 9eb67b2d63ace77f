//! Fetching symbol files from servers into the local store.

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use futures::{
    FutureExt, StreamExt,
    future::{BoxFuture, Shared},
    stream,
};
use reqwest::StatusCode;
use tokio::{io::AsyncWriteExt, sync::Semaphore};
use tokio_util::sync::{CancellationToken, DropGuard};
use url::Url;

use super::sources::{ProductRoots, Sources};
use super::store::{self, Known, Mark, Store};
use crate::symbol_key::SymbolKey;

/// Maximum simultaneous downloads for one crash.
const DOWNLOADS_PER_CRASH: usize = 4;

/// Maximum bytes of a file's first line.
const FIRST_LINE_LIMIT: usize = 4_096;

const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// Minimum time between prunings of the store, each of which scans it.
const PRUNE_EVERY: Duration = Duration::from_secs(60);

/// Limits on fetching.
#[derive(Debug, Clone)]
pub struct FetchLimits {
    /// Maximum bytes of one symbol file, decompressed.
    pub file_bytes: u64,
    /// Time limit for downloading one file.
    pub file_time: Duration,
    /// How long one crash waits for its symbols. Downloads already started continue, for later crashes.
    pub crash_time: Duration,
    /// Maximum simultaneous downloads, for all crashes together.
    pub downloads: usize,
    /// Maximum bytes of all kept files; the least recently used go first.
    pub store_bytes: u64,
    /// How long a server to which no connection could be made is not asked: what it is wanted for has failed.
    pub passed_over: Duration,
}

impl Default for FetchLimits {
    /// 1.5 GiB and 5 minutes for a file, 60 s for a crash, 8 downloads, 20 GiB in all, a minute for a server.
    fn default() -> Self {
        Self {
            file_bytes: 3 << 29,
            file_time: Duration::from_secs(300),
            crash_time: Duration::from_secs(60),
            downloads: 8,
            store_bytes: 20 << 30,
            passed_over: Duration::from_secs(60),
        }
    }
}

/// Why there is no fetcher.
#[derive(Debug, thiserror::Error)]
pub enum FetcherError {
    /// The folder for fetched files cannot be created.
    #[error("making the folder for symbols")]
    Folder(#[source] io::Error),
    /// The HTTP client cannot be created.
    #[error("making the client for symbol servers")]
    Client(#[source] reqwest::Error),
}

/// The result of fetching a crash's symbols, in numbers of files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FetchSummary {
    /// Requested, because nothing was known about them.
    pub wanted: usize,
    /// Fetched.
    pub stored: usize,
    /// Not on any server.
    pub missing: usize,
    /// A server failed.
    pub failed: usize,
    /// Not done within the crash's time.
    pub unfinished: usize,
}

/// Fetches the symbol files of crashes from servers to this machine; see the parent module.
///
/// A missing file never fails a crash: it is walked without it. Dropping the fetcher ends the downloads in progress.
pub struct Fetcher {
    sources: Sources,
    /// For each product of the sources its set.
    sets: Vec<Arc<Set>>,
    inner: Arc<Inner>,
    running: Arc<Mutex<HashMap<Wanted, Running>>>,
    permits: Arc<Semaphore>,
    pruned: Mutex<Option<Instant>>,
    stop: CancellationToken,
    _stop_on_drop: DropGuard,
}

struct Inner {
    client: reqwest::Client,
    /// The folder of all stores.
    folder: PathBuf,
    limits: FetchLimits,
}

/// What serves the crashes of some products, and what is kept of their servers' answers.
struct Set {
    of: ProductRoots,
    servers: Vec<Arc<Server>>,
    /// The folders in which walkers find what it has.
    folders: Vec<PathBuf>,
    store: Store,
}

/// A server, shared by all sets that it is in.
struct Server {
    url: Url,
    /// No connection to it could be made a short while ago.
    passed_over_until: Mutex<Option<Instant>>,
}

impl Server {
    fn is_passed_over(&self) -> bool {
        lock(&self.passed_over_until).is_some_and(|until| Instant::now() < until)
    }

    fn pass_over(&self, time: Duration) {
        *lock(&self.passed_over_until) = Instant::now().checked_add(time);
    }
}

/// A file that is being downloaded: the folder of its store, and its key.
type Wanted = (PathBuf, SymbolKey);

/// A download that everyone who wants the file waits for.
type Running = Shared<BoxFuture<'static, Outcome>>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Stored,
    Missing,
    Failed,
}

/// Why one server did not give a file.
#[derive(Debug, thiserror::Error)]
enum DownloadError {
    #[error("the server's answer")]
    Http(#[from] reqwest::Error),
    #[error("storing the file")]
    Io(#[from] io::Error),
    #[error("the file is too large")]
    TooLarge,
    #[error("the file holds other symbols")]
    WrongModule,
}

impl Fetcher {
    /// A fetcher from these sources. What servers have is kept in `folder`.
    ///
    /// # Errors
    /// The folder or client cannot be created.
    pub fn new(sources: Sources, folder: PathBuf, limits: FetchLimits) -> Result<Self, FetcherError> {
        let sets = sets(&sources, &folder);
        if sets.iter().any(|set| !set.servers.is_empty()) {
            std::fs::create_dir_all(&folder).map_err(FetcherError::Folder)?;
        }
        let client = platform::http::client()
            .connect_timeout(CONNECT_LIMIT)
            .timeout(limits.file_time)
            .build()
            .map_err(FetcherError::Client)?;
        let stop = CancellationToken::new();
        Ok(Self {
            sources,
            sets,
            permits: Arc::new(Semaphore::new(limits.downloads.max(1))),
            inner: Arc::new(Inner { client, folder, limits }),
            running: Arc::default(),
            pruned: Mutex::default(),
            _stop_on_drop: stop.clone().drop_guard(),
            stop,
        })
    }

    /// The folders in which walkers find symbols for every crash.
    pub fn symbol_roots(&self) -> &[PathBuf] {
        &self.sources.folders
    }

    /// The folders in which walkers find symbols for crashes of this product, by the name that they have, after those
    /// for every crash.
    pub fn roots_of(&self, product: &str) -> &[PathBuf] {
        self.set(product).map_or(&[], |set| set.folders.as_slice())
    }

    /// Whether there are servers to ask for the symbols of this product; if not, there is no need to find out which
    /// ones a crash needs.
    pub fn has_servers(&self, product: &str) -> bool {
        self.set(product).is_some_and(|set| !set.servers.is_empty())
    }

    fn set(&self, product: &str) -> Option<&Arc<Set>> {
        self.sets.get(self.sources.place(product)?)
    }

    /// Fetches the files that `keys` name for a crash of this product, unless they are already here. Does nothing if
    /// it has no servers.
    pub async fn fetch(&self, product: &str, keys: Vec<SymbolKey>) -> FetchSummary {
        let mut summary = FetchSummary::default();
        let Some(set) = self.set(product).filter(|set| !set.servers.is_empty()) else {
            return summary;
        };
        let wanted = self.unknown(set, keys).await;
        summary.wanted = wanted.len();
        if wanted.is_empty() {
            return summary;
        }
        let mut downloads = stream::iter(wanted)
            .map(|key| self.download(set, key))
            .buffer_unordered(DOWNLOADS_PER_CRASH);
        let all = async {
            while let Some(outcome) = downloads.next().await {
                match outcome {
                    Outcome::Stored => summary.stored += 1,
                    Outcome::Missing => summary.missing += 1,
                    Outcome::Failed => summary.failed += 1,
                }
            }
        };
        // What is not done in time counts as `unfinished` in the summary.
        let _ = tokio::time::timeout(self.inner.limits.crash_time, all).await;
        let done = summary.stored + summary.missing + summary.failed;
        summary.unfinished = summary.wanted - done;
        self.prune().await;
        summary
    }

    /// The keys about which nothing is known.
    async fn unknown(&self, set: &Arc<Set>, keys: Vec<SymbolKey>) -> Vec<SymbolKey> {
        let set = Arc::clone(set);
        let folders: Vec<PathBuf> = self.sources.folders.iter().chain(&set.folders).cloned().collect();
        let looked = tokio::task::spawn_blocking(move || {
            let now = platform::clock::now().into();
            keys.into_iter()
                .filter(|key| {
                    let is_in = |root: &PathBuf| {
                        let mut path = root.clone();
                        path.extend(key.path_parts());
                        path.is_file()
                    };
                    set.store.known(key, now) == Known::Nothing && !folders.iter().any(is_in)
                })
                .collect()
        });
        looked.await.unwrap_or_default()
    }

    /// Downloads a file, or waits for a download already in progress.
    async fn download(&self, set: &Arc<Set>, key: SymbolKey) -> Outcome {
        let wanted = (set.store.folder().to_owned(), key);
        let known = self.running().get(&wanted).cloned();
        if let Some(running) = known {
            return running.await;
        }
        let Ok(permit) = Arc::clone(&self.permits).acquire_owned().await else {
            return Outcome::Failed;
        };
        let running = self
            .running()
            .entry(wanted.clone())
            .or_insert_with(|| {
                let (inner, set) = (Arc::clone(&self.inner), Arc::clone(set));
                let (all, stop) = (Arc::clone(&self.running), self.stop.clone());
                // In its own task, so that it continues when the crash that started it stops waiting. It ends with the
                // fetcher, and within `file_time` for each server.
                let task = tokio::spawn(async move {
                    let outcome = stop
                        .run_until_cancelled(inner.fetch(&set, &wanted.1))
                        .await
                        .unwrap_or(Outcome::Failed);
                    lock(&all).remove(&wanted);
                    drop(permit);
                    outcome
                });
                async move { task.await.unwrap_or(Outcome::Failed) }.boxed().shared()
            })
            .clone();
        running.await
    }

    async fn prune(&self) {
        {
            let mut pruned = lock(&self.pruned);
            if pruned.is_some_and(|last| last.elapsed() < PRUNE_EVERY) {
                return;
            }
            *pruned = Some(Instant::now());
        }
        let inner = Arc::clone(&self.inner);
        let pruned = tokio::task::spawn_blocking(move || {
            let now = platform::clock::now().into();
            store::prune(&inner.folder, inner.limits.store_bytes, now)
        });
        if let Ok(Err(error)) = pruned.await {
            tracing::warn!(%error, "the folder of symbols could not be tidied");
        }
    }

    fn running(&self) -> MutexGuard<'_, HashMap<Wanted, Running>> {
        lock(&self.running)
    }
}

/// The sets of all products; products with the same sources share one.
fn sets(sources: &Sources, folder: &Path) -> Vec<Arc<Set>> {
    let mut servers: Vec<Arc<Server>> = Vec::new();
    let mut server = |url: &Url| {
        if let Some(known) = servers.iter().find(|server| server.url == *url) {
            return Arc::clone(known);
        }
        let server = Arc::new(Server {
            url: url.clone(),
            passed_over_until: Mutex::default(),
        });
        servers.push(Arc::clone(&server));
        server
    };
    let mut sets: Vec<Arc<Set>> = Vec::new();
    for (_, of) in sources.products() {
        let known = sets.iter().find(|set| set.of == *of).cloned();
        sets.push(known.unwrap_or_else(|| {
            let store = if of.of_setting {
                Store::new(folder.to_owned())
            } else {
                Store::of_servers(folder, &of.roots.servers)
            };
            let mut folders = of.roots.folders.clone();
            if !of.roots.servers.is_empty() {
                folders.push(store.folder().to_owned());
            }
            Arc::new(Set {
                servers: of.roots.servers.iter().map(&mut server).collect(),
                of: of.clone(),
                folders,
                store,
            })
        }));
    }
    sets
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No code that holds one of these locks can leave its value half changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Inner {
    async fn fetch(&self, set: &Set, key: &SymbolKey) -> Outcome {
        // Another download may have finished since the caller checked.
        match set.store.known(key, platform::clock::now().into()) {
            Known::Present => return Outcome::Stored,
            Known::Marked(Mark::Missing) => return Outcome::Missing,
            Known::Marked(Mark::Failed) => return Outcome::Failed,
            Known::Nothing => {}
        }
        let mut mark = Mark::Missing;
        for server in &set.servers {
            if server.is_passed_over() {
                mark = Mark::Failed;
                continue;
            }
            match self.download(&server.url, &set.store, key).await {
                Ok(true) => return Outcome::Stored,
                Ok(false) => {}
                Err(error) => {
                    if error.is_without_connection() {
                        server.pass_over(self.limits.passed_over);
                    }
                    let host = server.url.host_str().unwrap_or_default();
                    let error = anyhow::Error::new(error.without_url());
                    tracing::warn!(
                        host,
                        error = platform::causes::line(&error),
                        "a symbol file could not be fetched"
                    );
                    mark = Mark::Failed;
                }
            }
        }
        if let Err(error) = set.store.mark(key, mark) {
            tracing::warn!(%error, "that a symbol file was not fetched could not be noted");
        }
        match mark {
            Mark::Missing => Outcome::Missing,
            Mark::Failed => Outcome::Failed,
        }
    }

    /// Downloads the file from one server; false if the server does not have it.
    async fn download(&self, server: &Url, store: &Store, key: &SymbolKey) -> Result<bool, DownloadError> {
        let url = address(server, key);
        let response = self.client.get(url.clone()).send().await?;
        if matches!(response.status(), StatusCode::NOT_FOUND | StatusCode::GONE) {
            return Ok(false);
        }
        let response = response.error_for_status()?;
        if response
            .content_length()
            .is_some_and(|length| length > self.limits.file_bytes)
        {
            return Err(DownloadError::TooLarge);
        }
        let temporary = store.begin(key)?;
        let mut file = tokio::fs::File::from_std(temporary.reopen()?);
        let mut chunks = response.bytes_stream();
        let mut start = Some(Vec::new());
        let (mut length, mut last) = (0_u64, b'\n');
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk?;
            length += chunk.len() as u64;
            if length > self.limits.file_bytes {
                return Err(DownloadError::TooLarge);
            }
            if let Some(line) = &mut start {
                line.extend_from_slice(&chunk[..chunk.len().min(FIRST_LINE_LIMIT)]);
                if line.contains(&b'\n') || line.len() >= FIRST_LINE_LIMIT {
                    check_module(line, key)?;
                    start = None;
                }
            }
            last = chunk.last().copied().unwrap_or(last);
            file.write_all(&chunk).await?;
        }
        if let Some(line) = start {
            check_module(&line, key)?;
        }
        // The source: the walker shows it as the module's `symbol_url`.
        let separator = if last == b'\n' { "" } else { "\n" };
        let origin = format!("{separator}INFO URL {}\n", without_credentials(url));
        file.write_all(origin.as_bytes()).await?;
        file.sync_all().await?;
        store.finish(key, temporary)?;
        Ok(true)
    }
}

impl DownloadError {
    /// Whether no connection to the server could be made.
    fn is_without_connection(&self) -> bool {
        matches!(self, Self::Http(error) if error.is_connect())
    }

    /// Removes the URL, which names the module.
    fn without_url(self) -> Self {
        match self {
            Self::Http(error) => Self::Http(error.without_url()),
            other => other,
        }
    }
}

fn check_module(start: &[u8], key: &SymbolKey) -> Result<(), DownloadError> {
    let line = start.split(|&byte| byte == b'\n').next().unwrap_or(start);
    if key.matches_module_line(&String::from_utf8_lossy(line)) {
        Ok(())
    } else {
        Err(DownloadError::WrongModule)
    }
}

/// The file's URL on a server.
fn address(server: &Url, key: &SymbolKey) -> Url {
    let mut url = server.clone();
    // Only URLs without a host, such as `mailto:`, have no segments.
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(key.path_parts());
    }
    url
}

fn without_credentials(mut url: Url) -> Url {
    // This only fails for URLs that cannot have credentials.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url
}

#[cfg(test)]
mod tests;
