//! libmozdata: its classes for crashes, in a script as bots are.

use serde_json::{Value, json};

use super::World;

/// Prints an object of what each class found.
const SCRIPT: &str = r#"
import json, sys
from libmozdata.socorro import *

def gathered(kind, params):
    found = {}
    kind(params=params, handler=lambda json, data: data.update(json), handlerdata=found).wait()
    return found

def unredacted():
    try:
        return gathered(SuperSearchUnredacted, {"product": "Firefox", "_columns": ["uuid", "user_comments"]})
    except Exception as error:
        return str(error)

search = {"product": ["Firefox", "Fenix"], "_results_number": 2, "_facets": ["product"], "date": None,
          "_aggs.product": ["release_channel", "_cardinality.install_time"]}
ids = sys.argv[2:]
print(json.dumps({
    "search": gathered(SuperSearch, search),
    "dates": SuperSearch.get_search_date("2024-10-01", "2024-10-15"),
    "unredacted": unredacted(),
    "link": SuperSearch.get_link({"signature": "=x"}),
    "bugs": Bugs.get_bugs(["victim::render::set_opacity", "nothing"]),
    "firsts": SignatureFirstDate.get_signatures([sys.argv[1], "nothing"]),
    "processed": {id: crash.get("product") for id, crash in ProcessedCrash.get_processed(ids).items()},
}))
"#;

#[tokio::test(flavor = "multi_thread")]
async fn its_classes_need_only_another_host() {
    let Some(world) = World::new("libmozdata").await else {
        return;
    };
    let crash = world.system.processed(&world.ids[0]).await;
    let signature = crash["signature"].as_str().expect("a signature");
    for token in ["", &world.tokens.full] {
        let found = run(&world, token, signature);
        let search = &found["search"];
        assert_eq!(search["total"], 2_303);
        assert_eq!(search["errors"], json!([]));
        assert_eq!(search["hits"][0]["uuid"], world.ids[2]);
        let fenix = &search["facets"]["product"][0];
        assert_eq!((&fenix["term"], &fenix["count"]), (&json!("Fenix"), &json!(2_300)));
        assert_eq!(fenix["facets"]["cardinality_install_time"]["value"], 11);
        assert_eq!(found["dates"], json!([">=2024-10-01", "<2024-10-15"]));
        assert_eq!(found["link"], format!("{}/search/?signature=%3Dx", world.system.url));
        let mut bugs: Vec<i64> =
            serde_json::from_value(found["bugs"]["victim::render::set_opacity"].clone()).expect("ids");
        bugs.sort_unstable();
        assert_eq!(
            (bugs, &found["bugs"]["nothing"]),
            (vec![1_900_001, 1_900_005], &json!([]))
        );
        let first = &found["firsts"][0];
        let ours = world
            .system
            .json(&format!("/api/SuperSearch/?uuid={}&_columns=date", world.ids[0]))
            .await;
        assert_eq!(first["first_build"], "20261102093000", "{found}");
        assert_eq!(first["first_date"], ours["hits"][0]["date"]);
        for id in &world.ids {
            assert_eq!(found["processed"][id], "Firefox");
        }
        let unredacted = &found["unredacted"];
        match unredacted.as_str() {
            Some(error) => assert!(token.is_empty() && error.contains("403"), "{error}"),
            None => assert_eq!((&unredacted["total"], token.is_empty()), (&json!(3), false)),
        }
    }
}

/// Runs the script with a token, empty for none, as it is configured: by a file in its folder.
fn run(world: &World, token: &str, signature: &str) -> Value {
    let folder = world.system.folder();
    let settings = format!(
        "[Socorro]\nURL={}\ntoken={token}\n[User-Agent]\nname=test\n",
        world.system.url
    );
    std::fs::write(folder.join("mozdata.ini"), settings).expect("settings can be written");
    std::fs::write(folder.join("script.py"), SCRIPT).expect("a script can be written");
    let ids = world.ids.iter().map(String::as_str);
    let args: Vec<&str> = ["script.py", signature].into_iter().chain(ids).collect();
    let printed = world.run("python", &args, None).well();
    serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}"))
}
