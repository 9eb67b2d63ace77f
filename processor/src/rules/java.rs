//! The public part of a Java stack trace: an allow-list of lines. Anything that is not a class, frame or frame count
//! may be part of a message, wherever it stands.

use serde_json::Value;

use super::read;

/// What precedes the class if the thread that died printed the trace.
const THREAD_PREFIX: &str = "Exception in thread \"";

/// The public part of a stack trace.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PublicStack<'a> {
    /// The exception's class, followed by the frames, one per line.
    pub(super) text: String,
    /// The lines among and after the first frames that are not frames.
    pub(super) left_out: Vec<&'a str>,
}

/// The class and frames of a stack trace; its message, causes and suppressed exceptions are left out. `None` if it is
/// not a stack trace.
pub(super) fn public_stack(text: &str) -> Option<PublicStack<'_>> {
    let mut lines = read::lines(text)
        .into_iter()
        .skip_while(|line| read::strip(line).is_empty());
    let first = read::strip(lines.next().unwrap_or_default());
    let first = first
        .strip_prefix(THREAD_PREFIX)
        .and_then(|rest| rest.split_once("\" "))
        .map_or(first, |(_, rest)| rest);
    let class = read::strip(first.split(':').next().unwrap_or_default());
    if !class.is_empty() && !is_class(class) {
        return None;
    }
    let mut stack = Vec::new();
    let (mut left_out, mut looks_like_a_stack) = (Vec::new(), false);
    for line in lines {
        let stripped = read::strip(line);
        let is_indented = line.starts_with(read::is_blank);
        if let Some(frame) = frame(stripped).filter(|_| is_indented) {
            stack.push(format!("\t{frame}"));
        } else if stack.is_empty() || stripped.is_empty() {
            // Anything before the first frame belongs to the message.
            looks_like_a_stack |= line.starts_with("\tat ");
        } else if stripped.starts_with("Suppressed:") || stripped.starts_with("Caused by:") {
            break;
        } else if line.starts_with('\t') {
            left_out.push(line);
        } else {
            return None;
        }
    }
    if stack.is_empty() && looks_like_a_stack {
        return None;
    }
    Some(PublicStack {
        text: format!("{class}\n{}", stack.join("\n")),
        left_out,
    })
}

/// Whether a text can be a class name: names joined by dots.
fn is_class(text: &str) -> bool {
    text.split('.').all(|name| {
        // Kotlin hides a file's class from Java with a dash.
        let name = name.strip_prefix('-').unwrap_or(name);
        name.starts_with(|c: char| !c.is_numeric()) && name.chars().all(|c| is_of_name(c) && c != '-')
    })
}

/// Removes from a Java exception's stacks everything that is not a class, method or file name, since it may be part of
/// the message; returns what was removed.
pub(super) fn keep_names(exception: &mut Value) -> Vec<String> {
    let values = exception.get_mut("exception").and_then(|all| all.get_mut("values"));
    let values = values.and_then(Value::as_array_mut);
    let mut left_out = Vec::new();
    for value in values.into_iter().flatten() {
        let Some(stack) = value.get_mut("stacktrace") else {
            continue;
        };
        // As in a stack trace, the message may follow the class.
        if let Some(Value::String(kind)) = stack.get_mut("type")
            && !is_class(kind)
        {
            let class = read::strip(kind.split(':').next().unwrap_or_default());
            let class = if is_class(class) { class } else { "Unknown" };
            let class = class.to_owned();
            left_out.push(std::mem::replace(kind, class));
        }
        left_out.extend(keep(stack, "module", is_class));
        let frames = stack.get_mut("frames").and_then(Value::as_array_mut);
        for frame in frames.into_iter().flatten() {
            left_out.extend(keep(frame, "module", is_class));
            left_out.extend(keep(frame, "function", is_method_name));
            left_out.extend(keep(frame, "filename", is_place));
        }
    }
    left_out
}

/// Empties a member whose text is not a name; returns that text.
fn keep(object: &mut Value, name: &str, is_name: fn(&str) -> bool) -> Option<String> {
    match object.get_mut(name) {
        Some(Value::String(text)) if !is_name(text) => Some(std::mem::take(text)),
        _ => None,
    }
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$' | '-')
}

/// A line of the stack: `at [loader/][module@version/]package.Class.method(File.java:1)` without anything after it, or
/// `... 3 more`.
fn frame(line: &str) -> Option<&str> {
    if let Some(rest) = line.strip_prefix("... ") {
        let (count, rest) = rest.split_once(' ')?;
        let is_count = count.bytes().all(|byte| byte.is_ascii_digit());
        let is_known = matches!(rest, "more" | "common frames omitted");
        return (!count.is_empty() && is_count && is_known).then_some(line);
    }
    let rest = line.strip_prefix("at ")?;
    let (method, rest) = rest.split_once('(')?;
    let (place, behind) = rest.split_once(')')?;
    let frame = line.get(..line.len() - behind.len())?;
    (is_method(method) && is_place(place)).then_some(frame)
}

/// A method with its class, joined by at least one dot.
fn is_method(text: &str) -> bool {
    let (origin, method) = text.rsplit_once('/').unwrap_or(("", text));
    origin.split('/').all(is_origin) && method.contains('.') && method.split('.').all(is_method_name)
}

fn is_method_name(name: &str) -> bool {
    matches!(name, "<init>" | "<clinit>") || !name.is_empty() && name.chars().all(is_of_name)
}

/// The name of a class loader or module, with or without its version, or of a hidden class before its address; may be
/// empty.
fn is_origin(text: &str) -> bool {
    let (name, version) = text.split_once('@').unwrap_or((text, "0"));
    // Letters are only allowed after a dash or a plus: `22-ea`, `17.0.1+12-LTS`.
    let numbers = version.split(['-', '+']).next().unwrap_or_default();
    let is_version = numbers.starts_with(|c: char| c.is_ascii_digit())
        && numbers.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '_'))
        && version
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+' | '_'));
    is_version && name.chars().all(|c| is_of_name(c) || c == '.')
}

/// A frame's location in the source, such as `File.java:12`.
fn is_place(text: &str) -> bool {
    let (file, line) = text.split_once(':').unwrap_or((text, ""));
    // R8 gives the mapping instead of the file.
    let file = file.strip_prefix("go/retraceme ").unwrap_or(file);
    let is_file = matches!(file, "Native Method" | "Unknown Source") || file.chars().all(|c| is_of_name(c) || c == '.');
    let line = line.strip_prefix('-').unwrap_or(line);
    is_file && line.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_java_stack_keeps_its_class_and_places_only() {
        for (text, expected, left_out) in [
            (
                "a.B: secret\n\tat c.d(E.java:1)\n\tat f.g(Native Method)\nCaused by: g: secret\n\tat h.i(J.java:2)",
                "a.B\n\tat c.d(E.java:1)\n\tat f.g(Native Method)",
                0,
            ),
            (
                "\n a.B : secret\nmore secrets\n\tat c.d(E.kt)\n\n\tSuppressed: x\n\tat d.e(F.kt)",
                "a.B\n\tat c.d(E.kt)",
                0,
            ),
            (
                "a.B: x\n\tat the bank\n\tat secret\n\tsecret (x.y:1)\n\tat c.d(E.java:1)\n\tsecret\n\tat \
                 e.f(G.java:2)",
                "a.B\n\tat c.d(E.java:1)\n\tat e.f(G.java:2)",
                1,
            ),
            (
                "a.B\n    at c.D$1.<init>(E.java:1) ~[secret.jar:1]\n\tat app//c.d.lambda$e$0(SourceFile:3)\n\tat \
                 java.base@17.0.1/java.lang.Thread.run(Thread.java:833)\n\tat c.D$$Lambda/0x00007f.e(Unknown \
                 Source:2)\n\t... 5 more",
                "a.B\n\tat c.D$1.<init>(E.java:1)\n\tat app//c.d.lambda$e$0(SourceFile:3)\n\tat \
                 java.base@17.0.1/java.lang.Thread.run(Thread.java:833)\n\tat c.D$$Lambda/0x00007f.e(Unknown \
                 Source:2)\n\t... 5 more",
                0,
            ),
            (
                "Exception in thread \"secret\" a.B: can't \"open\" secret: x\n\tat c.d(E.java:1)\n\tat \
                 a.b(go/retraceme 12ab:5)",
                "a.B\n\tat c.d(E.java:1)\n\tat a.b(go/retraceme 12ab:5)",
                0,
            ),
            (
                "a.B\n\tat c.d(E.java:1)\n\tat bob@example.com/c.d(E.java:1)\n\tat \
                 jane@1.example.org/c.d(E.java:1)\n\tat c.d(my secret)\n\t... secret more",
                "a.B\n\tat c.d(E.java:1)",
                4,
            ),
            ("a.B", "a.B\n", 0),
            ("  ", "\n", 0),
        ] {
            let stack = public_stack(text).unwrap();
            assert_eq!(stack.text, expected, "{text:?}");
            assert_eq!(stack.left_out.len(), left_out, "{text:?}");
        }
        for text in [
            "a.B\n\tat c.d(E.java:1)\nno tab",
            "my secret is 5\n\tat c.d(E.java:1)",
            "2026-11-28: x\n\tat c.d(E.java:1)",
            "192.168.0.1\n\tat c.d(E.java:1)",
            "555-1234: x\n\tat c.d(E.java:1)",
            "bob@example.com\n\tat c.d(E.java:1)",
            "a.B\n\tat secret\n",
            "Exception in thread \"main\" my secret: \"budget\" hunter2: no\n\tat c.d(E.java:1)",
        ] {
            assert_eq!(public_stack(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_java_exception_keeps_names_only() {
        let mut exception = json!({"exception": {"values": [{"stacktrace": {
            "type": "X: SECRET", "module": "a.b", "value": "SECRET",
            "frames": [
                {"module": "a.B", "function": "run$1", "filename": "B.kt", "lineno": 1},
                {"module": "SECRET of a", "function": "f SECRET /home", "filename": "/home/SECRET", "in_app": true},
                {"module": null, "function": "<init>"},
            ],
        }}]}});
        assert_eq!(
            keep_names(&mut exception),
            ["X: SECRET", "SECRET of a", "f SECRET /home", "/home/SECRET"]
        );
        assert_eq!(
            exception["exception"]["values"][0]["stacktrace"],
            json!({
                "type": "X", "module": "a.b", "value": "SECRET",
                "frames": [
                    {"module": "a.B", "function": "run$1", "filename": "B.kt", "lineno": 1},
                    {"module": "", "function": "", "filename": "", "in_app": true},
                    {"module": null, "function": "<init>"},
                ],
            })
        );
        assert_eq!(keep_names(&mut json!({"exception": 1})), [""; 0]);
    }

    /// Parts of messages: texts with every kind of line except real frames.
    fn secret() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec![
            "\n",
            "\r\n",
            "\u{2028}",
            "\n\t",
            "\n\tat ",
            "\n at ",
            "\n\t... ",
            "\nCaused by: ",
            "\n\tSuppressed: ",
            ": ",
            "(",
            ")",
            " ",
            "@",
            "/",
            ".",
            ":1",
            "\"",
            "",
        ]);
        prop::collection::vec(piece, 0..6).prop_map(|pieces| {
            let mut text = "SECRET !".to_owned();
            for piece in pieces {
                text.push_str(piece);
                text.push_str("SECRET !");
            }
            text
        })
    }

    proptest! {
        #[test]
        fn no_secret_of_any_place_is_public(
            message in secret(), between in secret(), behind in secret(), cause in secret(),
            indent in prop::sample::select(vec!["\t", "    ", "\t\t"]),
            start in prop::sample::select(vec!["", "\n", "Exception in thread \"SECRET\" "]),
        ) {
            let trace = format!(
                "{start}a.B: {message}\n{indent}at c.d(E.java:1) {behind}\n{indent}{between}\n{indent}at \
                 e.f(G.java:2)\nCaused by: h.I: {cause}\n{indent}at j.k(L.java:3)\n{indent}... 3 more"
            );
            if let Some(stack) = public_stack(&trace) {
                prop_assert!(!stack.text.contains("SECRET"), "{trace:?}: {}", stack.text);
            }
        }

        #[test]
        fn any_text_gives_an_answer(text in "(\\PC|[\n\t(){}.:/@])*") {
            if let Some(stack) = public_stack(&text) {
                for line in stack.text.lines().skip(1) {
                    let is_frame = line.starts_with("\tat ") || line.starts_with("\t... ");
                    prop_assert!(line.is_empty() || is_frame, "{line:?}");
                }
            }
        }
    }
}
