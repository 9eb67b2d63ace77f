//! Exceptions of Java and Kotlin code.

use super::field::Kind::{Boolean, Integer, List, Object, Text};
use super::field::Shape::Members;
use super::field::{Field, protected, public};

/// The rows, sorted by name.
#[rustfmt::skip] // Columns.
pub(super) const ROWS: &[Field] = &[
    public("java_exception", Object).copied_from("JavaException").of(Members(EXCEPTION))
        .about("Java or Kotlin exception that ended the app, with its causes: the list `exception.values` has the \
            class and stack frames of each. The messages are protected. Android only."),
    public("java_stack_trace", Text).searched()
        .about("Stack trace of the Java exception that ended the app: its class, then a frame per line, without \
            message and causes. `malformed` if what the client sent is no stack trace. Android only."),
    protected("java_stack_trace_raw", Text).searched()
        .about("Stack trace of the Java exception as the client sent it, with message and causes. Protected because \
            messages may hold the user's data. Android only."),
];

/// The document that the app sends.
#[rustfmt::skip] // Columns.
const EXCEPTION: &[Field] = &[
    public("exception", Object).of(Members(CAUSES))
        .about("Object around the list of exceptions."),
];

/// The exception and what caused it.
#[rustfmt::skip] // Columns.
const CAUSES: &[Field] = &[
    public("values", List).of(Members(CAUSE))
        .about("Exceptions: the one that was thrown and, if the client sends them, its causes."),
];

/// One exception.
#[rustfmt::skip] // Columns.
const CAUSE: &[Field] = &[
    public("stacktrace", Object).of(Members(STACK))
        .about("One exception with its stack."),
];

/// Its class and frames.
#[rustfmt::skip] // Columns.
const STACK: &[Field] = &[
    public("frames", List).of(Members(FRAME))
        .about("Calls on the stack."),
    public("module", Text)
        .about("Package of the exception's class, such as `java.lang`; emptied if it does not look like one."),
    public("type", Text)
        .about("Class of the exception, such as `IllegalStateException`; `Unknown` if what was sent does not begin \
            with a class name."),
    protected("value", Text)
        .about("Message of the exception, which may quote a user's data."),
];

/// One call.
#[rustfmt::skip] // Columns.
const FRAME: &[Field] = &[
    public("filename", Text)
        .about("Source file, such as `TabStore.kt`; emptied if it does not look like a file name, null if unknown."),
    public("function", Text)
        .about("Name of the method; emptied if it does not look like one, null if unknown."),
    public("in_app", Boolean)
        .about("Whether the code belongs to the application itself, and not to the system or a library; null if \
            unknown."),
    public("lineno", Integer)
        .about("Line in the source file; null if unknown."),
    public("module", Text)
        .about("Class that contains the method, with its package; emptied if it does not look like a class, null if \
            unknown."),
];
