//! The single table of fields: each processed field with its type, the annotation it is copied from, who may see it,
//! and its search name.
//!
//! Copying annotations, redaction and the search row all read this table. A field or annotation that is not here is
//! protected. Which are public follows the published data dictionary of Crash Stats (processed crash and annotation
//! schemas, 2026-08).

use Access::{Protected, Public};
use Kind::{Boolean, Integer, List, Number, Object, Text};

use crate::collector;

/// The type of a field's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A string.
    Text,
    /// A signed integer of at most 64 bits.
    Integer,
    /// A finite number.
    Number,
    /// True or false.
    Boolean,
    /// A JSON object.
    Object,
    /// A JSON list.
    List,
}

/// Who may see a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everyone.
    Public,
    /// Holders of a token with permission to see protected data.
    Protected,
}

/// One field of a processed crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Its key in the processed crash.
    pub name: &'static str,
    /// The type of its value.
    pub kind: Kind,
    /// Who may see it.
    pub access: Access,
    /// The annotation it is copied from.
    pub annotation: Option<&'static str>,
    /// Its name in searches.
    pub search: Option<&'static str>,
    /// placeholder
    pub about: &'static str,
}

const fn field(
    name: &'static str,
    kind: Kind,
    access: Access,
    annotation: Option<&'static str>,
    search: Option<&'static str>,
) -> Field {
    Field {
        name,
        kind,
        access,
        annotation,
        search,
        about: "",
    }
}

/// Returns the field with this name.
pub fn by_name(name: &str) -> Option<&'static Field> {
    FIELDS
        .binary_search_by(|field| field.name.cmp(name))
        .ok()
        .map(|at| &FIELDS[at])
}

/// Returns whether everyone may see the annotation with this name. Unknown annotations are protected, and so is one
/// that holds a whole document (`JavaException`): only the listed members of the field made from it are public.
pub fn annotation_is_public(name: &str) -> bool {
    PUBLIC_ANNOTATIONS.contains(&name)
        || FIELDS
            .iter()
            .any(|field| field.annotation == Some(name) && field.access == Public && field.kind != Object)
}

/// Public annotations that no field copies as they are, and the public keys that the collector writes.
const PUBLIC_ANNOTATIONS: &[&str] = &[
    "Accessibility",
    "Add-ons",
    "CPUArchitecture",
    "CPUInfo",
    "CPUMicrocodeVersion",
    "CrashTime",
    "CrashType",
    "DistributionID",
    "HangID",
    "LinuxLSBDescription",
    "OS",
    "OSVersion",
    "PluginFilename",
    "PluginName",
    "PluginVersion",
    "ProcessType",
    "SecondsSinceLastCrash",
    "SubmittedFrom",
    "SubmittedFromInfobar",
    "UtilityActorsName",
    collector::SUBMITTED,
    collector::ID,
    collector::FORM,
];

/// Every field, sorted by name. Columns: name, type, access, annotation, search name.
#[rustfmt::skip] // One row per line.
pub const FIELDS: &[Field] = &[
    field("abort_message", Text, Public, Some("AbortMessage"), Some("abort_message")),
    field("accessibility", Boolean, Public, None, Some("accessibility")),
    field("accessibility_client", Text, Public, Some("AccessibilityClient"), Some("accessibility_client")),
    field("accessibility_in_proc_client", Text, Public,
        Some("AccessibilityInProcClient"), Some("accessibility_in_proc_client")),
    field("adapter_device_id", Text, Public, Some("AdapterDeviceID"), Some("adapter_device_id")),
    field("adapter_driver_version", Text, Public, Some("AdapterDriverVersion"), Some("adapter_driver_version")),
    field("adapter_subsys_id", Text, Public, Some("AdapterSubsysID"), Some("adapter_subsys_id")),
    field("adapter_vendor_id", Text, Public, Some("AdapterVendorID"), Some("adapter_vendor_id")),
    field("additional_minidumps", List, Public, None, None),
    field("addons", List, Public, None, Some("addons")),
    field("addons_checked", Boolean, Public, None, Some("addons_checked")),
    field("address", Text, Public, None, Some("address")),
    field("android_board", Text, Public, Some("Android_Board"), Some("android_board")),
    field("android_brand", Text, Public, Some("Android_Brand"), Some("android_brand")),
    field("android_cpu_abi", Text, Public, Some("Android_CPU_ABI"), Some("android_cpu_abi")),
    field("android_cpu_abi2", Text, Public, Some("Android_CPU_ABI2"), Some("android_cpu_abi2")),
    field("android_device", Text, Public, Some("Android_Device"), Some("android_device")),
    field("android_display", Text, Public, Some("Android_Display"), Some("android_display")),
    field("android_fingerprint", Text, Public, Some("Android_Fingerprint"), Some("android_fingerprint")),
    field("android_hardware", Text, Public, Some("Android_Hardware"), Some("android_hardware")),
    field("android_manufacturer", Text, Public, Some("Android_Manufacturer"), Some("android_manufacturer")),
    field("android_model", Text, Public, Some("Android_Model"), Some("android_model")),
    field("android_packagename", Text, Public, Some("Android_PackageName"), Some("android_packagename")),
    field("android_version", Text, Public, Some("Android_Version"), Some("android_version")),
    field("app_init_dlls", Text, Public, Some("AppInitDLLs"), Some("app_init_dlls")),
    field("app_notes", Text, Public, Some("Notes"), Some("app_notes")),
    field("application_build_id", Text, Public, Some("ApplicationBuildID"), Some("application_build_id")),
    field("async_shutdown_timeout", Text, Public, Some("AsyncShutdownTimeout"), Some("async_shutdown_timeout")),
    field("available_page_file", Integer, Public, Some("AvailablePageFile"), Some("available_page_file")),
    field("available_physical_memory", Integer, Public,
        Some("AvailablePhysicalMemory"), Some("available_physical_memory")),
    field("available_virtual_memory", Integer, Public,
        Some("AvailableVirtualMemory"), Some("available_virtual_memory")),
    field("background_task_name", Text, Public, Some("BackgroundTaskName"), Some("background_task_name")),
    field("breadcrumbs", List, Protected, None, None),
    field("build", Text, Public, Some("BuildID"), Some("build_id")),
    field("build_info", Object, Public, None, None),
    field("client_crash_date", Text, Public, None, None),
    field("co_marshal_interface_failure", Text, Public,
        Some("CoMarshalInterfaceFailure"), Some("co_marshal_interface_failure")),
    field("co_unmarshal_interface_result", Text, Public, Some("CoUnmarshalInterfaceResult"), None),
    field("collector_metadata", Object, Protected, None, None),
    field("completed_datetime", Text, Public, None, None),
    field("content_sandbox_capabilities", Integer, Public,
        Some("ContentSandboxCapabilities"), Some("content_sandbox_capabilities")),
    field("content_sandbox_capable", Boolean, Public, Some("ContentSandboxCapable"), Some("content_sandbox_capable")),
    field("content_sandbox_enabled", Boolean, Public, Some("ContentSandboxEnabled"), Some("content_sandbox_enabled")),
    field("content_sandbox_level", Integer, Public, Some("ContentSandboxLevel"), Some("content_sandbox_level")),
    field("cpu_arch", Text, Public, None, Some("cpu_arch")),
    field("cpu_count", Integer, Public, None, Some("cpu_count")),
    field("cpu_info", Text, Public, None, Some("cpu_info")),
    field("cpu_microcode_version", Text, Public, None, Some("cpu_microcode_version")),
    field("crash_id", Text, Public, None, None),
    field("crash_inconsistencies", List, Public, None, Some("crash_inconsistencies")),
    field("crash_report_keys", List, Public, None, Some("crash_report_keys")),
    field("crash_time", Integer, Public, None, None),
    field("crashing_thread", Integer, Public, None, Some("crashing_thread")),
    field("crashing_thread_name", Text, Public, None, Some("crashing_thread_name")),
    field("date_processed", Text, Public, None, Some("date")),
    field("distribution_id", Text, Public, None, Some("distribution_id")),
    field("dom_fission_enabled", Boolean, Public, Some("DOMFissionEnabled"), Some("dom_fission_enabled")),
    field("dom_ipc_enabled", Boolean, Public, Some("DOMIPCEnabled"), Some("dom_ipc_enabled")),
    field("dumper_error", Text, Protected, Some("DumperError"), Some("dumper_error")),
    field("em_check_compatibility", Boolean, Public, Some("EMCheckCompatibility"), Some("em_check_compatibility")),
    field("glean_client_id", Text, Protected, Some("GleanClientId"), Some("glean_client_id")),
    field("gmp_library_path", Text, Protected, Some("GMPLibraryPath"), Some("gmp_library_path")),
    field("gmp_plugin", Boolean, Public, Some("GMPPlugin"), Some("gmp_plugin")),
    field("graphics_critical_error", Text, Public, Some("GraphicsCriticalError"), Some("graphics_critical_error")),
    field("graphics_startup_test", Boolean, Public, Some("GraphicsStartupTest"), Some("graphics_startup_test")),
    field("hang", Text, Public, Some("Hang"), Some("hang")),
    field("has_device_touch_screen", Boolean, Public, Some("HasDeviceTouchScreen"), Some("has_device_touch_screen")),
    field("has_guard_page_access", Boolean, Protected, None, Some("has_guard_page_access")),
    field("has_mac_boot_args", Boolean, Public, None, Some("has_mac_boot_args")),
    field("install_age", Integer, Public, None, Some("install_age")),
    field("install_time", Integer, Public, Some("InstallTime"), Some("install_time")),
    field("ipc_channel_error", Text, Public, Some("ipc_channel_error"), Some("ipc_channel_error")),
    field("ipc_fatal_error_msg", Text, Public, Some("IPCFatalErrorMsg"), Some("ipc_fatal_error_msg")),
    field("ipc_fatal_error_protocol", Text, Public, Some("IPCFatalErrorProtocol"), Some("ipc_fatal_error_protocol")),
    field("ipc_message_name", Text, Public, Some("IPCMessageName"), Some("ipc_message_name")),
    field("ipc_message_size", Integer, Public, Some("IPCMessageSize"), Some("ipc_message_size")),
    field("ipc_shutdown_state", Text, Public, Some("IPCShutdownState"), Some("ipc_shutdown_state")),
    field("ipc_system_error", Integer, Public, Some("IPCSystemError"), Some("ipc_system_error")),
    field("is_garbage_collecting", Boolean, Public, Some("IsGarbageCollecting"), Some("is_garbage_collecting")),
    field("java_exception", Object, Public, Some("JavaException"), None),
    field("java_stack_trace", Text, Public, None, Some("java_stack_trace")),
    field("java_stack_trace_raw", Text, Protected, None, Some("java_stack_trace_raw")),
    field("js_large_allocation_failure", Text, Public,
        Some("JSLargeAllocationFailure"), Some("js_large_allocation_failure")),
    field("json_dump", Object, Public, None, None),
    field("last_crash", Integer, Public, None, Some("last_crash")),
    field("last_error_value", Text, Public, None, Some("last_error_value")),
    field("mac_available_memory_sysctl", Integer, Public,
        Some("MacAvailableMemorySysctl"), Some("mac_available_memory_sysctl")),
    field("mac_boot_args", Text, Protected, None, Some("mac_boot_args")),
    field("mac_crash_info", Text, Public, None, Some("mac_crash_info")),
    field("mac_memory_pressure", Text, Public, Some("MacMemoryPressure"), Some("mac_memory_pressure")),
    field("mac_memory_pressure_critical_time", Text, Public, Some("MacMemoryPressureCriticalTime"), None),
    field("mac_memory_pressure_normal_time", Text, Public, Some("MacMemoryPressureNormalTime"), None),
    field("mac_memory_pressure_sysctl", Integer, Public,
        Some("MacMemoryPressureSysctl"), Some("mac_memory_pressure_sysctl")),
    field("mac_memory_pressure_warning_time", Text, Public, Some("MacMemoryPressureWarningTime"), None),
    field("major_version", Integer, Public, None, Some("major_version")),
    field("marionette", Boolean, Public, Some("Marionette"), Some("marionette")),
    field("mdsw_return_code", Integer, Protected, None, None),
    field("mdsw_status_string", Text, Public, None, None),
    field("mdsw_stderr", Text, Protected, None, None),
    field("memory_measures", Object, Public, None, None),
    field("memory_report", Object, Protected, None, None),
    field("memory_report_error", Text, Protected, None, None),
    field("minidump_sha256_hash", Text, Public, None, Some("minidump_sha256_hash")),
    field("missing_symbols", Text, Public, None, Some("missing_symbols")),
    field("modules_in_stack", Text, Public, None, Some("modules_in_stack")),
    field("moz_crash_reason", Text, Public, None, Some("moz_crash_reason")),
    field("moz_crash_reason_raw", Text, Protected, None, Some("moz_crash_reason_raw")),
    field("oom_allocation_size", Integer, Public, Some("OOMAllocationSize"), Some("oom_allocation_size")),
    field("os_name", Text, Public, None, Some("platform")),
    field("os_pretty_version", Text, Public, None, Some("platform_pretty_version")),
    field("os_version", Text, Public, None, Some("platform_version")),
    field("phc_alloc_stack", Text, Protected, None, Some("phc_alloc_stack")),
    field("phc_base_address", Text, Protected, None, Some("phc_base_address")),
    field("phc_free_stack", Text, Protected, None, Some("phc_free_stack")),
    field("phc_kind", Text, Protected, None, Some("phc_kind")),
    field("phc_usable_size", Integer, Protected, None, Some("phc_usable_size")),
    field("plugin_filename", Text, Public, None, Some("plugin_filename")),
    field("plugin_name", Text, Public, None, Some("plugin_name")),
    field("plugin_version", Text, Public, None, Some("plugin_version")),
    field("possible_bit_flips_max_confidence", Integer, Public, None, Some("possible_bit_flips_max_confidence")),
    field("process_type", Text, Public, None, Some("process_type")),
    field("processor_history", List, Public, None, None),
    field("processor_notes", Text, Public, None, Some("processor_notes")),
    field("product", Text, Public, Some("ProductName"), Some("product")),
    field("productid", Text, Public, Some("ProductID"), Some("productid")),
    field("proto_signature", Text, Public, None, Some("proto_signature")),
    field("quota_manager_shutdown_timeout", Text, Public,
        Some("QuotaManagerShutdownTimeout"), Some("quota_manager_shutdown_timeout")),
    field("reason", Text, Public, None, Some("reason")),
    field("release_channel", Text, Public, Some("ReleaseChannel"), Some("release_channel")),
    field("remote_agent", Boolean, Public, Some("RemoteAgent"), Some("remote_agent")),
    field("remote_type", Text, Protected, Some("RemoteType"), Some("remote_type")),
    field("report_type", Text, Public, None, Some("report_type")),
    field("row_version", Integer, Public, None, None),
    field("safe_mode", Boolean, Public, Some("SafeMode"), Some("safe_mode")),
    field("shutdown_progress", Text, Public, Some("ShutdownProgress"), Some("shutdown_progress")),
    field("shutdown_reason", Text, Public, Some("ShutdownReason"), Some("shutdown_reason")),
    field("signature", Text, Public, None, Some("signature")),
    field("signature_debug", Text, Protected, None, None),
    field("signature_lists", Text, Public, None, None),
    field("soft_errors", Text, Protected, None, Some("soft_errors")),
    field("stackwalk_version", Text, Public, None, Some("stackwalk_version")),
    field("started_datetime", Text, Public, None, None),
    field("startup_crash", Boolean, Public, Some("StartupCrash"), Some("startup_crash")),
    field("startup_time", Integer, Public, Some("StartupTime"), Some("startup_time")),
    field("submitted_from", Text, Public, None, Some("submitted_from")),
    field("submitted_from_infobar", Boolean, Protected, None, None),
    field("submitted_timestamp", Text, Public, None, None),
    field("success", Boolean, Public, None, None),
    field("system_memory_use_percentage", Integer, Public,
        Some("SystemMemoryUsePercentage"), Some("system_memory_use_percentage")),
    field("telemetry_environment", Object, Protected, Some("TelemetryEnvironment"), None),
    field("thread_count", Integer, Public, None, Some("thread_count")),
    field("throttleable", Boolean, Public, Some("Throttleable"), Some("throttleable")),
    field("topmost_filenames", Text, Public, None, Some("topmost_filenames")),
    field("total_page_file", Integer, Public, Some("TotalPageFile"), Some("total_page_file")),
    field("total_physical_memory", Integer, Public, Some("TotalPhysicalMemory"), Some("total_physical_memory")),
    field("total_virtual_memory", Integer, Public, Some("TotalVirtualMemory"), Some("total_virtual_memory")),
    field("upload_file_minidump_browser", Object, Public, None, None),
    field("uptime", Integer, Public, None, Some("uptime")),
    field("uptime_ts", Number, Public, Some("UptimeTS"), Some("uptime_ts")),
    field("url", Text, Protected, Some("URL"), Some("url")),
    field("user_comments", Text, Protected, Some("Comments"), Some("user_comments")),
    field("useragent_locale", Text, Public, Some("useragent_locale"), Some("useragent_locale")),
    field("utility_actors_name", List, Public, None, Some("utility_actors_name")),
    field("utility_process_sandboxing_kind", Integer, Public,
        Some("UtilityProcessSandboxingKind"), Some("utility_process_sandboxing_kind")),
    field("uuid", Text, Public, None, Some("uuid")),
    field("vendor", Text, Public, Some("Vendor"), Some("vendor")),
    field("version", Text, Public, Some("Version"), Some("version")),
    field("version_reported", Text, Public, None, Some("version_reported")),
    field("windows_error_reporting", Boolean, Public, Some("WindowsErrorReporting"), Some("windows_error_reporting")),
    field("xpcom_spin_event_loop_stack", Text, Public,
        Some("XPCOMSpinEventLoopStack"), Some("xpcom_spin_event_loop_stack")),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_without_duplicates() {
        assert!(FIELDS.is_sorted_by(|a, b| a.name < b.name));
        let mut sources: Vec<_> = FIELDS.iter().filter_map(|f| f.annotation).collect();
        sources.sort_unstable();
        let count = sources.len();
        sources.dedup();
        assert_eq!(sources.len(), count, "two fields copy one annotation");
    }

    #[test]
    fn what_is_not_known_is_protected() {
        for (name, public) in [
            ("ProductName", true),
            ("CrashTime", true),
            ("URL", false),
            ("Comments", false),
            ("MozCrashReason", false),
            ("TelemetryEnvironment", false),
            ("JavaException", false),
            ("SomethingNew", false),
            (collector::METADATA, false),
            ("", false),
        ] {
            assert_eq!(annotation_is_public(name), public, "{name}");
        }
        assert_eq!(by_name("signature").map(|f| f.access), Some(Public));
        assert_eq!(by_name("url").map(|f| f.access), Some(Protected));
        assert_eq!(by_name("nothing"), None);
    }
}
