//! The format of rules, and reading them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use platform::config::{from_json, from_toml};
use serde::{Deserialize, Serialize};

use super::supported::Supported;

/// Rules in the order in which they are tried, and what those about products and packages go by.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rules {
    /// The supported products and packages.
    pub supported: Supported,
    /// The rules.
    pub rules: Vec<Rule>,
}

/// The form of rules in a file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// The supported products; empty: all of them.
    products: Option<Vec<String>>,
    /// For a product, its supported Android packages; a product not named may have any.
    packages: Option<BTreeMap<String, Vec<String>>>,
    rules: Vec<Rule>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its name: ASCII letters, digits and `_`. Clients see it.
    pub name: String,
    /// The tests that must all hold; empty: the rule matches every report.
    #[serde(default)]
    pub when: Vec<Test>,
    /// The share of the matching reports, in percent, that `then` applies to. Above 0 and below 100; left out: all.
    #[serde(default)]
    pub percent: Option<f64>,
    /// The outcome for a matching report.
    pub then: Outcome,
    /// The outcome for a matching report outside the share.
    #[serde(default = "reject")]
    pub otherwise: Outcome,
}

fn reject() -> Outcome {
    Outcome::Reject
}

/// A test of a report's annotations. Values other than text are compared as `None`, `True`, `False` or their JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Test {
    /// The annotation is present, whatever its value.
    Present(String),
    /// The annotation is one of the values.
    Equals {
        /// Its name.
        annotation: String,
        /// The values.
        values: Vec<String>,
        /// The value assumed when it is missing.
        #[serde(default)]
        missing: Option<String>,
    },
    /// The annotation equals the value, ignoring case.
    EqualsAnyCase {
        /// Its name.
        annotation: String,
        /// The value.
        value: String,
    },
    /// The annotation starts with one of the prefixes.
    StartsWith {
        /// Its name.
        annotation: String,
        /// The prefixes.
        prefixes: Vec<String>,
    },
    /// The annotation is not empty and, compared as text, below the limit.
    Below {
        /// Its name.
        annotation: String,
        /// The limit.
        limit: String,
    },
    /// `BuildID` names a day more than `days` days ago.
    BuildOlderThan {
        /// The number of days.
        days: i64,
    },
    /// `ProductName` is not among the products of [`Rules::supported`].
    UnsupportedProduct,
    /// `Android_PackageName` is not among the product's packages in [`Rules::supported`].
    UnsupportedPackage,
    /// `TelemetryEnvironment` names a Windows with at most this build number.
    WindowsBuildUpTo(i64),
}

/// The outcome for a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The report is saved and processed.
    Accept,
    /// The report is discarded, and the client is told so.
    Reject,
    /// The report is discarded, and the client is given an id.
    FakeAccept,
    /// The next rule is tried.
    Continue,
}

/// Rules that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// The file cannot be read.
    #[error("the throttling rules {0:?} are neither accept-all nor mozilla, nor a file that can be read: {1}")]
    File(String, #[source] std::io::Error),
    /// The text is not in the format of rules.
    #[error("the throttling rules have the wrong form: {0}")]
    Form(String),
    /// A rule makes no sense.
    #[error("the throttling rule {0:?} cannot be used: {1}")]
    Rule(String, &'static str),
}

/// Accepts everything.
const ACCEPT_ALL: &str = r#"rules = [{ name = "accept_everything", then = "accept" }]"#;
/// The rules of Mozilla's collector, in its order.
const MOZILLA: &str = include_str!("mozilla.toml");

impl Rules {
    /// Opens the rules that a setting names: `accept-all`, `mozilla`, or a file. A file whose name ends in `.json` is
    /// read as JSON, any other as TOML. `supported` holds unless the file has a list of products or of packages.
    ///
    /// # Errors
    /// The file cannot be read, or its rules cannot be used.
    pub fn open(setting: &str, supported: Supported) -> Result<Self, RulesError> {
        match setting {
            "accept-all" => Self::from_toml(ACCEPT_ALL, supported),
            "mozilla" => Self::from_toml(MOZILLA, supported),
            path => {
                let text = std::fs::read_to_string(path).map_err(|error| RulesError::File(path.to_owned(), error))?;
                if Path::new(path).extension().is_some_and(|e| e == "json") {
                    Self::from_json(&text, supported)
                } else {
                    Self::from_toml(&text, supported)
                }
            }
        }
    }

    /// Reads rules from TOML; as for [`Rules::open`].
    ///
    /// # Errors
    /// The rules cannot be used.
    pub fn from_toml(text: &str, supported: Supported) -> Result<Self, RulesError> {
        let file = from_toml(text).map_err(RulesError::Form)?;
        Self::of(file, supported).checked()
    }

    /// Reads rules from JSON; as for [`Rules::open`].
    ///
    /// # Errors
    /// The rules cannot be used.
    pub fn from_json(text: &str, supported: Supported) -> Result<Self, RulesError> {
        let file = from_json(text).map_err(RulesError::Form)?;
        Self::of(file, supported).checked()
    }

    fn of(file: File, supported: Supported) -> Self {
        let supported = match (file.products, file.packages) {
            (None, None) => supported,
            (products, packages) => Supported::listed(products.unwrap_or_default(), packages.unwrap_or_default()),
        };
        Self {
            supported: supported.lowered(),
            rules: file.rules,
        }
    }

    fn checked(self) -> Result<Self, RulesError> {
        let mut names = BTreeSet::new();
        for rule in &self.rules {
            let problem = |why| Err(RulesError::Rule(rule.name.clone(), why));
            let sound = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if rule.name.is_empty() || !rule.name.chars().all(sound) {
                return problem("a name is ASCII letters, digits and _");
            }
            if !names.insert(&rule.name) {
                return problem("another rule has this name");
            }
            if rule.percent.is_some_and(|p| !(p > 0.0 && p < 100.0)) {
                return problem("percent is above 0 and below 100");
            }
        }
        if self.rules.is_empty() {
            return Err(RulesError::Form("there is no rule".to_owned()));
        }
        Ok(self)
    }
}
