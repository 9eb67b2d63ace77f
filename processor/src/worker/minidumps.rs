//! Walks the minidumps of one crash.

use std::borrow::Cow;

use bytes::Bytes;
use crash::RawCrash;
use platform::cpu;
use platform::queue::{self, Job};
use serde_json::Value;

use super::problem::Problem;
use super::shared::Shared;
use crate::meters::WALKER_DEATHS;
use crate::pipeline::{DumpWalk, Note, WalkOutcome};
use crate::symbols::Fetcher;
use crate::walk::{Cut, Pool, WalkDeath, WalkJob, Walked};

/// After this many deaths over one crash its minidumps are no longer walked.
const MAX_DEATHS: i64 = 2;

/// The walker's name in processed crashes.
fn walker() -> String {
    format!("datil {} (rust-minidump 0.27)", env!("CARGO_PKG_VERSION"))
}

/// Walks every minidump of a report; the notes say what was left out.
pub(super) async fn walk_all(
    shared: &Shared,
    job: &mut Job,
    report: &crashstore::Report,
) -> Result<(Vec<DumpWalk>, Vec<Note>), Problem> {
    let mut walks = Vec::new();
    let mut notes = Vec::new();
    for (name, dump) in &report.dumps {
        if !name.starts_with(crash::MAIN_DUMP) {
            continue;
        }
        let outcome = if dump.is_empty() {
            WalkOutcome::Empty
        } else {
            let (outcome, cut) = walk(shared, job, report, dump).await?;
            let cuts = cut.notes();
            notes.extend(
                cuts.iter()
                    .map(|note| Note::about_dump(name, format!("{name}: {note}"))),
            );
            outcome
        };
        let name = name.clone();
        walks.push(DumpWalk { name, outcome });
    }
    Ok((walks, notes))
}

/// Walks one minidump: as it is, then again with its stacks cut hard if a walker died.
async fn walk(
    shared: &Shared,
    job: &mut Job,
    report: &crashstore::Report,
    dump: &Bytes,
) -> Result<(WalkOutcome, Cut), Problem> {
    let mut last = earlier_death();
    while job.walker_deaths < MAX_DEATHS {
        let hard = job.walker_deaths > 0;
        match walk_once(&shared.pool, &shared.fetcher, &report.raw, dump, hard).await {
            Ok(walked) => return Ok(walked),
            Err(death) if death.may_be_the_dumps_fault() => {
                WALKER_DEATHS.add_with(1, [death.name()]);
                tracing::warn!(crash.id = job.crash_id, cause = death.name(), "a walker died");
                last = outcome_of_death(&death);
                note_death(shared, job).await?;
            }
            Err(_) => return Err(Problem::Later("a walker could not be started")),
        }
    }
    Ok((last, Cut::default()))
}

/// Fetches the symbols of a minidump and walks it; also returns what was left out of it.
///
/// # Errors
/// A walker died, or could not be started.
pub(super) async fn walk_once(
    pool: &Pool,
    fetcher: &Fetcher,
    raw: &RawCrash,
    dump: &Bytes,
    hard_clip: bool,
) -> Result<(WalkOutcome, Cut), WalkDeath> {
    let module_signatures = match raw.0.get("ModuleSignatureInfo") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text.clone()),
        Some(other) => Some(other.to_string()),
    };
    let product = raw.annotation("ProductName").unwrap_or_default();
    let request = WalkJob {
        dump: dump.clone(),
        module_signatures,
        microcode: raw.annotation("CPUMicrocodeVersion").map(Cow::into_owned),
        hard_clip,
        symbol_roots: fetcher.roots_of(&product).to_vec(),
    };
    if fetcher.has_servers(&product) {
        fetcher.fetch(&product, pool.modules(dump).await?).await;
    }
    let walked = pool.walk(&request).await?;
    let cut = walked.cut;
    Ok((outcome_of(walked).await, cut))
}

/// The outcome for a minidump that was not walked because of earlier deaths.
fn earlier_death() -> WalkOutcome {
    failed(1, "unknown error", "a walker died over this crash before")
}

/// The outcome for a minidump that killed a walker.
pub(super) fn outcome_of_death(death: &WalkDeath) -> WalkOutcome {
    let code = code_of(death);
    let note = match death {
        WalkDeath::Timeout => "timeout (SIGKILL)".to_owned(),
        _ => format!("failed: {}", death.name()),
    };
    failed(code, "unknown error", &note)
}

fn failed(return_code: i64, status: &str, problem: &str) -> WalkOutcome {
    WalkOutcome::Failed {
        return_code,
        status: status.to_owned(),
        note: format!("minidump-stackwalk: {problem}"),
        walker: walker(),
    }
}

/// Counts a death, durably: a worker that takes over must not start from zero.
async fn note_death(shared: &Shared, job: &mut Job) -> Result<(), Problem> {
    let mut tx = shared.db.begin().await?;
    if !queue::walker_died(&mut tx, job).await? {
        return Err(Problem::ClaimLost);
    }
    tx.commit().await?;
    job.walker_deaths += 1;
    Ok(())
}

/// The exit code that tools expect for a death.
fn code_of(death: &WalkDeath) -> i64 {
    match death {
        WalkDeath::Timeout | WalkDeath::OutOfMemory => -9,
        WalkDeath::Signal(signal) => -i64::from(*signal),
        WalkDeath::Panic | WalkDeath::Protocol | WalkDeath::Spawn(_) => 1,
    }
}

async fn outcome_of(walked: Walked) -> WalkOutcome {
    let status = walked.status.clone();
    let document = match walked.json_dump {
        Some(_) => cpu::run(move || walked.document()).await.ok().flatten(),
        None => None,
    };
    match document {
        Some(json_dump) => WalkOutcome::Done {
            status,
            json_dump,
            walker: walker(),
        },
        None => failed(1, &status, &format!("failed: {status}")),
    }
}
