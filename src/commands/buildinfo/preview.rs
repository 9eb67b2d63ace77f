//! A preview of what corrections would change.

use std::io::Write;
use std::process::ExitCode;

use buildinfo::db::{builds_by_id, built_versions, latest_generation};
use buildinfo::import::{Preview, preview};
use builds::derive::correction::{Correction, CorrectionKind, Subject};
use builds::{Build, Question};
use crashstore::db::{asking_of_build, count_of_build};
use platform::db::Db;
use serde::Serialize;

use super::builds::status;
use super::print;

/// Maximum kinds of questions by which crashes of one build are distinguished.
const MOST_ASKING: i64 = 10_000;

/// Maximum candidates of a version searched for.
const MOST_CANDIDATES: u32 = 20;

/// What would change for one build id, and how many crashes that affects.
#[derive(Serialize)]
struct Concerned {
    #[serde(flatten)]
    change: Preview,
    /// Stored crashes with this build id.
    crashes: i64,
    /// Those whose answer would change.
    crashes_changed: i64,
}

impl Concerned {
    /// Looks up the crashes that a change affects.
    async fn of(db: &Db, change: Preview) -> anyhow::Result<Self> {
        let (product, id) = (change.product.as_str(), change.build_id.to_string());
        let asking = asking_of_build(db, product, &id, MOST_ASKING).await?;
        let questions: Vec<Question> = asking
            .iter()
            .map(|asking| Question {
                product: product.to_owned(),
                channel: asking.channel.clone(),
                build_id: id.clone(),
                version: Some(match asking.version_reported.as_str() {
                    "" => asking.version.clone(),
                    reported => reported.to_owned(),
                }),
                asked_at: None,
            })
            .collect();
        let changes = change.changes_answers(&questions)?;
        let changed = asking.iter().zip(changes).filter(|(_, changes)| *changes);
        Ok(Self {
            crashes: count_of_build(db, product, &id).await?,
            crashes_changed: changed.map(|(asking, _)| asking.crashes).sum(),
            change,
        })
    }
}

/// Prints what corrections would change. `in_force` is the number of a file's corrections already in force.
pub(super) async fn show_preview(
    db: &Db,
    added: &[Correction],
    in_force: usize,
    as_json: bool,
) -> anyhow::Result<ExitCode> {
    let (mut builds, mut crashes, mut answers) = (0, 0, 0);
    for change in preview(db, added).await? {
        let concerned = Concerned::of(db, change).await?;
        builds += 1;
        crashes += concerned.crashes;
        answers += concerned.crashes_changed;
        if as_json {
            print::objects([concerned])?;
            continue;
        }
        let change = &concerned.change;
        let mut out = std::io::stdout().lock();
        writeln!(
            out,
            "{} {}: {}",
            change.product,
            change.build_id,
            carried(concerned.crashes, concerned.crashes_changed)
        )?;
        for (sign, changed) in [('-', &change.old), ('+', &change.new)] {
            for build in changed {
                writeln!(out, "  {sign} {}", told(build))?;
            }
        }
    }
    tell_unknown(db, added).await?;
    if !as_json {
        let mut out = std::io::stdout();
        tell_in_force(&mut out, in_force)?;
        writeln!(
            out,
            "{} would change {}; {}",
            counted(added.len(), "correction"),
            counted(builds, "build"),
            carried(crashes, answers)
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

fn carried(crashes: i64, changed: i64) -> String {
    let (crash, carry) = match crashes {
        1 => ("crash", "carries"),
        _ => ("crashes", "carry"),
    };
    let which = if crashes == 0 {
        String::new()
    } else {
        format!(", {changed} would be answered otherwise")
    };
    format!("{crashes} stored {crash} {carry} this build id{which}")
}

pub(super) fn counted(count: usize, what: &str) -> String {
    let end = if count == 1 { "" } else { "s" };
    format!("{count} {what}{end}")
}

pub(super) fn tell_in_force(out: &mut impl Write, count: usize) -> std::io::Result<()> {
    match count {
        0 => Ok(()),
        1 => writeln!(out, "1 correction is in force already"),
        count => writeln!(out, "{count} corrections are in force already"),
    }
}

/// Warns about corrections of unknown builds: they take effect as soon as a source lists one.
pub(super) async fn tell_unknown(db: &Db, added: &[Correction]) -> anyhow::Result<()> {
    let generation = latest_generation(db).await?.n;
    for correction in added {
        let subject = match correction.kind {
            CorrectionKind::State => correction.subject.parse::<Subject>().ok(),
            CorrectionKind::Ignore => None,
        };
        let (known, what) = match subject {
            Some(Subject::Build(product, id, platform)) => {
                let builds = builds_by_id(db, generation, product, id).await?;
                let on = |build: &Build| platform.as_ref().is_none_or(|on| *on == build.platform);
                let what = match &platform {
                    Some(on) if !builds.is_empty() => format!("for {on} has this id"),
                    _ => "has this id".to_owned(),
                };
                (builds.iter().any(on), what)
            }
            Some(Subject::Version(product, version)) => {
                let candidates = (1..=MOST_CANDIDATES).map(|n| version.with_candidate(n));
                let names = candidates.chain([version.clone()]);
                let names: Vec<String> = names.map(|name| name.to_string()).collect();
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                let built = built_versions(db, generation, product.as_str(), &names).await?;
                (!built.is_empty(), "is of this version".to_owned())
            }
            None => continue,
        };
        if !known {
            writeln!(
                std::io::stderr(),
                "note: {}: no build {what} (yet); the correction holds as soon as a source lists one",
                correction.subject
            )?;
        }
    }
    Ok(())
}

fn told(build: &Build) -> String {
    let platform = [build.platform.as_str(), &build.variant];
    let number = build.build_number.map(|number| format!("build{number}"));
    format!(
        "{} {} {} {} {}; offered on {}; revision {}",
        build.channel,
        build.version,
        print::or_dash(number),
        status(build),
        print::listed(platform),
        print::listed(&build.offered_on),
        print::or_dash(build.revision.as_deref()),
    )
}
