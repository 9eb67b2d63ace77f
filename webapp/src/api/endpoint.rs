//! What an endpoint is: its name, its parameters and what it answers. The same definitions check requests, and are
//! shown as documentation.

use std::collections::BTreeMap;

use platform::access::Permission;

use super::failure::Failure;

/// Maximum parameters of a request; more are an error.
pub(super) const MAX_PARAMETERS: usize = 10_000;

/// An endpoint of the API.
#[derive(Debug, PartialEq)]
pub(super) struct Endpoint {
    /// Its name: it is served at `/api/<name>/`.
    pub(super) name: &'static str,
    /// What it does, in one or a few sentences.
    pub(super) about: &'static str,
    /// Its methods, the usual one first.
    pub(super) methods: &'static [&'static str],
    /// Its parameters: of the query string, or of the form that is posted.
    pub(super) parameters: &'static [Parameter],
    /// The permission that every request needs.
    pub(super) needs: Option<Permission>,
    /// What it answers, in words, and an example as JSON.
    pub(super) answers: (&'static str, &'static str),
}

/// A parameter.
#[derive(Debug, PartialEq)]
pub(super) struct Parameter {
    /// Its name.
    pub(super) name: &'static str,
    /// What it may be.
    pub(super) kind: Kind,
    /// Whether a request without it is refused.
    pub(super) required: bool,
    /// What it means, and what counts if it is absent.
    pub(super) about: &'static str,
}

/// What a parameter may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A text; of several the last counts.
    Text,
    /// Any number of texts, each in a parameter of its own.
    Texts,
    /// A whole number, 0 or more; of several the last counts.
    Whole,
    /// Any number of whole numbers, each in a parameter of its own.
    Numbers,
    /// JSON, in the body of the request; its endpoint reads it.
    Body,
}

/// The parameters of a request, as its endpoint defines them.
#[derive(Debug)]
pub(super) struct Values<'a> {
    given: BTreeMap<&'static str, Vec<&'a str>>,
}

impl Values<'_> {
    /// A text that was checked to be there if it must be; empty if absent.
    pub(super) fn text(&self, name: &str) -> &str {
        self.texts(name).last().copied().unwrap_or_default()
    }

    /// All texts with this name that are not empty, in order.
    pub(super) fn texts(&self, name: &str) -> &[&str] {
        self.given.get(name).map_or(&[], Vec::as_slice)
    }

    /// A whole number, if it was given.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.texts(name).last().and_then(|text| text.trim().parse().ok())
    }

    /// All whole numbers with this name, in order.
    pub(super) fn numbers(&self, name: &str) -> Vec<u64> {
        let numbers = self.texts(name).iter();
        numbers.filter_map(|text| text.trim().parse().ok()).collect()
    }
}

impl Endpoint {
    /// The values of its parameters in a request. What it does not know is ignored: clients send such.
    ///
    /// # Errors
    /// All parameters that are missing or of another kind.
    pub(super) fn read<'a>(&self, given: &'a [(String, String)]) -> Result<Values<'a>, Failure> {
        if given.len() > MAX_PARAMETERS {
            return Err(Failure::bad_argument(&format!(
                "more than {MAX_PARAMETERS} parameters: ask for less at once"
            )));
        }
        let mut values = Values { given: BTreeMap::new() };
        let mut wrong = BTreeMap::new();
        for parameter in self.parameters {
            let of_name = given.iter().filter(|(name, _)| name == parameter.name);
            let filled: Vec<&str> = of_name
                .map(|(_, value)| value.as_str())
                .filter(|value| !value.is_empty())
                .collect();
            let is_number = |value: &&str| value.trim().parse::<u64>().is_ok();
            let fault = if filled.is_empty() && parameter.required {
                Some("This field is required.")
            } else if filled.iter().any(|value| value.contains('\0')) {
                Some("Null characters are not allowed.")
            } else {
                match parameter.kind {
                    Kind::Whole | Kind::Numbers if !filled.iter().all(is_number) => Some("Enter a whole number."),
                    _ => None,
                }
            };
            if let Some(fault) = fault {
                wrong.insert(parameter.name, fault);
            }
            values.given.insert(parameter.name, filled);
        }
        if wrong.is_empty() {
            Ok(values)
        } else {
            Err(Failure::of_form(wrong))
        }
    }
}

/// The parameters of a query string or of a form that was posted, in order; one more than there may be, if there are
/// more.
pub(super) fn pairs(text: &[u8]) -> Vec<(String, String)> {
    let pairs = url::form_urlencoded::parse(text).into_owned();
    pairs.take(MAX_PARAMETERS + 1).collect()
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;

    use super::*;

    const ENDPOINT: Endpoint = Endpoint {
        name: "Test",
        about: "",
        methods: &["GET"],
        parameters: &[
            Parameter {
                name: "id",
                kind: Kind::Text,
                required: true,
                about: "",
            },
            Parameter {
                name: "page",
                kind: Kind::Whole,
                required: false,
                about: "",
            },
            Parameter {
                name: "bug",
                kind: Kind::Numbers,
                required: false,
                about: "",
            },
        ],
        needs: None,
        answers: ("", ""),
    };

    #[test]
    fn values_are_of_their_kind() {
        let given = pairs(b"id=a&id=b&page=2&bug=1&bug=&bug=+3&other=%00");
        let values = ENDPOINT.read(&given).unwrap();
        assert_eq!(values.text("id"), "b");
        assert_eq!(values.number("page"), Some(2));
        assert_eq!(values.numbers("bug"), [1, 3]);
        let given = pairs(b"id=a");
        let values = ENDPOINT.read(&given).unwrap();
        assert_eq!((values.number("page"), values.numbers("bug")), (None, vec![]));
    }

    #[test]
    fn all_that_is_wrong_is_said() {
        for (query, expected) in [
            ("", "id: This field is required."),
            ("id=", "id: This field is required."),
            ("id=a%00", "id: Null characters are not allowed."),
            (
                "page=x&bug=1&bug=-1",
                "bug: Enter a whole number. id: This field is required. page: Enter a whole number.",
            ),
        ] {
            let failure = ENDPOINT.read(&pairs(query.as_bytes())).unwrap_err();
            assert_eq!(failure.body()["error"], expected, "{query}");
            assert_eq!(failure.into_response().status(), 400, "{query}");
        }
        let many = "id=a&".repeat(MAX_PARAMETERS + 5);
        let failure = ENDPOINT.read(&pairs(many.as_bytes())).unwrap_err();
        assert_eq!(failure.into_response().status(), 400);
    }
}
