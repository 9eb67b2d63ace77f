//! What went wrong, as the program, the system and the processor say it.

use super::field::Kind::{Boolean, Integer, List, Text};
use super::field::{Field, protected, public};

/// The rows, sorted by name.
#[rustfmt::skip] // Columns.
pub(super) const ROWS: &[Field] = &[
    public("abort_message", Text).copied_from("AbortMessage").searched()
        .about("Text of the fatal error with which the program ended itself on purpose, as the aborting code wrote \
            it. The signature is made from it too. Absent if the program did not abort that way."),
    public("address", Text).searched()
        .about("Memory address involved in the crash, in hexadecimal. Corrected where the processor reports another \
            address than the program used: an access close to a null pointer counts as zero. Null or absent if no \
            minidump gave one."),
    public("crash_inconsistencies", List).searched()
        .about("Contradictions between the reported reason and what the crashing instruction can do, as names such as \
            `int_div_by_zero_not_possible`. They hint at faulty hardware. Empty or null if none was found."),
    public("crashing_thread", Integer).searched()
        .about("Index of the thread that crashed, counted from 0, in the list `json_dump.threads`. For hangs at \
            shutdown it is 0, the main thread. Null if the minidump does not tell."),
    public("crashing_thread_name", Text).searched()
        .about("Name that the program gave the thread that crashed, such as `GeckoMain`; for hangs at shutdown the \
            main thread's. Null if the minidump has no name for it."),
    public("hang", Text).copied_from("Hang").searched()
        .about("Kind of hang for which the client made the report, such as `ui` for a blocked user interface. The \
            signature then begins with `hang:`. Absent if no hang was reported."),
    protected("has_guard_page_access", Boolean).searched()
        .about("Whether the crashing instruction probably touched a guard page, memory kept inaccessible to catch \
            overruns. True or absent, never false."),
    public("last_error_value", Text).searched()
        .about("Last error code that Windows kept for the crashing thread (`GetLastError`), as a name such as \
            `ERROR_SUCCESS` or a number. Windows only."),
    public("mac_crash_info", Text).searched()
        .about("Messages that libraries left in their `__crash_info` sections on macOS, usually about why they ended \
            the process, as JSON text. Absent if there are none."),
    public("moz_crash_reason", Text).searched()
        .about("Message of the assertion or check by which the program ended itself. Reads `sanitized--see \
            moz_crash_reason_raw` if the message may quote the user's data. Absent if the program did not end on \
            purpose."),
    protected("moz_crash_reason_raw", Text).searched()
        .about("Message by which the program said why it ended itself, exactly as sent. May quote the user's paths or \
            texts. Absent if the program did not end on purpose."),
    protected("phc_alloc_stack", Text).searched()
        .about("Call stack that allocated the memory in question, according to the heap checker (PHC), which watches \
            a sample of allocations. Addresses in decimal, separated by commas, without symbols."),
    protected("phc_base_address", Text).searched()
        .about("Start of the watched allocation at which the bad access happened, in hexadecimal, according to the \
            heap checker (PHC). Absent if the checker did not report it."),
    protected("phc_free_stack", Text).searched()
        .about("Call stack that freed the memory in question, according to the heap checker (PHC). Addresses in \
            decimal, separated by commas, without symbols. Absent if the memory was not freed or the stack not \
            recorded."),
    protected("phc_kind", Text).searched()
        .about("What the heap checker (PHC) knows about the memory that was accessed, such as `FreedPage` (used after \
            it was freed), `GuardPage` (access past its end) or `InUsePage`. Absent if the checker was not involved."),
    protected("phc_usable_size", Integer).searched()
        .about("Usable size of the watched allocation at which the bad access happened, in bytes, according to the \
            heap checker (PHC). Absent if the checker did not report it."),
    public("possible_bit_flips_max_confidence", Integer).searched()
        .about("How likely it is that one flipped bit in memory explains the crash address, in percent; the highest \
            of all candidates. A sign of faulty hardware. Absent if no flip would explain it."),
    public("reason", Text).searched()
        .about("What the operating system says went wrong: the exception or signal, such as \
            `EXCEPTION_ACCESS_VIOLATION_READ` or `SIGSEGV / SEGV_MAPERR`. Empty or null if the minidump does not \
            tell."),
    public("report_type", Text).searched()
        .about("`hang` if the program was ended because it stopped responding (a shutdown that took too long, or a \
            child process killed for it), else `crash`."),
    public("thread_count", Integer).searched()
        .about("Number of threads of the crashed process, according to the minidump. Null if there is no readable \
            minidump."),
];
