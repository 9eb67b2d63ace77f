//! Reads the parameters of a request strictly: everything missing or wrong is reported at once, in our own words, with
//! an example of a correct request.

use std::borrow::Cow;
use std::fmt::Display;
use std::ops::RangeInclusive;

/// Maximum number of parameters read.
const MAX_PARAMETERS: usize = 100;
/// Maximum characters of a wrong value repeated.
const MAX_ECHO: usize = 40;
/// Maximum number of problems reported.
const MAX_PROBLEMS: usize = 10;

/// The parameters a client gave, decoded.
#[derive(Debug, Clone, Default)]
pub struct Given<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Given<'a> {
    /// Parses a query string.
    pub fn of(query: Option<&'a str>) -> Self {
        let pairs = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        Self(pairs.take(MAX_PARAMETERS + 1).collect())
    }

    /// Returns the value of a parameter, the last one if there are several.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().rev().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_ref())
    }
}

/// A parameter an endpoint takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Whether it is required.
    pub is_required: bool,
    /// The form of its value.
    pub form: Form,
}

/// The form of a parameter's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// Any text; the endpoint checks it further.
    Text,
    /// A whole number in a range.
    Number(RangeInclusive<i64>),
    /// A day, `YYYY-MM-DD`.
    Day,
}

impl Form {
    fn refuses(&self, value: &str) -> Option<String> {
        match self {
            Self::Text => None,
            Self::Number(range) => {
                let fits = value.parse().is_ok_and(|number| range.contains(&number));
                let (least, most) = (range.start(), range.end());
                (!fits).then(|| format!("must be a whole number from {least} to {most}"))
            }
            Self::Day => {
                let fits = value.len() == 10 && value.parse::<chrono::NaiveDate>().is_ok();
                (!fits).then(|| "must be a day as 2026-08-31".to_owned())
            }
        }
    }
}

/// What is missing or wrong in a request, parameter by parameter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wrong(Vec<(String, String)>);

impl Wrong {
    /// Collects the problems apparent from the parameters an endpoint takes.
    pub fn with(given: &Given<'_>, taken: &[Parameter]) -> Self {
        let mut wrong = Self::default();
        for parameter in taken {
            let values: Vec<&str> = given
                .0
                .iter()
                .filter(|(name, _)| *name == parameter.name)
                .map(|(_, value)| value.as_ref())
                .collect();
            match values.as_slice() {
                [] if parameter.is_required => wrong.add(&parameter.name, "is missing"),
                [] => {}
                [value] => {
                    if let Some(why) = parameter.form.refuses(value) {
                        wrong.add(&parameter.name, format!("{why}, not {}", short(value)));
                    }
                }
                _ => wrong.add(&parameter.name, "is given more than once"),
            }
        }
        let names: Vec<&str> = taken.iter().map(|parameter| parameter.name.as_str()).collect();
        for (name, _) in &given.0 {
            if !names.contains(&name.as_ref()) {
                let known = match names.as_slice() {
                    [] => "there are none".to_owned(),
                    names => format!("there are {}", names.join(", ")),
                };
                wrong.add(&begin(name), format!("is no parameter here: {known}"));
            }
        }
        wrong
    }

    /// Notes a problem with a parameter.
    pub fn add(&mut self, name: &str, why: impl Into<String>) {
        if self.0.len() < MAX_PROBLEMS && self.0.iter().all(|(known, _)| known != name) {
            self.0.push((name.to_owned(), why.into()));
        }
    }

    /// Notes why the value of a parameter, if given, cannot be read.
    pub fn check<T, E: Display>(&mut self, given: &Given<'_>, name: &str, read: impl FnOnce(&str) -> Result<T, E>) {
        if let Some(Err(why)) = given.get(name).map(read) {
            self.add(name, why.to_string());
        }
    }

    /// The parameters and their problems.
    pub(super) fn problems(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, why)| (name.as_str(), why.as_str()))
    }
}

impl Display for Wrong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, (name, why)) in self.0.iter().enumerate() {
            let between = if at == 0 { "" } else { "; " };
            // Some reasons already name their parameter.
            let rest = why.strip_prefix(name.as_str());
            let names_itself = rest.is_some_and(|rest| rest.starts_with(' ')) && !why.starts_with("is ");
            let begin = match name.as_str() {
                "" => "a parameter without a name",
                _ if names_itself => "",
                name => name,
            };
            let space = if begin.is_empty() { "" } else { " " };
            write!(f, "{between}{begin}{space}{why}")?;
        }
        Ok(())
    }
}

/// Quotes the beginning of a client's text, without control characters.
pub fn short(text: &str) -> String {
    format!("“{}”", begin(text))
}

fn begin(text: &str) -> String {
    text::shortened(text, MAX_ECHO).replace(char::is_control, "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken() -> Vec<Parameter> {
        let one = |name: &str, is_required, form| Parameter {
            name: name.to_owned(),
            is_required,
            form,
        };
        vec![
            one("product", true, Form::Text),
            one("channel", true, Form::Text),
            one("limit", false, Form::Number(1..=10)),
            one("date", false, Form::Day),
        ]
    }

    #[test]
    fn all_problems_are_reported_at_once() {
        for (query, expected) in [
            (Some("product=a&channel=b"), ""),
            (Some("product=a&channel=b&limit=10&date=2026-08-31"), ""),
            (Some("product=&channel="), ""),
            (None, "product is missing; channel is missing"),
            (
                Some("channel=b&limit=11&date=yesterday"),
                "product is missing; limit must be a whole number from 1 to 10, not “11”; \
                 date must be a day as 2026-08-31, not “yesterday”",
            ),
            (
                Some("product=a&channel=b&product=c&limit="),
                "product is given more than once; limit must be a whole number from 1 to 10, not “”",
            ),
            (
                Some("product=a&chanel=b%00%FF"),
                "channel is missing; chanel is no parameter here: there are product, channel, limit, date",
            ),
            (
                Some("product=a&channel=b&i=1&is=1&=1"),
                "i is no parameter here: there are product, channel, limit, date; \
                 is is no parameter here: there are product, channel, limit, date; \
                 a parameter without a name is no parameter here: there are product, channel, limit, date",
            ),
        ] {
            let wrong = Wrong::with(&Given::of(query), &taken());
            assert_eq!(wrong.to_string(), expected, "{query:?}");
            assert_eq!(wrong.refused("/x").is_err(), !expected.is_empty(), "{query:?}");
        }
        let wrong = Wrong::with(&Given::of(Some("a=1")), &[]);
        assert_eq!(wrong.to_string(), "a is no parameter here: there are none");
    }

    #[test]
    fn what_a_client_sends_is_bounded() {
        let many: String = (0..1000).map(|n| format!("p{n}={n}&")).collect();
        let wrong = Wrong::with(&Given::of(Some(&many)), &taken());
        assert_eq!(wrong.problems().count(), MAX_PROBLEMS);
        let long = format!("{}=1", "x".repeat(10_000));
        let wrong = Wrong::with(&Given::of(Some(&long)), &[]);
        assert!(wrong.to_string().len() < 200);
        assert_eq!(short("a\nb"), "“a\u{fffd}b”");
    }

    #[test]
    fn an_endpoint_adds_what_it_finds_itself() {
        let given = Given::of(Some("id=x&line=7"));
        let mut wrong = Wrong::default();
        wrong.check(&given, "id", |_| Err::<(), _>("id is not a build id"));
        wrong.check(&given, "line", str::parse::<u32>);
        wrong.check(&given, "none", str::parse::<u32>);
        wrong.add("id", "is told once only");
        assert_eq!(wrong.to_string(), "id is not a build id");
    }
}
