//! The aggregation `date_histogram`: a bucket for each span of time.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::bucket::{Bucket, date_text, listed};
use super::inside::Inside;
use super::order::Order;
use super::room::{Room, too_many};
use crate::buildhub_search::body::{Refused, only, text_of, unsupported, whole_number};
use crate::buildhub_search::field::{Field, Scalar};
use crate::index::BuildRef;

/// Groups a date by spans of time, UTC.
#[derive(Debug)]
pub(super) struct Dates {
    field: Field,
    span: Span,
    format: Option<&'static str>,
    order: Order,
    least: usize,
    keyed: bool,
}

/// A span of time: a calendar unit, or a number of milliseconds.
#[derive(Debug, Clone, Copy)]
enum Span {
    Months(u32),
    Week,
    Fixed(i64),
}

/// Key formats, in Elasticsearch's notation and in chrono's.
const FORMATS: [(&str, &str); 6] = [
    ("yyyy", "%Y"),
    ("yyyy-MM", "%Y-%m"),
    ("yyyy-MM-dd", "%Y-%m-%d"),
    ("date", "%Y-%m-%d"),
    ("yyyyMMdd", "%Y%m%d"),
    ("basic_date", "%Y%m%d"),
];

impl Dates {
    pub(super) fn parse(body: &Map<String, Value>, has_measure: &dyn Fn(&str) -> bool) -> Result<Self, Refused> {
        let known = [
            "field",
            "interval",
            "calendar_interval",
            "fixed_interval",
            "format",
            "time_zone",
            "order",
            "min_doc_count",
            "keyed",
        ];
        only("date_histogram", body, &known)?;
        let field = Field::named(text_of("field", body.get("field").unwrap_or(&Value::Null))?)?;
        if !field.is_date() {
            return Err(Refused("[date_histogram] is only known of dates here".to_owned()));
        }
        let interval = ["interval", "calendar_interval", "fixed_interval"]
            .into_iter()
            .find_map(|word| body.get(word))
            .unwrap_or(&Value::Null);
        if let Some(zone) = body.get("time_zone")
            && !matches!(zone.as_str(), Some("UTC" | "Z" | "+00:00"))
        {
            return Err(Refused("[time_zone] can only be UTC here".to_owned()));
        }
        let format = |name: &Value| {
            let name = text_of("format", name)?;
            let found = FORMATS.iter().find(|(own, _)| *own == name);
            found.map(|(_, form)| *form).ok_or_else(|| {
                let names = FORMATS.map(|(name, _)| name);
                unsupported("format", name, &names.join(", "))
            })
        };
        Ok(Self {
            field,
            span: Span::parse(text_of("interval", interval)?)?,
            format: body.get("format").map(format).transpose()?,
            order: Order::parse(body.get("order"), has_measure, Order::by_key())?,
            least: body
                .get("min_doc_count")
                .map_or(Ok(0), |count| whole_number("min_doc_count", count))?,
            keyed: body.get("keyed") == Some(&Value::Bool(true)),
        })
    }

    pub(super) fn answer(
        &self,
        builds: &[BuildRef<'_>],
        inside: &Inside<'_>,
        room: &mut Room,
    ) -> Result<Value, Refused> {
        let mut spans: BTreeMap<i64, Vec<BuildRef<'_>>> = BTreeMap::new();
        for build in builds {
            if let Some(Scalar::Date(millis)) = self.field.of(*build)
                && let Some(begin) = self.span.begin(millis)
            {
                spans.entry(begin).or_default().push(*build);
            }
        }
        if self.least == 0 {
            self.fill(&mut spans, room.left())?;
        }
        let mut buckets: Vec<Bucket<'_>> = spans
            .into_iter()
            .filter(|(_, own)| own.len() >= self.least)
            .map(|(begin, own)| (Scalar::Date(begin), own))
            .collect();
        room.take(buckets.len())?;
        self.order.sort(&mut buckets, inside);
        let mut answer = Vec::with_capacity(buckets.len());
        for (key, own) in &buckets {
            let Scalar::Date(millis) = key else { continue };
            let mut bucket = (inside.answer)(own, room)?;
            bucket.insert("key".to_owned(), json!(millis));
            bucket.insert("key_as_string".to_owned(), json!(self.text(*millis)));
            bucket.insert("doc_count".to_owned(), json!(own.len()));
            answer.push((self.text(*millis).unwrap_or_default(), Value::Object(bucket)));
        }
        Ok(listed(answer, self.keyed))
    }

    /// Adds the empty spans between the first and the last.
    fn fill(&self, spans: &mut BTreeMap<i64, Vec<BuildRef<'_>>>, most: usize) -> Result<(), Refused> {
        let bounds = spans.first_key_value().zip(spans.last_key_value());
        let Some(((mut begin, _), (last, _))) = bounds.map(|((a, x), (b, y))| ((*a, x), (*b, y))) else {
            return Ok(());
        };
        while begin < last {
            spans.entry(begin).or_default();
            if spans.len() > most {
                return Err(too_many());
            }
            match self.span.next(begin).filter(|next| *next > begin) {
                Some(next) => begin = next,
                None => break,
            }
        }
        Ok(())
    }

    fn text(&self, millis: i64) -> Option<String> {
        match self.format {
            Some(form) => Some(time(millis)?.format(form).to_string()),
            None => date_text(millis),
        }
    }
}

fn time(millis: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis(millis)
}

fn midnight(day: NaiveDate) -> i64 {
    day.and_time(NaiveTime::MIN).and_utc().timestamp_millis()
}

impl Span {
    fn parse(text: &str) -> Result<Self, Refused> {
        const SECOND: i64 = 1000;
        const DAY: i64 = 86_400 * SECOND;
        let unknown = || {
            let known = "year, quarter, month, week, day, hour, minute, second, and numbers of days, hours, minutes \
                and seconds (7d)";
            unsupported("interval", text, known)
        };
        Ok(match text {
            "year" | "1y" => Self::Months(12),
            "quarter" | "1q" => Self::Months(3),
            "month" | "1M" => Self::Months(1),
            "week" | "1w" => Self::Week,
            "day" => Self::Fixed(DAY),
            "hour" => Self::Fixed(3600 * SECOND),
            "minute" => Self::Fixed(60 * SECOND),
            "second" => Self::Fixed(SECOND),
            _ => {
                let unit = text.chars().next_back().ok_or_else(unknown)?;
                let millis = match unit {
                    'd' => DAY,
                    'h' => 3600 * SECOND,
                    'm' => 60 * SECOND,
                    's' => SECOND,
                    _ => return Err(unknown()),
                };
                let count: i64 = text.trim_end_matches(unit).parse().map_err(|_| unknown())?;
                let length = count.checked_mul(millis).filter(|length| *length > 0);
                Self::Fixed(length.ok_or_else(unknown)?)
            }
        })
    }

    /// The beginning of the span that contains a moment.
    fn begin(self, millis: i64) -> Option<i64> {
        let day = time(millis)?.date_naive();
        match self {
            Self::Fixed(length) => millis.checked_sub(millis.rem_euclid(length)),
            Self::Week => {
                let monday = Days::new(day.weekday().num_days_from_monday().into());
                day.checked_sub_days(monday).map(midnight)
            }
            Self::Months(months) => {
                let month = day.month0() - day.month0() % months;
                NaiveDate::from_ymd_opt(day.year(), month + 1, 1).map(midnight)
            }
        }
    }

    /// The beginning of the span after the one that begins here.
    fn next(self, begin: i64) -> Option<i64> {
        let start = time(begin)?;
        let next = match self {
            Self::Fixed(length) => return begin.checked_add(length),
            Self::Week => start.checked_add_signed(TimeDelta::weeks(1)),
            Self::Months(months) => start.checked_add_months(Months::new(months)),
        };
        next.map(|next| next.timestamp_millis())
    }
}
