//! The stackwalker's document: what it found in one minidump.

use super::field::Kind::{Boolean, Integer, List, Number, Object, Text};
use super::field::Shape::{FileName, Members};
use super::field::{Field, protected, public};

/// The stackwalker's document.
#[rustfmt::skip] // Columns.
pub(super) const JSON_DUMP: &[Field] = &[
    public("crash_info", Object).of(Members(CRASH_INFO))
        .about("What the minidump and the crashing instruction tell about the crash itself."),
    public("crashing_thread", Object).of(Members(THREAD))
        .about("Copy of the crashing thread from `threads` with its position there and, protected, its registers. \
            Absent if the thread is unknown or has no frames."),
    protected("handles", List).of(Members(HANDLE))
        .about("Handles (Windows) or file descriptors that the process had open; null if the minidump does not list \
            them."),
    protected("linux_memory_map_count", Integer)
        .about("Number of memory mappings of the process; null on systems other than Linux."),
    public("lsb_release", Object).of(Members(LSB_RELEASE))
        .about("Linux distribution as its release file describes it; null on other systems and if the minidump lacks \
            it."),
    protected("mac_boot_args", Text)
        .about("Arguments that the kernel of a Mac was booted with; null elsewhere. Source of the fields \
            `mac_boot_args` and `has_mac_boot_args`."),
    protected("mac_crash_info", Object).of(Members(MAC_CRASH_INFO))
        .about("Messages that system libraries of a Mac left for crash reports; null if there are none. The field \
            `mac_crash_info` holds it as JSON text."),
    public("main_module", Integer)
        .about("Position in `modules` of the program itself, always 0."),
    public("modules", List).of(Members(MODULE))
        .about("Program and libraries that were loaded at the crash."),
    public("modules_contains_cert_info", Boolean)
        .about("Whether signers of modules are known, from the annotation `ModuleSignatureInfo`."),
    public("pid", Integer)
        .about("Process id of the crashed process; null if the minidump does not tell it."),
    protected("proc_limits", Object).of(Members(PROC_LIMITS))
        .about("Resource limits of the process; null on systems other than Linux and if the minidump lacks them."),
    protected("process_uptime", Integer)
        .about("Seconds from the start of the process to the writing of the minidump; null if the minidump lacks the \
            start."),
    protected("soft_errors", List)
        .about("Problems that the writer of the minidump had and that did not stop it, as JSON in its own form; null \
            if none are recorded. The field `soft_errors` holds it as text."),
    public("status", Text)
        .about("Result of the stack walk; `OK` wherever there is a document. After a failed walk `json_dump` is \
            empty."),
    public("system_info", Object).of(Members(SYSTEM_INFO))
        .about("Processor and operating system, as the minidump tells them."),
    public("thread_count", Integer)
        .about("Number of threads in the minidump, including those that were left out before the walk."),
    public("threads", List).of(Members(THREAD))
        .about("Threads of the process with their stacks, in the minidump's order."),
    public("unloaded_modules", List).of(Members(MODULE))
        .about("Modules that had been loaded and were removed before the crash; one can occur several times. Usually \
            only Windows records them."),
];

/// Why and where it crashed.
#[rustfmt::skip] // Columns.
const CRASH_INFO: &[Field] = &[
    public("address", Text)
        .about("Address involved, in hexadecimal, as the operating system reported it: what was accessed, or the \
            instruction. Null if the minidump records no exception. The field `address` holds the corrected one."),
    public("adjusted_address", Object).of(Members(ADJUSTED_ADDRESS))
        .about("Correction of `address` found by decoding the crashing instruction; null if there is none."),
    public("assertion", Text)
        .about("Place for the text of a failed assertion; the stackwalker always leaves it null."),
    public("crash_inconsistencies", List)
        .about("Names of contradictions between the reported reason or address and the crashing instruction, such as \
            `int_div_by_zero_not_possible`. They can point to faulty hardware."),
    public("crashing_thread", Integer)
        .about("Position in `threads`, from 0, of the thread that crashed or requested the minidump; null if unknown."),
    public("instruction", Text)
        .about("Crashing instruction, disassembled, such as `mov dword [0x45], 0x5`. Null if it is not in the \
            minidump or the processor is not amd64."),
    protected("instruction_pointer_update", Object).of(Members(POINTER_UPDATE))
        .about("Where the crashing instruction would have jumped; null if it does not jump."),
    public("memory_accesses", List).of(Members(MEMORY_ACCESS))
        .about("Memory that the crashing instruction reads or writes, one element for each access; null if the \
            instruction could not be decoded."),
    public("possible_bit_flips", List).of(Members(BIT_FLIP))
        .about("Guesses that the address is wrong because a single bit of it changed, as faulty memory can do; null \
            if there are none."),
    public("type", Text)
        .about("Cause of the crash in the words of the operating system, such as `SIGSEGV / SEGV_MAPERR` or \
            `EXCEPTION_ACCESS_VIOLATION_READ`; null if the minidump records no exception. Source of `reason`."),
];

/// The address that the program used.
#[rustfmt::skip] // Columns.
const ADJUSTED_ADDRESS: &[Field] = &[
    public("address", Text)
        .about("Address that the program really used, in hexadecimal. Only if `kind` is `non-canonical`."),
    public("kind", Text)
        .about("Kind of correction: `non-canonical` (an address that amd64 processors cannot have, so that the system \
            reports another) or `null-pointer` (an access relative to a null pointer)."),
    public("offset", Text)
        .about("Distance from the null pointer to the accessed address, in hexadecimal. Only if `kind` is \
            `null-pointer`."),
];

/// What the crashing instruction does to memory.
#[rustfmt::skip] // Columns.
const MEMORY_ACCESS: &[Field] = &[
    protected("access_type", Text)
        .about("Kind of access: `read`, `write` or `readwrite`; absent if unknown."),
    public("address", Text)
        .about("First accessed address, in hexadecimal."),
    protected("is_likely_guard_page", Boolean)
        .about("True if the address is probably in a guard page, a sign of a buffer or stack overflow; absent \
            otherwise. The field `has_guard_page_access` sums it up."),
    public("size", Integer)
        .about("Number of accessed bytes."),
];

/// Where the crashing instruction jumps.
#[rustfmt::skip] // Columns.
const POINTER_UPDATE: &[Field] = &[
    protected("address", Text)
        .about("Target of the jump, in hexadecimal."),
    protected("is_likely_guard_page", Boolean)
        .about("True if the target is probably in a guard page; absent otherwise."),
];

/// A flipped bit that would explain the crash.
#[rustfmt::skip] // Columns.
const BIT_FLIP: &[Field] = &[
    public("address", Text)
        .about("Address with the bit set right, in hexadecimal."),
    public("confidence", Number)
        .about("Confidence in the guess, from 0 to 1. The field `possible_bit_flips_max_confidence` holds the highest \
            in percent."),
    public("details", Object).of(Members(BIT_FLIP_DETAILS))
        .about("Observations from which the confidence is computed."),
    public("source_register", Text)
        .about("Register that held the wrong address; null if the guess is about the crash address itself."),
];

/// What speaks for a flipped bit, or against it.
#[rustfmt::skip] // Columns.
const BIT_FLIP_DETAILS: &[Field] = &[
    public("is_null", Boolean)
        .about("Whether the corrected address is null."),
    public("nearby_registers", Integer)
        .about("Number of registers with a value near the corrected address; more make the guess likelier. 0 for low \
            addresses, where it would tell nothing."),
    public("poison_registers", Boolean)
        .about("Whether a register holds a pattern that marks freed or unset memory, which speaks for a use after \
            free and against a flipped bit."),
    public("was_low", Boolean)
        .about("Whether the original address was low as well as the corrected one null. Small numbers have many \
            causes, so that the guess is weaker."),
    public("was_non_canonical", Boolean)
        .about("Whether the original address was one that amd64 processors cannot have."),
];

/// A thread and its stack.
#[rustfmt::skip] // Columns.
const THREAD: &[Field] = &[
    public("frame_count", Integer)
        .about("Number of frames that were found, including those that a cut removed later."),
    public("frames", List).of(Members(FRAME))
        .about("Stack of the thread, the innermost call first. Of more than 500 frames, only the first 250 and the \
            last 249 are kept, with a marker between them."),
    public("last_error_value", Text)
        .about("Last error code of the Windows API in the thread, as the name of the error; null on other systems."),
    protected("thread_id", Integer)
        .about("Number that the operating system gave the thread."),
    public("thread_name", Text)
        .about("Name of the thread; null if it has none or the minidump does not tell it."),
    public("threads_index", Integer)
        .about("Position of the thread in `threads`, from 0. Only in `crashing_thread`."),
    public("truncated", Boolean)
        .about("True if frames were cut from the middle of the stack; absent otherwise."),
];

/// One call on a stack.
#[rustfmt::skip] // Columns.
const FRAME: &[Field] = &[
    public("file", Text)
        .about("Source file of the instruction, often a path with repository and revision; null without symbols."),
    public("frame", Integer)
        .about("Position in the stack, from 0 at the top. Frames below a cut keep their original numbers."),
    public("function", Text)
        .about("Name of the function with its arguments' types, as the symbol file writes it; null without symbols."),
    public("function_offset", Text)
        .about("Distance in bytes from the function's start to the instruction, in hexadecimal; null without symbols."),
    public("inlines", List).of(Members(INLINE))
        .about("Functions that the compiler inlined at the instruction, innermost first; they stand above the frame \
            in the stack. Null if there are none."),
    public("line", Integer)
        .about("Line in the source file, from 1; null without symbols."),
    public("missing_symbols", Boolean)
        .about("Whether the function's name could not be found."),
    public("module", Text)
        .about("File name of the module that contains the instruction, without folders; null if the address is in \
            none."),
    public("module_offset", Text)
        .about("Distance in bytes from the module's start to the instruction, in hexadecimal; null without a module."),
    public("offset", Text)
        .about("Address of the instruction, in hexadecimal. Exact in the first frame; in the others it is derived \
            from the return address."),
    protected("registers", Object)
        .about("Contents of the processor's registers at the crash: an object from the register's name to a \
            hexadecimal value. Only in the first frame of `crashing_thread`."),
    public("truncated", Object).of(Members(TRUNCATED))
        .about("Marker in place of frames that were cut from the middle of a stack of more than 500; such an element \
            has no other members."),
    public("trust", Text)
        .about("How the frame was found, the most reliable first: `context` (the registers), `cfi` (unwind data), \
            `frame_pointer`, `scan` (a value on the stack that looks like a return address)."),
    public("unloaded_modules", List).of(Members(UNLOADED))
        .about("Modules that had been at the address but were no longer loaded. Null if there are none or a loaded \
            module contains the address."),
];

/// A function that the compiler put into another one.
#[rustfmt::skip] // Columns.
const INLINE: &[Field] = &[
    public("file", Text)
        .about("Source file of the inlined code; null if unknown."),
    public("function", Text)
        .about("Name of the inlined function."),
    public("line", Integer)
        .about("Line in the source file, from 1; null if unknown."),
];

/// What stands for the frames that were left out.
#[rustfmt::skip] // Columns.
const TRUNCATED: &[Field] = &[
    public("msg", Text)
        .about("Sentence that says how many frames were cut, such as `1,200 frames truncated`."),
];

/// A module that had been where the frame is.
#[rustfmt::skip] // Columns.
const UNLOADED: &[Field] = &[
    public("module", Text).of(FileName)
        .about("File name of the unloaded module, without folders."),
    public("offsets", List)
        .about("Distances in bytes, in hexadecimal, from the module's start to the instruction: one for each \
            different place that the module had been loaded at."),
];

/// A program file or library in the address space.
#[rustfmt::skip] // Columns.
const MODULE: &[Field] = &[
    public("base_addr", Text)
        .about("First address of the module in memory, in hexadecimal."),
    public("cert_subject", Text)
        .about("Subject of the certificate that signed the module, such as `Microsoft Windows`, from the annotation \
            `ModuleSignatureInfo`; null if unknown."),
    public("code_id", Text)
        .about("Identifier of the module's file in lower-case hexadecimal: the build id note on Linux; time and size \
            on Windows. Empty if the minidump has none."),
    public("corrupt_symbols", Boolean)
        .about("Whether a symbol file was found that could not be read. Only in `modules`."),
    public("debug_file", Text)
        .about("Name of the file with the debug information, without folders, such as `xul.pdb`. Symbols are looked \
            up by it and `debug_id`. Only in `modules`."),
    public("debug_id", Text)
        .about("Identifier of the exact build of the module in hexadecimal, usually 33 digits: the last ones are its \
            age. Only in `modules`."),
    public("end_addr", Text)
        .about("First address after the module in memory, in hexadecimal."),
    public("filename", Text).of(FileName)
        .about("File name of the module, without folders."),
    public("loaded_symbols", Boolean)
        .about("Whether a symbol file was loaded for the module. Only in `modules`."),
    public("missing_symbols", Boolean)
        .about("Whether a symbol file was looked for and not loaded. False for modules that are on no stack, since \
            none is looked for. Only in `modules`."),
    public("symbol_url", Text)
        .about("URL that the symbol file came from, without user, password and query; null for servers on local \
            networks and without a known source. Only in `modules`."),
    public("version", Text)
        .about("Version of the module's file, such as `10.0.19041.546`; null if the minidump has none. Only in \
            `modules`."),
];

/// The machine and its operating system.
#[rustfmt::skip] // Columns.
const SYSTEM_INFO: &[Field] = &[
    public("cpu_arch", Text)
        .about("Architecture of the process, such as `amd64`, `x86`, `arm64` or `arm`. A 32-bit program on 64-bit \
            Windows has `x86`."),
    public("cpu_count", Integer)
        .about("Number of logical processors of the machine."),
    public("cpu_info", Text)
        .about("Processor's vendor, family, model and stepping as text, such as `family 6 model 158 stepping 10`; \
            null if unknown."),
    public("cpu_microcode_version", Text)
        .about("Revision of the processor's microcode in hexadecimal, from the minidump, or else from the annotation \
            `CPUMicrocodeVersion`; null if neither tells it."),
    public("os", Text)
        .about("Operating system: `Windows NT`, `Mac OS X` (also for macOS 11 and later), `Linux`, `Android`, `iOS`, \
            or a number in hexadecimal if it is unknown."),
    public("os_ver", Text)
        .about("Version of the operating system with its build, such as `10.0.19041`; on Linux, that of the kernel."),
];

/// The Linux distribution.
#[rustfmt::skip] // Columns.
const LSB_RELEASE: &[Field] = &[
    public("codename", Text)
        .about("Code name of the distribution's version, such as `xenial`."),
    public("description", Text)
        .about("Name of the distribution with its version, such as `Ubuntu 16.04.3 LTS`. Source of \
            `os_pretty_version` on Linux."),
    public("id", Text)
        .about("Short name of the distribution, such as `Ubuntu`."),
    public("release", Text)
        .about("Version of the distribution, such as `16.04`."),
];

/// An object of Windows that the process had open.
#[rustfmt::skip] // Columns.
const HANDLE: &[Field] = &[
    protected("handle", Integer)
        .about("Value of the handle, or number of the file descriptor."),
    protected("object_name", Text)
        .about("Name of what the handle refers to, such as the path of a file; null if unknown."),
    protected("type_name", Text)
        .about("Kind of what the handle refers to, such as `File`; null if unknown."),
];

/// What libraries of macOS said before they ended the process.
#[rustfmt::skip] // Columns.
const MAC_CRASH_INFO: &[Field] = &[
    protected("num_records", Integer)
        .about("Number of elements in `records`."),
    protected("records", List).of(Members(MAC_RECORD))
        .about("One element for each library that left something."),
];

/// What one library said.
#[rustfmt::skip] // Columns.
const MAC_RECORD: &[Field] = &[
    protected("abort_cause", Text)
        .about("Member `abort_cause` of the library's record, as a hexadecimal number."),
    protected("backtrace", Text)
        .about("Member `backtrace` of the library's record, as text."),
    protected("dialog_mode", Text)
        .about("Member `dialog_mode` of the library's record, as a hexadecimal number."),
    protected("message", Text)
        .about("First message of the library."),
    protected("message2", Text)
        .about("Second message of the library."),
    protected("module", Text)
        .about("Path of the library."),
    protected("signature_string", Text)
        .about("Member `signature_string` of the library's record, as text."),
    protected("thread", Text)
        .about("Member `thread` of the library's record, as a hexadecimal number."),
];

/// The process's limits on Linux.
#[rustfmt::skip] // Columns.
const PROC_LIMITS: &[Field] = &[
    protected("limits", List).of(Members(PROC_LIMIT))
        .about("One element for each limit, sorted by name."),
];

/// One limit.
#[rustfmt::skip] // Columns.
const PROC_LIMIT: &[Field] = &[
    protected("hard", Text)
        .about("Ceiling up to which the process may raise the limit: a number, or `unlimited`."),
    protected("name", Text)
        .about("Name of the limit in the kernel's words, such as `Max open files`."),
    protected("soft", Text)
        .about("Limit in force: a number, or `unlimited`."),
    protected("unit", Text)
        .about("Unit of the limit, such as `files` or `bytes`."),
];
