//! The annotations: what is known of each, whether a field copies it or not.
//!
//! One that a field copies as it is has the field's access and description. The others have a row here.

use std::sync::LazyLock;

use super::field::{Access, Kind};
use super::table;
use crate::collector;

/// A key of a raw crash: an annotation, or what the collector writes beside them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Annotation {
    /// Its name.
    pub name: &'static str,
    /// Who may see it.
    pub access: Access,
    /// The field that copies it.
    pub field: Option<&'static str>,
    /// What it is, in one to three sentences; of one that is copied, what the field is.
    pub about: &'static str,
}

static ALL: LazyLock<Vec<Annotation>> = LazyLock::new(|| {
    let copied = table::all().iter().filter_map(|field| {
        Some(Annotation {
            name: field.annotation?,
            access: match field.kind {
                // The field's members have an access each, but this is a document in one text.
                Kind::Object => Access::Protected,
                _ => field.access,
            },
            field: Some(field.name),
            about: field.about,
        })
    });
    let mut annotations: Vec<Annotation> = copied.chain(ROWS.iter().copied()).collect();
    annotations.sort_unstable_by_key(|annotation| annotation.name);
    annotations
});

/// Every annotation that is known, sorted by name.
pub fn all() -> &'static [Annotation] {
    &ALL
}

/// Returns the annotation with this name.
pub fn by_name(name: &str) -> Option<Annotation> {
    let at = ALL.binary_search_by(|annotation| annotation.name.cmp(name)).ok()?;
    ALL.get(at).copied()
}

/// Who may see the annotation with this name: unknown ones are protected.
pub fn access_of(name: &str) -> Access {
    by_name(name).map_or(Access::Protected, |annotation| annotation.access)
}

const fn public(name: &'static str, about: &'static str) -> Annotation {
    Annotation {
        name,
        access: Access::Public,
        field: None,
        about,
    }
}

const fn protected(name: &'static str, about: &'static str) -> Annotation {
    Annotation {
        access: Access::Protected,
        ..public(name, about)
    }
}

/// The annotations that no field copies as they are, and the keys that the collector writes. Sorted by name.
#[rustfmt::skip] // Columns.
const ROWS: &[Annotation] = &[
    public("Accessibility", "State of accessibility support in the crashed process; the value `Active` sets the field \
        `accessibility`, any other value or none clears it."),
    public("Add-ons", "Installed add-ons as one comma-separated text of `id:version` items, percent-encoded. The \
        field `addons` holds them as a decoded list."),
    protected("Breadcrumbs", "JSON list of events that led up to the crash, or an object with that list in `values`. \
        The field `breadcrumbs` holds the list if it has the expected form."),
    public("CPUArchitecture", "Processor architecture that the client names. Used for `cpu_arch` only if neither the \
        minidump nor `Android_CPU_ABI` tells it."),
    public("CPUInfo", "Processor description by the client, such as family, model and stepping. Used for `cpu_info` \
        only if the minidump does not tell it."),
    public("CPUMicrocodeVersion", "Revision of the processor's microcode as a hexadecimal number with `0x`. Given to \
        the stackwalker, which uses it for `cpu_microcode_version` if the minidump has none."),
    public("CrashTime", "Time of the crash by the client's clock, in seconds since 1970 UTC; digits after the tenth \
        are ignored. Source of `crash_time`, `client_crash_date`, `uptime` and `install_age`."),
    public("CrashType", "Kind of event as some Android clients name it, such as `fatal native crash` or `uncaught \
        exception`. No field is made from it."),
    public("DistributionID", "Name of the distribution or partner package that the program was installed from. Source \
        of `distribution_id`; without it, the telemetry environment is consulted."),
    protected("DesktopEnvironment", "Desktop that a program on Linux ran in, such as `gnome`. No field is made from \
        it."),
    protected("Distributor", "Who distributed the program, as old versions sent it. No field is made from it."),
    protected("Distributor_version", "Version of the distribution, as old versions sent it. No field is made from it."),
    protected("Email", "E-mail address of the person who sent the report. The collector removes it before anything is \
        stored."),
    public("HangID", "Identifier shared by the reports that one hang of a plugin produced. No field is made from it; \
        a throttling rule rejects the browser's half of such a pair."),
    protected("JavaStackTrace", "Java stack trace as plain text, with the exception's message. `java_stack_trace_raw` \
        holds it unchanged, `java_stack_trace` only the class and the frames."),
    public("LinuxLSBDescription", "Name of the Linux distribution by the client, such as `Ubuntu 24.04 LTS`. Used for \
        `os_pretty_version` on Linux if the minidump does not name the distribution."),
    protected("ModuleSignatureInfo", "JSON object from the signer of a code-signing certificate to the list of module \
        files signed by it. The stackwalker fills each module's `cert_subject` from it."),
    protected("MozCrashReason", "Message of a deliberate crash, such as a failed assertion or a Rust panic. \
        `moz_crash_reason_raw` holds it unchanged; `moz_crash_reason` replaces one that may quote a user's data."),
    public("OS", "Name of the operating system by the client. Used for `os_name` only if the minidump does not tell \
        it."),
    public("OSVersion", "Version of the operating system by the client. Used for `os_version` only if the minidump \
        does not tell it."),
    protected("PHCAllocStack", "Stack of the allocation of the memory block involved, as addresses, from the \
        probabilistic heap checker. Source of `phc_alloc_stack`; used only together with `PHCKind`."),
    protected("PHCBaseAddress", "Start address, in decimal, of the memory block that the probabilistic heap checker \
        found involved. `phc_base_address` holds it in hexadecimal; used only together with `PHCKind`."),
    protected("PHCFreeStack", "Stack of the release of the memory block involved, as addresses, from the \
        probabilistic heap checker. Source of `phc_free_stack`; used only together with `PHCKind`."),
    protected("PHCKind", "State of the memory block that the probabilistic heap checker found involved in the crash, \
        such as `FreedPage`. Source of `phc_kind`; absent if the checker found none."),
    protected("PHCUsableSize", "Size in bytes of the memory block that the probabilistic heap checker found involved. \
        Source of `phc_usable_size`; used only together with `PHCKind`."),
    public("PluginFilename", "File name of the plugin in a crashed plugin process. Source of `plugin_filename`; \
        ignored unless `ProcessType` is `plugin`."),
    public("PluginName", "Name of the plugin in a crashed plugin process. Source of `plugin_name`; ignored unless \
        `ProcessType` is `plugin`."),
    public("PluginVersion", "Version of the plugin in a crashed plugin process. Source of `plugin_version`; ignored \
        unless `ProcessType` is `plugin`."),
    public("ProcessType", "Kind of process that crashed, such as `content`, `gpu` or `utility`. Source of \
        `process_type`, where `main` and an absent value become `parent`."),
    public("SecondsSinceLastCrash", "Seconds between this crash and the previous one on the same client. Source of \
        `last_crash`; absent at a first crash."),
    public("SubmittedFrom", "Part of the user interface from which the report was sent, such as `Auto`, `Infobar` or \
        `AboutCrashes`. Source of `submitted_from`, which is `Unknown` without it."),
    public("SubmittedFromInfobar", "Whether the report was sent from the infobar: `1` or `true` if so. If present, it \
        takes precedence over `SubmittedFrom`."),
    protected("TelemetryClientId", "Id of the installation in Firefox's usage statistics. The collector removes it \
        before anything is stored."),
    protected("TelemetryServerURL", "Address to which the client sends usage statistics. The collector removes it \
        before anything is stored."),
    protected("TelemetrySessionId", "Id of the session in Firefox's usage statistics. The collector removes it before \
        anything is stored."),
    protected("Theme", "Theme of the user interface with its version, as old versions sent it. No field is made from \
        it."),
    protected("ThreadIdNameMapping", "Comma-separated pairs `id:\"name\"` that name threads whose names the minidump \
        does not hold. No field is made from it."),
    public("UtilityActorsName", "Comma-separated names of the actors that ran in a crashed utility process. The field \
        `utility_actors_name` holds them as a list."),
    protected("additional_minidumps", "Names of the further minidumps that the client says it sent, such as \
        `browser`. The field of the same name is made from the dumps that arrived, and not from this text."),
    protected("buildid", "Build id under the name that old versions used beside `BuildID`. No field is made from it."),
    protected("id", "Id of the application under the name that old versions used beside `ProductID`. No field is made \
        from it."),
    protected(collector::METADATA, "Object that the collector writes: how the report came in, its size, the dumps' \
        checksums, the throttling rule and oddities found. A client's own value is overwritten. Copied to \
        `collector_metadata`."),
    public(collector::SUBMITTED, "Time at which the collector received the report, in RFC 3339 (UTC). Written by the \
        collector; a client's own value is overwritten."),
    public(collector::ID, "Crash id of the report: 36 characters, of which the last six are the day of receipt \
        (`YYMMDD`). Written by the collector; only a client that is allowed to can choose it."),
    public(collector::FORM, "Version of the raw crash's form, always 2. Written by the collector; not to be confused \
        with `Version`, the version of the program."),
];
