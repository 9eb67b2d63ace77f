//! The machine and its operating system.

use super::field::Kind::{Boolean, Integer, Text};
use super::field::{Field, protected, public};

/// The rows, sorted by name.
#[rustfmt::skip] // Columns.
pub(super) const ROWS: &[Field] = &[
    public("app_init_dlls", Text).copied_from("AppInitDLLs").searched()
        .about("Libraries that Windows is told to load into every program with windows (registry value \
            `AppInit_DLLs`), separated by semicolons. Windows only."),
    public("cpu_arch", Text).searched()
        .about("Architecture of the crashed process: `amd64`, `x86`, `arm64`, `arm` and others. From the minidump, \
            else from annotations; `unknown` if neither tells."),
    public("cpu_count", Integer).searched()
        .about("Number of logical processors of the machine, from the minidump; 0 if unknown."),
    public("cpu_info", Text).searched()
        .about("Model of the processor, usually as numbers: `family 6 model 158 stepping 10`. From the minidump, else \
            from the annotation `CPUInfo`; `unknown` if neither tells."),
    public("cpu_microcode_version", Text).searched()
        .about("Version of the processor's microcode in hexadecimal, such as `0xde`. Absent if the stackwalker did \
            not report it."),
    public("has_device_touch_screen", Boolean).copied_from("HasDeviceTouchScreen").searched()
        .about("Whether the device has a touch screen."),
    public("has_mac_boot_args", Boolean).searched()
        .about("Whether the Mac was started with special boot arguments; the arguments are in `mac_boot_args`. True \
            or absent, never false."),
    protected("mac_boot_args", Text).searched()
        .about("Arguments with which the Mac's kernel was started, read from the minidump. They can reveal that the \
            system was modified. Absent if there are none; `has_mac_boot_args` says that there are some."),
    public("os_name", Text).searched_as("platform")
        .about("Operating system: `Windows NT`, `Mac OS X`, `Linux`, `Android` or another name; `Unknown` if neither \
            the minidump nor the client says."),
    public("os_pretty_version", Text).searched_as("platform_pretty_version")
        .about("Operating system and version by the names that people use, such as `Windows 11`, `macOS 26` or \
            `Android 34`. The bare name of the system if the version cannot be read."),
    public("os_version", Text).searched_as("platform_version")
        .about("Version of the operating system in its own numbering, such as `10.0.19045`; on Android the API level, \
            such as `34`. Empty if unknown."),
    public("windows_error_reporting", Boolean).copied_from("WindowsErrorReporting").searched()
        .about("Whether the crash was caught by way of Windows Error Reporting, which sees some crashes that the \
            product's own handler misses. Absent if the client did not say."),
];
