//! What every query means: the table in `semantics.json`, through both evaluations.

#[path = "semantics/table.rs"]
mod table;

use std::collections::BTreeMap;

use crashstore::db::Place;
use search::answer::Answer;
use search::columns::{Index, IndexError};
use search::evaluate::{self, Limits};
use search::hits::Hit;
use search::json::Json;
use search::naive;
use search::parse::{Context, parse_query_string, to_query_string};
use search::position::Position;
use search::query::Query;
use serde_json::Value;
use table::{Case, Stored, Table, micros};

/// The index as it comes about: each row in a commit of its own, some of them written twice, some removed.
fn index_of(rows: &[Stored], folder: &std::path::Path) -> Result<Index, IndexError> {
    let (mut index, _) = Index::open(folder)?;
    let mut position = Position::new(String::new(), Place::default(), 0);
    for stored in rows {
        index.put(&stored.row(stored.before.as_ref().unwrap_or(&stored.document)))?;
        index.commit(&mut position)?;
    }
    for stored in rows {
        if stored.before.is_some() {
            index.put(&stored.row(&stored.document))?;
        }
        if stored.deleted {
            index.remove(&stored.id, micros(&stored.date))?;
        }
    }
    index.commit(&mut position)?;
    Ok(index)
}

/// Checks a case; says what is wrong.
fn check(case: &Case, query: &Query, answer: &Answer, rows: &[Stored]) -> Result<(), String> {
    let by_id: BTreeMap<&str, &Stored> = rows.iter().map(|stored| (stored.id.as_str(), stored)).collect();
    let found: Vec<&Stored> = answer
        .hits
        .iter()
        .filter_map(|id| by_id.get(id.as_str()).copied())
        .collect();
    let differ = |what: &str, found: &Value, expected: &Value| Err(format!("{what}: {found}, expected {expected}"));
    if let Some(expected) = &case.hits {
        let found: String = found.iter().map(|stored| stored.name).collect();
        if found != *expected {
            return differ("hits", &found.into(), &expected.as_str().into());
        }
    }
    let total = case.total.or(case.hits.as_ref().map(String::len)).unwrap_or_default();
    if answer.total != total as u64 {
        return differ("total", &answer.total.into(), &total.into());
    }
    let hits: Vec<Hit> = found.into_iter().map(|stored| stored.hit(&query.columns)).collect();
    let written = serde_json::to_value(Json {
        answer,
        hits: &hits,
        columns: &query.columns,
        missing: &[],
        next: None,
    });
    let written = written.map_err(|error| error.to_string())?;
    for (part, expected) in [("facets", &case.facets), ("hits", &case.columns)] {
        if let Some(expected) = expected
            && written[part] != *expected
        {
            return differ(part, &written[part], expected);
        }
    }
    Ok(())
}

/// The hits of a query, page by page of one, each found by the cursor that the page before gave.
fn by_pages(query: &Query, context: &Context, answer: impl Fn(&Query) -> Answer) -> Vec<String> {
    let mut hits = Vec::new();
    let mut page = Query {
        offset: 0,
        limit: 1,
        ..query.clone()
    };
    while hits.len() < 100 {
        let answer = answer(&page);
        hits.extend(answer.hits);
        let Some(last) = answer.last else { break };
        page.after = Some(last);
        let written = to_query_string(&page);
        if written.contains("_cursor=") {
            let again = parse_query_string(&written, context).map(|again| again.query);
            match again {
                Ok(again) => assert_eq!(again, page, "{written}"),
                Err(problem) => assert!(problem.message.contains("protected"), "{written}: {problem}"),
            }
        }
    }
    hits
}

#[test]
fn every_query_means_what_the_table_says() {
    let table = Table::read();
    let rows = table.kept();
    let folder = tempfile::tempdir().unwrap();
    let index = index_of(&table.rows, folder.path()).unwrap();
    assert!(index.view().whole().segments.len() >= 5, "several weeks and segments");
    let (mut wrong, mut asked) = (Vec::new(), 0);
    for group in &table.groups {
        for case in &group.cases {
            let text = table.query_string(case);
            let context = Context {
                now: micros(&table.now),
                sees_protected: case.protected,
            };
            let query = parse_query_string(&text, &context)
                .unwrap_or_else(|problem| panic!("{text}: {problem}"))
                .query;
            let again = parse_query_string(&to_query_string(&query), &context);
            assert_eq!(again.map(|again| again.query).as_ref(), Ok(&query), "{text}");
            let (from, to) = evaluate::span(&query);
            let evaluated = evaluate::answer(&index.view().snapshot(from, to), &query, &mut Limits::default()).unwrap();
            for (by, answer) in [("naive", naive::answer(&rows, &query)), ("columns", evaluated)] {
                if let Err(what) = check(case, &query, &answer, &table.rows) {
                    wrong.push(format!("{} ({}, by {by}): {what}", case.query, group.of));
                }
            }
            asked += 1;
            let snapshot = index.view().snapshot(from, to);
            let by_columns = |query: &Query| evaluate::answer(&snapshot, query, &mut Limits::default()).unwrap();
            let by_rows = |query: &Query| naive::answer(&rows, query);
            let all = Query {
                offset: 0,
                limit: 100,
                weighted: true,
                ..query.clone()
            };
            let (known, found) = (by_rows(&all), by_columns(&all));
            assert_eq!(found, known, "{text}: with weights");
            assert_eq!(by_pages(&query, &context, by_rows), known.hits, "{text}: rows by pages");
            assert_eq!(
                by_pages(&query, &context, by_columns),
                known.hits,
                "{text}: columns by pages"
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(asked > 250, "{asked} cases");
}
