//! The processor and operating system of the crash.
//!
//! The stackwalker takes precedence over the client's annotations.

use serde_json::{Value, json};

use super::context::Context;
use super::read::{self, is_given};

/// The first build of Windows 11; its major and minor version are those of Windows 10.
const WINDOWS_11: u64 = 21_996;

/// The first build of Windows 10.
const WINDOWS_10: u64 = 10_240;

/// A member of the stackwalker's `system_info`; null counts as absent.
fn system_info<'a>(context: &'a Context<'_>, name: &str) -> Option<&'a Value> {
    read::at(context.json_dump(), &["system_info", name]).filter(|value| !value.is_null())
}

/// The processor, from the minidump.
pub(super) fn cpu_info(context: &mut Context<'_>) {
    for (name, default) in [
        ("cpu_info", json!("unknown")),
        ("cpu_count", json!(0)),
        ("cpu_arch", json!("unknown")),
    ] {
        let value = system_info(context, name).cloned().unwrap_or(default);
        context.set(name, value);
    }
    if let Some(version) = system_info(context, "cpu_microcode_version").cloned() {
        context.set("cpu_microcode_version", version);
    }
}

/// On Android without a minidump, the architecture by its Android name.
pub(super) fn android_cpu_info(context: &mut Context<'_>) {
    let known = context
        .processed
        .0
        .get("cpu_arch")
        .is_some_and(|arch| arch != "unknown");
    if known {
        return;
    }
    let Some(abi) = context.raw.get("Android_CPU_ABI") else {
        return;
    };
    let arch = match read::text_of(abi).as_deref() {
        Some("armeabi-v7a") => json!("arm"),
        Some("arm64-v8a") => json!("arm64"),
        Some("x86_64") => json!("amd64"),
        Some(other) => json!(other),
        None => abi.clone(),
    };
    context.set("cpu_arch", arch);
}

/// The operating system, from the minidump.
pub(super) fn os_info(context: &mut Context<'_>) {
    for (name, member, default) in [("os_name", "os", "Unknown"), ("os_version", "os_ver", "")] {
        let value = system_info(context, member).and_then(Value::as_str);
        let value = value.map_or(default, read::strip).to_owned();
        context.set(name, value);
    }
}

/// On Android, the version is the API level.
pub(super) fn android_os_info(context: &mut Context<'_>) {
    let name = match context.processed.0.get("os_name") {
        None => "unknown".to_owned(),
        Some(value) => value.as_str().unwrap_or_default().to_lowercase(),
    };
    if name != "unknown" && name != "android" {
        return;
    }
    let Some(version) = context.raw.get("Android_Version") else {
        return;
    };
    let number = read::text_of(version)
        .and_then(|text| text.split(' ').next().map(str::to_owned))
        .filter(|number| read::integer_in(number).is_ok());
    context.set("os_name", "Android");
    if let Some(number) = number {
        context.set("os_version", number);
    }
}

/// Fills what is still unknown from the annotations (bug 2052944): pings carry no minidump.
pub(super) fn platform_info(context: &mut Context<'_>) {
    for (name, annotation, unknown) in [
        ("cpu_arch", "CPUArchitecture", "unknown"),
        ("cpu_info", "CPUInfo", "unknown"),
        ("os_name", "OS", "Unknown"),
        ("os_version", "OSVersion", ""),
    ] {
        let known = context
            .processed
            .0
            .get(name)
            .is_some_and(|value| is_given(value) && value != unknown);
        if known {
            continue;
        }
        let value = read::annotation(&context.raw, annotation).unwrap_or_default();
        let value = read::strip(&value).to_owned();
        if !value.is_empty() {
            context.set(name, value);
        }
    }
}

/// The operating system and version under their common names.
pub(super) fn os_pretty_version(context: &mut Context<'_>) {
    let name = context.processed.0.get("os_name");
    let version = read::text(&context.processed.0, "os_version").unwrap_or_default();
    let pretty = match name.and_then(Value::as_str) {
        Some(name) if name.starts_with("Windows") => json!(windows(name, version)),
        Some(name @ "Mac OS X") => json!(mac(name, version)),
        Some("Linux") => linux(context),
        Some("Android") if version.is_empty() => json!("Android"),
        Some("Android") => json!(format!("Android {version}")),
        _ => json!(name),
    };
    context.set("os_pretty_version", pretty);
}

fn windows(name: &str, version: &str) -> String {
    let Some((major, minor, build)) = numbers(version) else {
        return name.to_owned();
    };
    // Programs whose manifest declares no newer Windows are told it is Windows 8, whose last build was 9600.
    let (major, minor) = match (major, minor) {
        (6, 2 | 3) if build >= WINDOWS_10 => (10, 0),
        other => other,
    };
    let name = match (major, minor) {
        (3, 5) | (4, 0) => "Windows NT",
        (4, 1) => "Windows 98",
        (4, 9) => "Windows Me",
        (5, 0) => "Windows 2000",
        (5, 1) => "Windows XP",
        (5, 2) => "Windows Server 2003",
        (6, 0) => "Windows Vista",
        (6, 1) => "Windows 7",
        (6, 2) => "Windows 8",
        (6, 3) => "Windows 8.1",
        (10, 0) if build >= WINDOWS_11 => "Windows 11",
        (10, 0) => "Windows 10",
        _ => "Windows Unknown",
    };
    name.to_owned()
}

fn mac(name: &str, version: &str) -> String {
    match numbers(version) {
        None => name.to_owned(),
        Some((10, 16.., _)) => new_mac(version).unwrap_or_else(|| "macOS 11 or later".to_owned()),
        Some((16..=25, _, _)) => new_mac(version).unwrap_or_else(|| "macOS 26 or later".to_owned()),
        Some((major, _, _)) if major >= 11 => format!("macOS {major}"),
        Some((10, minor, _)) => format!("OS X 10.{minor}"),
        Some(_) => "OS X Unknown".to_owned(),
    }
}

/// The macOS behind a version of 10.16 or 16, which macOS 11 and 26 report to programs built for older ones, by the
/// build number after the version: `20G95` is from macOS 11. The number is that of the kernel, Darwin, which kept
/// counting up by one a year when macOS went from 15 to 26.
fn new_mac(version: &str) -> Option<String> {
    let build = version.split_whitespace().nth(1)?;
    let (darwin, rest) = leading_number(build)?;
    let is_build = rest.starts_with(|c: char| c.is_ascii_uppercase());
    match darwin {
        20..=24 if is_build => Some(format!("macOS {}", darwin - 9)),
        25..=99 if is_build => Some(format!("macOS {}", darwin + 1)),
        _ => None,
    }
}

fn linux(context: &Context<'_>) -> Value {
    let described = read::at(context.json_dump(), &["lsb_release", "description"]);
    if let Some(described) = described.filter(|value| is_given(value)) {
        return described.clone();
    }
    let annotated = read::annotation(&context.raw, "LinuxLSBDescription").unwrap_or_default();
    match read::strip(&annotated) {
        "" => json!("Linux"),
        text => json!(text),
    }
}

/// The numbers at the start of a version, `major.minor[.build]`.
fn numbers(version: &str) -> Option<(u64, u64, u64)> {
    let (major, rest) = leading_number(version)?;
    let (minor, rest) = leading_number(rest.strip_prefix('.')?)?;
    let build = rest.strip_prefix('.').and_then(leading_number);
    Some((major, minor, build.map_or(0, |(build, _)| build)))
}

fn leading_number(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end)?;
    Some((digits.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_11_is_told_by_its_build_number() {
        for (version, expected) in [
            ("10.0.19045", "Windows 10"),
            ("10.0.9999", "Windows 10"),
            ("10.0.21996", "Windows 11"),
            ("10.0.100000", "Windows 11"),
            ("10.0", "Windows 10"),
            ("6.1.7601 Service Pack 1", "Windows 7"),
            ("7.7", "Windows Unknown"),
            ("6.2.9200", "Windows 8"),
            ("6.2.19045", "Windows 10"),
            ("6.3.22631", "Windows 11"),
            (" 6.1", "Windows NT"),
            ("6", "Windows NT"),
        ] {
            assert_eq!(windows("Windows NT", version), expected, "{version}");
        }
    }

    #[test]
    fn an_old_name_of_a_new_macos_is_told_by_its_build_number() {
        for (version, expected) in [
            ("10.15.7 19H114", "OS X 10.15"),
            ("10.16.0 20G95", "macOS 11"),
            ("10.16 21G72", "macOS 12"),
            ("10.16.0 22A380", "macOS 13"),
            ("10.16.0 23F79", "macOS 14"),
            ("10.16.0 24A335", "macOS 15"),
            ("10.16.0 25A354", "macOS 26"),
            ("10.16.0", "macOS 11 or later"),
            ("10.16.0 19A1", "macOS 11 or later"),
            ("10.16.0 2020", "macOS 11 or later"),
            ("10.16.0 x", "macOS 11 or later"),
            ("16.0.0 25A354", "macOS 26"),
            ("16.0.0", "macOS 26 or later"),
            ("11.6.1 20G224", "macOS 11"),
            ("26.1.0 25B78", "macOS 26"),
        ] {
            assert_eq!(mac("Mac OS X", version), expected, "{version}");
        }
    }
}
