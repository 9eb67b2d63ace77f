//! The signature, and what is read off the crashing thread's stack.

use super::field::Kind::{List, Text};
use super::field::{Field, protected, public};

/// What is in no processed crash and searched all the same: it is made of the stack, which everyone sees.
pub const FRAMES: Field = public("frames", List).searched().about(
    "Names of the functions of the crashing thread, of Java too (with the class), each once, the innermost first; \
        at most 300. Only a filter: it is never shown, counted or sorted by.",
);

/// The rows, sorted by name.
#[rustfmt::skip] // Columns.
pub(super) const ROWS: &[Field] = &[
    public("missing_symbols", Text).searched()
        .about("Modules for which no symbols were found, separated by `;`, each as `file name/version/debug id` and, \
            if known, `/code id`. An unknown version is `None`. Absent if no module lacks symbols."),
    public("modules_in_stack", Text).searched()
        .about("Modules on the crashing thread's stack, sorted and separated by `;`, each as `file name/debug id`. \
            Absent if there are none."),
    public("proto_signature", Text).searched()
        .about("Top of the crashing thread's stack: up to 40 normalized functions joined by ` | `, more than the \
            signature keeps of it. For a hang in shutdown, those of the main thread. Absent without a stack, or if \
            the crash is in Java code."),
    public("signature", Text).searched()
        .about("Short text made from the top of the crashing thread's stack. Crashes with the same signature most \
            likely have the same cause. Starts with `EMPTY` if there was no usable stack."),
    protected("signature_debug", Text)
        .about("Steps by which the signature was made, one per line: which function was kept or skipped, and which \
            rule changed the result."),
    public("signature_lists", Text)
        .about("SHA-256 of the lists of functions with which the signature was made, in hexadecimal. Results with the \
            same value followed the same lists."),
    public("topmost_filenames", Text).searched()
        .about("Source file of the innermost function on the crashing thread's stack for which a file is known. \
            Absent if there is none."),
];
