//! The fuzzer's corpus, and the inputs that once failed, pass the checks in `fuzz/checks`.

#[path = "../../fuzz/checks/bugzilla_answer.rs"]
mod bugzilla_answer;
#[path = "../../fuzz/checks/corpus.rs"]
mod corpus;

#[test]
fn answers_of_a_bugzilla() {
    for (name, input) in corpus::inputs("bugzilla_answer") {
        println!("{name}");
        bugzilla_answer::check(&input);
    }
}
