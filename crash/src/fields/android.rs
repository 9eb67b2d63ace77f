//! What Android says of itself and of the device.

use super::field::Kind::Text;
use super::field::{Field, public};

/// The rows, sorted by name.
#[rustfmt::skip] // Columns.
pub(super) const ROWS: &[Field] = &[
    public("android_board", Text).copied_from("Android_Board").searched()
        .about("Name of the device's main board (Android's `Build.BOARD`). Android only."),
    public("android_brand", Text).copied_from("Android_Brand").searched()
        .about("Brand under which the device is sold (Android's `Build.BRAND`), such as `google`. Android only."),
    public("android_cpu_abi", Text).copied_from("Android_CPU_ABI").searched()
        .about("Binary interface that native code on the device uses first, such as `arm64-v8a`, `armeabi-v7a` or \
            `x86_64`. Gives `cpu_arch` when the minidump does not. Android only."),
    public("android_cpu_abi2", Text).copied_from("Android_CPU_ABI2").searched()
        .about("Second binary interface that the device supports, if any; same values as `android_cpu_abi`. Android \
            only."),
    public("android_device", Text).copied_from("Android_Device").searched()
        .about("Internal code name of the device's design (Android's `Build.DEVICE`). Android only."),
    public("android_display", Text).copied_from("Android_Display").searched()
        .about("Build of the Android system as the device shows it in its settings (`Build.DISPLAY`). Android only."),
    public("android_fingerprint", Text).copied_from("Android_Fingerprint").searched()
        .about("Text that identifies the exact Android system build on the device: brand, product, version and build \
            in one (`Build.FINGERPRINT`). Many devices share it. Android only."),
    public("android_hardware", Text).copied_from("Android_Hardware").searched()
        .about("Name of the hardware that the device's kernel reports (Android's `Build.HARDWARE`). Android only."),
    public("android_manufacturer", Text).copied_from("Android_Manufacturer").searched()
        .about("Maker of the device (Android's `Build.MANUFACTURER`), such as `Google`. Android only."),
    public("android_model", Text).copied_from("Android_Model").searched()
        .about("Model of the device as its maker calls it (Android's `Build.MODEL`), such as `Pixel 8`. Android only."),
    public("android_packagename", Text).copied_from("Android_PackageName").searched()
        .about("Package name of the app that crashed, such as `org.mozilla.firefox`. Android only."),
    public("android_version", Text).copied_from("Android_Version").searched()
        .about("Android version as API level and code name, such as `34 (REL)` for Android 14; `REL` marks a released \
            system. Android only."),
];
