//! Searches for the marks in everything that the program says.

use std::collections::{BTreeMap, HashSet};

use futures::StreamExt;
use platform::access::Permission;
use platform_testing::database_settings;

use super::addresses::addresses;
use super::callers::{Caller, everybody};
use super::marks::{Kind, Marks};
use super::site::{Answer, Request};
use super::table;
use super::world::World;

/// Requests on their way at one time.
const AT_ONCE: usize = 4;

/// Commands that list or show something.
const COMMANDS: [&[&str]; 16] = [
    &["crash", "list"],
    &["crash", "list", "--query", "product=~"],
    &[
        "search",
        "_columns=crash_report_keys&_columns=app_notes&_columns=processor_notes&_facets=crash_report_keys",
    ],
    &[
        "search",
        "_columns=url&_columns=user_comments&_facets=url&_aggs.product=user_comments",
    ],
    &["crash", "failed"],
    &["buildinfo", "unknown"],
    &["buildinfo", "audit"],
    &["buildinfo", "builds", "--limit", "10"],
    &["buildinfo", "runs"],
    &["buildinfo", "latest"],
    &["buildinfo", "export"],
    &["bugs", "list"],
    &["token", "list"],
    &["audit-log", "--limit", "1000"],
    &["config", "show"],
    &["check"],
];

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sees_what_is_protected_but_those_who_may() {
    for database in database_settings().await {
        let world = World::new(database).await;
        let callers = everybody(&world.system, &world.site).await;
        let addresses = addresses(&world).await;
        let mut search = Search::new(&world);
        for caller in &callers {
            // A form's type, so that the form is read; others do not look.
            let mut headers = caller.headers();
            headers.push(("content-type", "application/x-www-form-urlencoded"));
            let answers = futures::stream::iter(&addresses).map(async |request: &Request| {
                let sent = world.site.send(request.method, &request.path, &headers, request.body);
                (request, sent.await)
            });
            let mut answers = std::pin::pin!(answers.buffer_unordered(AT_ONCE));
            while let Some((request, answer)) = answers.next().await {
                search.check(caller, request, &answer);
            }
        }
        assert!(search.pages > 500, "{}", search.pages);
        check_whole_documents(&world, &callers).await;
        check_files(&world, &callers).await;
        table::check(&world, &callers).await;
        check_asked_for(&world).await;
        check_surroundings(&world, &callers);
    }
}

/// Whether a caller may see a mark in the answer to a request.
fn may_see(caller: &Caller, request: &Request, kind: Kind) -> bool {
    let sees = caller.may(Permission::ViewPii);
    let reads = caller.may(Permission::ViewRawDump);
    let is_raw = request.path.contains("format=raw");
    let is_report = request.path.starts_with("/report/index/");
    let is_document = is_of_crash(request) || request.path.starts_with("/api/SuperSearch");
    match kind {
        Kind::Value => sees && (is_report || is_document && !is_raw),
        Kind::Walked => sees && (is_report || is_document && !is_raw) || reads && is_raw,
        Kind::File => reads && is_raw,
        Kind::FileName => sees && (is_report || is_document && !is_raw) || reads && is_report,
        Kind::Never => false,
    }
}

/// Whether a request is for what is stored of a crash.
fn is_of_crash(request: &Request) -> bool {
    let endpoints = ["/api/RawCrash", "/api/ProcessedCrash"];
    endpoints.iter().any(|endpoint| request.path.starts_with(endpoint))
}

/// What was looked at so far.
struct Search<'a> {
    world: &'a World,
    /// Bodies without a mark: most callers get the same.
    clean: HashSet<Vec<u8>>,
    /// What nobody gets, the first of the callers: the public part of documents.
    public: BTreeMap<&'a Request, Vec<u8>>,
    /// How many answers were pages.
    pages: usize,
}

impl<'a> Search<'a> {
    fn new(world: &'a World) -> Self {
        Self {
            world,
            clean: HashSet::new(),
            public: BTreeMap::new(),
            pages: 0,
        }
    }

    fn check(&mut self, caller: &Caller, request: &'a Request, answer: &Answer) {
        let what = format!(
            "{}: {} {}: {}",
            caller.name, request.method, request.path, answer.status
        );
        let mut found = self.world.marks.within(&format!("{:?}", answer.headers));
        if !self.clean.contains(&answer.body) {
            let text = answer.text();
            found.extend(self.world.marks.within(&text));
            if answer.is_page() {
                check_markup(&what, &text);
            }
        }
        for mark in &found {
            let may_see = may_see(caller, request, mark.kind);
            assert!(
                may_see,
                "{what} shows {} ({:?})\n{}",
                mark.place,
                mark.kind,
                answer.text()
            );
        }
        if found.is_empty() {
            self.clean.insert(answer.body.clone());
        } else {
            assert_eq!(answer.header("cache-control"), "private, no-store", "{what}");
            assert_eq!(answer.header("vary"), "Auth-Token, Cookie", "{what}");
        }
        let sees_more = caller.may(Permission::ViewPii) || caller.may(Permission::ViewRawDump);
        if caller.refused.is_none() && !sees_more && is_of_crash(request) {
            let public = self.public.entry(request).or_insert_with(|| answer.body.clone());
            assert!(
                *public == answer.body,
                "{what} is not what nobody gets\n{}",
                answer.text()
            );
        }
        if let Some(text) = caller.refused.filter(|_| !request.path.starts_with("/submit")) {
            assert_eq!(answer.status, 403, "{what}");
            assert!(answer.text().contains(text), "{what}\n{}", answer.text());
        }
        let is_damaged = request.path.contains(&self.world.failed);
        assert!(answer.status < 500 || is_damaged, "{what}\n{}", answer.text());
        if answer.is_page() {
            self.pages += 1;
            check_page(&what, answer);
        }
    }
}

/// What holds for each page: it can run nothing, it can stand in no frame, and other sites do not learn of it.
fn check_page(what: &str, answer: &Answer) {
    let policy = answer.header("content-security-policy");
    for part in ["default-src 'none'", "frame-ancestors 'none'"] {
        assert!(policy.contains(part), "{what}: {policy}");
    }
    assert!(!policy.contains("unsafe"), "{what}: {policy}");
    for (name, value) in [
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(answer.header(name), value, "{what}");
    }
}

fn check_markup(what: &str, text: &str) {
    for tag in text.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap_or_default().to_lowercase();
        assert!(!tag.starts_with("script"), "{what}: <{tag}>");
        // The texts of attributes may say what they like.
        for name in tag.split('"').step_by(2).flat_map(str::split_whitespace) {
            assert!(
                !name.starts_with("style=") && !name.starts_with("on"),
                "{what}: <{tag}>"
            );
        }
    }
}

/// Those who may see what is protected see the documents as they are stored.
async fn check_whole_documents(world: &World, callers: &[Caller]) {
    let mut seen = 0;
    for caller in callers.iter().filter(|caller| caller.may(Permission::ViewPii)) {
        for id in &world.marked {
            for (path, kind) in [("RawCrash", "raw_crash"), ("ProcessedCrash", "processed_crash")] {
                let path = format!("/api/{path}/?crash_id={id}");
                let answer = world.site.get(&path, &caller.headers()).await;
                assert_eq!(answer.json(), world.document(kind, id).await, "{}: {path}", caller.name);
                let found = world.marks.within(&answer.text());
                seen += found.iter().filter(|mark| mark.kind == Kind::Value).count();
            }
        }
        // Everything that was planted in annotations is somewhere in what was received.
        let mut everything = String::new();
        for id in world.marked.iter() {
            everything += &world.document("raw_crash", id).await.to_string();
        }
        for mark in world.marks.all().iter().filter(|mark| mark.kind == Kind::Value) {
            let is_of_failed = mark.place == "User-Agent";
            assert!(
                is_of_failed || everything.contains(&mark.text),
                "{} was not kept",
                mark.place
            );
        }
        // A copy shows the first one.
        let page = world
            .site
            .get(&format!("/report/index/{}", world.copy), &caller.headers())
            .await;
        let text = page.text();
        for place in [
            "URL",
            "Comments",
            "Breadcrumbs' message",
            "MozCrashReason",
            "an unknown annotation",
            "memory_report",
        ] {
            let mark = world.marks.all().iter().find(|mark| mark.place == place).expect(place);
            assert!(text.contains(&mark.text), "{}: {place} is not on the page", caller.name);
        }
    }
    assert!(seen > 100, "{seen}");
}

/// Those who may read files get each of them as it is stored; from others even its name is hidden.
async fn check_files(world: &World, callers: &[Caller]) {
    let id = &world.marked[0];
    let raw = world.document("raw_crash", id).await;
    let names = raw["metadata"]["dump_checksums"].as_object().expect("checksums");
    assert!(names.len() > 2, "{names:?}");
    for name in names.keys() {
        let path = format!("/api/RawCrash/?format=raw&crash_id={id}&name={name}");
        for caller in callers.iter().filter(|caller| caller.refused.is_none()) {
            let answer = world.site.get(&path, &caller.headers()).await;
            if caller.may(Permission::ViewRawDump) {
                assert_eq!(answer.status, 200, "{}: {name}", caller.name);
                assert!(answer.body == world.file(name, id), "{}: {name}", caller.name);
                assert_eq!(answer.header("cache-control"), "private, no-store");
            } else {
                assert_eq!(answer.status, 403, "{}: {name}", caller.name);
                assert!(!answer.all().contains(name), "{}: {name}", caller.name);
            }
        }
        let page = format!("/report/index/{id}");
        for caller in callers.iter().filter(|caller| caller.may(Permission::ViewRawDump)) {
            let page = world.site.get(&page, &caller.headers()).await.text();
            assert!(page.contains(&format!(">{name}</a>")), "{}: {name}", caller.name);
        }
    }
    // That they did is in the audit log, but not what a client called its files.
    for caller in callers.iter().filter(|caller| caller.may(Permission::Administer)) {
        let log = world.site.get("/audit-log", &caller.headers()).await.text();
        assert!(log.contains("read_dump") && log.contains(id), "{log}");
        assert!(world.marks.within(&log).is_empty(), "{log}");
    }
}

/// Whoever asks for a mark gets what is said about any text that is nowhere.
async fn check_asked_for(world: &World) {
    let nowhere = Marks::default().plant(Kind::Never, "");
    for mark in world.marks.all().iter().step_by(4) {
        for path in [
            "/search?q=",
            "/?signature=",
            "/?product=",
            "/?version=",
            "/builds/?revision=",
        ] {
            let mut seen = Vec::new();
            for text in [&mark.text, &nowhere] {
                let answer = world.site.get(&format!("{path}{text}"), &[]).await;
                let location = answer.header("location").replace(text, "it");
                seen.push((answer.status, location, answer.text().replace(text, "it")));
            }
            assert_eq!(seen[0], seen[1], "{}: {path}", mark.place);
        }
    }
}

/// No mark is in what is logged and printed, in what commands list, or in the answers to refused reports.
fn check_surroundings(world: &World, callers: &[Caller]) {
    let mut said = vec![
        ("the log".to_owned(), world.system.log_text()),
        ("what is printed".to_owned(), world.system.printed()),
    ];
    said.extend(world.refusals.iter().map(|text| ("a refusal".to_owned(), text.clone())));
    let mut commands: Vec<Vec<&str>> = COMMANDS.iter().map(|command| command.to_vec()).collect();
    let others = [&world.copy, &world.deleted, &world.plain, &world.failed];
    let all = world.marked.iter().chain(others);
    commands.extend(all.map(|id| vec!["crash", "show", id]));
    for mut command in commands {
        for is_json in [false, true] {
            if is_json {
                command.push("--json");
            }
            let output = world.system.run(&command);
            let name = command.join(" ");
            assert_ne!(
                output.status.code(),
                Some(2),
                "{name}: {}",
                String::from_utf8_lossy(&output.stderr)
            );
            said.push((name.clone(), String::from_utf8_lossy(&output.stdout).into_owned()));
            said.push((name, String::from_utf8_lossy(&output.stderr).into_owned()));
        }
    }
    for (what, text) in said {
        for caller in callers {
            let is_said = caller.secret().is_some_and(|secret| text.contains(secret));
            assert!(!is_said, "{what} shows a secret of {}", caller.name);
        }
        let found = world.marks.within(&text);
        let places: Vec<&str> = found.iter().map(|mark| mark.place.as_str()).collect();
        assert!(places.is_empty(), "{what} shows {places:?}\n{text}");
    }
}
