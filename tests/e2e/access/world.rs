//! A running program with marked reports in every state.

use std::path::{Path, PathBuf};

use demo::Plan;
use platform::db::DatabaseSettings;
use serde_json::{Map, Value};

use super::marks::{Form, Kind, Marks, marked, mistyped, noted};
use super::site::Site;
use crate::stand_ins::StandIns;
use crate::system::{Config, System};

pub(super) struct World {
    pub(super) system: System,
    pub(super) site: Site,
    pub(super) marks: Marks,
    /// Reports with marks, processed: all protected annotations, mistyped ones, odd parts.
    pub(super) marked: [String; 3],
    /// The first of them, sent a second time.
    pub(super) copy: String,
    /// A report with marks that was deleted.
    pub(super) deleted: String,
    /// A report without anything protected.
    pub(super) plain: String,
    /// A report that cannot be processed, since what was stored of it is damaged.
    pub(super) failed: String,
    /// The answers to reports that were refused.
    pub(super) refusals: Vec<String>,
}

/// What a client says of a build that is known, and a minidump with registers and memory.
pub(super) fn sample(sources: &StandIns) -> (Map<String, Value>, Vec<u8>) {
    let mut samples = demo::crashes::samples_for(&sources.world).into_iter();
    let mut sample = samples
        .find(|sample| sample.sample == "linux-null-write" && sample.expected.is_some())
        .expect("a sample of a known build");
    let dump = sample.dumps.remove("upload_file_minidump").expect("a minidump");
    let mut public = Map::new();
    for (name, value) in sample.annotations {
        if !["URL", "Comments"].contains(&name.as_str()) {
            public.insert(name, value.into());
        }
    }
    (public, dump)
}

/// Sends a report, with marks in everything around it as well, and returns its id.
pub(super) async fn submit(site: &Site, marks: &mut Marks, form: &Form) -> String {
    let agent = marks.plant(Kind::Value, "User-Agent");
    let around = |marks: &mut Marks, place| marks.plant(Kind::Never, place);
    let headers = [
        ("content-type", Form::TYPE.to_owned()),
        ("user-agent", agent),
        ("referer", format!("https://{}.example/", around(marks, "Referer"))),
        ("cookie", format!("a={}", around(marks, "Cookie"))),
        ("x-something", around(marks, "an unknown header")),
    ];
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let path = format!("/submit?x={}", around(marks, "the query of /submit"));
    let answer = site.send("POST", &path, &headers, form.body()).await;
    let text = answer.text();
    let id = text.trim_end().strip_prefix("CrashID=bp-");
    id.unwrap_or_else(|| panic!("{} {text}", answer.status)).to_owned()
}

/// Sends reports that are refused; returns what was said.
async fn refused(site: &Site, marks: &mut Marks) -> Vec<String> {
    let mut never = |place: &str| marks.plant(Kind::Never, place);
    let head = |head: &str| format!("------B\r\nContent-Disposition: form-data; {head}\r\n\r\n");
    let wrong = [
        (Form::TYPE.to_owned(), never("a body that is no form")),
        (format!("text/{}", never("a content type")), "x".to_owned()),
        (
            format!("multipart/form-data; x={}", never("a parameter")),
            "x".to_owned(),
        ),
        (
            Form::TYPE.to_owned(),
            format!(
                "{}{{\"URL\": \"{}\", ",
                head("name=\"extra\"\r\nContent-Type: application/json"),
                never("damaged JSON")
            ),
        ),
        (
            Form::TYPE.to_owned(),
            format!("{}{}", head(&format!("name=\"{}", never("a head"))), never("a part")),
        ),
        (
            Form::TYPE.to_owned(),
            format!(
                "{}{}\r\n------B--\r\n",
                head("name=\"raw_crash\"; filename=\"x\"\r\nContent-Type: application/octet-stream"),
                never("a file whose name is taken")
            ),
        ),
    ];
    let mut said = Vec::new();
    for (kind, body) in wrong {
        let answer = site
            .send("POST", "/submit", &[("content-type", &kind)], body.clone())
            .await;
        assert!(matches!(answer.status, 400 | 413), "{} {kind}: {body}", answer.status);
        said.push(answer.all());
    }
    said
}

impl World {
    pub(super) async fn new(database: DatabaseSettings) -> Self {
        let sources = StandIns::serve(&Plan::default()).await;
        let mut system = System::new(&Config {
            database,
            sources: Some(&sources.url),
            ..Config::default()
        });
        system.run_well(["buildinfo", "import"]);
        let (public, dump) = sample(&sources);
        let mut marks = Marks::default();
        // Without a processor nobody reads it before it is damaged.
        system.start(["collector"]);
        let mut site = Site::of(&system);
        let failed = submit(&site, &mut marks, &Form::default().extra(&public)).await;
        let damaged = format!("{{\"URL\": \"{}", marks.plant(Kind::Never, "a damaged report"));
        std::fs::write(stored(&system, "raw_crash", &failed), damaged).expect("it can be damaged");
        system.stop();
        system.start(["up"]);
        site = Site::of(&system);
        let forms = [
            marked(&mut marks, &public, &dump),
            mistyped(&mut marks, &public),
            noted(&mut marks, &public, &dump),
        ];
        let [first, second, third] = &forms;
        let marked = [
            submit(&site, &mut marks, first).await,
            submit(&site, &mut marks, second).await,
            submit(&site, &mut marks, third).await,
        ];
        let copy = submit(&site, &mut marks, first).await;
        let deleted = Form::default().text("ProductName", "text/plain", "Firefox").text(
            "Comments",
            "text/plain",
            &marks.plant(Kind::Never, "a deleted report"),
        );
        let deleted = submit(&site, &mut marks, &deleted).await;
        // A public difference, lest it is a copy of another report.
        let mut other = public.clone();
        other.insert("CrashTime".to_owned(), "1".into());
        let plain = submit(&site, &mut Marks::default(), &Form::default().extra(&other)).await;
        let refusals = refused(&site, &mut marks).await;
        for id in marked.iter().chain([&plain, &copy, &deleted]) {
            system.processed(id).await;
        }
        system.run_well(["crash", "delete", &deleted]);
        let (crashes, search) = (marked.len() + 1, "/api/SuperSearch/?_results_number=0");
        system
            .wait_for("the crashes to be found", async || {
                let (status, found) = system.get(search).await;
                let found: Value = serde_json::from_str(&found).ok()?;
                (status == 200 && found["as_of"]["behind"] == 0 && found["total"] == crashes).then_some(())
            })
            .await;
        system
            .wait_for("a crash to fail", async || {
                let list = system.run_well(["crash", "failed"]);
                list.contains(&failed).then_some(())
            })
            .await;
        Self {
            system,
            site,
            marks,
            marked,
            copy,
            deleted,
            plain,
            failed,
            refusals,
        }
    }

    /// A stored file of a report, a minidump or an attachment.
    pub(super) fn file(&self, name: &str, id: &str) -> Vec<u8> {
        let name = if name == "upload_file_minidump" { "dump" } else { name };
        std::fs::read(stored(&self.system, name, id)).expect("a file can be read")
    }

    /// The stored form of a document of a report, as JSON.
    pub(super) async fn document(&self, kind: &str, id: &str) -> Value {
        self.system
            .wait_for(kind, async || {
                let bytes = std::fs::read(find(&self.system, kind, id)?).ok()?;
                serde_json::from_slice(&bytes).ok()
            })
            .await
    }
}

/// The file of an object of a report that must be there.
fn stored(system: &System, kind: &str, id: &str) -> PathBuf {
    find(system, kind, id).unwrap_or_else(|| panic!("there is no {kind} of {id}"))
}

fn find(system: &System, kind: &str, id: &str) -> Option<PathBuf> {
    let folder = system.data().join("blobs/v1").join(kind);
    let days = std::fs::read_dir(&folder).into_iter().flatten();
    let folders = days.filter_map(|entry| Some(entry.ok()?.path())).chain([folder]);
    folders.map(|folder| folder.join(id)).find(|path| Path::is_file(path))
}
