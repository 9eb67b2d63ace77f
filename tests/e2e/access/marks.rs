//! Marks: texts that appear nowhere else, planted wherever a report can hold something protected.

use std::io::Write;
use std::sync::atomic::{AtomicU32, Ordering};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Map, Value, json};

/// Who may see a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It is in an annotation, or in what the collector noted: for `view_pii`.
    Value,
    /// It is in a file of the report: for `view_rawdump`.
    File,
    /// It is in what is made of such a file: for `view_pii`, and for `view_rawdump` in the file itself.
    Walked,
    /// It is the name of a file: for either of them.
    FileName,
    /// It is in what nobody keeps, or in what cannot be read: for nobody.
    Never,
}

/// How each mark begins; nothing else has these letters.
const BEGIN: &str = "qzxj";

/// A planted text.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    pub(super) text: String,
    pub(super) kind: Kind,
    /// Where it was planted.
    pub(super) place: String,
}

/// All marks of a test.
#[derive(Debug, Default)]
pub(super) struct Marks(Vec<Mark>);

impl Marks {
    /// A new mark, unlike any other of this process.
    pub(super) fn plant(&mut self, kind: Kind, place: &str) -> String {
        static PLANTED: AtomicU32 = AtomicU32::new(1);
        // The factor and 20^5 have no divisor in common, so that no two numbers give the same letters.
        let mut number = u64::from(PLANTED.fetch_add(1, Ordering::Relaxed)) * 1_234_577;
        let mut text = BEGIN.to_owned();
        while text.len() < BEGIN.len() + 5 {
            text.push(char::from(b'g' + u8::try_from(number % 20).expect("a digit")));
            number /= 20;
        }
        self.0.push(Mark {
            text: text.clone(),
            kind,
            place: place.to_owned(),
        });
        text
    }

    pub(super) fn all(&self) -> &[Mark] {
        &self.0
    }

    /// Those that a text contains, in any spelling.
    pub(super) fn within(&self, text: &str) -> Vec<&Mark> {
        let text = text.to_ascii_lowercase();
        if !text.contains(BEGIN) {
            return Vec::new();
        }
        self.0.iter().filter(|mark| text.contains(&mark.text)).collect()
    }
}

/// A report's parts in the order in which they are sent: the lines of each head, and its content.
#[derive(Debug, Clone, Default)]
pub(super) struct Form(Vec<(String, Vec<u8>)>);

impl Form {
    pub(super) const TYPE: &str = "multipart/form-data; boundary=----B";

    /// Adds all annotations as one JSON part.
    pub(super) fn extra(mut self, annotations: &Map<String, Value>) -> Self {
        let head = "Content-Disposition: form-data; name=\"extra\"; filename=\"extra.json\"\r\n\
            Content-Type: application/json";
        self.0
            .push((head.to_owned(), serde_json::to_vec(annotations).expect("JSON")));
        self
    }

    /// Adds an annotation as a part of its own.
    pub(super) fn text(mut self, name: &str, kind: &str, value: &str) -> Self {
        let head = format!("Content-Disposition: form-data; name=\"{name}\"\r\nContent-Type: {kind}");
        self.0.push((head, value.as_bytes().to_vec()));
        self
    }

    /// Adds a file.
    pub(super) fn file(mut self, name: &str, file_name: &str, kind: &str, content: impl Into<Vec<u8>>) -> Self {
        let head = format!(
            "Content-Disposition: form-data; name=\"{name}\"; filename=\"{file_name}\"\r\nContent-Type: {kind}"
        );
        self.0.push((head, content.into()));
        self
    }

    pub(super) fn body(&self) -> Vec<u8> {
        let mut body = Vec::new();
        for (head, content) in &self.0 {
            body.extend_from_slice(format!("------B\r\n{head}\r\n\r\n").as_bytes());
            body.extend_from_slice(content);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"------B--\r\n");
        body
    }
}

pub(super) fn zipped(text: &str) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(text.as_bytes()).expect("memory can be written");
    gzip.finish().expect("memory can be written")
}

const BYTES: &str = "application/octet-stream";

/// A report with a mark in every protected place, as desktop sends it: annotations of the types that they should have.
/// What it plants by the name of an annotation stands in the marks as well.
pub(super) fn marked(marks: &mut Marks, public: &Map<String, Value>, dump: &[u8]) -> Form {
    let mut annotations = public.clone();
    let mut value = |name: &str| marks.plant(Kind::Value, name);
    let trace = value("JavaException");
    for (name, content) in [
        ("URL", format!("https://{}.example/{}", value("URL"), value("URL"))),
        ("Comments", format!("it was {} &amp; <b>", value("Comments"))),
        (
            "Breadcrumbs",
            json!({"values": [{
                "timestamp": "2026-08-27T10:00:00.000000Z", "level": "info", "type": "default",
                "category": value("Breadcrumbs' category"), "message": value("Breadcrumbs' message"),
                "data": {value("Breadcrumbs' key"): value("Breadcrumbs' data")},
            }]})
            .to_string(),
        ),
        ("PHCKind", value("PHCKind")),
        ("PHCAllocStack", value("PHCAllocStack")),
        ("PHCFreeStack", value("PHCFreeStack")),
        ("PHCBaseAddress", value("PHCBaseAddress")),
        ("PHCUsableSize", value("PHCUsableSize")),
        ("GleanClientId", value("GleanClientId")),
        ("GMPLibraryPath", format!("/home/{}/gmp", value("GMPLibraryPath"))),
        (
            "RemoteType",
            format!("webIsolated=https://{}.example", value("RemoteType")),
        ),
        (
            "TelemetryEnvironment",
            json!({
                "build": {"applicationName": value("TelemetryEnvironment's build")},
                "settings": {"userPrefs": {value("TelemetryEnvironment's key"): value("TelemetryEnvironment's value")}},
                value("TelemetryEnvironment's member"): [[value("TelemetryEnvironment's list")]],
            })
            .to_string(),
        ),
        (
            "MozCrashReason",
            format!("Failed to load module \"resource://{}\"", value("MozCrashReason")),
        ),
        (
            "ModuleSignatureInfo",
            json!({value("ModuleSignatureInfo's signer"): [format!("{}.dll", value("ModuleSignatureInfo's file"))]})
                .to_string(),
        ),
        ("DumperError", value("DumperError")),
        (
            "JavaException",
            json!({"exception": {"values": [{"stacktrace": {
                "type": "RuntimeException", "module": "java.lang", "value": trace.as_str(),
                "frames": [{"module": "a.B", "function": "c", "filename": "B.java", "lineno": 1, "in_app": true,
                    "vars": {"x": value("JavaException's vars")}}],
            }, "value": trace.as_str()}]}})
            .to_string(),
        ),
        (
            "JavaStackTrace",
            format!(
                "java.lang.RuntimeException: {}\n\tat a.B.c(B.java:1)\nCaused by: a.D: {}\n\tat a.B.d(B.java:2)",
                value("JavaStackTrace's message"),
                value("JavaStackTrace's cause")
            ),
        ),
        ("SomethingNew", value("an unknown annotation")),
        ("ServerURL", format!("https://{}.example/submit", value("ServerURL"))),
        ("ProfileDirectory", value("ProfileDirectory")),
    ] {
        annotations.insert(name.to_owned(), content.into());
    }
    for name in ["the name of an annotation", "the name of another annotation"] {
        let text = marks.plant(Kind::Value, name);
        annotations.insert(text, "1".into());
    }
    annotations.insert(format!("{} %", marks.plant(Kind::Value, "an odd name")), "1".into());
    for name in ["Email", "TelemetryClientId", "guid"] {
        annotations.insert(name.to_owned(), marks.plant(Kind::Never, name).into());
    }
    let walked = marks.plant(Kind::Walked, "memory_report");
    let report = json!({"version": "1", "reports": [
        {"process": "Main", "path": format!("explicit/{walked}"), "kind": 1, "units": 0, "amount": 7,
            "description": "what it is"},
    ]});
    Form::default()
        .extra(&annotations)
        .file("upload_file_minidump", "a.dmp", BYTES, dump)
        .file("memory_report", "b.gz", BYTES, zipped(&report.to_string()))
        .file(
            &format!(
                "upload_file_minidump_{}",
                marks.plant(Kind::FileName, "a minidump's name")
            ),
            "c.dmp",
            BYTES,
            dump,
        )
        .file(
            &format!(
                "upload_file_minidump_{}",
                marks.plant(Kind::FileName, "an empty minidump's name")
            ),
            "d.dmp",
            BYTES,
            "",
        )
        .file(
            &marks.plant(Kind::FileName, "a file's name"),
            &marks.plant(Kind::Never, "the path of a file"),
            &format!("application/{}", marks.plant(Kind::Value, "a file's type")),
            marks.plant(Kind::File, "a file"),
        )
}

/// A report whose protected and public annotations have types that they should not have.
pub(super) fn mistyped(marks: &mut Marks, public: &Map<String, Value>) -> Form {
    let mut annotations = public.clone();
    let mut value = |name: &str| marks.plant(Kind::Value, &format!("{name}, mistyped"));
    for (name, content) in [
        ("URL", json!({"a": value("URL")})),
        ("Comments", json!([value("Comments"), {value("Comments' key"): 1}])),
        ("Breadcrumbs", json!(value("Breadcrumbs"))),
        (
            "GleanClientId",
            json!({value("GleanClientId"): {"a": [[[value("GleanClientId's list")]]]}}),
        ),
        ("TelemetryEnvironment", json!(value("TelemetryEnvironment"))),
        ("MozCrashReason", json!([value("MozCrashReason")])),
        (
            "ModuleSignatureInfo",
            json!({value("ModuleSignatureInfo"): [1, {"a": value("ModuleSignatureInfo's list")}]}),
        ),
        ("JavaStackTrace", json!({value("JavaStackTrace"): 1})),
        (
            "JavaException",
            json!({"exception": {"values": [{"stacktrace": {
                "type": "T", "module": "m", "frames": [{"function": [value("JavaException")]}],
                value("JavaException's key"): 1,
            }}]}}),
        ),
        ("Notes", json!({value("Notes"): value("Notes' value")})),
        ("Add-ons", json!([value("Add-ons")])),
        ("InstallTime", json!({"a": value("InstallTime")})),
        ("StartupCrash", json!([value("StartupCrash")])),
        (
            "SomethingNew",
            json!({value("an unknown annotation"): [value("an unknown annotation's list")]}),
        ),
    ] {
        annotations.insert(name.to_owned(), content);
    }
    Form::default().extra(&annotations)
}

/// A report whose parts are odd: the collector notes what it found.
pub(super) fn noted(marks: &mut Marks, public: &Map<String, Value>, dump: &[u8]) -> Form {
    let mut form = Form::default();
    for (name, value) in public {
        form = form.text(name, "text/plain", value.as_str().expect("a text"));
    }
    let charset = marks.plant(Kind::Value, "a charset");
    form.text(
        "URL",
        &format!("text/plain; charset={charset}"),
        &marks.plant(Kind::Value, "URL as text"),
    )
    .text(
        "Comments",
        "text/plain",
        &marks.plant(Kind::Never, "Comments that came first"),
    )
    .text(
        "Comments",
        "text/plain",
        &marks.plant(Kind::Value, "Comments that came last"),
    )
    .file("upload_file_minidump", "a.dmp", BYTES, dump)
    // It is no memory report.
    .file(
        "memory_report",
        "b.gz",
        BYTES,
        marks.plant(Kind::File, "a damaged memory report"),
    )
}
