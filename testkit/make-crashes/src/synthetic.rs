//! Minidumps of systems that this program does not run on, written byte by byte: identical each time.
//!
//! Each thread has a chain of frame pointers, so that its stack can be walked without unwind rules.

use minidump_synth::{
    DumpString, Exception, Memory, MiscStream, Module, SynthMinidump, SystemInfo, Thread, ThreadName, amd64_context,
    arm64_context,
};
use test_assembler::{Endian, Section};

const ENDIAN: Endian = Endian::Little;

/// Bytes from one frame pointer to the next.
const FRAME: u64 = 0x40;

/// A crash of a made-up process.
pub(crate) struct Crash {
    pub(crate) system: System,
    pub(crate) modules: &'static [LoadedModule],
    /// The first thread crashed.
    pub(crate) threads: Vec<RunningThread>,
    pub(crate) exception: Raised,
}

/// The system that the process ran on.
#[derive(Clone, Copy)]
pub(crate) enum System {
    /// Windows 11 on amd64.
    Windows,
    /// macOS 14 on amd64.
    Mac,
    /// Android 14 on arm64.
    Android,
}

/// A module in memory.
#[derive(Clone, Copy)]
pub(crate) struct LoadedModule {
    pub(crate) path: &'static str,
    pub(crate) base: u64,
    pub(crate) size: u32,
    pub(crate) debug_file: &'static str,
    /// The build's identity: a GUID with its age on Windows and macOS, a build id on Android.
    pub(crate) identity: Identity,
}

/// How a module says which build it is.
#[derive(Clone, Copy)]
pub(crate) enum Identity {
    /// GUID, in the order of its fields, and age.
    Guid(u32, u16, u16, [u8; 8], u32),
    /// GNU build id.
    BuildId([u8; 20]),
}

/// A thread: where it executes, and where each caller resumes.
pub(crate) struct RunningThread {
    pub(crate) id: u32,
    pub(crate) name: &'static str,
    pub(crate) frames: Vec<u64>,
}

/// What the first thread did; the numbers have the system's own meaning.
pub(crate) struct Raised {
    pub(crate) code: u32,
    pub(crate) flags: u32,
    pub(crate) address: u64,
    pub(crate) parameters: &'static [u64],
}

impl Crash {
    /// Returns the minidump of this crash.
    pub(crate) fn minidump(&self) -> Vec<u8> {
        let mut dump = SynthMinidump::with_endian(ENDIAN);
        for module in self.modules {
            let name = DumpString::new(module.path, ENDIAN);
            let identity = module.identity_record();
            let listed =
                Module::new(ENDIAN, module.base, module.size, &name, 0x5f00_0000, 0, None).cv_record(&identity);
            dump = dump.add_module(listed).add(name).add(identity);
        }
        for (index, thread) in (0_u64..).zip(&self.threads) {
            let stack_pointer = 0x12_3450_0000 + index * 0x10_0000;
            let stack = Memory::with_section(thread.stack(stack_pointer), stack_pointer);
            let context =
                Section::with_endian(ENDIAN).append_bytes(&self.system.context(&thread.frames, stack_pointer));
            let name = DumpString::new(thread.name, ENDIAN);
            let listed = Thread::new(ENDIAN, thread.id, &stack, &context);
            let named = ThreadName::new(ENDIAN, thread.id, Some(&name));
            dump = dump
                .add_memory(stack)
                .add(context)
                .add_thread(listed)
                .add_thread_name(named)
                .add(name);
        }
        let mut exception = Exception::new(ENDIAN);
        exception.thread_id = self.threads.first().map_or(0, |thread| thread.id);
        let record = &mut exception.exception_record;
        record.exception_code = self.exception.code;
        record.exception_flags = self.exception.flags;
        record.exception_address = self.exception.address;
        for (place, &parameter) in record.exception_information.iter_mut().zip(self.exception.parameters) {
            *place = parameter;
            record.number_parameters += 1;
        }
        let mut process = MiscStream::new(ENDIAN);
        process.process_id = Some(4242);
        dump.add_system_info(self.system.info())
            .add_exception(exception)
            .add_stream(process)
            .finish()
            .expect("every label of a synthetic minidump is set by the sections above")
    }
}

impl System {
    fn info(self) -> SystemInfo {
        let (processor, platform, (major, minor, build)) = match self {
            Self::Windows => (9, 2, (10, 0, 22631)),
            Self::Mac => (9, 0x8101, (14, 6, 1)),
            Self::Android => (12, 0x8203, (0, 0, 0)),
        };
        let mut info = SystemInfo::new(ENDIAN)
            .set_processor_architecture(processor)
            .set_platform_id(platform);
        (info.major_version, info.minor_version, info.build_number) = (major, minor, build);
        info.number_of_processors = 8;
        info
    }

    /// Returns the registers of a thread, with the frame pointer at its first frame.
    fn context(self, frames: &[u64], stack_pointer: u64) -> Vec<u8> {
        let instruction = frames.first().copied().unwrap_or_default();
        let frame_pointer = stack_pointer + FRAME;
        let (section, set): (Section, Vec<(usize, u64)>) = match self {
            Self::Windows | Self::Mac => (
                amd64_context(ENDIAN, instruction, stack_pointer),
                vec![(0xa0, frame_pointer)],
            ),
            Self::Android => {
                let link = frames.get(1).copied().unwrap_or_default();
                // Registers begin at 8: x29 is the frame pointer, x30 the return address.
                let set = vec![(8 + 29 * 8, frame_pointer), (8 + 30 * 8, link)];
                (arm64_context(ENDIAN, instruction, stack_pointer), set)
            }
        };
        let mut bytes = section.get_contents().expect("a context has no labels to set");
        for (offset, value) in set {
            bytes[offset..offset + 8].copy_from_slice(&value.to_le_bytes());
        }
        bytes
    }
}

impl LoadedModule {
    fn identity_record(&self) -> Section {
        match self.identity {
            Identity::Guid(first, second, third, rest, age) => Section::with_endian(ENDIAN)
                .append_bytes(b"RSDS")
                .D32(first)
                .D16(second)
                .D16(third)
                .append_bytes(&rest)
                .D32(age)
                .append_bytes(self.debug_file.as_bytes())
                .D8(0),
            Identity::BuildId(id) => Section::with_endian(ENDIAN).D32(0x4270_454c).append_bytes(&id),
        }
    }
}

impl RunningThread {
    /// Returns the stack from `stack_pointer` up: at each frame pointer, the caller's frame pointer, then where the
    /// caller resumes.
    fn stack(&self, stack_pointer: u64) -> Section {
        let mut stack = Section::with_endian(ENDIAN).append_repeated(0, FRAME as usize);
        let mut frame_pointer = stack_pointer + FRAME;
        for &returns_to in self.frames.iter().skip(1) {
            frame_pointer += FRAME;
            stack = stack
                .D64(frame_pointer)
                .D64(returns_to)
                .append_repeated(0, FRAME as usize - 16);
        }
        stack.append_repeated(0, 2 * FRAME as usize)
    }
}
