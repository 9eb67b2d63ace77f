//! Minidumps built for the tests: a sound one, and hostile ones.

use minidump_synth::{
    DumpString, Exception, Memory, MiscStream, Module, SimpleStream, SynthMinidump, SystemInfo, Thread, ThreadName,
    amd64_context,
};
use test_assembler::{Endian, Section};

const LE: Endian = Endian::Little;

/// The address of the module of [`windows`] and [`deep`].
const BASE: u64 = 0x1_4000_0000;
/// The address of the other module of [`with_twin`].
const TWIN: u64 = 0x1_8000_0000;
/// The type of Breakpad's stream about the threads.
const BREAKPAD_INFO: u32 = 0x4767_0001;
/// The type of the list of handles.
const HANDLES: u32 = 12;
const STACK: u64 = 0x12_3450_0000;
/// The position of rbp in an amd64 context.
const RBP: std::ops::Range<usize> = 0xa0..0xa8;

/// The key of the symbols of the one module.
pub(crate) const DEBUG_FILE: &str = "xul.pdb";
pub(crate) const DEBUG_ID: &str = "ABCD1234F00DBEEF01020304050607081";

/// Symbols for [`windows`].
pub(crate) const SYMBOLS: &str = "\
MODULE windows x86_64 ABCD1234F00DBEEF01020304050607081 xul.pdb
FILE 0 hg:hg.example.org/central:dom/base/Document.cpp:abcdef
INLINE_ORIGIN 0 Maybe<int>::operator*() const
FUNC 1000 100 0 Document::Crash(nsISupports*)
INLINE 0 77 0 0 1000 20
1000 20 42 0
1020 e0 78 0
FUNC 2000 100 0 Document::Dispatch()
2000 100 100 0
FUNC 3000 100 0 XREMain::XRE_mainRun()
3000 100 200 0
STACK CFI INIT 2000 100 .cfa: $rbp 16 + .ra: .cfa -8 + ^ $rbp: .cfa -16 + ^
";

struct Parts {
    rip: u64,
    rbp: u64,
    platform: u32,
    threads: u32,
    stack: Section,
    /// The thread that the exception names; if none, there is no exception.
    crashed: Option<u32>,
    /// The thread that requested the dump, in Breakpad's stream.
    asked: Option<u32>,
    /// The name of thread 1.
    name: &'static str,
    /// The address of another module of the same name.
    twin: Option<u64>,
    /// A list of handles: sizes of its head and its records, and their number.
    handles: Option<[u32; 3]>,
}

fn dump(parts: Parts) -> Vec<u8> {
    let stack = Memory::with_section(parts.stack, STACK);
    let mut raw = amd64_context(LE, parts.rip, STACK).get_contents().unwrap();
    raw[RBP].copy_from_slice(&parts.rbp.to_le_bytes());
    let context = Section::with_endian(LE).append_bytes(&raw);
    let name = DumpString::new("C:\\Program Files\\Datil\\xul.dll", LE);
    let code_view = |first: u32| {
        Section::with_endian(LE)
            .append_bytes(b"RSDS")
            .D32(first)
            .D16(0xf00d)
            .D16(0xbeef)
            .append_bytes(&[1, 2, 3, 4, 5, 6, 7, 8])
            .D32(1)
            .append_bytes(b"c:\\build\\xul.pdb\0")
    };
    let (code_view, other) = (code_view(0xabcd_1234), code_view(0x1111_1111));
    let module = Module::new(LE, BASE, 0x10000, &name, 0x5f00_0000, 0, None).cv_record(&code_view);
    let mut system = SystemInfo::new(LE)
        .set_processor_architecture(9)
        .set_platform_id(parts.platform);
    (system.major_version, system.build_number) = (10, 22_631);
    system.number_of_processors = 8;
    let mut exception = Exception::new(LE);
    exception.thread_id = parts.crashed.unwrap_or_default();
    exception.exception_record.exception_code = 0xc000_0005;
    exception.exception_record.exception_address = parts.rip;
    exception.exception_record.number_parameters = 2;
    exception.exception_record.exception_information[1] = 0x18;
    let mut misc = MiscStream::new(LE);
    misc.process_id = Some(4_242);
    let thread_name = DumpString::new(parts.name, LE);
    let mut dump = SynthMinidump::with_endian(LE)
        .add_thread_name(ThreadName::new(LE, 1, Some(&thread_name)))
        .add_module(module);
    if let Some(base) = parts.twin {
        let twin = Module::new(LE, base, 0x10000, &name, 0x5f00_0000, 0, None);
        dump = dump.add_module(twin.cv_record(&other));
    }
    if parts.crashed.is_some() {
        dump = dump.add_exception(exception);
    }
    if let Some([head, size, count]) = parts.handles {
        dump = dump.add_stream(SimpleStream {
            stream_type: HANDLES,
            section: Section::with_endian(LE).D32(head).D32(size).D32(count).D32(0),
        });
    }
    if let Some(id) = parts.asked {
        let info = Section::with_endian(LE).D32(2).D32(0).D32(id);
        dump = dump.add_stream(SimpleStream {
            stream_type: BREAKPAD_INFO,
            section: info,
        });
    }
    for id in 1..=parts.threads {
        dump = dump.add_thread(Thread::new(LE, id, &stack, &context));
    }
    dump.add(name)
        .add(code_view)
        .add(other)
        .add(thread_name)
        .add_memory(stack)
        .add(context)
        .add_system_info(system)
        .add_stream(misc)
        .finish()
        .unwrap()
}

/// A read of 0x18 on Windows: three frames, the first with an inlined call.
pub(crate) fn windows() -> Vec<u8> {
    dump(parts_of_windows())
}

/// Like [`windows`], with this many threads, the exception in thread `crashed`, and thread `asked` requesting the dump.
pub(crate) fn of_threads(threads: u32, crashed: Option<u32>, asked: Option<u32>) -> Vec<u8> {
    dump(Parts {
        threads,
        crashed,
        asked,
        ..parts_of_windows()
    })
}

/// Like [`windows`], with a module of the same name before the one on the stack, and control characters in the name of
/// the thread.
pub(crate) fn with_twin() -> Vec<u8> {
    dump(Parts {
        name: "Socket\0 \u{1b}[31mThread",
        twin: Some(TWIN),
        ..parts_of_windows()
    })
}

fn parts_of_windows() -> Parts {
    let stack = Section::with_endian(LE)
        .append_repeated(0, 0x40)
        .D64(STACK + 0x80)
        .D64(BASE + 0x2010)
        .append_repeated(0, 0x30)
        .D64(STACK + 0xc0)
        .D64(BASE + 0x3010)
        .append_repeated(0, 0x30)
        .D64(0)
        .D64(0)
        .append_repeated(0, 0x100);
    Parts {
        rip: BASE + 0x1010,
        rbp: STACK + 0x40,
        platform: 2,
        threads: 1,
        stack,
        crashed: Some(1),
        asked: None,
        name: "Socket Thread",
        twin: None,
        handles: None,
    }
}

/// Like [`windows`], with an empty list of handles that claims these sizes and this number.
pub(crate) fn with_handles(list: [u32; 3]) -> Vec<u8> {
    dump(Parts {
        handles: Some(list),
        ..parts_of_windows()
    })
}

/// Threads that all refer to one stack consisting of return addresses into the module.
pub(crate) fn deep(threads: u32, stack_bytes: usize) -> Vec<u8> {
    let mut stack = Section::with_endian(LE);
    for _ in 0..stack_bytes / 8 {
        stack = stack.D64(BASE + 0x2010);
    }
    dump(Parts {
        rip: BASE + 0x1010,
        rbp: 0,
        threads,
        stack,
        ..parts_of_windows()
    })
}

/// Threads that all refer to one stack of frame pointers, with return addresses outside any module: no symbols are ever
/// requested.
pub(crate) fn chained(threads: u32, stack_bytes: usize) -> Vec<u8> {
    let mut stack = Section::with_endian(LE);
    for index in 1..=stack_bytes as u64 / 16 {
        stack = stack.D64(STACK + index * 16).D64(0x7000_0000);
    }
    dump(Parts {
        rip: 0x7000_0000,
        rbp: STACK,
        platform: 0x8201,
        threads,
        stack,
        ..parts_of_windows()
    })
}
