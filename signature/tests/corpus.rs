//! What the fuzzer starts from, and what it once found, is read as `fuzz/checks` wants.

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
