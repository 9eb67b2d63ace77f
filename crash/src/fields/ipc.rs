//! Communication between the program's processes.

use super::field::Kind::{Integer, Text};
use super::field::{Field, public};

/// The rows, sorted by name.
#[rustfmt::skip] // Columns.
pub(super) const ROWS: &[Field] = &[
    public("co_marshal_interface_failure", Text).copied_from("CoMarshalInterfaceFailure").searched()
        .about("Error of the Windows function `CoMarshalInterface`, which prepares a COM object for use by another \
            process or thread. Windows only; absent if it did not fail."),
    public("co_unmarshal_interface_result", Text).copied_from("CoUnmarshalInterfaceResult")
        .about("Result code of the Windows function `CoUnmarshalInterface`, which receives a COM object from another \
            process or thread. Windows only; absent if it did not fail."),
    public("ipc_channel_error", Text).copied_from("ipc_channel_error").searched()
        .about("Failure of the channel between two of the browser's processes. `ShutDownKill`: a child process was \
            killed because it did not shut down in time. Its presence makes the report a hang (`report_type`)."),
    public("ipc_fatal_error_msg", Text).copied_from("IPCFatalErrorMsg").searched()
        .about("Text of a fatal error in communication between the browser's processes."),
    public("ipc_fatal_error_protocol", Text).copied_from("IPCFatalErrorProtocol").searched()
        .about("Name of the protocol between the browser's processes in which the error of `ipc_fatal_error_msg` \
            occurred."),
    public("ipc_message_name", Text).copied_from("IPCMessageName").searched()
        .about("Name of the message between two of the browser's processes that was involved in the crash, such as \
            `PBrowser::Msg_Destroy`. Appended to the signature."),
    public("ipc_message_size", Integer).copied_from("IPCMessageSize").searched()
        .about("Size of a message between two of the browser's processes that was involved in the crash, in bytes, \
            usually because it was too large."),
    public("ipc_system_error", Integer).copied_from("IPCSystemError").searched()
        .about("Error number of the operating system from a failed operation of communication between processes: \
            `GetLastError` on Windows, `errno` elsewhere."),
];
