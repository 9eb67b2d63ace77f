//! A running `datil`, and its command line.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use platform::db::DatabaseSettings;
use serde_json::Value;
use tempfile::TempDir;

/// The longest wait for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// A data folder with its settings file, and the service running on it.
pub(crate) struct System {
    folder: Arc<TempDir>,
    child: Option<Child>,
    pub(crate) url: String,
    client: reqwest::Client,
    /// The running service's output after the line that says where it listens.
    printed: Arc<Mutex<String>>,
}

/// A system's settings beyond the defaults.
#[derive(Default)]
pub(crate) struct Config<'a> {
    /// The database; SQLite in the data folder by default.
    pub(crate) database: DatabaseSettings,
    /// The root of the stand-ins; without it, an address where nothing listens.
    pub(crate) sources: Option<&'a str>,
    /// Whether `up` imports by itself.
    pub(crate) imports: bool,
    /// More settings, as TOML.
    pub(crate) more: &'a str,
    /// Files beside the settings, by name.
    pub(crate) files: &'a [(&'a str, &'a str)],
}

impl System {
    /// Creates a data folder with settings. Migrates a PostgreSQL schema. Starts nothing.
    pub(crate) fn new(config: &Config<'_>) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let symbols = folder.path().join("symbols");
        demo::crashes::write_symbols(&symbols).expect("symbols can be written");
        let root = config.sources.unwrap_or("http://127.0.0.1:9");
        let schedule = if config.imports { "0 0 0 1 1 *" } else { "" };
        let database = &config.database.url;
        let settings = format!(
            "[http]\nbind = \"127.0.0.1:0\"\n[database]\nurl = {database:?}\n\
             [buildinfo]\nbuildhub_url = {root:?}\narchive_url = {root:?}\nproduct_details_url = {root:?}\n\
             schedule = {schedule:?}\n\
             [processor]\nsymbols_urls = [\"file://{}\"]\n{}\n",
            symbols.display(),
            config.more
        );
        std::fs::write(folder.path().join("datil.toml"), settings).expect("settings can be written");
        for (name, text) in config.files {
            std::fs::write(folder.path().join(name), text).expect("a file can be written");
        }
        let client = platform::http::client()
            .timeout(Duration::from_secs(60))
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("an HTTP client");
        let system = Self {
            folder: Arc::new(folder),
            child: None,
            url: String::new(),
            client,
            printed: Arc::default(),
        };
        if !database.is_empty() {
            system.run_well(["migrate"]);
        }
        system
    }

    /// Starts `datil up`.
    pub(crate) fn up(config: &Config<'_>) -> Self {
        let mut system = Self::new(config);
        system.start(["up"]);
        system
    }

    /// Starts another service on the same data folder and settings.
    pub(crate) fn beside<const N: usize>(&self, args: [&str; N]) -> Self {
        let mut other = Self {
            folder: Arc::clone(&self.folder),
            child: None,
            url: String::new(),
            client: self.client.clone(),
            printed: Arc::default(),
        };
        other.start(args);
        other
    }

    /// Starts a service and waits until it listens.
    pub(crate) fn start<const N: usize>(&mut self, args: [&str; N]) {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log())
            .expect("the log can be opened");
        let mut child = self
            .command(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("datil can be started");
        let stdout = child.stdout.take().expect("stdout is piped");
        let mut lines = BufReader::new(stdout);
        let mut line = String::new();
        lines.read_line(&mut line).expect("stdout can be read");
        self.url = match line.trim().strip_prefix("listening on ") {
            Some(url) => url.to_owned(),
            None => panic!("datil does not listen: {line:?}\n{}", self.log_text()),
        };
        self.child = Some(child);
        // Drains the rest of its output, so that it does not block.
        let printed = Arc::new(Mutex::new(String::new()));
        self.printed = Arc::clone(&printed);
        std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                let mut printed = printed.lock().expect("nobody panics with it");
                printed.push_str(&line);
                printed.push('\n');
            }
        });
    }

    /// The running service's output so far, after the line that says where it listens.
    pub(crate) fn printed(&self) -> String {
        self.printed.lock().expect("nobody panics with it").clone()
    }

    /// Runs a shell command line in the system's folder and at its time.
    pub(crate) fn shell(&self, line: &str) -> Output {
        let mut command = Command::new("sh");
        command.current_dir(self.folder.path()).args(["-c", line]);
        if self.clock().exists() {
            command.env(platform::clock::TEST_CLOCK, self.clock());
        }
        command.output().expect("a shell can be started")
    }

    fn command<I, S>(&self, args: I) -> Command
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let mut command = Command::new(env!("CARGO_BIN_EXE_datil"));
        command
            .current_dir(self.folder.path())
            .arg("--data")
            .arg(self.data())
            .args(args);
        if self.clock().exists() {
            command.env(platform::clock::TEST_CLOCK, self.clock());
        }
        command
    }

    /// Starts a command whose output is kept, and goes on.
    pub(crate) fn spawn<I, S>(&self, args: I) -> Child
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let mut command = self.command(args);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command.spawn().expect("datil can be started")
    }

    /// Runs a command to completion.
    pub(crate) fn run<I, S>(&self, args: I) -> Output
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        self.run_with_input(args, b"")
    }

    /// Runs a command to completion with this standard input.
    pub(crate) fn run_with_input<I, S>(&self, args: I, input: &[u8]) -> Output
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let mut child = self
            .command(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("datil can be started");
        let mut stdin = child.stdin.take().expect("stdin is piped");
        // A command that does not read its input may end before all of it is written.
        let _ = stdin.write_all(input);
        drop(stdin);
        child.wait_with_output().expect("datil ends")
    }

    /// Runs a command that must succeed, and returns its standard output.
    pub(crate) fn run_well<I, S>(&self, args: I) -> String
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let output = self.run(args);
        assert!(
            output.status.success(),
            "{}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).expect("output is UTF-8")
    }

    /// Stops the service as an operator does. Returns how it ended and how long it took.
    pub(crate) fn stop(&mut self) -> (std::process::ExitStatus, Duration) {
        let mut child = self.child.take().expect("a service runs");
        let began = Instant::now();
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it can be asked");
        let status = child.wait().expect("it ends");
        (status, began.elapsed())
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        let mut child = self.child.take().expect("a service runs");
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
    }

    /// The id of the running process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.as_ref().expect("a service runs").id()
    }

    /// The data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The folder that contains the data folder.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn clock(&self) -> PathBuf {
        self.folder.path().join("clock")
    }

    /// Sets the time, microseconds UTC, of every process started from now on or already using the moved clock.
    pub(crate) fn move_clock(&self, micros: i64) {
        // Readers see either the old time or the new one.
        let new = self.folder.path().join("clock.new");
        std::fs::write(&new, micros.to_string()).expect("the clock can be written");
        std::fs::rename(new, self.clock()).expect("the clock can be moved");
    }

    /// Sends a signal to the running process.
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let child = self.child.as_ref().expect("a service runs");
        let pid = rustix::process::Pid::from_child(child);
        rustix::process::kill_process(pid, signal).expect("it can be signalled");
        if signal == rustix::process::Signal::STOP {
            // Its threads may run on for a moment and could still read a clock moved next.
            use rustix::process::{WaitId, WaitIdOptions, waitid};
            let stopped = WaitIdOptions::STOPPED | WaitIdOptions::NOWAIT;
            waitid(WaitId::Pid(pid), stopped).expect("it stops");
        }
    }

    /// The value of the metric whose line begins like this, 0 if there is none.
    pub(crate) async fn metric(&self, line: &str) -> f64 {
        let (_, body) = self.get("/metrics").await;
        crate::metrics::check_figures(&body);
        body.lines()
            .find_map(|found| found.strip_prefix(line)?.trim().parse().ok())
            .unwrap_or(0.0)
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// Everything logged so far.
    pub(crate) fn log_text(&self) -> String {
        std::fs::read_to_string(self.log()).unwrap_or_default()
    }

    /// `GET`s a path. Returns the status and the body.
    pub(crate) async fn get(&self, path: &str) -> (u16, String) {
        let response = self
            .client
            .get(format!("{}{path}", self.url))
            .send()
            .await
            .unwrap_or_else(|error| panic!("GET {path}: {error}\n{}", self.log_text()));
        let status = response.status().as_u16();
        (status, response.text().await.expect("a body"))
    }

    /// `GET`s a JSON document that must exist.
    pub(crate) async fn json(&self, path: &str) -> Value {
        let (status, body) = self.get(path).await;
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str(&body).expect("JSON")
    }

    /// Posts a body to `/submit`. Returns the status and the answer.
    pub(crate) async fn post(&self, content_type: &str, body: Vec<u8>) -> (u16, String) {
        let response = self
            .client
            .post(format!("{}/submit", self.url))
            .header("content-type", content_type)
            .body(body)
            .send()
            .await
            .unwrap_or_else(|error| panic!("POST: {error}\n{}", self.log_text()));
        let status = response.status().as_u16();
        (status, response.text().await.expect("a body"))
    }

    /// Submits a report with `datil submit`, and returns its id.
    pub(crate) fn submit(&self, sample: &demo::crashes::Submission, dialect: &str) -> String {
        let dumps = tempfile::tempdir().expect("a temporary folder");
        let mut args = vec![
            "submit".to_owned(),
            "--url".to_owned(),
            self.url.clone(),
            "--as".to_owned(),
            dialect.to_owned(),
        ];
        for (name, value) in &sample.annotations {
            args.extend(["-a".to_owned(), format!("{name}={value}")]);
        }
        for (name, bytes) in &sample.dumps {
            let path = dumps.path().join(name);
            std::fs::write(&path, bytes).expect("a dump can be written");
            args.extend(["--dump".to_owned(), format!("{name}={}", path.display())]);
        }
        self.run_well(args).trim().to_owned()
    }

    /// Waits until a crash is processed.
    pub(crate) async fn processed(&self, id: &str) -> Value {
        let path = format!("/api/ProcessedCrash/?crash_id={id}");
        let body = self
            .wait_for(&format!("crash {id} to be processed"), async || {
                let (status, body) = self.get(&path).await;
                (status == 200).then_some(body)
            })
            .await;
        serde_json::from_str(&body).expect("JSON")
    }

    /// Waits until `look` returns something.
    pub(crate) async fn wait_for<T>(&self, what: &str, look: impl AsyncFnMut() -> Option<T>) -> T {
        self.wait_long_for(what, 1, look).await
    }

    /// Waits up to `times` as long as usual until `look`, which may itself wait, returns something.
    pub(crate) async fn wait_long_for<T>(&self, what: &str, times: u32, mut look: impl AsyncFnMut() -> Option<T>) -> T {
        let deadline = Instant::now() + times * PATIENCE;
        loop {
            if let Some(found) = look().await {
                return found;
            }
            assert!(Instant::now() < deadline, "{what} did not come\n{}", self.log_text());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for System {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
