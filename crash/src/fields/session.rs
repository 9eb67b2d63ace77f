//! How the program was set up, and what it was doing.

use super::field::Kind::{Boolean, List, Object, Text};
use super::field::Shape::Members;
use super::field::{Field, protected, public};

/// The rows, sorted by name.
#[rustfmt::skip] // Columns.
pub(super) const ROWS: &[Field] = &[
    public("accessibility", Boolean).searched()
        .about("Whether the browser's accessibility support was on: true only if the annotation `Accessibility` is \
            `Active`, else false, also when the client said nothing."),
    public("accessibility_client", Text).copied_from("AccessibilityClient").searched()
        .about("Program outside the browser that used its accessibility interface, usually as file name and version. \
            Windows only."),
    public("accessibility_in_proc_client", Text).copied_from("AccessibilityInProcClient").searched()
        .about("Known assistive programs that had code loaded into the browser's process, as a bit mask in \
            hexadecimal. Windows only."),
    public("addons", List).searched()
        .about("Add-ons of the profile, one text `id:version` each; `NO_VERSION` stands for a missing version. Empty \
            if the client listed none."),
    public("addons_checked", Boolean).searched()
        .about("Whether the browser refused add-ons that do not declare support for its version: true if \
            `EMCheckCompatibility` is true. Null if the client did not say."),
    public("app_notes", Text).copied_from("Notes").searched()
        .about("Free remarks that code of the browser added while it ran, often about graphics features and drivers. \
            Entries follow one another in a single text."),
    public("background_task_name", Text).copied_from("BackgroundTaskName").searched()
        .about("Name of the task for which the browser was started without windows, such as a check for updates. \
            Absent in ordinary sessions."),
    protected("breadcrumbs", List).of(Members(BREADCRUMB))
        .about("Events that the app recorded before the crash, each with members such as `timestamp`, `category`, \
            `level`, `message` and `data`. Protected because they may tell what the user did. Sent by Android apps."),
    public("dom_fission_enabled", Boolean).copied_from("DOMFissionEnabled").searched()
        .about("Whether pages of different sites ran in separate processes (site isolation, called Fission)."),
    public("dom_ipc_enabled", Boolean).copied_from("DOMIPCEnabled").searched()
        .about("Whether web content ran in processes of its own, apart from the browser's main process."),
    public("em_check_compatibility", Boolean).copied_from("EMCheckCompatibility").searched()
        .about("Whether the browser refused add-ons that do not declare support for its version, as the client sent \
            it. `addons_checked` is made from the same annotation."),
    protected("glean_client_id", Text).copied_from("GleanClientId").searched()
        .about("Random id of the profile or installation in Firefox's usage statistics (Glean). Protected because it \
            links the reports of one user."),
    public("is_garbage_collecting", Boolean).copied_from("IsGarbageCollecting").searched()
        .about("Whether the JavaScript engine was collecting garbage when the process crashed."),
    public("marionette", Boolean).copied_from("Marionette").searched()
        .about("Whether a program controlled the browser through Marionette, its interface for automated tests. False \
            if the client did not say."),
    public("remote_agent", Boolean).copied_from("RemoteAgent").searched()
        .about("Whether the browser was controlled through its Remote Agent, the interface for WebDriver BiDi and \
            other automation protocols. False if the client did not say."),
    public("safe_mode", Boolean).copied_from("SafeMode").searched()
        .about("Whether the product ran in troubleshoot mode (safe mode), in which add-ons and some customizations \
            are switched off."),
    public("startup_crash", Boolean).copied_from("StartupCrash").searched()
        .about("Whether the product crashed while it was still starting, by its own judgement. Absent if the client \
            did not say."),
    protected("telemetry_environment", Object).copied_from("TelemetryEnvironment")
        .about("Description of the product and its surroundings in the form used for Telemetry: build, settings, \
            add-ons, hardware, distribution and more. Absent if not sent or malformed."),
    protected("url", Text).copied_from("URL").searched()
        .about("Address of the page that was open at the crash. Protected because it tells what the user visited. \
            Absent if there was none or the user did not agree to send it."),
    public("useragent_locale", Text).copied_from("useragent_locale").searched()
        .about("Language of the product's user interface, such as `en-US` or `de`. Absent if the client did not send \
            it."),
];

/// One event; what else an app records in it is not described.
#[rustfmt::skip] // Columns.
const BREADCRUMB: &[Field] = &[
    protected("category", Text)
        .about("What the event belongs to, such as a part of the app."),
    protected("data", Object)
        .about("Details of the event, in a form of its own."),
    protected("level", Text)
        .about("How serious the event is, such as `info` or `error`."),
    protected("message", Text)
        .about("What happened, in words."),
    protected("timestamp", Text)
        .about("When it happened, by the device's clock."),
    protected("type", Text)
        .about("Kind of the event, such as `navigation`."),
];
