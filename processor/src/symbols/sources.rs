//! Which sources of symbols serve which crash.
//!
//! Whoever is asked for symbols learns the names of a crash's modules. So its product decides: the servers of the
//! setting are for products that are built in, a product whose row has servers of its own has these in their place, and
//! nobody is asked for the crashes of any other product. Local folders of the setting serve every crash.

use std::path::PathBuf;

use builds::names::product::{Row, row_among};
use url::Url;

/// An address at which no symbols can be.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It cannot be read.
    #[error("{0}")]
    Address(#[from] url::ParseError),
    /// It is neither `file://` with a local path, nor `https://` or `http://`.
    #[error("symbols cannot be read from a {0}: URL")]
    Scheme(String),
}

/// Folders and servers that have symbols, each in the order in which they are tried.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roots {
    /// Symbol stores on this machine, which are only read.
    pub folders: Vec<PathBuf>,
    /// Servers: `https://`, or `http://` within one's own network.
    pub servers: Vec<Url>,
}

impl Roots {
    /// Separates folders from servers, without checking that they exist.
    ///
    /// # Errors
    /// The first address that can be neither.
    pub fn read<T: AsRef<str>>(addresses: &[T]) -> Result<Self, SourceError> {
        let mut found = Self::default();
        for address in addresses {
            let url: Url = address.as_ref().parse()?;
            let scheme = || SourceError::Scheme(url.scheme().to_owned());
            match url.scheme() {
                "file" => found.folders.push(url.to_file_path().map_err(|()| scheme())?),
                "https" | "http" => found.servers.push(url),
                _ => return Err(scheme()),
            }
        }
        Ok(found)
    }
}

/// What serves the crashes of one product, beside the folders for every crash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductRoots {
    /// The folders and servers.
    pub roots: Roots,
    /// Whether the servers are those of the setting.
    pub of_setting: bool,
}

/// Where the symbols of crashes are.
#[derive(Debug)]
pub struct Sources {
    /// The folders that serve every crash.
    pub folders: Vec<PathBuf>,
    /// The rows of the products, with what serves each one.
    products: Vec<(Row, ProductRoots)>,
}

impl Sources {
    /// The sources by the setting `processor.symbols_urls` and the rows of the products. With the setting left out
    /// (`None`), the servers of the rows hold for products that are built in too.
    ///
    /// # Errors
    /// The first address that can be neither a folder nor a server.
    pub fn new(setting: Option<&[String]>, rows: &[Row]) -> Result<Self, SourceError> {
        let setting = setting.map(Roots::read).transpose()?;
        let of_product = |row: &Row| match &setting {
            Some(setting) if !row.has_symbols_of_its_own() => Ok(ProductRoots {
                roots: Roots {
                    folders: Vec::new(),
                    servers: setting.servers.clone(),
                },
                of_setting: true,
            }),
            _ => Roots::read(row.symbols).map(|roots| ProductRoots {
                roots,
                of_setting: false,
            }),
        };
        let products = rows.iter().map(|row| Ok((*row, of_product(row)?)));
        Ok(Self {
            products: products.collect::<Result<_, SourceError>>()?,
            folders: setting.map(|setting| setting.folders).unwrap_or_default(),
        })
    }

    /// What serves each product, by its name, in the order of the rows.
    pub fn products(&self) -> impl Iterator<Item = (&'static str, &ProductRoots)> {
        self.products.iter().map(|(row, roots)| (row.name, roots))
    }

    /// The place in [`Self::products`] of the product that a crash names, in any spelling; `None` if it has no row.
    pub(super) fn place(&self, product: &str) -> Option<usize> {
        let rows = self.products.iter().map(|(row, _)| row);
        row_among(rows, product).map(|(place, _)| place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::symbols::samples::rows;

    #[test]
    fn the_product_decides_who_is_asked() {
        const MOZILLA: &[&str] = &["https://symbols.mozilla.org/"];
        const MIRROR: &[&str] = &["https://mirror.example/"];
        const NOBODY: &[&str] = &[];
        let rows = rows(&[
            ("Kite", &["https://kite.example/s"]),
            ("Game", NOBODY),
            ("Thunderbird", &["https://bird.example/"]),
            ("Focus", NOBODY),
        ]);
        let mirror = ["file:///all".to_owned(), MIRROR[0].to_owned()];
        for (product, left_out, empty, stated) in [
            ("Firefox", MOZILLA, NOBODY, MIRROR),
            (" devedition ", MOZILLA, NOBODY, MIRROR),
            ("FIREFOX-android", MOZILLA, NOBODY, MIRROR),
            ("Firefox Enterprise", MOZILLA, NOBODY, MIRROR),
            ("GeckoViewExample", MOZILLA, NOBODY, MIRROR),
            ("Focus", NOBODY, NOBODY, NOBODY),
            (
                "Thunderbird",
                &["https://bird.example/"],
                &["https://bird.example/"],
                &["https://bird.example/"],
            ),
            (
                "kite",
                &["https://kite.example/s"],
                &["https://kite.example/s"],
                &["https://kite.example/s"],
            ),
            (
                "the kite",
                &["https://kite.example/s"],
                &["https://kite.example/s"],
                &["https://kite.example/s"],
            ),
            ("Game", NOBODY, NOBODY, NOBODY),
            ("Waterfowl", NOBODY, NOBODY, NOBODY),
            ("Kites", NOBODY, NOBODY, NOBODY),
            ("", NOBODY, NOBODY, NOBODY),
        ] {
            for (setting, expected) in [(None, left_out), (Some(&[][..]), empty), (Some(&mirror[..]), stated)] {
                let sources = Sources::new(setting, &rows).unwrap();
                let found = sources.place(product).map(|place| &sources.products[place].1);
                let asked: Vec<&str> = found.map_or(Vec::new(), |found| {
                    found.roots.servers.iter().map(Url::as_str).collect()
                });
                assert_eq!(asked, expected, "{product:?} {setting:?}");
                let folders = setting.map_or(0, |setting| setting.len() / 2);
                assert_eq!(sources.folders.len(), folders);
            }
        }
    }

    #[test]
    fn other_addresses_are_refused() {
        for address in [
            "ftp://example.org/",
            "data:text/plain,x",
            "symbols",
            "file://host/folder",
        ] {
            assert!(Roots::read(&[address]).is_err(), "{address}");
            assert!(Sources::new(Some(&[address.to_owned()]), &[]).is_err(), "{address}");
        }
    }
}
