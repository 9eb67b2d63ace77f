//! Long outages, with a clock that the tests move: a store is down, the database is down, a worker is paused.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use demo::crashes::Submission;
use platform::db::DatabaseSettings;
use platform_testing::database_settings;
use rustix::process::Signal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use url::Url;

use crate::system::{Config, System};

/// A second in microseconds.
const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3600 * SECOND;

/// A unique report.
fn report(number: usize) -> Submission {
    Submission {
        annotations: BTreeMap::from([
            ("ProductName".to_owned(), "Firefox".to_owned()),
            ("Version".to_owned(), "153.0".to_owned()),
            ("CrashTime".to_owned(), number.to_string()),
        ]),
        name: "plain",
        sample: "none",
        dumps: BTreeMap::new(),
        expected: None,
    }
}

/// A system on this database whose clock stands still.
fn system(database: DatabaseSettings, more: &str) -> (System, i64) {
    let system = System::new(&Config {
        database,
        more,
        ..Config::default()
    });
    let now = platform::clock::now_micros();
    system.move_clock(now);
    (system, now)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_hour_without_the_blob_store_loses_nothing_and_ends_by_itself() {
    for database in database_settings().await {
        let (mut system, now) = system(database, "");
        system.start(["collector"]);
        let processor = system.beside(["processor"]);
        processor.signal(Signal::STOP);
        let ids: Vec<String> = (0..5).map(|number| system.submit(&report(number), "firefox")).collect();

        // A file replaces the folder, and the worker keeps running.
        let blobs = system.data().join("blobs");
        let away = system.data().join("blobs.away");
        std::fs::rename(&blobs, &away).expect("the store can go away");
        std::fs::write(&blobs, "").expect("a file can be written");
        processor.signal(Signal::CONT);
        let waits = async || (processor.metric("datil_processor_waits_for_stores ").await > 0.0).then_some(());
        processor.wait_for("the worker to notice", waits).await;
        for minutes in [1, 10, 60] {
            system.move_clock(now + minutes * 60 * SECOND);
            assert!(waits().await.is_some());
        }
        let (status, _) = system.get("/__heartbeat__").await;
        assert_eq!(status, 503);

        std::fs::remove_file(&blobs).expect("the file goes");
        std::fs::rename(&away, &blobs).expect("the store is back");
        for id in &ids {
            processor
                .wait_for("a crash to be processed", async || {
                    let shown = system.run(["crash", "show", id]);
                    shown.status.success().then_some(())
                })
                .await;
        }
        assert_eq!(system.run_well(["crash", "failed"]), "");
    }
}

/// A proxy between a program and its database, which can go down.
struct Proxy {
    url: String,
    is_away: Arc<AtomicBool>,
    cut: Arc<tokio::sync::Notify>,
}

impl Proxy {
    async fn before(database: &DatabaseSettings) -> Self {
        let mut url = Url::parse(&database.url).expect("a URL");
        let socket = url
            .query_pairs()
            .find(|(name, _)| name == "host")
            .map(|(_, folder)| folder.into_owned());
        let port = url.port().unwrap_or(5432);
        let target = match socket {
            Some(folder) => format!("{folder}/.s.PGSQL.{port}"),
            None => format!("{}:{port}", url.host_str().expect("a host")),
        };
        let rest: Vec<(String, String)> = url
            .query_pairs()
            .filter(|(name, _)| name != "host")
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        url.set_host(Some("127.0.0.1")).expect("a host");
        url.set_port(Some(address.port())).expect("a port");
        url.query_pairs_mut().clear().extend_pairs(rest);
        let proxy = Self {
            // PostgreSQL takes a plus sign literally, not as a space.
            url: url.to_string().replace('+', "%20"),
            is_away: Arc::default(),
            cut: Arc::default(),
        };
        let (is_away, cut) = (Arc::clone(&proxy.is_away), Arc::clone(&proxy.cut));
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                if is_away.load(Ordering::SeqCst) {
                    continue;
                }
                let (target, cut) = (target.clone(), Arc::clone(&cut));
                tokio::spawn(async move {
                    let copying = async {
                        if target.starts_with('/') {
                            let mut server = UnixStream::connect(&target).await?;
                            tokio::io::copy_bidirectional(&mut client, &mut server).await
                        } else {
                            let mut server = TcpStream::connect(&target).await?;
                            tokio::io::copy_bidirectional(&mut client, &mut server).await
                        }
                    };
                    tokio::select! {
                        _ = copying => {}
                        () = cut.notified() => {}
                    }
                });
            }
        });
        proxy
    }

    fn go_away(&self) {
        self.is_away.store(true, Ordering::SeqCst);
        self.cut.notify_waiters();
    }

    fn come_back(&self) {
        self.is_away.store(false, Ordering::SeqCst);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_hour_without_the_database_loses_nothing_and_ends_by_itself() {
    // SQLite is a local file: only a server can be down.
    for database in database_settings().await.into_iter().skip(1) {
        let proxy = Proxy::before(&database).await;
        let database = DatabaseSettings {
            url: proxy.url.clone(),
            ..DatabaseSettings::default()
        };
        let (mut system, now) = system(database, "");
        system.start(["up"]);
        let first = system.submit(&report(1), "firefox");
        system.processed(&first).await;

        proxy.go_away();
        let second = system.submit(&report(2), "firefox");
        system.move_clock(now + HOUR);
        let (status, _) = system.get("/__heartbeat__").await;
        assert_eq!(status, 503);
        proxy.come_back();
        // The sweep runs once a minute.
        system
            .wait_for("the report to be recorded", async || {
                let time = platform::clock::now_micros();
                system.move_clock(now + HOUR + (time - now) * 60);
                let path = format!("/api/ProcessedCrash/?crash_id={second}");
                (system.get(&path).await.0 == 200).then_some(())
            })
            .await;
        let listed = system.run_well(["crash", "list"]);
        assert_eq!(listed.lines().count(), 2, "{listed}");
    }
}

/// A symbol server without symbols that keeps its first request waiting until told to go on.
struct SlowSymbols {
    url: String,
    asked: Arc<tokio::sync::Notify>,
    go: Arc<tokio::sync::Notify>,
}

impl SlowSymbols {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let server = Self {
            url: format!("http://{address}/"),
            asked: Arc::default(),
            go: Arc::default(),
        };
        let (asked, go) = (Arc::clone(&server.asked), Arc::clone(&server.go));
        tokio::spawn(async move {
            let is_first = Arc::new(AtomicBool::new(true));
            while let Ok((mut client, _)) = listener.accept().await {
                let (asked, go) = (Arc::clone(&asked), Arc::clone(&go));
                let is_first = Arc::clone(&is_first);
                tokio::spawn(async move {
                    let mut head = [0; 8192];
                    while client.read(&mut head).await.is_ok_and(|count| count > 0) {
                        if is_first.swap(false, Ordering::SeqCst) {
                            asked.notify_one();
                            go.notified().await;
                        }
                        let answer = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
                        if client.write_all(answer).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        server
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_was_paused_for_a_minute_changes_nothing() {
    let world = demo::World::generate(&demo::Plan::default());
    let sample = demo::crashes::samples_for(&world)
        .into_iter()
        .find(|sample| {
            let dump = sample.dumps.get("upload_file_minidump");
            dump.is_some_and(|dump| dump.len() > 10_000)
        })
        .expect("a sample with a minidump");
    for database in database_settings().await {
        let symbols = SlowSymbols::start().await;
        let (mut system, now) = system(database, "");
        // Replaces the folder of symbols.
        let file = system.folder().join("datil.toml");
        let settings = std::fs::read_to_string(&file).expect("settings");
        let settings: String = settings
            .lines()
            .map(|line| match line.strip_prefix("symbols_urls") {
                Some(_) => format!("symbols_urls = [{:?}]\n", symbols.url),
                None => format!("{line}\n"),
            })
            .collect();
        std::fs::write(&file, settings).expect("settings can be written");

        system.start(["collector"]);
        let paused = system.beside(["processor"]);
        let id = system.submit(&sample, "firefox");
        symbols.asked.notified().await;
        paused.signal(Signal::STOP);
        system.move_clock(now + 60 * SECOND);
        let successor = system.beside(["processor"]);
        let done = successor
            .wait_for("the successor to process it", async || {
                let shown = system.run(["crash", "show", &id]);
                shown.status.success().then_some(shown.stdout)
            })
            .await;

        symbols.go.notify_one();
        paused.signal(Signal::CONT);
        paused
            .wait_for("the paused worker to give up", async || {
                let lost = paused.metric("datil_processor_crashes_total{outcome=\"lost\"} ").await;
                (lost > 0.0).then_some(())
            })
            .await;
        assert_eq!(system.run_well(["crash", "show", &id]).as_bytes(), done);
        let outputs = system.data().join("blobs/v1/processed_output");
        let left = std::fs::read_dir(outputs).map_or(0, Iterator::count);
        assert_eq!(left, 0);
    }
}
