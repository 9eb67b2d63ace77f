//! Texts by number.

use super::dice::mix;

fn one(texts: &[&'static str], n: u64) -> &'static str {
    texts[(n % texts.len() as u64) as usize]
}

/// The function with this number; its class says the number.
pub(super) fn function(n: u64) -> String {
    let own = mix(n ^ 0xf0);
    let class = one(CLASSES, own >> 8);
    format!("{}::{class}{n}::{}", one(SPACES, own), one(METHODS, own >> 16))
}

pub(super) fn file(n: usize) -> String {
    let own = mix(n as u64);
    let (space, class) = (one(SPACES, own).replace("::", "/"), one(CLASSES, own >> 8));
    let revision = own >> 16;
    format!("hg:hg.mozilla.org/releases/mozilla-release:{space}/{class}{n}.cpp:{revision:012x}")
}

pub(super) fn item(name: &str, n: usize) -> String {
    let own = mix(n as u64);
    match name {
        "addons" => format!("{{{own:016x}}}:{}.{}.0", own % 9, own % 13),
        "modules_in_stack" | "missing_symbols" => {
            let (class, more) = (one(CLASSES, own), mix(own));
            format!("{class}{n}.pdb/{own:016x}{more:016x}1")
        }
        _ => format!("{name}_{n}"),
    }
}

pub(super) fn words_of(name: &str, n: usize, words: usize) -> String {
    let mut own = mix(n as u64 ^ name.len() as u64);
    let mut text = format!("{name} {n}");
    for _ in 1..words {
        own = mix(own);
        let word = [CLASSES, METHODS, SPACES][(own >> 20) as usize % 3];
        text.push(' ');
        text.push_str(one(word, own));
    }
    text
}

#[rustfmt::skip] // Columns.
const SPACES: &[&str] = &[
    "mozilla", "mozilla::dom", "mozilla::layers", "mozilla::ipc", "mozilla::net", "mozilla::gfx", "js", "js::jit",
    "js::gc", "nsINode", "mozilla::dom::quota", "mozilla::widget", "webrender::renderer", "style::traversal",
    "core::panicking", "mozilla::image", "mozilla::a11y", "mozilla::storage", "mozilla::media", "nsThread",
];
#[rustfmt::skip] // Columns.
const CLASSES: &[&str] = &[
    "Element", "Document", "ThreadPool", "CompositorBridgeParent", "MessageChannel", "GCRuntime", "Runnable",
    "Interpreter", "EventQueue", "Channel", "FrameLoader", "TextureHost", "Listener", "Promise", "SharedSurface",
    "WindowProc",
];
#[rustfmt::skip] // Columns.
const METHODS: &[&str] = &[
    "Run", "Reflow", "Paint", "~Destructor", "Release", "DispatchEvent", "ProcessNextEvent", "AllocateBuffer", "Sweep",
    "OnMessageReceived", "Shutdown", "MaybeResolve", "RecvUpdate", "operator()",
];
