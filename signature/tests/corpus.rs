//! Replays the fuzzer's corpus, which includes what it once found, through `fuzz/checks`.

#[path = "../../fuzz/checks/corpus.rs"]
mod corpus;
#[path = "../../fuzz/checks/signature.rs"]
mod crash_data;

#[test]
fn crash_data_of_the_corpus() {
    for (name, input) in corpus::inputs("signature") {
        println!("{name}");
        crash_data::check(&input);
    }
}
