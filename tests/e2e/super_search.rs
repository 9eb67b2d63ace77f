//! `/api/SuperSearch/` and its kin, as clients of Crash Stats ask them.

#[path = "../../search/tests/semantics/table.rs"]
#[expect(dead_code, reason = "the table has more than is asked here")]
mod table;

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;

use crash::CrashId;
use crash::fields::Access;
use crashstore::db::upsert_search_row;
use crashstore::search::compressed;
use platform::db::{DatabaseSettings, Db};
use platform::in_tx;
use platform_testing::database_settings;
use search::fields::FieldId;
use search::hits::Hit;
use search::json::Json;
use search::naive;
use search::parse::{Context, parse_query_string};
use serde_json::{Map, Value, json};

use crate::system::{Config, System};
use table::{Case, Stored, Table, micros};

/// An answer: status, whether pages of other hosts may read it, and its JSON.
type Answer = (u16, bool, Value);

/// A program with the crashes of the table, at the table's time.
struct Site {
    system: System,
    client: reqwest::Client,
    db: Db,
    /// May see what is protected.
    token: String,
}

async fn write(db: &Db, id: &str, date: i64, version: i64, document: &Map<String, Value>) {
    let id: CrashId = id.parse().expect("a crash id");
    let mut tx = db.begin().await.expect("a transaction");
    upsert_search_row(&mut tx, &id, date, version, &compressed(document))
        .await
        .expect("a row");
    tx.commit().await.expect("a commit");
}

async fn delete(db: &Db, id: &str) {
    const SQL: &str = "UPDATE search_row SET deleted = TRUE, doc = $2, seq = NULL WHERE crash_id = $1";
    let mut tx = db.begin().await.expect("a transaction");
    in_tx!(&mut tx, |conn| sqlx::query(SQL)
        .bind(id)
        .bind(&b""[..])
        .execute(conn)
        .await
        .map(|_| ()))
    .expect("it is deleted");
    tx.commit().await.expect("a commit");
}

async fn write_rows(db: &Db, rows: &[Stored]) {
    for stored in rows {
        let date = micros(&stored.date);
        if let Some(before) = &stored.before {
            write(db, &stored.id, date, 1, before).await;
        }
        write(db, &stored.id, date, 2, &stored.document).await;
        if stored.deleted {
            delete(db, &stored.id).await;
        }
    }
}

impl Site {
    async fn new(database: DatabaseSettings, table: &Table) -> Self {
        let mut system = System::new(&Config {
            database: database.clone(),
            ..Config::default()
        });
        system.move_clock(micros(&table.now));
        let token = ["token", "create", "--note", "test", "--permission", "view_pii"];
        let token = system.run_well(token).trim().to_owned();
        let db = Db::connect(&database, &system.data()).await.expect("it can be reached");
        write_rows(&db, &table.rows).await;
        system.start(["up"]);
        let site = Self {
            system,
            client: platform::http::client().build().expect("a client"),
            db,
            token,
        };
        site.follows(table.kept().len()).await;
        site
    }

    /// Waits until so many crashes are found.
    async fn follows(&self, crashes: usize) {
        let found = async || {
            let query = "date=>=2025-12-01&date=<=2026-12-01&_facets_size=0&_results_number=0";
            let (status, _, answer) = self.ask("SuperSearch", query, None).await;
            (status == 200 && answer["as_of"]["behind"] == 0 && answer["total"] == crashes).then_some(())
        };
        self.system.wait_for("the crashes", found).await;
    }

    async fn send(&self, request: reqwest::RequestBuilder, token: Option<&str>) -> Answer {
        let request = match token {
            Some(token) => request.header("Auth-Token", token),
            None => request,
        };
        let answer = request.send().await.expect("an answer");
        let open = answer.headers().get("access-control-allow-origin");
        let (status, open) = (answer.status().as_u16(), open.is_some_and(|origin| origin == "*"));
        let text = answer.text().await.expect("a body");
        let json = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{status} {error}: {text}"));
        (status, open, json)
    }

    async fn ask(&self, endpoint: &str, query: &str, token: Option<&str>) -> Answer {
        // As clients write it.
        let pairs = url::form_urlencoded::parse(query.as_bytes());
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish();
        let url = format!("{}/api/{endpoint}/?{query}", self.system.url);
        self.send(self.client.get(url), token).await
    }

    async fn found(&self, query: &str) -> Value {
        let (status, _, answer) = self.ask("SuperSearch", query, None).await;
        assert_eq!(status, 200, "{query}: {answer}");
        answer
    }
}

/// What the answer to a case must be, by the plainest evaluation.
fn expected(table: &Table, case: &Case) -> Value {
    let context = Context {
        now: micros(&table.now),
        sees_protected: case.protected,
    };
    let query = parse_query_string(&table.query_string(case), &context)
        .expect("a query")
        .query;
    let answer = naive::answer(&table.kept(), &query);
    let stored = |id: &String| table.rows.iter().find(|stored| stored.id == *id).expect("a row");
    let hits: Vec<Hit> = answer.hits.iter().map(|id| stored(id).hit(&query.columns)).collect();
    let written = Json {
        answer: &answer,
        hits: &hits,
        columns: &query.columns,
        missing: &[],
        next: None,
    };
    serde_json::to_value(written).expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_query_is_answered_as_the_table_says() {
    let table = Table::read();
    for database in database_settings().await {
        let site = Site::new(database, &table).await;
        let mut asked = 0;
        for case in table.groups.iter().flat_map(|group| &group.cases) {
            let query = table.query_string(case);
            let token = case.protected.then_some(site.token.as_str());
            let (status, open, mut answer) = site.ask("SuperSearch", &query, token).await;
            assert_eq!((status, open), (200, true), "{query}: {answer}");
            let object = answer.as_object_mut().expect("an object");
            assert!(object.remove("warnings").is_some_and(|warnings| warnings.is_array()));
            assert!(object.remove("as_of").is_some());
            assert_eq!(answer, expected(&table, case), "{query}");
            for (part, expected) in [("facets", &case.facets), ("hits", &case.columns)] {
                if let Some(expected) = expected {
                    assert_eq!(answer[part], *expected, "{query}");
                }
            }
            asked += 1;
        }
        assert!(asked > 250, "{asked}");
        addresses_are_taken_as_people_write_them(&site, table.kept().len());
    }
}

/// As curl sends what stands between quotes on a command line, on one connection.
fn addresses_are_taken_as_people_write_them(site: &Site, crashes: usize) {
    let host = site.system.url.strip_prefix("http://").expect("an address");
    let mut stream = TcpStream::connect(host).expect("a connection");
    let patience = Some(std::time::Duration::from_secs(60));
    stream.set_read_timeout(patience).expect("it can be set");
    let dates = "date=>=2025-12-01&date=<=2026-12-01&_facets_size=0&_results_number=0";
    for (query, connection) in [
        ("", "keep-alive"),
        ("&signature=!@\"<no>\"", "keep-alive"),
        ("&strict=1", "close"),
    ] {
        let request = format!(
            "GET /api/SuperSearch/?{dates}{query} HTTP/1.1\r\nhost: {host}\r\nconnection: {connection}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).expect("it can be sent");
    }
    let mut answers = String::new();
    stream.read_to_string(&mut answers).expect("answers");
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 3, "{answers}");
    assert_eq!(
        answers.matches(&format!("\"total\":{crashes},")).count(),
        3,
        "{answers}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_said_as_clients_know_it() {
    let table = Table::read();
    for database in database_settings().await {
        let site = Site::new(database, &table).await;
        for (query, error, named) in [
            (
                "_results_number=x",
                "_results_number: Enter a whole number.",
                "_results_number",
            ),
            (
                "_facets_size=1.5",
                "_facets_size: Enter a whole number.",
                "_facets_size",
            ),
            (
                "signature=a%00b",
                "signature: Null characters are not allowed.",
                "signature",
            ),
            (
                "_results_number=1001",
                "Bad request: BadArgumentError: Bad value for parameter _results_number: must be a whole number",
                "_results_number",
            ),
            (
                "_facets_size=10001",
                "Bad request: BadArgumentError: Bad value for parameter _facets_size: must be",
                "_facets_size",
            ),
            (
                "_results_offset=-1",
                "Bad request: BadArgumentError: Bad value for parameter _results_offset: must be",
                "_results_offset",
            ),
            (
                "_columns=x",
                "Bad request: BadArgumentError: Unknown field 'x'",
                "_columns",
            ),
            (
                "date=2026-11-20",
                "Bad request: BadArgumentError: date must have a prefix operator",
                "date",
            ),
            (
                "date=>=soon",
                "Bad request: BadArgumentError: Bad value for parameter date: not a valid datetime",
                "date",
            ),
            (
                "date=>=2024-01-01",
                "Bad request: BadArgumentError: Date range is bigger than 365 days",
                "date",
            ),
            (
                "_histogram.date=product&_histogram_interval.date=1.5h",
                "Bad request: BadArgumentError: Bad value for parameter _histogram_interval.date: must be",
                "_histogram_interval.date",
            ),
            (
                "_histogram_interval.uptime=abc",
                "Bad request: BadArgumentError: Bad value for parameter _histogram_interval.uptime: must be",
                "_histogram_interval.uptime",
            ),
            (
                "signature=@(",
                "Bad request: BadArgumentError: Malformed supersearch query: ",
                "signature",
            ),
            (
                "signature=@((((a{100}){100}){100}){100})",
                "Bad request: BadArgumentError: Search query is too complex: ",
                "signature",
            ),
            (
                "uptime=x",
                "Bad request: BadArgumentError: Bad value for parameter uptime: must be a whole number",
                "uptime",
            ),
            (
                "strict=1&nonsense=1",
                "Bad request: BadArgumentError: with strict=1, these parameters are not accepted: nonsense",
                "nonsense",
            ),
            (
                "strict=1&url=x",
                "Bad request: BadArgumentError: with strict=1, these parameters are not accepted: url",
                "url",
            ),
            (
                "_cursor=x",
                "Bad request: BadArgumentError: Bad value for parameter _cursor: not a cursor",
                "_cursor",
            ),
        ] {
            let (status, open, answer) = site.ask("SuperSearch", query, None).await;
            assert_eq!((status, open), (400, true), "{query}: {answer}");
            let said = answer["error"].as_str().expect("a text");
            assert!(said.starts_with(error), "{query}: {said}");
            assert!(answer["errors"][named].is_array(), "{query}: {answer}");
        }
        let url = |name: &str| format!("{}/api/{name}/", site.system.url);
        for name in ["SuperSearch", "SuperSearchUnredacted", "SuperSearchFields", "RawCrash"] {
            let answer = site.send(site.client.post(url(name)), Some(&site.token)).await;
            assert_eq!(answer, (405, true, json!({"error": "Method not allowed"})), "{name}");
        }
        let answer = site.ask("SuperSearchStatus", "", None).await;
        let nothing = json!({"error": "No service called 'SuperSearchStatus'"});
        assert_eq!(answer, (404, true, nothing));
        let many = "product=Firefox&".repeat(3_000);
        let (status, _, answer) = site.ask("SuperSearch", &many, None).await;
        assert_eq!(status, 400, "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_protected_is_for_those_who_may_see_it_and_that_is_recorded() {
    let table = Table::read();
    for database in database_settings().await {
        let site = Site::new(database, &table).await;
        let query = format!(
            "{}&url=!__null__&_columns=uuid&_columns=url&_facets=url&strict=0",
            table.dates
        );
        let (status, _, answer) = site.ask("SuperSearch", &query, None).await;
        assert_eq!((status, &answer["total"]), (200, &json!(7)), "{answer}");
        assert!(answer["hits"][0].get("url").is_none() && !answer.to_string().contains("a.example"));
        let parameters = answer["warnings"].as_array().expect("a list").iter();
        let named: Vec<&str> = parameters.filter_map(|warning| warning["parameter"].as_str()).collect();
        assert_eq!(named, ["url", "_facets", "_columns"], "{answer}");

        let (status, _, answer) = site.ask("SuperSearchUnredacted", &query, None).await;
        let refused = "Use of this endpoint requires the 'View Personal Identifiable Information' permission";
        assert_eq!((status, answer), (403, json!({"error": refused})));
        for endpoint in ["SuperSearch", "SuperSearchUnredacted"] {
            let (status, _, answer) = site.ask(endpoint, &query, Some(&site.token)).await;
            assert_eq!((status, &answer["total"]), (200, &json!(2)), "{answer}");
            assert_eq!(answer["hits"][1]["url"], "https://a.example/");
            assert_eq!(answer["warnings"], json!([]));
        }
        // Whether there is anything protected cannot be found out by asking for it.
        let all = site.found(&format!("{}&_columns=uuid", table.dates)).await;
        for field in FieldId::all().filter(|field| field.access() == Access::Protected) {
            let name = field.name();
            if name == "crash_report_keys" {
                continue;
            }
            let query = format!(
                "{}&_columns=uuid&{name}=__null__&_sort={name}&_aggs.product={name}",
                table.dates
            );
            let asked = site.found(&query).await;
            for part in ["hits", "total", "facets"] {
                assert_eq!(asked[part], all[part], "{name}");
            }
        }
        let log = site
            .system
            .run_well(["audit-log", "--action", "search_protected", "--json"]);
        let lines: Vec<Value> = log
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        assert_eq!(lines.len(), 2, "{log}");
        assert!(lines.iter().all(|line| line["detail"] == "url"), "{log}");
        assert!(!log.contains("a.example"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_by_cursor_neither_repeat_nor_pass_over_a_crash_while_others_come_in() {
    let table = Table::read();
    for database in database_settings().await {
        let site = Site::new(database, &table).await;
        let mut now = micros(&table.now);
        for order in ["", "&_sort=uptime", "&_sort=-signature&_sort=uptime"] {
            let query = format!("_facets_size=0&_columns=uuid&_results_number=2{order}");
            let all = format!("{}&_results_number=100", query.replace("&_results_number=2", ""));
            let ids = |answer: &Value| -> Vec<String> {
                let hits = answer["hits"].as_array().expect("a list").iter();
                hits.map(|hit| hit["uuid"].as_str().expect("an id").to_owned())
                    .collect()
            };
            let expected = ids(&site.found(&all).await);
            let (mut seen, mut cursor) = (Vec::new(), String::new());
            for n in 0.. {
                let answer = site.found(&format!("{query}&_cursor={cursor}")).await;
                seen.extend(ids(&answer));
                let Some(next) = answer["next"].as_str() else {
                    assert_eq!(answer["next"], Value::Null);
                    break;
                };
                next.clone_into(&mut cursor);
                // It is newer than what was asked for, and would be on the first page.
                let before = site.found(&all).await["total"].as_u64().expect("a number");
                let id = format!("{n:08x}-{:04x}-4000-8000-000000261129", order.len());
                let document = json!({"signature": "", "uptime": 0});
                now += 1;
                site.system.move_clock(now);
                write(&site.db, &id, now, 1, document.as_object().expect("an object")).await;
                let arrived = async || (site.found(&all).await["total"] == before + 1).then_some(());
                site.system.wait_for("a crash", arrived).await;
            }
            let new: BTreeSet<&String> = seen.iter().filter(|id| !expected.contains(id)).collect();
            assert!(new.is_empty(), "{order}: {new:?}");
            assert_eq!(seen, expected, "{order}");
        }
    }
}
