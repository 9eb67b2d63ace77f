use signature::{CrashData, Frame, Lists, Thread, generate};
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;
fn main() {
    let mut args = std::env::args().skip(1);
    let lists = Lists::load(Path::new(&args.next().unwrap())).unwrap();
    let only = args.next();
    let rounds: usize = if only.is_some() { 300 } else { 9 };
    let mut parts: Vec<&str> = vec![
        "a",
        "<",
        ">",
        "(",
        "<(",
        "a ",
        " ,",
        ",",
        "::$_1",
        "::$_1::x",
        "::h",
        "operator<",
        "operator(",
        "operator",
        "IPC::ParamTraits<",
        "`anonymous namespace'",
        "é",
        "<a as b>",
        "[clone .cold",
        "@",
        "a<b>",
        "a(b)",
        "NS_ABORT_OO",
        "RunWatchdo",
        "mozilla::dom::",
        "nsTArray",
        "`",
        "{",
        "::operator",
        "::operato",
        "a::b ",
        "const",
        "&&",
        ",*",
        "clone .cold[",
        "<name omitted>",
        "std::",
        "IPC::",
        "js::",
        "_",
        "0x",
        "\t",
        "\u{1}",
        "Abort",
        ".so",
        "core::",
    ];
    if let Some(o) = &only {
        parts = vec![o.as_str()];
    }
    for p in parts {
        for file in [None, Some("/a.rs".to_owned())] {
            let crash = CrashData {
                threads: vec![Thread {
                    frames: vec![Frame {
                        function: Some(p.repeat(1_000_000 / p.len())),
                        file: file.clone(),
                        ..Frame::default()
                    }],
                    ..Thread::default()
                }],
                ..CrashData::default()
            };
            let mut best = f64::MAX;
            for _ in 0..rounds {
                let s = Instant::now();
                black_box(generate(&crash, &lists));
                best = best.min(s.elapsed().as_secs_f64());
            }
            if best > 0.003 || only.is_some() {
                println!("{:6.2} ms {p:?} {file:?}", best * 1e3);
            }
        }
    }
}
