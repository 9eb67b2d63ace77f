//! Which process crashed, the plugins in it, and its sandbox.

use super::field::Kind::{Boolean, Integer, List, Text};
use super::field::{Field, protected, public};

/// The rows, sorted by name.
#[rustfmt::skip] // Columns.
pub(super) const ROWS: &[Field] = &[
    public("content_sandbox_capabilities", Integer).copied_from("ContentSandboxCapabilities").searched()
        .about("Features of the system that a sandbox can use, as a bit mask in a decimal number. Linux only."),
    public("content_sandbox_capable", Boolean).copied_from("ContentSandboxCapable").searched()
        .about("Whether the system is able to run web content in a sandbox."),
    public("content_sandbox_enabled", Boolean).copied_from("ContentSandboxEnabled").searched()
        .about("Whether processes for web content ran in a sandbox."),
    public("content_sandbox_level", Integer).copied_from("ContentSandboxLevel").searched()
        .about("Strictness of the sandbox around processes for web content: 0 is none, higher is stricter. The \
            meaning of a level differs between systems."),
    protected("gmp_library_path", Text).copied_from("GMPLibraryPath").searched()
        .about("Folder of the media plugin (GMP) that the crashed process ran. Protected because a path may contain a \
            user name."),
    public("gmp_plugin", Boolean).copied_from("GMPPlugin").searched()
        .about("Whether the crashed process ran a media plugin (GMP), such as a video decoder or a module for copy \
            protection."),
    public("plugin_filename", Text).searched()
        .about("File name of the plugin whose process crashed. Only present if `process_type` is `plugin`; empty if \
            the client did not send it."),
    public("plugin_name", Text).searched()
        .about("Name of the plugin whose process crashed. Only present if `process_type` is `plugin`; empty if the \
            client did not send it."),
    public("plugin_version", Text).searched()
        .about("Version of the plugin whose process crashed. Only present if `process_type` is `plugin`; empty if the \
            client did not send it."),
    public("process_type", Text).searched()
        .about("Kind of process that crashed: `parent` is the main one, `content` shows pages; others are `gpu`, \
            `rdd`, `socket`, `utility` and more. `parent` if the client did not say."),
    protected("remote_type", Text).copied_from("RemoteType").searched()
        .about("What a content process was used for, such as `web`, `file`, `extension` or `webIsolated=` followed by \
            the site. Protected because it can name the site that was visited. Absent for other processes."),
    public("utility_actors_name", List).searched()
        .about("Tasks that a utility process was started for, such as `audio-decoder-generic` or \
            `windows-utils`. Absent for other processes."),
    public("utility_process_sandboxing_kind", Integer).copied_from("UtilityProcessSandboxingKind").searched()
        .about("Number of the kind of sandbox in which a utility process ran. What a number stands for depends on the \
            product's version and platform. Absent for other processes."),
];
