//! How many signatures one core makes in a second.
//!
//! `cargo run --release -p signature --example speed [CASES.jsonl [LISTS]]` takes crash data from
//! a file, one document a line, and the lists from a folder; without them it makes up stacks of
//! twelve frames and uses the built-in lists.

use std::hint::black_box;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use signature::{CrashData, Frame, Lists, Thread, generate};

/// How long each figure is measured.
const PERIOD: Duration = Duration::from_secs(2);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let documents = match arguments.next() {
        Some(file) => std::fs::read_to_string(file)?
            .lines()
            .map(str::to_owned)
            .collect(),
        None => stacks(),
    };
    let start = Instant::now();
    let lists = match arguments.next() {
        Some(folder) => Lists::load(Path::new(&folder))?,
        None => Lists::built_in(),
    };
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "lists compiled in {:.1} ms",
        start.elapsed().as_secs_f64() * 1e3
    )?;

    let crashes: Vec<CrashData> = documents
        .iter()
        .filter_map(|document| CrashData::from_json(document.as_bytes()).ok())
        .collect();
    let frames: usize = crashes
        .iter()
        .map(|crash| generate(crash, &lists).normalized_frames.len())
        .sum();
    let bytes: usize = documents.iter().map(String::len).sum();
    writeln!(
        out,
        "{} documents, {} bytes and {:.1} frames each on average",
        crashes.len(),
        bytes / documents.len().max(1),
        frames as f64 / crashes.len().max(1) as f64
    )?;
    let rate = measure(&crashes, |crash| {
        black_box(generate(crash, &lists));
    });
    writeln!(out, "{rate:.0} signatures/s")?;
    let rate = measure(&documents, |document| {
        if let Ok(crash) = CrashData::from_json(document.as_bytes()) {
            black_box(generate(&crash, &lists));
        }
    });
    let megabytes = rate * bytes as f64 / documents.len().max(1) as f64 / 1e6;
    writeln!(out, "{rate:.0} signatures/s from JSON, {megabytes:.0} MB/s")?;

    for pattern in HOSTILE {
        let crash = CrashData {
            threads: vec![Thread {
                frames: vec![Frame {
                    function: Some(pattern.repeat(1_000_000 / pattern.len())),
                    ..Frame::default()
                }],
                ..Thread::default()
            }],
            ..CrashData::default()
        };
        let start = Instant::now();
        black_box(generate(&crash, &lists));
        let took = start.elapsed().as_secs_f64() * 1e3;
        writeln!(out, "{took:.1} ms for a megabyte of {pattern:?}")?;
    }
    Ok(())
}

/// Parts of functions that a careless way to normalise them takes long over.
const HOSTILE: [&str; 14] = [
    "a",
    "<",
    ">",
    "(",
    "<(",
    "a ",
    " ,",
    ",",
    "::$_1",
    "::h",
    "operator<",
    "IPC::ParamTraits<",
    "`anonymous namespace'",
    "é",
];

/// How many items are worked on in a second.
fn measure<T>(items: &[T], mut work: impl FnMut(&T)) -> f64 {
    let start = Instant::now();
    let mut done = 0_usize;
    while start.elapsed() < PERIOD && !items.is_empty() {
        items.iter().for_each(&mut work);
        done += items.len();
    }
    done as f64 / start.elapsed().as_secs_f64()
}

/// Made-up stacks of twelve frames with all that frames of real ones have.
fn stacks() -> Vec<String> {
    let functions = [
        "static void std::sort<herd::Zebra*, herd::ByStripes>(herd::Zebra*, herd::Zebra*)",
        "herd::Paddock<herd::Zebra, 3>::find(std::basic_string<char> const&, int) const",
        "core::ops::function::FnOnce::call_once{{vtable.shim}}",
        "<herd::Gate as core::iter::Iterator>::next::h0123456789abcdef",
        "herd::(anonymous namespace)::Watcher::operator()(herd::Event const&)",
        "malloc",
    ];
    (0..500)
        .map(|stack| {
            let frames: Vec<String> = (0..12)
                .map(|depth| {
                    let function = functions[(stack * 7 + depth * 5) % functions.len()];
                    let extension = if function.contains("::h0") { "rs" } else { "cpp" };
                    format!(
                        "{{\"frame\":{depth},\"function\":\"{function}\",\"function_offset\":\"0x1f\",\
                         \"file\":\"git:example.org/herd:src/part{depth}.{extension}:0123456789ab\",\
                         \"line\":{stack},\"module\":\"herd.dll\",\"module_offset\":\"0x{stack:x}\",\
                         \"offset\":\"0x7f00{stack:04x}{depth:04x}\",\"inlines\":null,\
                         \"trust\":\"cfi\",\"unloaded_modules\":null,\"registers\":null}}"
                    )
                })
                .collect();
            format!(
                "{{\"crashing_thread\":0,\"os\":\"Windows NT\",\"reason\":\"EXCEPTION_BREAKPOINT\",\
                 \"threads\":[{{\"frame_count\":12,\"frames\":[{}]}}]}}",
                frames.join(",")
            )
        })
        .collect()
}
