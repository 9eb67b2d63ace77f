use std::{
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
};

use axum::{Router, extract::Request, http::StatusCode as Status, response::IntoResponse};

use super::*;

const ID: &str = "ABCD1234F00DBEEF01020304050607081";

fn key(name: &str) -> SymbolKey {
    SymbolKey::new(name, ID).unwrap()
}

/// A server that answers by the first part of the path, and counts requests.
async fn server(requests: Arc<AtomicUsize>) -> Url {
    let open = CancellationToken::new();
    open.cancel();
    server_behind(open, requests).await
}

/// Like [`server`], but answers nothing until `open` is cancelled.
async fn server_behind(open: CancellationToken, requests: Arc<AtomicUsize>) -> Url {
    let answer = move |request: Request| async move {
        requests.fetch_add(1, Ordering::SeqCst);
        open.cancelled().await;
        let name = request.uri().path().split('/').nth(2).unwrap_or_default();
        match name {
            "good.pdb" => format!("MODULE windows x86_64 {ID} good.pdb\nPUBLIC 1000 0 f").into_response(),
            "other.pdb" => "MODULE windows x86_64 00000000000000000000000000000001F other.pdb\n".into_response(),
            "large.pdb" => format!("MODULE windows x86_64 {ID} large.pdb\n{}", "x".repeat(2_000)).into_response(),
            "broken.pdb" => Status::INTERNAL_SERVER_ERROR.into_response(),
            "endless.pdb" => std::future::pending().await,
            _ => Status::NOT_FOUND.into_response(),
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    Url::parse(&format!("http://user:secret@{address}/symbols/")).unwrap()
}

fn limits() -> FetchLimits {
    FetchLimits {
        file_bytes: 1_000,
        ..FetchLimits::default()
    }
}

fn fetcher(folder: &Path, roots: &[Url]) -> Fetcher {
    Fetcher::new(roots, folder.to_owned(), limits()).unwrap()
}

#[tokio::test]
async fn each_file_is_asked_for_once_and_the_answer_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let requests = Arc::new(AtomicUsize::new(0));
    let open = CancellationToken::new();
    let root = server_behind(open.clone(), Arc::clone(&requests)).await;
    let fetcher = fetcher(folder.path(), &[root]);
    let names = ["good.pdb", "other.pdb", "large.pdb", "broken.pdb", "absent.pdb"];
    let keys: Vec<_> = names.into_iter().map(key).collect();
    // Two crashes at the same time want the same files.
    let both_wait = async {
        // The table of downloads, and each crash, hold a reference.
        let is_shared = |running: &Running| running.strong_count() == Some(3);
        let all_are = || fetcher.running().values().filter(|all| is_shared(all)).count() == DOWNLOADS_PER_CRASH;
        let waiting = async {
            while !all_are() {
                tokio::task::yield_now().await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(20), waiting).await;
        open.cancel();
        waited.unwrap();
    };
    let (one, other, ()) = tokio::join!(fetcher.fetch(keys.clone()), fetcher.fetch(keys.clone()), both_wait);
    let expected = FetchSummary {
        wanted: 5,
        stored: 1,
        missing: 1,
        failed: 3,
        unfinished: 0,
    };
    assert_eq!((one, other), (expected, expected));
    assert_eq!(requests.load(Ordering::SeqCst), 5);
    assert_eq!(fetcher.fetch(keys).await, FetchSummary::default());
    assert_eq!(requests.load(Ordering::SeqCst), 5);
    let mut path = folder.path().to_owned();
    path.extend(key("good.pdb").path_parts());
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.starts_with("MODULE windows x86_64"), "{text}");
    assert!(text.contains("\nINFO URL http://127.0.0.1:"), "{text}");
    assert!(!text.contains("secret"), "{text}");
}

#[tokio::test]
async fn a_crash_does_not_wait_longer_than_its_time() {
    let folder = tempfile::tempdir().unwrap();
    let root = server(Arc::default()).await;
    let mut limits = limits();
    limits.crash_time = Duration::from_secs(1);
    let fetcher = Fetcher::new(&[root], folder.path().to_owned(), limits).unwrap();
    let summary = fetcher.fetch(vec![key("endless.pdb"), key("good.pdb")]).await;
    assert_eq!((summary.stored, summary.unfinished), (1, 1));
    assert_eq!(fetcher.running().len(), 1, "the download goes on");
}

#[tokio::test]
async fn local_folders_are_read_where_they_are_and_nothing_is_asked_for() {
    let (store, local) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut path = local.path().to_owned();
    path.extend(key("good.pdb").path_parts());
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, "MODULE").unwrap();
    let requests = Arc::new(AtomicUsize::new(0));
    let roots = [
        Url::from_directory_path(local.path()).unwrap(),
        server(Arc::clone(&requests)).await,
    ];
    let fetcher = fetcher(store.path(), &roots);
    assert_eq!(
        fetcher.symbol_roots(),
        [local.path().to_owned(), store.path().to_owned()]
    );
    assert_eq!(fetcher.fetch(vec![key("good.pdb")]).await, FetchSummary::default());
    assert_eq!(requests.load(Ordering::SeqCst), 0);
}

#[test]
fn other_schemes_are_refused() {
    for root in ["ftp://example.org/", "data:text/plain,x"] {
        let roots = [Url::parse(root).unwrap()];
        let refused = Fetcher::new(&roots, PathBuf::from("unused"), limits());
        assert!(matches!(refused, Err(FetcherError::Scheme(_))), "{root}");
    }
}
