//! Who is asked for the symbols of which crashes.

use std::collections::BTreeSet;

use builds::names::product::row_of;
use platform::config::without_password;
use platform::db::Db;
use processor::symbols::Sources;

use super::finding::Finding;
use super::lists::newest_products;
use crate::settings::Settings;

const NAME: &str = "symbols";
/// Maximum products named that nobody is asked about.
const MOST: usize = 5;
const NO_OTHER: &str = "no server for any other product";
const NO_SERVER: &str = "no server is asked";

/// Says where the symbols of crashes are looked for; asks nobody.
pub(super) async fn look(settings: &Settings, db: Option<&Db>) -> Finding {
    let sources = match processor::worker::sources(&settings.processor) {
        Ok(sources) => sources,
        Err(error) => return Finding::bad(NAME, platform::causes::line(&error)),
    };
    let said = said(&sources);
    let products = match db {
        Some(db) if names_servers(&sources) => newest_products(db).await,
        _ => Ok(BTreeSet::new()),
    };
    match products {
        Ok(products) => Finding::well(NAME, format!("{said}{}", not_asked(&products))),
        Err(error) => Finding::bad(NAME, format!("{said}; {error}")),
    }
}

/// Whether the setting names servers, so that symbols are expected of them.
fn names_servers(sources: &Sources) -> bool {
    let mut products = sources.products();
    products.any(|(_, of)| of.of_setting && !of.roots.servers.is_empty())
}

/// That nobody is asked for the symbols of those of these products that have no row, if there are any.
fn not_asked(products: &BTreeSet<String>) -> String {
    let without = products.iter().filter(|name| row_of(name).is_none());
    let mut names: Vec<String> = without.map(|name| format!("{:?}", text::cut(name, 64))).collect();
    if names.is_empty() {
        return String::new();
    }
    let more = names.len().saturating_sub(MOST);
    names.truncate(MOST);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!(
        "; of the products of the newest crashes {}{more} have no row, so nobody is asked for theirs: a row with \
         symbols in products.file changes that",
        names.join(", ")
    )
}

fn said(sources: &Sources) -> String {
    let mut asked: Vec<(String, Vec<&str>)> = Vec::new();
    for (product, of) in sources.products() {
        let servers = of.roots.servers.iter().map(|url| without_password(url.as_str()));
        let folders = of.roots.folders.iter().map(|folder| folder.display().to_string());
        let places: Vec<String> = servers.chain(folders).collect();
        if places.is_empty() {
            continue;
        }
        let places = places.join(", ");
        match asked.iter_mut().find(|(known, _)| *known == places) {
            Some((_, products)) => products.push(product),
            None => asked.push((places, vec![product])),
        }
    }
    let for_all = sources.folders.iter().map(|folder| folder.display().to_string());
    let for_all: Vec<String> = for_all.collect();
    let mut said: Vec<String> = Vec::new();
    if !for_all.is_empty() {
        said.push(format!("{} for every crash", for_all.join(", ")));
    }
    for (places, products) in asked {
        said.push(format!("{places} for {}", products.join(", ")));
    }
    let asks = sources.products().any(|(_, of)| !of.roots.servers.is_empty());
    said.push(if asks { NO_OTHER } else { NO_SERVER }.to_owned());
    said.join("; ")
}

#[cfg(test)]
mod tests {
    use super::{NO_OTHER, NO_SERVER, names_servers, not_asked, said};
    use crate::settings::Settings;

    #[test]
    fn who_is_asked_is_said() {
        let check = |urls: Option<&[&str]>| {
            let mut settings = Settings::default();
            settings.processor.symbols_urls = urls.map(|urls| urls.iter().map(|&url| url.to_owned()).collect());
            let sources = processor::worker::sources(&settings.processor).unwrap();
            assert_eq!(names_servers(&sources), urls.is_some_and(|urls| urls.len() == 2));
            said(&sources)
        };
        assert!(check(None).starts_with("https://symbols.mozilla.org/ for Firefox, Thunderbird, "));
        assert_eq!(check(Some(&[])), NO_SERVER);
        assert_eq!(
            check(Some(&["file:///symbols"])),
            format!("/symbols for every crash; {NO_SERVER}")
        );
        let said = check(Some(&["file:///symbols", "https://me:secret@mirror.example/"]));
        assert!(said.starts_with("/symbols for every crash; https://me:***@mirror.example/ for Firefox, "));
        assert!(said.ends_with(NO_OTHER));
    }

    #[test]
    fn products_without_a_row_are_named() {
        let said = |names: &[&str]| not_asked(&names.iter().map(|&name| name.to_owned()).collect());
        assert_eq!(said(&["Firefox", "devedition", "Fenix"]), "");
        assert!(said(&["Firefox", "Kite"]).starts_with("; of the products of the newest crashes \"Kite\" have no row"));
        let many = said(&["a1", "a2", "a3", "a4", "a5", "a6", "a7"]);
        assert!(many.contains("\"a5\" and 2 more have no row"), "{many}");
    }
}
