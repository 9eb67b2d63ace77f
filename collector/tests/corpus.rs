//! The fuzzer's seeds and past findings pass the checks of `fuzz/checks`.

#[path = "../../fuzz/checks/collector_payload.rs"]
mod collector_payload;
#[path = "../../fuzz/checks/corpus.rs"]
mod corpus;

#[tokio::test]
async fn payloads() {
    let folder = tempfile::tempdir().unwrap();
    let db = collector_payload::database(folder.path()).await;
    for (name, input) in corpus::inputs("collector_payload") {
        println!("{name}");
        collector_payload::check(&db, &input).await;
    }
}
