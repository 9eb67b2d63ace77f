//! Annotations as a Firefox-like client sends them: all of them strings.
//!
//! None of them says which build crashed or when: the submitter fills that in.

use serde_json::{Map, Value, json};

/// What every desktop system sends.
const DESKTOP: &[(&str, &str)] = &[
    ("Accessibility", "Inactive"),
    (
        "Add-ons",
        "formautofill%40addons.test:1.0.1,dark-theme%40addons.test:2.4",
    ),
    ("ContentSandboxCapable", "1"),
    ("ContentSandboxEnabled", "1"),
    ("DOMFissionEnabled", "1"),
    ("DOMIPCEnabled", "1"),
    ("EMCheckCompatibility", "true"),
    ("SafeMode", "0"),
    ("StartupCrash", "0"),
    ("useragent_locale", "en-US"),
];

const LINUX: &[(&str, &str)] = &[
    ("AdapterDeviceID", "0x2484"),
    ("AdapterDriverVersion", "535.183.1.0"),
    ("AdapterVendorID", "0x10de"),
    ("AvailablePhysicalMemory", "9126805504"),
    ("ContentSandboxCapabilities", "119"),
    ("ContentSandboxLevel", "4"),
    ("DesktopEnvironment", "gnome"),
    (
        "Notes",
        "Debian GNU/Linux 12 (bookworm)FP(D00-L1000-W00000000-T000) WR? WR+ GL Context? GL Context+ ",
    ),
    ("TotalPhysicalMemory", "16701980672"),
];

const WINDOWS: &[(&str, &str)] = &[
    ("AdapterDeviceID", "0x2484"),
    ("AdapterDriverVersion", "31.0.15.5222"),
    ("AdapterSubsysID", "146b10de"),
    ("AdapterVendorID", "0x10de"),
    ("AvailablePageFile", "11828183040"),
    ("AvailablePhysicalMemory", "4218855424"),
    ("AvailableVirtualMemory", "140721852502016"),
    ("CPUMicrocodeVersion", "0x129"),
    ("ContentSandboxLevel", "6"),
    (
        "ModuleSignatureInfo",
        r#"{"Mozilla Corporation":["firefox.exe","xul.dll"],"Microsoft Windows":["kernel32.dll","ntdll.dll"]}"#,
    ),
    (
        "Notes",
        "FP(D00-L1000-W00000000-T000) WR? WR+ D3D11 Layers? D3D11 Layers+ DWrite? DWrite+ ",
    ),
    ("SystemMemoryUsePercentage", "74"),
    ("TotalPageFile", "29544873984"),
    ("TotalPhysicalMemory", "16513650688"),
    ("TotalVirtualMemory", "140737488224256"),
];

// The graphics of the last Macs with the sample's processor.
const MAC: &[(&str, &str)] = &[
    ("AdapterDeviceID", "0x7340"),
    ("AdapterVendorID", "0x1002"),
    ("AvailablePhysicalMemory", "1284505600"),
    ("MacAvailableMemorySysctl", "43"),
    ("MacMemoryPressure", "Normal"),
    ("MacMemoryPressureSysctl", "1"),
    ("Notes", "FP(D00-L1000-W00000000-T000) WR? WR+ CL? CL+ "),
    ("TotalPhysicalMemory", "17179869184"),
];

const ANDROID: &[(&str, &str)] = &[
    ("Android_Board", "shiba"),
    ("Android_Brand", "google"),
    ("Android_CPU_ABI", "arm64-v8a"),
    ("Android_CPU_ABI2", ""),
    ("Android_Device", "shiba"),
    ("Android_Display", "AP2A.240805.005"),
    ("Android_Hardware", "shiba"),
    ("Android_Manufacturer", "Google"),
    ("Android_Model", "Pixel 8"),
    ("Android_PackageName", "org.mozilla.fenix"),
    ("Android_Version", "34 (REL)"),
    ("TotalPhysicalMemory", "7820849152"),
    ("useragent_locale", "de"),
];

/// Returns the annotations of a Linux desktop, and `more`.
pub(crate) fn linux(more: &[(&str, &str)]) -> Map<String, Value> {
    merged(&[DESKTOP, LINUX, more])
}

/// Returns the annotations of a Windows desktop, and `more`.
pub(crate) fn windows(more: &[(&str, &str)]) -> Map<String, Value> {
    merged(&[DESKTOP, WINDOWS, more])
}

/// Returns the annotations of a Mac, and `more`.
pub(crate) fn mac(more: &[(&str, &str)]) -> Map<String, Value> {
    merged(&[DESKTOP, MAC, more])
}

/// Returns the annotations of an Android device, and `more`.
pub(crate) fn android(more: &[(&str, &str)]) -> Map<String, Value> {
    merged(&[ANDROID, more])
}

/// Returns the names of a dump's threads, as the annotation `ThreadIdNameMapping` gives them.
pub(crate) fn thread_names(threads: &[(u32, String)]) -> String {
    threads.iter().map(|(id, name)| format!("{id}:\"{name}\",")).collect()
}

/// Returns the text of a telemetry environment, without its `build` section.
pub(crate) fn telemetry_environment() -> String {
    json!({
        "settings": {
            "e10sEnabled": true,
            "fissionEnabled": true,
            "locale": "en-US",
            "update": { "autoDownload": true, "background": true, "enabled": true },
        },
        "system": {
            "memoryMB": 15749,
            "os": { "locale": "en-US", "name": "Windows_NT", "version": "10.0", "windowsBuildNumber": 22631 },
            "cpu": { "cores": 4, "count": 8, "vendor": "GenuineIntel" },
        },
        "profile": {},
        "partner": { "distributionId": "example-partner", "distributionVersion": "1.0" },
    })
    .to_string()
}

/// Merges annotations, sorted by name; later ones replace earlier ones.
fn merged(lists: &[&[(&str, &str)]]) -> Map<String, Value> {
    let mut merged: Map<String, Value> = Map::new();
    for (name, value) in lists.iter().copied().flatten() {
        merged.insert((*name).to_owned(), (*value).into());
    }
    merged.sort_keys();
    merged
}
