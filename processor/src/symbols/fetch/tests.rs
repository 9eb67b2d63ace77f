use std::{
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
};

use axum::{Router, extract::Request, http::StatusCode as Status, response::IntoResponse};

use super::*;
use crate::symbols::samples::rows;

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

/// The product whose symbols are asked for at the setting's servers.
const PRODUCT: &str = "Firefox";

/// The sources by a setting, and by these products' own servers.
fn sources(setting: &[Url], products: &[(&str, &[&str])]) -> Sources {
    let setting: Vec<String> = setting.iter().map(Url::to_string).collect();
    Sources::new(Some(&setting), &rows(products)).unwrap()
}

fn fetcher(folder: &Path, setting: &[Url]) -> Fetcher {
    Fetcher::new(sources(setting, &[]), folder.to_owned(), limits()).unwrap()
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
    let (one, other, ()) = tokio::join!(
        fetcher.fetch(PRODUCT, keys.clone()),
        fetcher.fetch(PRODUCT, keys.clone()),
        both_wait
    );
    let expected = FetchSummary {
        wanted: 5,
        stored: 1,
        missing: 1,
        failed: 3,
        unfinished: 0,
    };
    assert_eq!((one, other), (expected, expected));
    assert_eq!(requests.load(Ordering::SeqCst), 5);
    assert_eq!(fetcher.fetch(PRODUCT, keys).await, FetchSummary::default());
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
    let fetcher = Fetcher::new(sources(&[root], &[]), folder.path().to_owned(), limits).unwrap();
    let summary = fetcher.fetch(PRODUCT, vec![key("endless.pdb"), key("good.pdb")]).await;
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
    assert_eq!(fetcher.symbol_roots(), [local.path().to_owned()]);
    assert_eq!(fetcher.roots_of(PRODUCT), [store.path().to_owned()]);
    assert_eq!(
        fetcher.fetch(PRODUCT, vec![key("good.pdb")]).await,
        FetchSummary::default()
    );
    assert_eq!(requests.load(Ordering::SeqCst), 0);
}

/// The names of the modules that a server was asked about.
type Asked = Arc<Mutex<Vec<String>>>;

/// A server that has no file but those called after it, and remembers what it was asked.
async fn listening(own: &'static str, socket: tokio::net::TcpListener) -> (String, Asked) {
    let asked = Asked::default();
    let heard = Arc::clone(&asked);
    let answer = move |request: Request| async move {
        let name = request.uri().path().split('/').nth(1).unwrap_or_default().to_owned();
        let has_it = name == own;
        lock(&heard).push(name.clone());
        if has_it {
            format!("MODULE windows x86_64 {ID} {name}\n").into_response()
        } else {
            Status::NOT_FOUND.into_response()
        }
    };
    let url = format!("http://{}/", socket.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(socket, Router::new().fallback(answer)).await });
    (url, asked)
}

async fn somewhere() -> tokio::net::TcpListener {
    tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap()
}

/// Every crash has the same modules, so that what one product's servers lack or have could hide it from another's.
#[tokio::test]
async fn a_crash_is_told_to_the_servers_of_its_product_only() {
    const MODULES: [&str; 3] = ["setting.pdb", "kite.pdb", "bird.pdb"];
    let (setting, asked_setting) = listening(MODULES[0], somewhere().await).await;
    let (kite, asked_kite) = listening(MODULES[1], somewhere().await).await;
    let (bird, asked_bird) = listening(MODULES[2], somewhere().await).await;
    let products = [
        ("Kite", &[kite.as_str()][..]),
        ("Game", &[]),
        ("Thunderbird", &[bird.as_str()]),
    ];
    let folder = tempfile::tempdir().unwrap();
    let sources = sources(&[setting.parse().unwrap()], &products);
    let fetcher = Fetcher::new(sources, folder.path().to_owned(), limits()).unwrap();
    let none: &[&str] = &[];
    for (product, at_setting, at_kite, at_bird, found) in [
        ("Game", none, none, none, none),
        ("Waterfowl", none, none, none, none),
        ("", none, none, none, none),
        ("the KITE", none, &MODULES[..], none, &MODULES[1..2]),
        ("Firefox", &MODULES[..], none, none, &MODULES[..1]),
        ("Thunderbird", none, none, &MODULES[..], &MODULES[2..]),
        // Nothing is asked twice.
        ("fenix", none, none, none, &MODULES[..1]),
        ("Kite", none, none, none, &MODULES[1..2]),
    ] {
        fetcher.fetch(product, MODULES.map(key).to_vec()).await;
        for (asked, expected) in [
            (&asked_setting, at_setting),
            (&asked_kite, at_kite),
            (&asked_bird, at_bird),
        ] {
            let mut asked = std::mem::take(&mut *lock(asked));
            asked.sort_by_key(|name| MODULES.iter().position(|module| module == name));
            assert_eq!(asked, expected, "{product}");
        }
        let is_found = |name: &&&str| {
            let mut roots = fetcher.roots_of(product).iter();
            roots.any(|root| root.join(key(name).path_parts().join("/")).exists())
        };
        let seen: Vec<&str> = MODULES.iter().filter(is_found).copied().collect();
        assert_eq!(seen, found, "{product}");
    }
}

#[tokio::test]
async fn a_server_that_is_away_is_passed_over_for_a_while() {
    for (passed_over, expected) in [(Duration::from_secs(60), (0, 2, 0)), (Duration::ZERO, (1, 1, 2))] {
        // A port that is taken, and closed.
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let url: Url = format!("http://{}/", socket.local_addr().unwrap()).parse().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let limits = FetchLimits {
            passed_over,
            ..limits()
        };
        let fetcher = Fetcher::new(sources(&[url], &[]), folder.path().to_owned(), limits).unwrap();
        let first = fetcher.fetch(PRODUCT, vec![key("first.pdb")]).await;
        assert_eq!((first.wanted, first.failed), (1, 1));
        // It opens.
        let (_, asked) = listening("good.pdb", socket.listen(8).unwrap()).await;
        let then = fetcher.fetch(PRODUCT, vec![key("good.pdb"), key("other.pdb")]).await;
        let heard = lock(&asked).len();
        assert_eq!((then.stored, then.failed + then.missing, heard), expected);
        assert_eq!(then.missing, expected.0, "what is passed over has failed");
    }
}
