//! `datil bench signature`: signatures per second, compared with the Python package `siggen` in the same run.

mod cases;

use std::borrow::Cow;
use std::fs::File;
use std::hint::black_box;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ::signature::{CrashData, Frame, Lists, Thread, generate};
use anyhow::{Context, bail};
use clap::Args;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use super::figures::{Figures, Limit};
use super::verdict::Verdict;
use crate::commands::signature::lists_of;

/// Minimum time over which each rate is measured.
const PERIOD: Duration = Duration::from_secs(2);
/// Runs per symbol, of which the best counts: whatever else the machine does adds time.
const GOES: usize = 9;
/// The length of a hostile symbol, in bytes.
const SYMBOL: usize = 1_000_000;
/// Minimum bytes of input for the command, so that its start-up does not count.
const INPUT: usize = 192 << 20;

/// Signatures per second in one process, on one core.
const MIXED_RATE: f64 = 100_000.0;
const STACKS_RATE: f64 = 60_000.0;
/// How many times faster than `siggen` the command is, on one core and on two.
const ONE_CORE: f64 = 20.0;
const TWO_CORES: f64 = 30.0;
/// Time limit for a symbol of a megabyte, in milliseconds.
const SYMBOL_TIME: f64 = 10.0;

/// Makes signatures with siggen for every line of a file, as discarded JSON lines. Prints how many it made per second,
/// start-up excluded.
const SIGGEN: &str = r#"
import json, os, sys, time
from siggen.generator import SignatureGenerator
lists = {"signature_list_dir": sys.argv[2]} if len(sys.argv) > 2 else {}
generator = SignatureGenerator(**lists)
with open(sys.argv[1], "rb") as file:
    lines = file.readlines()
with open(os.devnull, "w") as out:
    begin = time.perf_counter()
    for line in lines:
        made = generator.generate(json.loads(line))
        answer = {
            "signature": made.signature,
            "notes": made.notes,
            "proto_signature": made.extra.get("proto_signature", ""),
        }
        out.write(json.dumps(answer) + "\n")
    print(len(lines) / (time.perf_counter() - begin))
"#;

#[derive(Debug, Args)]
pub(crate) struct SignatureArgs {
    /// The folder with the signature lists; without it our own (and siggen's own)
    #[arg(long, value_name = "DIR")]
    siglists: Option<PathBuf>,
    /// Take the mixed cases from this file of JSON lines instead of made-up ones
    #[arg(long, value_name = "FILE")]
    cases: Option<PathBuf>,
    /// A Python that has the package `siggen`: it is measured on the same lines
    #[arg(long, value_name = "PYTHON")]
    siggen: Option<PathBuf>,
    #[command(flatten)]
    pub(super) verdict: Verdict,
}

/// Measures and reports everything.
pub(super) fn measure(args: &SignatureArgs, figures: &mut Figures) -> anyhow::Result<()> {
    let begin = Instant::now();
    let lists = lists_of(args.siglists.as_deref())?;
    figures.heading("Signatures in one process, on one core")?;
    let compiled = begin.elapsed().as_secs_f64() * 1e3;
    figures.add("lists read and compiled", compiled, "ms", Limit::None)?;
    let mixed = match &args.cases {
        Some(file) => std::fs::read_to_string(file)
            .with_context(|| format!("reading cases from {}", file.display()))?
            .lines()
            .map(str::to_owned)
            .collect(),
        None => cases::mixed(),
    };
    let stacks = cases::stacks();
    for (name, documents, limit) in [
        ("mixed cases", &mixed, MIXED_RATE),
        ("stacks of 12 frames", &stacks, STACKS_RATE),
    ] {
        in_process(name, documents, limit, &lists, figures)?;
    }
    hostile(&lists, figures)?;
    for (name, documents) in [("mixed cases", &mixed), ("stacks of 12 frames", &stacks)] {
        figures.heading(&format!("JSON lines through the command, {name}"))?;
        through_command(documents, args, figures)?;
    }
    Ok(())
}

/// Rates without and with reading JSON.
fn in_process(
    name: &str,
    documents: &[String],
    limit: f64,
    lists: &Lists,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let crashes: Vec<CrashData<'_>> = documents
        .iter()
        .filter_map(|document| CrashData::from_json(document.as_bytes()).ok())
        .collect();
    let made = rate(&crashes, |crash| {
        black_box(generate(crash, lists).proto_signature());
    });
    figures.add(name, made, "/s", Limit::AtLeast(limit))?;
    let read = rate(documents, |document| {
        if let Ok(crash) = CrashData::from_json(document.as_bytes()) {
            black_box(generate(&crash, lists).proto_signature());
        }
    });
    figures.add(&format!("{name}, from JSON"), read, "/s", Limit::None)?;
    Ok(())
}

/// Items processed per second.
fn rate<T>(items: &[T], mut work: impl FnMut(&T)) -> f64 {
    let begin = Instant::now();
    let mut done = 0_u32;
    while begin.elapsed() < PERIOD && !items.is_empty() {
        for item in items {
            work(item);
            done += 1;
        }
    }
    f64::from(done) / begin.elapsed().as_secs_f64()
}

/// The symbol that takes longest, and a stack of very many frames.
fn hostile(lists: &Lists, figures: &mut Figures) -> anyhow::Result<()> {
    figures.heading("Hostile crashes")?;
    let mut worst = (0.0, String::new());
    for part in cases::HOSTILE {
        for (start, end) in cases::HOSTILE_ENDS {
            let parts = part.repeat((SYMBOL - start.len() - end.len()) / part.len());
            let function = format!("{start}{parts}{end}");
            for file in ["/a.cpp", "/a.rs"] {
                let frame = Frame {
                    function: Some(Cow::Borrowed(&function)),
                    file: Some(file.into()),
                    ..Frame::default()
                };
                let took = best_of(&crash_of(vec![frame]), lists);
                if took > worst.0 {
                    worst = (took, format!("{start}{part}…{end}"));
                }
            }
        }
    }
    let name = format!("the worst megabyte of a symbol: {:?}", worst.1);
    figures.add(&name, worst.0, "ms", Limit::AtMost(SYMBOL_TIME))?;
    let frame = Frame {
        function: Some("malloc".into()),
        ..Frame::default()
    };
    let many = crash_of(vec![frame; 100_000]);
    let took = best_of(&many, lists);
    figures.add("100,000 frames", took, "ms", Limit::AtMost(SYMBOL_TIME))
}

fn crash_of(frames: Vec<Frame<'_>>) -> CrashData<'_> {
    CrashData {
        threads: vec![Thread {
            frames,
            ..Thread::default()
        }],
        ..CrashData::default()
    }
}

/// The shortest time for one signature, in milliseconds.
fn best_of(crash: &CrashData<'_>, lists: &Lists) -> f64 {
    let goes = (0..GOES).map(|_| {
        let begin = Instant::now();
        black_box(generate(crash, lists));
        begin.elapsed().as_secs_f64() * 1e3
    });
    goes.fold(f64::INFINITY, f64::min)
}

/// Runs `datil signature` on one core and on all, and siggen on one, on the same lines.
fn through_command(documents: &[String], args: &SignatureArgs, figures: &mut Figures) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let (lines, many) = (folder.path().join("lines"), folder.path().join("many"));
    let mut text = documents.join("\n");
    text.push('\n');
    std::fs::write(&lines, &text)?;
    let times = INPUT.div_ceil(text.len().max(1));
    let mut file = File::create(&many)?;
    for _ in 0..times {
        file.write_all(text.as_bytes())?;
    }
    drop(file);
    let count = (documents.len() * times) as f64;
    let all = sched_getaffinity(None)?;
    let cores = all.count();
    let siggen = match &args.siggen {
        Some(python) => {
            let rate = on_one_core(&all, || siggen(python, &lines, args.siglists.as_deref()))?;
            figures.add("siggen, one core", rate, "/s", Limit::None)?;
            Some(rate)
        }
        None => None,
    };
    let mut tell = |name: &str, took: Duration, limit: f64| {
        let rate = count / took.as_secs_f64();
        figures.add(&format!("datil signature, {name}"), rate, "/s", Limit::None)?;
        match siggen {
            Some(siggen) => {
                let name = format!("times as fast as siggen, {name}");
                figures.add(&name, rate / siggen, "", Limit::AtLeast(limit))
            }
            None => Ok(()),
        }
    };
    let ours = || our_command(&many, args.siglists.as_deref());
    tell("one core", on_one_core(&all, ours)?, ONE_CORE)?;
    if cores > 1 {
        tell(&format!("{cores} cores"), ours()?, TWO_CORES)?;
    }
    Ok(())
}

/// Runs something that starts a program on the first of this process's cores.
fn on_one_core<T>(all: &CpuSet, work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    let first = (0..CpuSet::MAX_CPU).find(|cpu| all.is_set(*cpu));
    let mut one = CpuSet::new();
    one.set(first.context("this process may use no core")?);
    sched_setaffinity(None, &one)?;
    let done = work();
    sched_setaffinity(None, all)?;
    done
}

/// How long `datil signature` takes for a file, including start-up.
fn our_command(lines: &Path, siglists: Option<&Path>) -> anyhow::Result<Duration> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("signature");
    if let Some(folder) = siglists {
        command.arg("--siglists").arg(folder);
    }
    command.stdin(File::open(lines)?).stdout(Stdio::null());
    let begin = Instant::now();
    if !command.status()?.success() {
        bail!("`datil signature` failed");
    }
    Ok(begin.elapsed())
}

/// How many signatures siggen makes per second.
fn siggen(python: &Path, lines: &Path, siglists: Option<&Path>) -> anyhow::Result<f64> {
    let mut command = Command::new(python);
    command.args(["-c", SIGGEN]).arg(lines).args(siglists);
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("starting {}", python.display()))?;
    if !output.status.success() {
        bail!("{} failed: does it have siggen?", python.display());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().context("reading how fast siggen was")
}
