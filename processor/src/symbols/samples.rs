//! Rows of products for tests.

use builds::names::product::Row;
use builds::names::product::stated::{Stated, with};

/// The rows that hold with these products, and their symbol servers, in a site's file. Each has the alias `The <name>`.
pub(super) fn rows(products: &[(&str, &[&str])]) -> Vec<Row> {
    let stated = products.iter().map(|(name, symbols)| Stated {
        name: (*name).to_owned(),
        aliases: Some(vec![format!("The {name}")]),
        symbols: Some(symbols.iter().map(|&server| server.to_owned()).collect()),
        ..Stated::default()
    });
    with(&stated.collect::<Vec<_>>()).unwrap()
}
