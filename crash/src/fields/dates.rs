//! Moments, and times between them.

use super::field::Kind::{Integer, Number, Text};
use super::field::{Field, public};

/// The rows, sorted by name.
#[rustfmt::skip] // Columns.
pub(super) const ROWS: &[Field] = &[
    public("client_crash_date", Text)
        .about("Time of the crash by the client's clock, in UTC as `YYYY-MM-DDThh:mm:ss+00:00`. The same moment as \
            `crash_time`. The clock may be wrong."),
    public("crash_time", Integer)
        .about("Time of the crash by the client's clock, in seconds since 1970 (UTC). If the client sent no usable \
            time, it is the time of receipt, and a processor note says so."),
    public("date_processed", Text).searched_as("date")
        .about("Time at which the collector received the report, ISO 8601 in UTC: despite its name not the time of \
            processing. Equal to `submitted_timestamp`; searches call it `date`."),
    public("install_age", Integer).searched()
        .about("Seconds from `install_time` to the crash by the client's clock; negative if that clock was changed. \
            Absent if one of the two times is unknown."),
    public("install_time", Integer).copied_from("InstallTime").searched()
        .about("Time at which this build was first run on the machine, in seconds since 1970. The number of different \
            values estimates how many installations are affected."),
    public("last_crash", Integer).searched()
        .about("Seconds since the client's previous crash, as it counted them. Null if it did not say or sent no \
            usable number."),
    public("startup_time", Integer).copied_from("StartupTime").searched()
        .about("Moment at which the process started, in seconds since 1970, by the clock of the user's computer. \
            Absent if the client did not send an integer."),
    public("submitted_timestamp", Text)
        .about("When the collector received the report, ISO 8601 in UTC. Same as `date_processed`."),
    public("uptime", Integer).searched()
        .about("Time from the start of the process to the crash, in seconds, from two readings of the user's clock; \
            never negative. Absent if either is unknown."),
    public("uptime_ts", Number).copied_from("UptimeTS").searched()
        .about("Time that the process had run when it crashed, in seconds with a fraction, as measured by the process \
            itself. More exact than `uptime`, which depends on the clock. Absent if not sent."),
];
