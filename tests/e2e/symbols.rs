//! Who hears of a crash: the servers that are asked for its symbols.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::http::StatusCode;
use tokio::net::TcpListener;

use crate::system::{Config, System};

/// A symbol server without symbols that counts how often it was asked.
struct Server {
    url: String,
    asked: Arc<AtomicUsize>,
}

impl Server {
    async fn start() -> Self {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let answer = move || async move {
            count.fetch_add(1, Ordering::SeqCst);
            StatusCode::NOT_FOUND
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
        Self { url, asked }
    }

    /// Whether it was asked since the last time.
    fn was_asked(&self) -> bool {
        self.asked.swap(0, Ordering::SeqCst) > 0
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_is_told_to_the_servers_of_its_product_only() {
    let (setting, kite) = (Server::start().await, Server::start().await);
    let mut system = System::new(&Config {
        more: "[products]\nfile = \"products.toml\"\n",
        ..Config::default()
    });
    let products = format!(
        "[[product]]\nname = \"Kite\"\naliases = [\"The Kite\"]\nsymbols = [{:?}]\n\
         bugs = \"https://bugs.example/new?title={{signature}}\"\n[[product]]\nname = \"Game\"\n",
        kite.url
    );
    let write = |name: &str, text: &str| std::fs::write(system.folder().join(name), text).expect("it can be written");
    write("products.toml", &products);
    let settings = std::fs::read_to_string(system.folder().join("datil.toml")).expect("settings");
    let servers = format!("symbols_urls = [{:?}, ", setting.url);
    write("datil.toml", &settings.replace("symbols_urls = [", &servers));
    system.start(["up"]);
    let world = demo::World::generate(&demo::Plan::default());
    // A module without symbols: those in the folder are not asked for.
    let mut sample = demo::crashes::samples_for(&world)
        .into_iter()
        .find(|sample| {
            let dump = sample.dumps.get("upload_file_minidump");
            dump.is_some_and(|dump| dump.len() > 10_000)
        })
        .expect("a sample with a minidump");
    for (product, at_setting, at_kite) in [
        ("Waterfowl", false, false),
        ("Game", false, false),
        ("the KITE", false, true),
        ("Firefox", true, false),
    ] {
        sample.annotations.insert("ProductName".to_owned(), product.to_owned());
        let id = system.submit(&sample, "crashpad");
        system.processed(&id).await;
        let heard = (setting.was_asked(), kite.was_asked());
        assert_eq!(heard, (at_setting, at_kite), "{product}");
        let (_, page) = system.get(&format!("/report/index/{id}")).await;
        let bugs = page.contains("href=\"https://bugs.example/new?title=");
        assert_eq!(bugs, at_kite, "{product}");
    }
}
