//! Comparing what is known with the truth.

use std::collections::BTreeMap;

use buildinfo::db;
use buildinfo::db::{Change, ChangeCursor};
use buildinfo::import::{Choice, Options};
use buildinfo::transfer::export;
use builds::{Question, SourceName};
use demo::{Truth, World};
use platform::db::Db;

use crate::support::lookup;

/// Everything from one source.
pub(crate) fn only(source: SourceName) -> Options {
    Options {
        choice: Choice::Only(source),
        ..Options::default()
    }
}

/// The expected answer when everything is known.
pub(crate) fn the_truth(truth: &Truth) -> (String, &'static str) {
    (truth.version.to_string(), truth.status.as_str())
}

/// Whether the archive still has the build's id.
pub(crate) fn held(truth: &Truth) -> bool {
    truth.from_archive.is_some()
}

/// The expected answer when only the archive is known.
pub(crate) fn by_the_archive(truth: &Truth) -> (String, &'static str) {
    let told = truth.from_archive.as_ref().unwrap();
    (told.version.to_string(), told.status.as_str())
}

pub(crate) fn question(truth: &Truth) -> Question {
    Question {
        product: truth.product.to_owned(),
        channel: truth.channel.as_str().to_owned(),
        build_id: truth.build_id.to_string(),
        version: Some(truth.reported.to_string()),
        asked_at: None,
    }
}

/// Compares the answers with what `expected` derives from the truth.
pub(crate) async fn compare(db: &Db, world: &World, expected: impl Fn(&Truth) -> (String, &'static str)) {
    compare_held(db, world, |_| true, expected).await;
}

/// Compares the answers with what `expected` derives from those truths that `held` accepts.
pub(crate) async fn compare_held(
    db: &Db,
    world: &World,
    held: impl Fn(&Truth) -> bool,
    expected: impl Fn(&Truth) -> (String, &'static str),
) {
    let lookup = lookup(db).await;
    let (mut wrong, mut right) = (Vec::new(), 0);
    for truth in world.truth.iter().filter(|truth| held(truth)) {
        let answer = lookup.answer(&question(truth)).await.unwrap();
        let (version, status) = expected(truth);
        let found = (answer.version.clone(), answer.status.to_string());
        let build = answer.build.as_ref();
        let whole = build.is_some_and(|build| {
            build.revision.as_deref() == Some(&*truth.revision)
                && build.build_number == truth.build_number
                && build.platforms.contains(&truth.platform.as_str().to_owned())
        });
        if whole && found == (Some(version.clone()), status.to_owned()) {
            right += 1;
        } else {
            wrong.push(format!("{truth:?}: {found:?}, not {version} {status}: {build:?}"));
        }
    }
    assert!(right > 0);
    wrong.truncate(20);
    assert!(
        wrong.is_empty(),
        "wrong answers on {}, {right} are right:\n{}",
        db.engine(),
        wrong.join("\n")
    );
}

/// The whole export, line by line, and its digest.
pub(crate) async fn exported(db: &Db) -> (Vec<String>, String) {
    let generation = db::latest_generation(db).await.unwrap().n;
    let mut text = Vec::new();
    let digest = export::canonical(db, generation, &mut text).await.unwrap();
    let text = String::from_utf8(text).unwrap();
    (text.lines().map(str::to_owned).collect(), digest.to_string())
}

/// Every stored change of a conclusion.
pub(crate) async fn changes(db: &Db) -> Vec<Change> {
    let start = ChangeCursor {
        generation: 0,
        within: None,
    };
    db::changes_after(db, &start, 100_000).await.unwrap()
}

/// The result of applying the changes one after another.
pub(crate) fn replayed(changes: &[Change]) -> BTreeMap<(String, String), String> {
    let mut table = BTreeMap::new();
    for change in changes {
        let key = (change.product.clone(), change.build_id.to_string());
        let before = table.remove(&key);
        assert_eq!(before.as_deref().unwrap_or("[]"), change.old, "{key:?}");
        if change.new != "[]" {
            table.insert(key, change.new.clone());
        }
    }
    table
}
