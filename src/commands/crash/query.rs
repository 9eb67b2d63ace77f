//! The crashes that a search finds: listed, or deleted.

use std::collections::HashMap;
use std::io::Write;
use std::process::ExitCode;

use anyhow::bail;
use crash::CrashId;
use crashstore::db::{SearchDocument, State, Summary, search_documents};
use crashstore::deletion::{Deletion, delete};
use crashstore::search::read_document;
use platform::access::Actor;
use platform::blobs::Blobs;
use platform::clock;
use platform::db::Db;
use search::answer::Answer;
use search::parse::conditions_to_query_string;
use search::query::Query;
use search::service::{AsOf, Search};
use search::{document, naive};

use super::{print_deletion, print_row};
use crate::commands::search::asking::{self, Asking};
use crate::parts::open_db;
use crate::settings::Settings;

/// Maximum crashes that are asked for at a time.
const BATCH: u64 = 1_000;

/// How many crashes are shown before they are deleted.
const SHOWN: u64 = 5;

/// Maximum crashes that are looked at once more at a time, right before they are deleted.
const CHECKED: usize = 100;

/// Prints the crashes that a query string finds, in its order, as `datil crash list` does.
pub(super) async fn list(settings: &Settings, db: &Db, text: &str, limit: usize, as_json: bool) -> anyhow::Result<()> {
    let asking = Asking::new(text)?;
    asking.say_warnings();
    for (name, instead) in [
        ("_results_number", "write --limit"),
        ("_results_offset", "leave it out"),
    ] {
        if asking::has_parameter(text, name) {
            bail!("{name}: would be ignored, since only conditions and _sort say what is listed: {instead}");
        }
    }
    let search = asking::open(settings, db, &asking.query).await?;
    let mut left = limit;
    let as_of = each(&search, &asking.query, async |ids| {
        for id in ids.iter().take(left) {
            // What is gone meanwhile is not listed.
            if let Some(row) = crashstore::db::get(db, id).await? {
                print_row(&mut std::io::stdout(), &row, as_json)?;
            }
        }
        left = left.saturating_sub(ids.len());
        Ok(left > 0)
    })
    .await?;
    asking::say_what_is_missing(&as_of);
    Ok(())
}

/// Deletes the crashes that a query string finds; unless `yes`, only says which.
pub(super) async fn delete_found(
    settings: &Settings,
    text: &str,
    yes: bool,
    by: &Actor,
    as_json: bool,
) -> anyhow::Result<ExitCode> {
    let asking = Asking::new(text)?;
    if !asking.warnings.is_empty() {
        asking.say_warnings();
        bail!("nothing is deleted as long as a part of the query string is ignored");
    }
    refuse(text, &asking)?;
    let db = open_db(settings).await?;
    let outcome = plan_or_delete(settings, &db, &asking.query, yes, by, as_json).await;
    db.close().await;
    outcome
}

/// Refuses what may find more than its author thinks.
fn refuse(text: &str, asking: &Asking) -> anyhow::Result<()> {
    for name in ["_results_number", "_results_offset"] {
        if asking::has_parameter(text, name) {
            bail!("{name}: would be ignored, since all crashes that the conditions find are deleted: leave it out");
        }
    }
    if let Some(name) = asking.empty_operand() {
        if name == "frames" {
            bail!("{name}: has nothing to compare with, perhaps because a variable is not set: write a name");
        }
        bail!(
            "{name}: has nothing to compare with, perhaps because a variable is not set: write a value, or \
             `{name}=__null__` for crashes without one, `{name}=!__null__` for those with any"
        );
    }
    if !asking.has_condition() {
        bail!("the query string has no condition but dates: name one, `product=!__null__` for all products");
    }
    Ok(())
}

/// Refuses to delete by an index that does not know whether all crashes match.
fn refuse_partial(as_of: &AsOf) -> anyhow::Result<()> {
    if !as_of.lacking.is_empty() {
        bail!(
            "nothing is deleted: some crashes lack {}, since an earlier release wrote their rows; whether they match \
             is known when processors have made them again (`datil check` says how many are left)",
            as_of.lacking.join(", ")
        );
    }
    if !as_of.gaps.is_empty() {
        bail!("nothing is deleted: crashes of these dates are still being indexed: try again later");
    }
    Ok(())
}

async fn plan_or_delete(
    settings: &Settings,
    db: &Db,
    query: &Query,
    yes: bool,
    by: &Actor,
    as_json: bool,
) -> anyhow::Result<ExitCode> {
    let search = asking::open(settings, db, query).await?;
    let first = search.ask(page(query, 0, SHOWN)).await?;
    if !yes {
        print_plan(db, &first.answer, query, as_json).await?;
        asking::say_what_is_missing(&first.as_of);
        return Ok(ExitCode::SUCCESS);
    }
    refuse_partial(&first.as_of)?;
    let blobs = Blobs::open(&settings.blobs, &settings.data_dir)?;
    let wanted = without_dates(query);
    let mut done = Done::default();
    let deleting = each(&search, query, async |ids| {
        for some in ids.chunks(CHECKED) {
            delete_matching(db, &blobs, some, &wanted, by, &mut done, as_json).await?;
        }
        Ok(true)
    })
    .await;
    done.say(query, deleting.is_ok());
    let as_of = deleting?;
    asking::say_what_is_missing(&as_of);
    if done.unreadable > 0 || as_of.behind.is_none_or(|behind| behind > 0) {
        asking::say(&format!(
            "some crashes may be left; to delete them, run it again: {}",
            command(query)
        ));
        return Ok(ExitCode::FAILURE);
    }
    Ok(if done.cut > 0 {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// The command that deletes what a query finds, whenever it is run: the dates are written out.
fn command(query: &Query) -> String {
    // What an address must encode is more than what ends a quotation of the shell.
    let written = conditions_to_query_string(&query.conditions);
    format!("datil crash delete --query '{written}' --yes")
}

/// The dates of a query as people read them.
fn dates(query: &Query) -> String {
    let (from, to) = ends(query);
    format!("from {from} to {to}")
}

fn ends(query: &Query) -> (String, String) {
    let (from, to) = search::evaluate::span(query);
    (clock::rfc3339(from), clock::rfc3339(to))
}

fn thousands(count: u64) -> String {
    text::thousands(i64::try_from(count).unwrap_or(i64::MAX))
}

/// Says what would be deleted, and how.
async fn print_plan(db: &Db, answer: &Answer, query: &Query, as_json: bool) -> anyhow::Result<()> {
    let mut shown: Vec<Summary> = Vec::new();
    for id in ids_of(&answer.hits) {
        shown.extend(crashstore::db::get(db, &id).await?);
    }
    let mut out = std::io::stdout().lock();
    if as_json {
        let (from, to) = ends(query);
        let plan = serde_json::json!({
            "would_delete": answer.total,
            "from": from,
            "to": to,
            "query": conditions_to_query_string(&query.conditions),
        });
        return Ok(writeln!(out, "{plan}")?);
    }
    writeln!(out, "{} would be deleted, {}", thousands(answer.total), dates(query))?;
    for row in &shown {
        print_row(&mut out, row, false)?;
    }
    if answer.total > answer.hits.len() as u64 {
        writeln!(out, "…")?;
    }
    if answer.total == 0 {
        writeln!(out, "nothing was deleted")?;
    } else {
        writeln!(out, "nothing was deleted; to do it:\n{}", command(query))?;
    }
    Ok(())
}

/// What became of the crashes that were found.
#[derive(Debug, Default)]
struct Done {
    deleted: u64,
    /// They no longer match.
    changed: u64,
    /// Whether they still match is not known.
    unreadable: u64,
    /// Whether they match is not known, since only the beginning of a value is searched.
    cut: u64,
}

impl Done {
    fn say(&self, query: &Query, is_all: bool) {
        let before = if is_all { "" } else { ", before the error" };
        asking::say(&format!(
            "{} deleted, {}{before}",
            thousands(self.deleted),
            dates(query)
        ));
        if self.changed > 0 {
            asking::say(&format!("{} kept: they no longer match", thousands(self.changed)));
        }
        let unknown = self.unreadable + self.cut;
        if unknown > 0 {
            asking::say(&format!("{} left: whether they match is not known", thousands(unknown)));
        }
    }
}

/// Deletes those of these crashes that still match, as their rows are now.
async fn delete_matching(
    db: &Db,
    blobs: &Blobs,
    ids: &[CrashId],
    wanted: &Query,
    by: &Actor,
    done: &mut Done,
    as_json: bool,
) -> anyhow::Result<()> {
    let mut documents: HashMap<String, SearchDocument> = search_documents(db, ids).await?;
    for id in ids {
        let stored = documents.remove(id.as_str());
        let Some(read) = stored.and_then(|stored| read_document(&stored.document)) else {
            let row = crashstore::db::get(db, id).await?;
            // Who else deleted it in the meantime did what was asked for.
            if row.is_some_and(|row| row.state != State::Deleted) {
                done.unreadable += 1;
                asking::say(&format!("{id} is left: its search row cannot be read"));
            }
            continue;
        };
        if !naive::matches(&document::row(id.as_str(), 0, &read), wanted) {
            done.changed += 1;
            continue;
        }
        if let Some(field) = document::cut_field(&read, wanted) {
            done.cut += 1;
            asking::say(&format!(
                "{id} is left: only the beginning of its {} is searched; to delete it, name its id",
                field.name()
            ));
            continue;
        }
        let deletion = delete(db, blobs, id, by).await?;
        if deletion != Deletion::Nothing {
            done.deleted += 1;
            print_deletion(id, deletion, as_json)?;
        }
    }
    Ok(())
}

/// A query of the conditions that may no longer hold for a crash that was found: its date never changes.
fn without_dates(query: &Query) -> Query {
    let conditions = query.conditions.iter();
    Query {
        conditions: conditions
            .filter(|condition| condition.field.name() != "date")
            .cloned()
            .collect(),
        ..Query::default()
    }
}

/// A part of the crashes that a query finds, in its order, and nothing else that it asks for.
fn page(query: &Query, offset: u64, limit: u64) -> Query {
    Query {
        conditions: query.conditions.clone(),
        sort: query.sort.clone(),
        offset,
        limit,
        ..Query::default()
    }
}

fn ids_of(hits: &[String]) -> Vec<CrashId> {
    hits.iter().filter_map(|id| id.parse().ok()).collect()
}

/// Calls `take` with the ids of the crashes that a query finds, in its order, a batch at a time, as long as it wants
/// more. All are of one state of the index, whatever is deleted in the meantime. Returns what that does not know.
async fn each(
    search: &Search,
    query: &Query,
    mut take: impl AsyncFnMut(&[CrashId]) -> anyhow::Result<bool>,
) -> anyhow::Result<AsOf> {
    let mut offset: u64 = 0;
    loop {
        let answered = search.ask(page(query, offset, BATCH)).await?;
        let hits = answered.answer.hits;
        let is_more = !hits.is_empty() && take(&ids_of(&hits)).await?;
        offset = offset.saturating_add(BATCH);
        if !is_more || offset >= answered.answer.total {
            return Ok(answered.as_of);
        }
    }
}

#[cfg(test)]
mod tests {
    use search::position::Gap;

    use super::*;

    #[test]
    fn what_may_find_too_much_is_refused() {
        for (text, expected) in [
            ("", "no condition but dates: name one, `product=!__null__`"),
            ("date=>=2026-01-01&date=<2026-01-02", "no condition but dates"),
            ("product=Firefox&_results_number=1", "_results_number: would be ignored"),
            (
                "?_results%5Foffset=0&product=Firefox",
                "_results_offset: would be ignored",
            ),
            ("product=Firefox&version=", "version: has nothing to compare with"),
            ("product=Firefox&signature=!~", "`signature=!__null__`"),
            (
                "product=Firefox&frames=",
                "frames: has nothing to compare with, perhaps because a variable is not set: write",
            ),
        ] {
            let problem = refuse(text, &Asking::new(text).unwrap()).unwrap_err().to_string();
            assert!(problem.contains(expected), "{text}: {problem}");
        }
        for text in ["product=!__null__", "version=153.0a1&_facets=version&_sort=-date"] {
            assert!(refuse(text, &Asking::new(text).unwrap()).is_ok(), "{text}");
        }
    }

    #[test]
    fn nothing_is_deleted_by_an_index_that_lacks_something() {
        let gap = Gap {
            from: 0,
            before: 1,
            before_id: String::new(),
        };
        for (gaps, lacking, expected) in [
            (vec![], vec![], None),
            (vec![gap.clone()], vec![], Some("try again later")),
            (vec![gap], vec!["frames", "weight"], Some("lack frames, weight,")),
        ] {
            let as_of = AsOf {
                committed: 5,
                behind: Some(0),
                gaps,
                lacking,
            };
            let problem = refuse_partial(&as_of).err().map(|problem| problem.to_string());
            match (&problem, expected) {
                (None, None) => {}
                (Some(problem), Some(expected)) => assert!(problem.contains(expected), "{problem}"),
                _ => panic!("{problem:?}, expected {expected:?}"),
            }
        }
    }

    #[test]
    fn the_command_has_the_conditions_with_their_dates_in_quotation_marks() {
        let asking = Asking::new("date=>=2026-01-01&date=<2026-01-08&signature==it's $x&_sort=-date").unwrap();
        assert_eq!(
            command(&asking.query),
            "datil crash delete --query 'date=%3E%3D2026-01-01T00%3A00%3A00.000000Z\
             &date=%3C2026-01-08T00%3A00%3A00.000000Z&signature=%3Dit%27s+%24x' --yes"
        );
        let names: Vec<&str> = without_dates(&asking.query)
            .conditions
            .iter()
            .map(|condition| condition.field.name())
            .collect();
        assert_eq!(names, ["signature"]);
    }
}
