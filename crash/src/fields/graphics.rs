//! The graphics card, its driver, and what went wrong with them.

use super::field::Kind::{Boolean, Text};
use super::field::{Field, public};

/// The rows, sorted by name.
#[rustfmt::skip] // Columns.
pub(super) const ROWS: &[Field] = &[
    public("adapter_device_id", Text).copied_from("AdapterDeviceID").searched()
        .about("PCI device id of the graphics card in use, such as `0x7280`. On Android it may be the name of the \
            graphics chip instead."),
    public("adapter_driver_version", Text).copied_from("AdapterDriverVersion").searched()
        .about("Version of the graphics driver, in the driver's own numbering."),
    public("adapter_subsys_id", Text).copied_from("AdapterSubsysID").searched()
        .about("PCI subsystem id of the graphics card, which tells apart boards of different makers with the same \
            chip. Mainly Windows."),
    public("adapter_vendor_id", Text).copied_from("AdapterVendorID").searched()
        .about("PCI vendor id of the graphics card in use, such as `0x10de` (NVIDIA), `0x1002` (AMD) or `0x8086` \
            (Intel). On Android it may be the maker's name instead."),
    public("graphics_critical_error", Text).copied_from("GraphicsCriticalError").searched()
        .about("Severe problems that the graphics code logged before the crash, one after another in a single text, \
            often numbered and marked `[GFX1-]`."),
    public("graphics_startup_test", Boolean).copied_from("GraphicsStartupTest").searched()
        .about("Whether the crash happened while the browser tested the graphics driver at start-up."),
];
