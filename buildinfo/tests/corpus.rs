//! What the fuzzer starts from, and what it once found, is read as `fuzz/checks` wants.

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

fn replay(target: &str, check: fn(&[u8])) {
    for (name, input) in corpus::inputs(target) {
        println!("{name}");
        check(&input);
    }
}

#[test]
fn archive_listings() {
    replay("archive_listing", archive_listing::check);
}

#[test]
fn archive_metadata_files() {
    replay("archive_metadata", archive_metadata::check);
}

#[test]
fn records_of_buildhub() {
    replay("buildhub_records", buildhub_records::check);
}

#[test]
fn files_of_product_details() {
    replay("product_details", product_details::check);
}

#[test]
fn versions_and_build_ids() {
    replay("versions", versions::check);
}
