//! Which signature lists are in force, and whether signatures match those in Mozilla's bugs.

use std::collections::BTreeSet;

use builds::names::product::Product;
use crashstore::db::{Filter, list};
use platform::db::{Db, DbError};
use processor::siglists::Siglists;
use signature::{AGREEMENT, Comparison, Lists};

use super::finding::Finding;
use crate::commands::signature::lists::counts;
use crate::settings::Settings;

const NAME: &str = "signatures";
/// How many of the newest crashes are examined for their products.
const NEWEST: i64 = 200;

/// One finding: the lists with their SHA-256 and entries, and how far they agree with Mozilla's, or with the built-in
/// ones.
pub(super) async fn look(settings: &Settings, db: Option<&Db>) -> Finding {
    let siglists = Siglists::of(&settings.processor, &settings.data_dir);
    let (lists, origin) = match siglists.load() {
        Ok(found) => found,
        Err(error) => return Finding::bad(NAME, error.to_string()),
    };
    let what = format!("lists {origin}, SHA-256 {}, {}", lists.sha256(), counts(&lists));
    let agreement = if lists.sha256() == AGREEMENT.built_in {
        let products = match db {
            Some(db) => mozillas_products(db).await,
            None => Ok(String::new()),
        };
        match products {
            Ok(products) => built_in(&products),
            Err(error) => return Finding::bad(NAME, format!("{what}; {error}")),
        }
    } else {
        with_built_in(&lists)
    };
    Finding::well(NAME, format!("{what}{agreement}"))
}

/// The statement about the built-in lists. `products` are Mozilla's products with crashes here.
fn built_in(products: &str) -> String {
    if products.is_empty() {
        return String::new();
    }
    format!(
        "; {products} crashed here: {:.1} % of {} names are treated as {} do (`datil signature lists fetch \
         DIR|WHEEL|URL` brings Mozilla's own lists, or shows how newer ones differ)",
        AGREEMENT.percent(),
        AGREEMENT.names,
        AGREEMENT.with
    )
}

/// The statement about a site's own lists.
fn with_built_in(lists: &Lists) -> String {
    let built_in = Lists::built_in();
    let found = Comparison::of(&built_in, lists);
    format!(
        "; {:.1} % of {} names are treated as the built-in lists do (`datil signature lists diff built-in SHA256|DIR` \
         shows where not)",
        found.percent(),
        found.names
    )
}

/// The products of the newest crashes, as those name them.
pub(super) async fn newest_products(db: &Db) -> Result<BTreeSet<String>, DbError> {
    let newest = list(db, &Filter::default(), None, NEWEST).await?;
    Ok(newest.into_iter().map(|crash| crash.product).collect())
}

/// Mozilla's products among the newest crashes, as `Fenix, Firefox`.
async fn mozillas_products(db: &Db) -> Result<String, DbError> {
    let products = newest_products(db).await?;
    let of_mozilla = |name: &String| name.parse::<Product>().is_ok_and(|product| !product.row().is_own);
    let names: Vec<String> = products.into_iter().filter(of_mozilla).collect();
    Ok(names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_has_mozillas_products_is_told_how_far_the_lists_agree() {
        assert_eq!(built_in(""), "");
        let said = built_in("Fenix, Firefox");
        let start = format!(
            "; Fenix, Firefox crashed here: {:.1} % of {} names",
            AGREEMENT.percent(),
            AGREEMENT.names
        );
        assert!(said.starts_with(&start), "{said}");
        assert!(said.contains("signature lists fetch"), "{said}");
    }
}
