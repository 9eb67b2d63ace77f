//! Any number of invented crashes that look like real ones: a row depends on nothing but the seed, the shape and its
//! number.

mod dice;
mod each;
mod table;
#[cfg(test)]
mod tests;
mod texts;

use search::fields::{FieldId, Kind};
use search::row::{Row, Value};

use dice::{Dice, hex, mix};
pub(super) use each::each;
use table::{How, NARROW, Only, TABLE, usual};
use texts::{file, function, item, words_of};

const DAY: i64 = 86_400_000_000;
/// When the last of them has come in: 2026-11-24.
const END: i64 = 1_795_478_400_000_000;
/// The function names at the top of stacks, and those below them.
const TOP: u64 = 1 << 15;
const BELOW: u64 = 1 << 13;
/// The frames that make a proto signature.
const PROTO: u64 = 13;

/// Which fields rows have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fields {
    /// Every field.
    Wide,
    /// The 44 that are asked for most.
    Narrow,
}

/// What is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    /// How many rows: the more, the more different texts. Rows of greater numbers can be made too.
    pub(crate) rows: u64,
    /// The days over which they are spread evenly.
    pub(crate) days: u32,
    /// Their fields.
    pub(crate) fields: Fields,
}

/// What all rows are made from.
#[derive(Debug)]
pub(crate) struct World {
    seed: u64,
    begin: i64,
    /// Microseconds between two rows.
    step: i64,
    signatures: u64,
    /// How many different proto signatures the most frequent signature has, roughly.
    protos: f64,
    installs: u64,
    functions: Vec<String>,
    made: Vec<Made>,
}

/// How the values of a field are made.
#[derive(Debug)]
struct Made {
    field: FieldId,
    /// How many rows of a thousand have one.
    share: u64,
    only: Only,
    how: How,
    texts: Vec<String>,
}

/// What several fields of a row follow from.
struct Crash {
    product: &'static str,
    system: Only,
    platform: &'static str,
    channel: &'static str,
    major: i64,
    version: String,
    build_id: i64,
    signature: u64,
    /// Distance of the frames of the proto signature.
    stride: u64,
}

impl World {
    /// The world of this seed.
    pub(crate) fn new(seed: u64, shape: Shape) -> Self {
        let rows = shape.rows.max(1);
        // Against 350,000 rows: texts become more as real ones do, more slowly than rows.
        let growth = (rows as f64 / 350_000.0).powf(0.7);
        let signatures = ((22_000.0 * growth) as u64).max(20);
        let span = i64::from(shape.days.max(1)) * DAY;
        let made = FieldId::all().filter(|field| !matches!(field.name(), "uuid" | "date"));
        let made = made.filter(|field| shape.fields == Fields::Wide || NARROW.contains(&field.name()));
        Self {
            seed: mix(seed),
            begin: END - span,
            step: (span / i64::try_from(rows).unwrap_or(i64::MAX)).max(1),
            signatures,
            protos: 350_000.0 * growth / (signatures as f64).ln(),
            installs: (rows as f64 * 0.885) as u64 + 1,
            functions: (0..TOP + BELOW).map(function).collect(),
            made: made.map(Made::of).collect(),
        }
    }

    /// From when until before when the rows came in, microseconds UTC.
    pub(crate) fn dates(&self) -> (i64, i64) {
        (self.begin, END)
    }

    /// The most frequent signature.
    pub(crate) fn frequent(&self) -> String {
        self.signature(0)
    }

    /// The row with this number.
    pub(crate) fn row(&self, n: u64) -> Row {
        let mut dice = Dice(mix(self.seed ^ n.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        let date = self.begin + i64::try_from(n).unwrap_or(0).saturating_mul(self.step);
        let crash = self.crash(date, &mut dice);
        let mut values = Vec::with_capacity(160);
        for made in &self.made {
            if made.only != Only::All && made.only != crash.system || dice.below(1_000) >= made.share {
                continue;
            }
            let mut add = |value| values.push((made.field, value));
            let text = match made.how {
                How::Of(texts) => texts[dice.often(texts.len() as u64) as usize].to_owned(),
                How::Texts(..) => made.texts[dice.often(made.texts.len() as u64) as usize].clone(),
                How::Lists(_, least, most) => {
                    let (first, many) = (
                        dice.often(made.texts.len() as u64),
                        least + dice.below(most - least + 1),
                    );
                    for at in first..first + many {
                        add(Value::Text(made.texts[at as usize % made.texts.len()].clone()));
                    }
                    continue;
                }
                How::Notes(_) => {
                    let text = &made.texts[dice.often(made.texts.len() as u64) as usize];
                    let mut note = String::with_capacity(text.len() + 9);
                    note.push_str(text);
                    note.push(' ');
                    hex(&mut note, dice.next() >> 40, 6);
                    note
                }
                How::Hex(digits) => {
                    let mut text = String::with_capacity(digits as usize);
                    for at in (0..digits).step_by(16) {
                        hex(&mut text, dice.next(), (digits - at).min(16));
                    }
                    text
                }
                How::Address => {
                    let high = if dice.below(5) == 0 { 0 } else { dice.next() >> 17 };
                    let mut text = String::from("0x");
                    hex(&mut text, high, 16);
                    text
                }
                How::Channel => crash.channel.to_owned(),
                How::Files => {
                    made.texts[((crash.signature + dice.often(8) * 911) % made.texts.len() as u64) as usize].clone()
                }
                How::Platform => crash.platform.to_owned(),
                How::Product => crash.product.to_owned(),
                How::Version => crash.version.clone(),
                How::Signature => self.signature(crash.signature),
                How::Proto => self.proto(crash.signature, crash.stride),
                How::Frames => {
                    let (many, first) = (10 + dice.below(51), dice.often(BELOW));
                    for at in 0..many.min(PROTO) {
                        add(Value::Text(self.top(crash.signature, crash.stride, at).to_owned()));
                    }
                    for at in PROTO..many {
                        let name = TOP + (first + at) % BELOW;
                        add(Value::Text(self.functions[name as usize].clone()));
                    }
                    continue;
                }
                How::Int(bits) => {
                    add(Value::Integer(dice.often(1 << bits) as i64));
                    continue;
                }
                How::BuildId => {
                    add(Value::Integer(crash.build_id));
                    continue;
                }
                How::Major => {
                    add(Value::Integer(crash.major));
                    continue;
                }
                How::InstallTime => {
                    // Three years of seconds, shared out evenly among the installations.
                    let at = dice.below(self.installs) as f64 / self.installs as f64 * 94_608_000.0;
                    add(Value::Integer(END / 1_000_000 - at as i64));
                    continue;
                }
                How::Float => {
                    add(Value::Number(dice.often(1 << 30) as f64 / 1024.0));
                    continue;
                }
                How::Bool(share) => {
                    add(Value::Boolean(dice.below(1_000) < share));
                    continue;
                }
            };
            add(Value::Text(text));
        }
        let id = self.id(n, date);
        Row { id, date, values }
    }

    fn id(&self, n: u64, date: i64) -> String {
        // One to one with the number.
        let (own, more) = (mix(n ^ self.seed), mix(n.wrapping_add(self.seed)));
        let mut id = String::with_capacity(36);
        hex(&mut id, own >> 32, 8);
        id.push('-');
        hex(&mut id, own >> 16, 4);
        id.push_str("-4");
        hex(&mut id, own >> 4, 3);
        id.push_str("-a");
        hex(&mut id, own << 8 | more & 0xff, 3);
        id.push('-');
        hex(&mut id, more >> 8, 5);
        id.push('0');
        let (year, month, day) = civil(date);
        for two in [year % 100, month, day] {
            id.push(char::from(b'0' + (two / 10) as u8));
            id.push(char::from(b'0' + (two % 10) as u8));
        }
        id
    }

    fn crash(&self, date: i64, dice: &mut Dice) -> Crash {
        let product = match dice.below(100) {
            0..80 => "Firefox",
            80..90 => "Fenix",
            90..96 => "Thunderbird",
            96..99 => "Focus",
            _ => "ReferenceBrowser",
        };
        let (system, platform) = match (product, dice.below(100)) {
            ("Firefox" | "Thunderbird", 0..78) => (Only::Windows, "Windows NT"),
            ("Firefox" | "Thunderbird", 78..90) => (Only::Mac, "Mac OS X"),
            ("Firefox" | "Thunderbird", _) => (Only::All, "Linux"),
            _ => (Only::Android, "Android"),
        };
        // A version every four weeks; older ones live on.
        let behind = dice.often(8) as i64;
        let major = 147 - (END - date).max(0) / (28 * DAY) - behind;
        let dot = dice.often(4);
        let (channel, major, version) = match dice.below(100) {
            0..65 if dot == 0 => ("release", major, format!("{major}.0")),
            0..65 => ("release", major, format!("{major}.0.{dot}")),
            65..80 => {
                let beta = if behind == 0 { 9 - dice.often(9) } else { 9 };
                ("beta", major + 1, format!("{}.0b{beta}", major + 1))
            }
            80..95 => ("nightly", major + 2, format!("{}.0a1", major + 2)),
            _ => ("esr", 140, format!("140.{}.0esr", 7 - behind.min(7))),
        };
        // Of nightly, two a day; of others, one for each version.
        let (age, hour) = if channel == "nightly" {
            (behind * 28 + dice.often(28) as i64, 9 + 12 * dice.below(2) as i64)
        } else {
            (0, 12)
        };
        let built = if channel == "nightly" {
            date - age * DAY
        } else {
            END - (147 - major) * 28 * DAY + (dot as i64 - 5) * DAY
        };
        let (year, month, day) = civil(built);
        let build_id = ((year * 100 + month) * 100 + day) * 1_000_000 + hour * 10_000 + day * 100 + month;
        let signature = dice.zipf(self.signatures);
        let protos = 1.0 + 0.66 * (self.protos / (signature + 1) as f64).powf(0.65);
        let own = mix(signature ^ mix(dice.zipf(protos as u64)));
        Crash {
            product,
            system,
            platform,
            channel,
            major,
            version,
            build_id,
            signature,
            stride: own >> 1 | 1,
        }
    }

    /// The name of a frame that counts for the signature. An odd stride meets each name only once.
    fn top(&self, signature: u64, stride: u64, at: u64) -> &str {
        let first = signature.wrapping_mul(7_919);
        &self.functions[(first.wrapping_add(stride.wrapping_mul(at)) % TOP) as usize]
    }

    fn signature(&self, signature: u64) -> String {
        let own = mix(signature);
        let frames = if signature < TOP { 1 + own % 3 } else { 2 + own % 2 };
        let mut text = String::with_capacity(128);
        text.push_str(match own >> 32 & 31 {
            0 => "OOM | small | ",
            1 => "OOM | large | ",
            2 => "shutdownhang | ",
            3 => "IPCError-browser | ",
            _ => "",
        });
        self.join(&mut text, signature, own >> 8 | 1, frames);
        text
    }

    fn proto(&self, signature: u64, stride: u64) -> String {
        let mut text = String::with_capacity(600);
        self.join(&mut text, signature, stride, PROTO);
        text
    }

    fn join(&self, text: &mut String, signature: u64, stride: u64, frames: u64) {
        for at in 0..frames {
            if at > 0 {
                text.push_str(" | ");
            }
            text.push_str(self.top(signature, stride, at));
        }
    }
}

impl Made {
    fn of(field: FieldId) -> Self {
        let row = TABLE.iter().find(|row| row.0 == field.name());
        let (share, only, how) = row.map_or_else(|| usual(field), |&(_, share, only, how)| (share, only, how));
        let name = field.name();
        let lower = field.kind() == Kind::Semicolons;
        let texts = match how {
            How::Texts(many, words) => (0..many).map(|n| words_of(name, n, words)).collect(),
            How::Notes(words) => (0..500).map(|n| words_of(name, n, words)).collect(),
            How::Lists(many, ..) => (0..many).map(|n| item(name, n)).collect(),
            How::Files => (0..6_000).map(file).collect(),
            _ => Vec::new(),
        };
        let texts = texts
            .into_iter()
            .map(|text: String| if lower { text.to_lowercase() } else { text });
        let texts = texts.collect();
        Self {
            field,
            share,
            only,
            how,
            texts,
        }
    }
}

/// The year, month and day of a moment, by counting from 1 March of the year 0.
fn civil(micros: i64) -> (i64, i64, i64) {
    let days = micros.div_euclid(DAY) + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (shown, later) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + later, shown, day - (153 * month + 2) / 5 + 1)
}
