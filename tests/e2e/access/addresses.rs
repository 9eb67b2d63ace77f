//! What the program can be asked: every route of its sources, with parameters that fit and with some that do not.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::site::Request;
use super::world::World;

/// An id that no report has.
pub(super) const UNKNOWN: &str = "de1bb258-cbbf-4589-a673-34f800260918";

/// Every pattern that a router of the program takes.
pub(super) fn routes() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders: Vec<_> = ["buildinfo", "collector", "platform", "processor", "webapp", "."]
        .iter()
        .map(|member| root.join(member).join("src"))
        .collect();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("the sources") {
            let path = entry.expect("an entry").path();
            let is_test = path.file_stem().is_some_and(|name| name == "tests");
            if path.is_dir() {
                folders.extend((!is_test).then_some(path));
            } else if !is_test && path.extension().is_some_and(|end| end == "rs") {
                let text = std::fs::read_to_string(&path).expect("a source");
                let program = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
                let routes = program
                    .split(".route(")
                    .skip(1)
                    .filter_map(|rest| rest.trim_start().strip_prefix('"'));
                found.extend(routes.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
            }
        }
    }
    assert!(found.len() > 40, "{found:?}");
    found
}

/// The addresses of a route, with everything that can stand in its places.
fn filled(route: &str, places: &[(&str, Vec<String>)]) -> Vec<String> {
    let Some((before, rest)) = route.split_once('{') else {
        return vec![route.to_owned()];
    };
    let (name, after) = rest.split_once('}').expect("a route");
    let kind = format!("{before}{{{name}}}");
    let values = places
        .iter()
        .find(|(place, _)| kind.ends_with(place))
        .unwrap_or_else(|| panic!("what can stand in {kind}? say it in places()"));
    let addresses = values.1.iter().map(|value| format!("{before}{value}{after}"));
    addresses.flat_map(|address| filled(&address, places)).collect()
}

/// What can stand in the places of routes.
async fn places(world: &World) -> Vec<(&'static str, Vec<String>)> {
    let runs = world.site.get("/api/v1/runs", &[]).await.json();
    let run = runs["runs"][0]["id"].to_string().trim_matches('"').to_owned();
    let page = world.site.get("/glossary", &[]).await.text();
    let style = page.split("/static/").nth(1).and_then(|rest| rest.split('"').next());
    let mut reports: Vec<String> = ids(world).map(str::to_owned).collect();
    reports.push(format!("bp-{}", world.marked[0]));
    reports.push("x".to_owned());
    let known = text(&world.document("processed_crash", &world.marked[0]).await, "build");
    vec![
        ("/report/index/{id}", reports),
        ("/runs/{id}", vec![run, "x".to_owned()]),
        ("{product}", vec!["Firefox".to_owned()]),
        ("{channel}", vec!["nightly".to_owned()]),
        ("{build_id}", vec![known, "x".to_owned()]),
        ("{file}", vec![style.expect("a stylesheet").to_owned(), "x".to_owned()]),
        ("{name}", vec!["Nothing".to_owned(), "RawCrash".to_owned()]),
    ]
}

/// Every report, and one that there is not.
fn ids(world: &World) -> impl Iterator<Item = &str> {
    let others = [&world.copy, &world.deleted, &world.plain, &world.failed];
    let reports = world.marked.iter().chain(others);
    reports.map(String::as_str).chain([UNKNOWN])
}

fn text(document: &Value, name: &str) -> String {
    document[name]
        .as_str()
        .unwrap_or_else(|| panic!("{name} of {document}"))
        .to_owned()
}

/// Searches for, by, and over everything that can be searched.
fn searches() -> Vec<Request> {
    let mut asked = Vec::new();
    let names: Vec<&str> = crash::fields::searched().iter().map(|searched| searched.name).collect();
    for some in names.chunks(40) {
        let each = |before: &str| some.iter().map(|name| format!("&{before}{name}")).collect::<String>();
        asked.push(each("_columns="));
        asked.push(each("_facets="));
        asked.push(each("_sort="));
    }
    for searched in crash::fields::searched() {
        let name = searched.name;
        if searched.field.search_access() == crash::fields::Access::Protected {
            asked.push(format!("&{name}=!__null__&_columns={name}&_sort=-{name}&_cursor="));
            asked.push(format!(
                "&_aggs.product={name}&_aggs.{name}=product&_facets=_cardinality.{name}"
            ));
            asked.push(format!("&{name}=__null__&_columns=uuid&_return_query=1&strict=1"));
        }
    }
    let endpoints = ["SuperSearch", "SuperSearchUnredacted"];
    let paths = endpoints.iter().flat_map(|name| {
        asked
            .iter()
            .map(move |query| format!("/api/{name}/?pretty=print{query}"))
    });
    paths.map(Request::get).collect()
}

/// All that is asked of everybody. No mark is among it: an answer may say what was asked.
pub(super) async fn addresses(world: &World) -> BTreeSet<Request> {
    let mut asked = BTreeSet::new();
    let places = places(world).await;
    for route in routes() {
        for address in filled(&route, &places) {
            for query in ["", "?limit=x&product=%00&nonsense=1&crash_id=x&q=x"] {
                asked.insert(Request::get(format!("{address}{query}")));
            }
            let method = if address.starts_with("/submit") { "GET" } else { "PUT" };
            asked.insert(Request {
                method,
                ..Request::get(&address)
            });
        }
    }
    let document = world.site.get("/api/v1/openapi.json", &[]).await.json();
    for path in document["paths"].as_object().expect("paths").keys() {
        assert!(routes().contains(path), "{path} is in no router");
        let wrong = world.site.get(&format!("{path}?nonsense=1"), &[]).await;
        if wrong.status == 400
            && let Some(example) = wrong.json()["example"].as_str()
        {
            asked.insert(Request::get(example));
        }
    }
    for id in ids(world) {
        for path in [
            "/api/ProcessedCrash?crash_id=",
            "/api/ProcessedCrash/?crash_id=",
            "/api/ProcessedCrash/?pretty=print&crash_id=",
            "/api/RawCrash?crash_id=",
            "/api/RawCrash/?crash_id=",
            "/api/RawCrash/?pretty=print&format=meta&crash_id=",
            "/api/RawCrash/?format=x&crash_id=",
            "/api/RawCrash/?format=raw&crash_id=",
            "/api/RawCrash/?format=raw&name=memory_report&crash_id=",
            "/api/RawCrash/?format=raw&name=attachment&crash_id=",
            "/api/RawCrash/?format=raw&name=nothing&crash_id=",
            "/api/CrashVerify/?crash_id=",
            "/search?q=",
            "/search?q=bp-",
            "/audit-log?crash_id=",
            "/account?next=/report/index/",
        ] {
            asked.insert(Request::get(format!("{path}{id}")));
        }
    }
    asked.extend(searches());
    let crash = world.document("processed_crash", &world.marked[0]).await;
    for (parameter, field) in [
        ("product", "product"),
        ("version", "version"),
        ("channel", "release_channel"),
        ("build_id", "build"),
        ("signature", "signature"),
    ] {
        let value = text(&crash, field);
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair(parameter, &value)
            .append_pair("q", &value)
            .finish();
        for path in ["/", "/search", "/builds/"] {
            asked.insert(Request::get(format!("{path}?{query}")));
        }
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("signatures", &value)
            .finish();
        asked.insert(Request::get(format!("/api/SignatureFirstDate/?{query}")));
    }
    let build = format!("product=Firefox&channel=nightly&build_id={}", text(&crash, "build"));
    for path in [
        "/api/v1/lookup",
        "/api/v1/explain",
        "/api/v1/builds",
        "/api/VersionString/",
    ] {
        asked.insert(Request::get(format!("{path}?{build}")));
    }
    for path in [
        "/api/Bugs/?signatures=x",
        "/api/SignaturesByBugs/?bug_ids=1",
        "/nothing",
        "/api/nothing",
        "/api/NoOp/?product=x",
        "/api/MissingProcessedCrash/?page=2",
        "/api/v1/nothing",
        "/__nothing__",
        "/static/",
        "/report/",
        "/%FF",
    ] {
        asked.insert(Request::get(path));
    }
    for (path, body) in [
        (
            "/api/v1/lookup",
            "{\"product\": \"Firefox\", \"build_id\": \"20200101000000\"}\n{",
        ),
        ("/api/Bugs/", "signatures=x"),
        ("/api/search", "{\"size\": 1}"),
        ("/api/CrashSignature/", "{\"jobs\": [{}]}"),
        // Of a crash that there is not, so that all others stay as they are.
        (
            "/api/Reprocessing/",
            "crash_ids=de1bb258-cbbf-4589-a673-34f800260918&crash_ids=x",
        ),
        ("/api/v1/builds", "[{\"product\": \"Firefox\"}]"),
        ("/account/sign-in", "token=x"),
        ("/report/index/x", ""),
    ] {
        asked.insert(Request {
            method: "POST",
            path: path.to_owned(),
            body,
        });
    }
    asked.insert(Request {
        method: "DELETE",
        ..Request::get(format!("/api/v1/builds?{build}"))
    });
    asked
}
