//! The fuzzer's corpus, and the inputs that once failed, pass the checks in `fuzz/checks`.

#[path = "../../fuzz/checks/archive_listing.rs"]
mod archive_listing;
#[path = "../../fuzz/checks/archive_metadata.rs"]
mod archive_metadata;
#[path = "../../fuzz/checks/buildhub_records.rs"]
mod buildhub_records;
#[path = "../../fuzz/checks/corpus.rs"]
mod corpus;
#[path = "../../fuzz/checks/product_details.rs"]
mod product_details;
#[path = "../../fuzz/checks/versions.rs"]
mod versions;

#[test]
fn archive_listings() {
    for (name, input) in corpus::inputs("archive_listing") {
        println!("{name}");
        archive_listing::check(&input);
    }
}

#[test]
fn archive_metadata_files() {
    for (name, input) in corpus::inputs("archive_metadata") {
        println!("{name}");
        archive_metadata::check(&input);
    }
}

#[test]
fn records_of_buildhub() {
    for (name, input) in corpus::inputs("buildhub_records") {
        println!("{name}");
        buildhub_records::check(&input);
    }
}

#[test]
fn files_of_product_details() {
    for (name, input) in corpus::inputs("product_details") {
        println!("{name}");
        product_details::check(&input);
    }
}

#[test]
fn versions_and_build_ids() {
    for (name, input) in corpus::inputs("versions") {
        println!("{name}");
        versions::check(&input);
    }
}
