//! What the program was still waiting for when it should have ended.

use super::field::Kind::Text;
use super::field::{Field, public};

/// The rows, sorted by name.
#[rustfmt::skip] // Columns.
pub(super) const ROWS: &[Field] = &[
    public("async_shutdown_timeout", Text).copied_from("AsyncShutdownTimeout").searched()
        .about("Shutdown phase that did not end in time and the tasks still blocking it, as JSON text with `phase` \
            and `conditions`. Its presence makes the report a hang (`report_type`)."),
    public("ipc_shutdown_state", Text).copied_from("IPCShutdownState").searched()
        .about("How far a child process had come in its exchange with the main process about shutting down, such as \
            `RecvShutdown`. Absent if it was not shutting down."),
    public("quota_manager_shutdown_timeout", Text).copied_from("QuotaManagerShutdownTimeout").searched()
        .about("What the component that manages sites' stored data was still waiting for when it did not shut down in \
            time. Absent if it was not in that state."),
    public("shutdown_progress", Text).copied_from("ShutdownProgress").searched()
        .about("Last step of the shutdown that the program had reached, such as `profile-before-change`. Absent if it \
            was not shutting down."),
    public("shutdown_reason", Text).copied_from("ShutdownReason").searched()
        .about("Why the program was shutting down, such as `AppClose`, `AppRestart` or `OSShutdown`. Absent if it was \
            not shutting down."),
    public("xpcom_spin_event_loop_stack", Text).copied_from("XPCOMSpinEventLoopStack").searched()
        .about("Labels of the nested event loops in which the main thread was waiting for something, such as \
            `default: BrowsingContext::InternalLoad`. Absent if there was none."),
];
