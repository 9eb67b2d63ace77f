//! The section `products` of the settings: the file with the site's own products.

use std::path::{Path, PathBuf};

use builds::names::product::stated::{self, Stated};
use builds::names::product::{self, Row, install};
use collector::throttle::{ProductName, Supported};
use platform::config::{ConfigError, from_toml, from_value};
use serde::{Deserialize, Serialize};

/// Maximum bytes of a file of products.
const MAX_FILE: u64 = 1 << 20;

/// The setting that names the file.
const SETTING: &str = "products.file";

/// Which products there are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Products {
    /// A file with products of the site's own, and with what differs from what is built in. Empty: none. A relative
    /// path is taken from the folder of the settings file that `--config` names, or else from the working folder.
    pub(crate) file: PathBuf,
    /// The folder of the settings file that was read; empty: the working folder.
    #[serde(skip)]
    pub(crate) folder: PathBuf,
}

/// Products as a file has them.
#[derive(Debug, Serialize)]
struct File {
    product: Vec<Stated>,
}

impl Products {
    /// Reads the file and puts its products in force, before anything names a product.
    ///
    /// # Errors
    /// The file cannot be read, or a row of it cannot be: which one, which key, and why.
    pub(crate) fn install(&self) -> Result<(), ConfigError> {
        if self.file.as_os_str().is_empty() {
            return Ok(());
        }
        // An absolute path stays as it is.
        let file = self.folder.join(&self.file);
        let unusable = |why: String| ConfigError::setting(SETTING, format!("{}: {why}", file.display()));
        let rows = read(&file).map_err(unusable)?;
        install(rows).map_err(|late| unusable(late.to_string()))
    }
}

fn read(file: &Path) -> Result<Vec<Row>, String> {
    let unreadable = |error: std::io::Error| format!("it cannot be read: {error}");
    let length = std::fs::metadata(file).map_err(unreadable)?.len();
    if length > MAX_FILE {
        return Err(format!("it is larger than {MAX_FILE} bytes"));
    }
    let bytes = std::fs::read(file).map_err(unreadable)?;
    let text = String::from_utf8(bytes).map_err(|_| "it is no text in UTF-8".to_owned())?;
    rows_of(&text)
}

/// The rows that hold with the products of a file.
fn rows_of(text: &str) -> Result<Vec<Row>, String> {
    let mut table: toml::Table = from_toml(text)?;
    let products = match table.remove("product") {
        None => Vec::new(),
        Some(toml::Value::Array(products)) => products,
        Some(_) => return Err("product must be a list: [[product]] begins each one".to_owned()),
    };
    if let Some(name) = table.keys().next() {
        return Err(format!("there is no {name}; [[product]] begins each product"));
    }
    let stated: Vec<Stated> = products
        .iter()
        .zip(1..)
        .map(|(product, nth)| {
            from_value(product).map_err(|why| match product.get("name").and_then(toml::Value::as_str) {
                Some(name) => format!("product {nth} ({:?}): {why}", text::cut(name, 64)),
                None => format!("product {nth}: {why}"),
            })
        })
        .collect::<Result<_, String>>()?;
    stated::with(&stated).map_err(|wrong| wrong.to_string())
}

/// The products and packages that throttling rules without lists of their own go by: those of the rows in force.
pub(crate) fn supported() -> Supported {
    supported_of(product::rows())
}

fn supported_of(rows: &[Row]) -> Supported {
    // Mozilla's clients spell the names of its products as these are; others are as good as their spellings.
    let names = |row: &Row| {
        let is_exact = !row.is_own;
        row.spellings().enumerate().map(move |(nth, name)| match nth {
            0 if is_exact => ProductName::Exactly(name.to_owned()),
            _ => ProductName::AnyCase(name.to_owned()),
        })
    };
    // A product of a site's own need not be of Android alone.
    let none = |row: &Row| row.is_own.then(String::new);
    let packages = |row: &Row| -> Vec<String> {
        let named = row.packages.iter().map(|&name| name.to_owned());
        named.chain(none(row)).collect()
    };
    let of_android = rows.iter().filter(|row| !row.packages.is_empty());
    Supported {
        products: Some(rows.iter().filter(|row| row.supported).flat_map(names).collect()),
        packages: of_android
            .flat_map(|row| names(row).map(|name| (name, packages(row))))
            .collect(),
    }
}

/// The products in force, as a file of products has them, or as JSON, one object a line.
pub(crate) fn shown(as_json: bool) -> anyhow::Result<String> {
    let product = stated::in_force();
    if as_json {
        let lines: Vec<String> = product.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
        return Ok(lines.join("\n") + "\n");
    }
    Ok(toml::to_string_pretty(&File { product })?)
}

#[cfg(test)]
mod tests {
    use builds::names::product::Row;
    use collector::throttle::{Rules, Supported, decide};

    use super::{rows_of, supported_of};

    /// The own products that a text makes.
    fn own(text: &str) -> Result<Vec<Row>, String> {
        let mut rows = rows_of(text)?;
        rows.retain(|row| row.is_own);
        Ok(rows)
    }

    #[test]
    fn a_wrong_file_is_told_with_row_and_key() {
        let game = "[[product]]\nname = \"Game\"\n[[product]]\nname = \"Kite\"\n";
        for (text, expected) in [
            ("", ""),
            (game, ""),
            ("[product]\nname = \"Game\"", "product must be a list: "),
            (
                "[[prodct]]\nname = \"Game\"",
                "there is no prodct; [[product]] begins each product",
            ),
            ("[[product]]", "product 1: name is missing"),
            ("[[product]]\nname = 7", "product 1: name must be a text, not 7"),
            ("[[product]\n", "line 1, column 11: this is no TOML"),
            (
                &format!("{game}alises = [\"x\"]"),
                "product 2 (\"Kite\"): there is no alises; there are name, aliases, ",
            ),
            (
                &format!("{game}look_up = \"no\""),
                "product 2 (\"Kite\"): look_up must be true or false, not a text",
            ),
            (
                &format!("{game}channels = [{{ name = \"stable\" }}, {{ name = \"lts\", line = \"two\" }}]"),
                "product 2 (\"Kite\"): channels[2].line must be one of one, major",
            ),
            (
                &format!("{game}channels = [{{ name = \"Stable\" }}]"),
                "product 2 (\"Kite\"), channels[1].name: it has 1 to 64 small letters",
            ),
            (
                &format!("{game}aliases = [\"firefox\"]"),
                "product 2 (\"Kite\"), aliases: \"firefox\" is Firefox's already",
            ),
            (
                &format!("{game}aliases = [\"game\"]"),
                "product 2 (\"Kite\"), aliases: \"game\" is Game's already",
            ),
            (
                &format!("{game}[[product]]\nname = \"Game\""),
                "product 3 (\"Game\"), name: another product",
            ),
            (
                &format!("{game}symbols = [\"ftp://x/\"]"),
                "product 2 (\"Kite\"), symbols[1]: it must be https://server",
            ),
            (
                &format!("{game}bugs = \"https://b/{{sig}}\""),
                "product 2 (\"Kite\"), bugs: in braces can stand {product}",
            ),
            (
                &format!("{game}bugs = \"{{product}}\""),
                "product 2 (\"Kite\"), bugs: it must be a web address",
            ),
            (
                &format!("{game}bugs = \"https://{{product}}.example/\""),
                "product 2 (\"Kite\"), bugs: what is filled in cannot be a part of the server's name",
            ),
            (
                &format!("{game}ids_of = \"Game\""),
                "product 2 (\"Kite\"), ids_of: it must be the name of a product that",
            ),
            (
                &format!("{game}[[product.links]]\nrepository = \"https://g/\"\nsource = \"https://g/{{from}}\""),
                "product 2 (\"Kite\"), links[1].source: in braces can stand {repository}, {tree}, {revision}, {path}, ",
            ),
            (
                "[[product]]\nname = \"File x\"",
                "product 1 (\"File x\"), name: it must not begin with",
            ),
            (
                "[[product]]\nname = \" x\"",
                "product 1 (\" x\"), name: a name has 1 to 64 letters",
            ),
            ("[[product]]\nname = \"Tom & Jo's (Game): 2, now!\"", ""),
            (
                "[[product]]\nname = \"a/b\"",
                "product 1 (\"a/b\"), name: a name has 1 to 64 letters",
            ),
            (
                "[[product]]\nname = \"!Game\"",
                "product 1 (\"!Game\"), name: a name has 1 to 64 letters",
            ),
            (
                "[[product]]\nname = \"Runs\"",
                "product 1 (\"Runs\"), name: /builds/runs is the address of another page, so",
            ),
            (
                &format!("{game}aliases = [\"kites\", \"unknown\"]"),
                "product 2 (\"Kite\"), aliases[2]: /builds/unknown is the address",
            ),
            (
                &format!("{game}also_called = [\"Audit\"]"),
                "product 2 (\"Kite\"), also_called[1]: /builds/audit is the address",
            ),
            (
                &format!("{game}aliases = [\"Nightly\"]"),
                "product 2 (\"Kite\"), aliases[1]: \"Nightly\" is the name of a channel, so no product",
            ),
            (
                "[[product]]\nname = \"default\"",
                "product 1 (\"default\"), name: \"default\" is the name of a channel",
            ),
            (
                "[[product]]\nname = \"Stable\"\n[[product]]\nname = \"Kite\"\nchannels = [{ name = \"stable\" }]",
                "product 1 (\"Stable\"), name: \"Stable\" is the name of a channel",
            ),
            (
                &format!("{game}aliases = [\"1.4.2\"]"),
                "product 2 (\"Kite\"), aliases[1]: \"1.4.2\" reads like a version",
            ),
            (
                &format!("{game}also_called = [\"20260101093000\"]"),
                "product 2 (\"Kite\"), also_called[1]: \"20260101093000\" reads like the id of a build",
            ),
            (
                "[[product]]\nname = \"My App\"\n[[product]]\nname = \"my-app\"",
                "product 2 (\"my-app\"), name: \"my-app\" is My App's already; in names of products a blank and '-'",
            ),
            (
                "[[product]]\nname = \"my-app\"\n[[product]]\nname = \"My App\"",
                "product 2 (\"My App\"), name: \"my-app\" is my-app's already; in names of products a blank and '-'",
            ),
            (
                &format!("{game}folders = [{{ name = \"kite\", only_channel = \"release\" }}]"),
                "",
            ),
            (
                &format!("{game}folders = [{{ name = \"kite\", only_channel = \"stable\" }}]"),
                "product 2 (\"Kite\"), folders[1].only_channel: it must be a channel of the product: release",
            ),
            (
                "[[product]]\nname = \"Firefox\"\nfolders = [{ name = \"firefox\", only_channel = \"stable\" }]",
                "product 1 (\"Firefox\"), folders[1].only_channel: it must be a channel of the product: ",
            ),
            (
                &format!("{game}symbols = [\"ftp://symbols/\"]"),
                "product 2 (\"Kite\"), symbols[1]: it must be https://server, http://server within your own network",
            ),
            (
                "[[product]]\nname = \"Firefox\"\nfolders = []",
                "product 1 (\"Firefox\"), folders: name at least one",
            ),
        ] {
            match rows_of(text) {
                Ok(_) => assert_eq!(expected, "", "{text}"),
                Err(why) => assert!(!expected.is_empty() && why.starts_with(expected), "{text}\n{why}"),
            }
        }
    }

    #[test]
    fn what_is_not_stated_is_absent() {
        let rows = own("[[product]]\nname = \"My Game 2\"").unwrap();
        let [game] = rows.as_slice() else { panic!("{rows:?}") };
        assert!(game.look_up && game.has_source && game.symbols.is_empty() && game.bugs.is_none());
        let channels: Vec<&str> = game.channels.iter().map(|channel| channel.name).collect();
        assert_eq!(channels, ["release"]);
        let [folder] = game.folders else { panic!("{game:?}") };
        assert_eq!((folder.in_archive, folder.only_channel), (false, Some("release")));
        let rows = own("[[product]]\nname = \"Kite\"\nlook_up = false").unwrap();
        assert!(rows[0].folders.is_empty() && !rows[0].has_source);
    }

    #[test]
    fn what_is_stated_of_a_built_in_product_takes_the_place_of_that_alone() {
        let of = |text: &str| {
            rows_of(text)
                .unwrap()
                .into_iter()
                .find(|row| row.name == "Firefox")
                .unwrap()
        };
        let built_in = of("");
        let changed = of("[[product]]\nname = \"Firefox\"\nsymbols = [\"https://s.example/\"]\naliases = [\"ff\"]");
        assert_eq!(changed.symbols, ["https://s.example/"]);
        assert_eq!(
            Row {
                symbols: built_in.symbols,
                aliases: built_in.aliases,
                ..changed
            },
            built_in
        );
    }

    /// The name of the rule of Mozilla's that decides about a crash of a product, and of a package if there is one.
    fn rule(supported: &Supported, product: &str, package: &str) -> String {
        let mut annotations = serde_json::Map::new();
        for (name, value) in [("ProductName", product), ("Android_PackageName", package)] {
            if !value.is_empty() {
                annotations.insert(name.to_owned(), value.into());
            }
        }
        let rules = Rules::open("mozilla", supported.clone()).unwrap();
        decide(&rules, &annotations, "", chrono::DateTime::UNIX_EPOCH).rule
    }

    #[test]
    fn mozillas_rules_take_what_the_rows_support() {
        const TAKEN: &str = "accept_everything";
        const PRODUCT: &str = "unsupported_product";
        const PACKAGE: &str = "unsupported_packagename";
        let site = rows_of(
            "[[product]]\nname = \"Kite\"\naliases = [\"wind\"]\npackages = [\"org.example.kite\"]\n\
             [[product]]\nname = \"Game\"\n[[product]]\nname = \"Old Game\"\nsupported = false\n\
             [[product]]\nname = \"Thunderbird\"\naliases = [\"Betterbird\"]\n",
        );
        let (built_in, site) = (supported_of(&rows_of("").unwrap()), supported_of(&site.unwrap()));
        for (product, package, without, with) in [
            ("Firefox", "", TAKEN, TAKEN),
            ("Firefox", "org.example.any", TAKEN, TAKEN),
            ("Firefox Enterprise", "", TAKEN, TAKEN),
            ("MozillaVPN", "", TAKEN, TAKEN),
            ("Thunderbird", "", TAKEN, TAKEN),
            ("thunderbird", "", PRODUCT, PRODUCT),
            ("betterbird", "", PRODUCT, TAKEN),
            ("Fenix", "org.mozilla.firefox", TAKEN, TAKEN),
            ("Fenix", "org.mozilla.firefox_beta", TAKEN, TAKEN),
            ("Fenix", "org.mozilla.fenix", TAKEN, TAKEN),
            ("Fenix", "org.mozilla.focus", PACKAGE, PACKAGE),
            ("Fenix", "", PACKAGE, PACKAGE),
            ("Focus", "org.mozilla.klar", TAKEN, TAKEN),
            ("Focus", "org.mozilla.focus.nightly", TAKEN, TAKEN),
            ("ReferenceBrowser", "org.mozilla.reference.browser", TAKEN, TAKEN),
            ("ReferenceBrowser", "org.example.kite", PACKAGE, PACKAGE),
            ("firefox-android", "org.mozilla.fenix", PRODUCT, PRODUCT),
            ("Fennec", "", PRODUCT, PRODUCT),
            ("GeckoViewExample", "", PRODUCT, PRODUCT),
            ("GeckoViewTestRunner", "", PRODUCT, PRODUCT),
            ("Waterfowl", "", PRODUCT, PRODUCT),
            ("", "", PRODUCT, PRODUCT),
            ("Kite", "org.example.kite", PRODUCT, TAKEN),
            ("Kite", "", PRODUCT, TAKEN),
            ("WIND", "org.example.kite", PRODUCT, TAKEN),
            ("wind", "org.example.copy", PRODUCT, PACKAGE),
            ("Game", "", PRODUCT, TAKEN),
            (" game ", "org.example.any", PRODUCT, TAKEN),
            ("Old Game", "", PRODUCT, PRODUCT),
        ] {
            let found = [&built_in, &site].map(|supported| rule(supported, product, package));
            assert_eq!(found, [without, with], "{product:?} {package:?}");
        }
    }

    /// What is shown can be a file, and means the same.
    #[test]
    fn what_is_shown_is_a_file_of_the_same_products() {
        let shown = super::shown(false).unwrap();
        let built_in = rows_of("").unwrap();
        assert_eq!(rows_of(&shown), Ok(built_in));
    }
}
