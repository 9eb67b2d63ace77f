//! What a command or a service is told.

use crash::CrashId;
use platform::in_tx;
use platform_testing::{TestDb, databases};

use super::*;
use crate::columns::Week;
use crate::query::Query;

fn id(n: i64) -> CrashId {
    format!("{n:08x}-cbbf-4589-a673-34f800260601").parse().unwrap()
}

async fn write(db: &Db, n: i64) {
    let mut tx = db.begin_repeatable().await.unwrap();
    db::upsert_search_row(&mut tx, &id(n), n, 1, b"").await.unwrap();
    tx.commit().await.unwrap();
}

const EVER: (i64, i64) = (i64::MIN, i64::MAX);

fn all() -> Query {
    Query {
        limit: 10,
        ..Query::default()
    }
}

#[tokio::test]
async fn a_command_brings_the_index_up_to_date_or_says_how_old_it_is() {
    for TestDb { db, folder, .. } in &databases().await {
        let folder = folder.path().join("search");
        write(db, 1).await;
        let search = Search::for_command(&folder, db, "me", EVER, |_| {}).await.unwrap();
        let answered = search.ask(all()).await.unwrap();
        assert_eq!(answered.answer.total, 1);
        assert_eq!((answered.as_of.behind, answered.as_of.gaps.len()), (Some(0), 0));

        write(db, 2).await;
        let lock = FolderLock::try_take(&folder, LOCK).unwrap();
        let search = Search::for_command(&folder, db, "me", EVER, |_| {}).await.unwrap();
        let answered = search.ask(all()).await.unwrap();
        assert_eq!((answered.answer.total, answered.as_of.behind), (1, Some(1)));
        assert!(answered.as_of.committed > 0);

        drop(lock);
        let search = Search::for_command(&folder, db, "me", EVER, |_| {}).await.unwrap();
        let answered = search.ask(all()).await.unwrap();
        assert_eq!((answered.answer.total, answered.as_of.behind), (2, Some(0)));

        // What has other bytes is found before it is searched.
        let mut files = std::fs::read_dir(folder.join("1970-W01"))
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let columns = files.find(|path| path.extension().is_some_and(|extension| extension == "fast"));
        let columns = columns.expect("a file with columns");
        let mut bytes = std::fs::read(&columns).unwrap();
        bytes[0] ^= 0x55;
        std::fs::write(&columns, bytes).unwrap();
        assert!(!Index::is_whole_in(&folder, Week::of(1)).unwrap());
        let search = Search::for_command(&folder, db, "me", EVER, |_| {}).await.unwrap();
        assert_eq!(search.ask(all()).await.unwrap().answer.total, 2);
        assert!(Index::is_whole_in(&folder, Week::of(1)).unwrap());

        // Nothing can be written: it is searched as it is.
        write(db, 3).await;
        std::fs::remove_file(folder.join(LOCK)).unwrap();
        std::fs::create_dir(folder.join(LOCK)).unwrap();
        let mut said = Vec::new();
        let search = Search::for_command(&folder, db, "me", EVER, |text| said.push(text.to_owned()))
            .await
            .unwrap();
        let answered = search.ask(all()).await.unwrap();
        assert_eq!((answered.answer.total, answered.as_of.behind), (2, Some(1)));
        assert!(
            said[0].ends_with("it is searched as it was when it was last written"),
            "{said:?}"
        );
    }
}

#[tokio::test]
async fn what_cannot_be_followed_grows_older() {
    for TestDb { db, folder, .. } in &databases().await {
        let folder = folder.path().join("search");
        write(db, 1).await;
        let search = Search::for_command(&folder, db, "me", EVER, |_| {}).await.unwrap();
        write(db, 2).await;
        std::fs::remove_file(folder.join(LOCK)).unwrap();
        std::fs::create_dir(folder.join(LOCK)).unwrap();
        let stop = CancellationToken::new();
        let following = tokio::spawn(search.clone().run(db.clone(), stop.clone()));
        while search.ask(all()).await.unwrap().as_of.behind != Some(1) {
            tokio::task::yield_now().await;
        }
        stop.cancel();
        following.await.unwrap();
    }
}

#[tokio::test]
async fn a_service_follows_until_it_is_stopped_and_answers_as_soon_as_it_has_opened() {
    for TestDb { db, folder, .. } in &databases().await {
        let folder = folder.path().join("search");
        let (search, stop) = (Search::new(&folder), CancellationToken::new());
        assert!(matches!(search.ask(all()).await, Err(AskError::NotReady)));
        write(db, 1).await;
        number_all(db, "me").await.unwrap();
        let running = tokio::spawn(search.clone().run(db.clone(), stop.clone()));
        let finds = async {
            while !matches!(search.ask(all()).await, Ok(answered) if answered.answer.total == 1) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), finds).await.unwrap();
        assert!(
            FolderLock::try_take(&folder, LOCK).unwrap().is_none(),
            "it has the lock"
        );
        stop.cancel();
        running.await.unwrap();
        assert!(FolderLock::wait(&folder, LOCK).await.is_ok());
    }
}

#[tokio::test]
async fn gaps_are_named_if_they_are_in_what_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let search = Search::new(folder.path());
    let mut position = Position::new(String::new(), db::Place::default(), 0);
    position.fill_to(Some((1_000_000, "x".to_owned())));
    search.publish(Some((View::default(), position)), Some(3));
    for (since, gaps) in [(0, 1), (2_000_000, 0)] {
        let context = crate::parse::Context {
            now: 2_000_000_000,
            sees_protected: false,
        };
        let query = format!("date=>={}", clock::rfc3339(since));
        let parsed = crate::parse::parse_query_string(&query, &context).unwrap();
        let answered = search.ask(parsed.query).await.unwrap();
        assert_eq!(answered.as_of.behind, Some(3));
        assert_eq!(answered.as_of.gaps.len(), gaps, "{since}");
    }
}

#[tokio::test]
async fn a_search_that_nobody_waits_for_is_given_up() {
    let given_up = Arc::new(AtomicBool::new(false));
    drop(ask::Waiting(given_up.clone()));
    assert!(given_up.load(Ordering::Relaxed));
}

#[tokio::test]
async fn fields_that_older_rows_lack_are_named_if_they_were_asked_for() {
    for TestDb { db, folder, .. } in &databases().await {
        write(db, 1).await;
        let folder = folder.path().join("search");
        let lacking = async |query: &str| {
            let context = crate::parse::Context {
                now: 1,
                sees_protected: false,
            };
            let parsed = crate::parse::parse_query_string(query, &context).unwrap();
            let search = Search::for_command(&folder, db, "me", EVER, |_| {}).await.unwrap();
            search.ask(parsed.query).await.unwrap().as_of.lacking
        };
        assert!(lacking("frames==x&_facets=weight").await.is_empty());
        let mut tx = db.begin_repeatable().await.unwrap();
        let sql = "UPDATE search_row SET schema = 3";
        in_tx!(&mut tx, |conn| sqlx::query(sql).execute(conn).await.map(|_| ())).unwrap();
        tx.commit().await.unwrap();
        assert_eq!(lacking("frames==x&_facets=weight").await, ["frames", "weight"]);
        assert_eq!(
            lacking("_aggs.product=build_status&_sort=builds_behind").await,
            ["build_status", "builds_behind"]
        );
        assert!(lacking("signature==x").await.is_empty());
    }
}
