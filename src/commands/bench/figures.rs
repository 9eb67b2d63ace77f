//! Figures, reported to people and to programs as they come.

use std::io::Write;

use serde_json::json;

/// The median of three times.
pub(super) fn median(mut times: [f64; 3]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[1]
}

/// The limit of a figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Limit {
    /// It may not be smaller.
    AtLeast(f64),
    /// It may not be greater.
    AtMost(f64),
    /// It is only for comparison.
    None,
}

impl Limit {
    fn is_kept_by(self, value: f64) -> bool {
        match self {
            Self::AtLeast(limit) => value >= limit,
            Self::AtMost(limit) => value <= limit,
            Self::None => true,
        }
    }
}

/// Prints figures, one per line: what was measured, the limit, and whether it is kept.
#[derive(Debug)]
pub(crate) struct Figures {
    as_json: bool,
    missed: usize,
}

impl Figures {
    pub(crate) fn new(as_json: bool) -> Self {
        Self { as_json, missed: 0 }
    }

    /// How many figures have missed their limit so far.
    pub(crate) fn missed(&self) -> usize {
        self.missed
    }

    /// Starts a group of figures.
    pub(crate) fn heading(&self, text: &str) -> anyhow::Result<()> {
        if !self.as_json {
            writeln!(std::io::stdout(), "{text}")?;
        }
        Ok(())
    }

    /// Reports a figure.
    pub(crate) fn add(&mut self, name: &str, value: f64, unit: &str, limit: Limit) -> anyhow::Result<()> {
        let kept = limit.is_kept_by(value);
        self.missed += usize::from(!kept);
        let (bound, verdict) = match limit {
            Limit::AtLeast(limit) => (format!("at least {}", shown(limit)), kept),
            Limit::AtMost(limit) => (format!("at most {}", shown(limit)), kept),
            Limit::None => (String::new(), true),
        };
        let mut out = std::io::stdout().lock();
        if self.as_json {
            let (at_least, at_most) = match limit {
                Limit::AtLeast(limit) => (Some(limit), None),
                Limit::AtMost(limit) => (None, Some(limit)),
                Limit::None => (None, None),
            };
            let line = json!({
                "figure": name, "value": value, "unit": unit,
                "at_least": at_least, "at_most": at_most, "kept": verdict,
            });
            writeln!(out, "{line}")?;
        } else {
            let verdict = match (limit, kept) {
                (Limit::None, _) => "",
                (_, true) => "kept",
                (_, false) => "MISSED",
            };
            let line = format!("  {name:44} {:>12} {unit:10} {bound:22} {verdict}", shown(value));
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// A number with only meaningful decimals, and thousands separators.
fn shown(value: f64) -> String {
    let decimals = if value.abs() >= 100.0 {
        0
    } else if value.abs() >= 1.0 {
        1
    } else {
        3
    };
    let text = format!("{value:.decimals$}");
    let (sign, number) = text
        .strip_prefix('-')
        .map_or(("", text.as_str()), |number| ("-", number));
    let (whole, rest) = number.split_at(number.find('.').unwrap_or(number.len()));
    // Anything but a whole number of this size is left unchanged: no measurement gives one.
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), text::thousands);
    format!("{sign}{whole}{rest}")
}

#[cfg(test)]
mod tests {
    use super::{Figures, Limit, shown};

    #[test]
    fn numbers_are_shown_for_people() {
        for (value, expected) in [
            (0.0, "0.000"),
            (0.1234, "0.123"),
            (12.34, "12.3"),
            (999.6, "1,000"),
            (1_234_567.8, "1,234,568"),
            (-123_456.0, "-123,456"),
        ] {
            assert_eq!(shown(value), expected, "{value}");
        }
    }

    #[test]
    fn figures_that_miss_their_limit_are_counted() {
        let mut figures = Figures::new(true);
        for (value, limit) in [
            (1.0, Limit::AtLeast(1.0)),
            (0.9, Limit::AtLeast(1.0)),
            (1.0, Limit::AtMost(1.0)),
            (1.1, Limit::AtMost(1.0)),
            (5.0, Limit::None),
        ] {
            figures.add("test", value, "", limit).unwrap();
        }
        assert_eq!(figures.missed(), 2);
    }
}
