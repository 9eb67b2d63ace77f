//! How the values of each field are made.

use search::fields::{FieldId, Kind};

/// On which systems a field occurs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Only {
    All,
    Windows,
    Mac,
    Android,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum How {
    /// One of these, the first most often.
    Of(&'static [&'static str]),
    /// One of as many texts of so many words, the first most often.
    Texts(usize, usize),
    /// So many of as many texts, at least and at most.
    Lists(usize, u64, u64),
    /// A text of so many words whose end is nearly always another.
    Notes(usize),
    /// So many random digits.
    Hex(u32),
    /// Up to two to this power, small ones more often.
    Int(u32),
    /// True in so many rows of a thousand.
    Bool(u64),
    Float,
    Address,
    BuildId,
    Channel,
    Files,
    Frames,
    InstallTime,
    Major,
    Platform,
    Product,
    Proto,
    Signature,
    Version,
}

pub(super) const LANGUAGES: &[&str] = &[
    "en-us", "de", "fr", "es-es", "pl", "ru", "pt-br", "it", "zh-cn", "ja", "en-gb", "cs", "nl",
];
pub(super) const PROCESSES: &[&str] = &["parent", "content", "gpu", "utility", "rdd", "socket", "gmplugin"];

/// The fields of narrow rows, without the crash id and the date.
#[rustfmt::skip] // Columns.
pub(super) const NARROW: &[&str] = &[
    "abort_message", "adapter_device_id", "adapter_driver_version", "adapter_vendor_id", "addons", "address",
    "android_model", "app_notes", "async_shutdown_timeout", "build_id", "cpu_arch", "cpu_info", "cpu_microcode_version",
    "dom_fission_enabled", "graphics_critical_error", "install_age", "install_time", "ipc_shutdown_state", "last_crash",
    "major_version", "missing_symbols", "modules_in_stack", "moz_crash_reason", "oom_allocation_size", "platform",
    "platform_pretty_version", "platform_version", "possible_bit_flips_max_confidence", "process_type", "product",
    "proto_signature", "reason", "release_channel", "report_type", "shutdown_progress", "signature", "startup_crash",
    "topmost_filenames", "uptime", "user_comments", "useragent_locale", "version",
];

/// The fields that are not made in the usual way of their kind.
#[rustfmt::skip] // Columns.
pub(super) const TABLE: &[(&str, u64, Only, How)] = &[
    ("abort_message", 20, Only::All, How::Texts(400, 8)),
    ("adapter_device_id", 920, Only::All, How::Texts(900, 1)),
    ("adapter_driver_version", 850, Only::All, How::Texts(1_500, 1)),
    ("adapter_subsys_id", 700, Only::Windows, How::Texts(3_000, 1)),
    ("adapter_vendor_id", 920, Only::All, How::Of(&["0x8086", "0x10de", "0x1002", "0x1414", "0x5143"])),
    ("addons", 850, Only::All, How::Lists(2_000, 3, 8)),
    ("address", 950, Only::All, How::Address),
    ("android_model", 950, Only::Android, How::Texts(1_200, 2)),
    ("app_notes", 700, Only::All, How::Notes(12)),
    ("application_build_id", 900, Only::All, How::BuildId),
    ("build_id", 1_000, Only::All, How::BuildId),
    ("cpu_arch", 990, Only::All, How::Of(&["amd64", "x86", "arm64", "arm"])),
    ("cpu_count", 980, Only::All, How::Int(5)),
    ("cpu_info", 980, Only::All, How::Texts(600, 3)),
    ("cpu_microcode_version", 800, Only::Windows, How::Texts(250, 1)),
    ("crash_report_keys", 1_000, Only::All, How::Lists(120, 4, 9)),
    ("crashing_thread", 950, Only::All, How::Int(6)),
    ("crashing_thread_name", 900, Only::All, How::Texts(150, 1)),
    ("dom_fission_enabled", 800, Only::All, How::Bool(950)),
    ("frames", 970, Only::All, How::Frames),
    ("glean_client_id", 600, Only::All, How::Hex(32)),
    ("graphics_critical_error", 150, Only::All, How::Notes(10)),
    ("hang", 20, Only::All, How::Of(&["ui"])),
    ("install_age", 930, Only::All, How::Int(27)),
    ("install_time", 950, Only::All, How::InstallTime),
    ("ipc_shutdown_state", 40, Only::All, How::Texts(12, 2)),
    ("ipc_system_error", 20, Only::All, How::Int(10)),
    ("is_garbage_collecting", 30, Only::All, How::Bool(1_000)),
    ("java_stack_trace", 60, Only::Android, How::Texts(2_000, 40)),
    ("java_stack_trace_raw", 60, Only::Android, How::Texts(2_000, 40)),
    ("last_crash", 700, Only::All, How::Int(26)),
    ("major_version", 1_000, Only::All, How::Major),
    ("minidump_sha256_hash", 990, Only::All, How::Hex(64)),
    ("missing_symbols", 500, Only::All, How::Lists(1_200, 1, 6)),
    ("modules_in_stack", 970, Only::All, How::Lists(1_500, 10, 20)),
    ("moz_crash_reason", 300, Only::All, How::Texts(2_000, 9)),
    ("moz_crash_reason_raw", 300, Only::All, How::Texts(2_000, 9)),
    ("oom_allocation_size", 120, Only::All, How::Int(30)),
    ("phc_alloc_stack", 3, Only::All, How::Texts(400, 40)),
    ("phc_free_stack", 3, Only::All, How::Texts(400, 40)),
    ("phc_base_address", 4, Only::All, How::Address),
    ("phc_kind", 4, Only::All, How::Of(&["FreedPage", "GuardPage", "InUsePage"])),
    ("phc_usable_size", 4, Only::All, How::Int(14)),
    ("platform", 1_000, Only::All, How::Platform),
    ("platform_pretty_version", 1_000, Only::All, How::Texts(30, 1)),
    ("platform_version", 990, Only::All, How::Texts(400, 1)),
    ("plugin_filename", 5, Only::All, How::Texts(40, 1)),
    ("plugin_name", 5, Only::All, How::Texts(40, 1)),
    ("plugin_version", 5, Only::All, How::Texts(40, 1)),
    ("possible_bit_flips_max_confidence", 80, Only::All, How::Int(7)),
    ("process_type", 1_000, Only::All, How::Of(PROCESSES)),
    ("processor_notes", 1_000, Only::All, How::Notes(25)),
    ("product", 1_000, Only::All, How::Product),
    ("productid", 990, Only::All, How::Texts(6, 1)),
    ("proto_signature", 960, Only::All, How::Proto),
    ("reason", 980, Only::All, How::Texts(60, 2)),
    ("release_channel", 1_000, Only::All, How::Channel),
    ("report_type", 1_000, Only::All, How::Of(&["crash", "hang"])),
    ("shutdown_progress", 60, Only::All, How::Texts(30, 2)),
    ("signature", 1_000, Only::All, How::Signature),
    ("soft_errors", 30, Only::All, How::Lists(50, 1, 3)),
    ("startup_crash", 1_000, Only::All, How::Bool(60)),
    ("startup_time", 900, Only::All, How::Int(31)),
    ("stackwalk_version", 990, Only::All, How::Texts(4, 1)),
    ("submitted_from", 800, Only::All, How::Of(&["Client", "Auto", "CrashedTab", "AboutCrashes", "Infobar"])),
    ("topmost_filenames", 900, Only::All, How::Files),
    ("uptime", 990, Only::All, How::Int(20)),
    ("url", 30, Only::All, How::Notes(2)),
    ("user_comments", 30, Only::All, How::Notes(14)),
    ("useragent_locale", 950, Only::All, How::Of(LANGUAGES)),
    ("vendor", 1_000, Only::All, How::Of(&["Mozilla"])),
    ("version", 1_000, Only::All, How::Version),
    ("weight", 1_000, Only::All, How::Float),
    ("xpcom_spin_event_loop_stack", 40, Only::All, How::Texts(300, 4)),
];

/// For fields that the table does not name.
pub(super) fn usual(field: FieldId) -> (u64, Only, How) {
    let name = field.name();
    let only = match name.split('_').next() {
        Some("android") => Only::Android,
        Some("mac") => Only::Mac,
        _ => Only::All,
    };
    let share = if only == Only::All { 250 } else { 900 };
    match field.kind() {
        Kind::Integer if name.starts_with("memory_") => (300, only, How::Int(34)),
        Kind::Integer => (share * 2, only, How::Int(20)),
        Kind::Boolean => (share * 2, only, How::Bool(300)),
        Kind::Number | Kind::Date => (1_000, only, How::Float),
        Kind::Exact => (share, only, How::Texts(20, 1)),
        Kind::Words => (share, only, How::Texts(300, 6)),
        Kind::Semicolons => (share, only, How::Lists(100, 1, 3)),
    }
}
