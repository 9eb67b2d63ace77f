//! Processing one crash that is in no store.

use std::collections::BTreeMap;

use bytes::Bytes;
use crash::{ProcessedCrash, RawCrash};
use platform::clock;
use signature::Lists;

use super::minidumps::{outcome_of_death, walk_once};
use crate::enrich::Builds;
use crate::pipeline::{self, DumpWalk, Input, WalkOutcome};
use crate::symbols::Fetcher;
use crate::walk::Pool;

/// Processes a crash from its parts, as a worker would. `builds` says what is known of its build:
/// see [`crate::enrich::question`] for what to ask.
pub async fn process_offline(
    raw: &RawCrash,
    dumps: &BTreeMap<String, Bytes>,
    builds: Builds<'_>,
    lists: &Lists,
    (pool, fetcher): (&Pool, &Fetcher),
) -> ProcessedCrash {
    let started = clock::now();
    let mut walks = Vec::new();
    for (name, dump) in dumps {
        if !name.starts_with(crash::MAIN_DUMP) {
            continue;
        }
        let outcome = if dump.is_empty() {
            WalkOutcome::Empty
        } else {
            let mut walked = walk_once(pool, fetcher, raw, dump, false).await;
            if walked
                .as_ref()
                .is_err_and(|death| death.may_be_the_dumps_fault())
            {
                walked = walk_once(pool, fetcher, raw, dump, true).await;
            }
            match walked {
                Ok((outcome, _)) => outcome,
                Err(death) => outcome_of_death(&death),
            }
        };
        let name = name.clone();
        walks.push(DumpWalk { name, outcome });
    }
    let mut processed = pipeline::run(Input {
        raw,
        dumps,
        walks: &walks,
        builds,
        lists,
        previous: None,
        notes: Vec::new(),
        started,
    });
    pipeline::complete(&mut processed, clock::now());
    processed
}
