//! Memory of the machine and of the process.

use super::field::Kind::{Integer, Object, Text};
use super::field::Shape::Members;
use super::field::{Field, protected, public};

/// The rows, sorted by name.
#[rustfmt::skip] // Columns.
pub(super) const ROWS: &[Field] = &[
    public("available_page_file", Integer).copied_from("AvailablePageFile").searched()
        .about("Memory that could still be committed, from physical memory and page file or swap together, in bytes, \
            at the time of the crash."),
    public("available_physical_memory", Integer).copied_from("AvailablePhysicalMemory").searched()
        .about("Physical memory that was still free on the machine at the time of the crash, in bytes."),
    public("available_virtual_memory", Integer).copied_from("AvailableVirtualMemory").searched()
        .about("Free part of the crashed process's own address space, in bytes. Low values matter in 32-bit \
            processes. Mainly Windows."),
    public("js_large_allocation_failure", Text).copied_from("JSLargeAllocationFailure").searched()
        .about("How far the JavaScript engine was in handling a failed request for much memory: `Reporting`, \
            `Reported` or `Recovered`. `Reporting` makes the signature one of a large allocation out of memory."),
    public("mac_available_memory_sysctl", Integer).copied_from("MacAvailableMemorySysctl").searched()
        .about("Percentage of the Mac's memory that was still available at the crash, as the kernel put it. Absent on \
            other systems."),
    public("mac_memory_pressure", Text).copied_from("MacMemoryPressure").searched()
        .about("Shortage of memory on the Mac by the last warning that the product received from the system, such as \
            `Normal`, `Warning` or `Critical`. Absent on other systems."),
    public("mac_memory_pressure_critical_time", Text).copied_from("MacMemoryPressureCriticalTime")
        .about("Time at which memory pressure on the Mac last became critical, in seconds since 1970, as text. \
            Absent, or no number, if it never did."),
    public("mac_memory_pressure_normal_time", Text).copied_from("MacMemoryPressureNormalTime")
        .about("Time at which memory pressure on the Mac last went back to normal, in seconds since 1970, as text. \
            Absent, or no number, if it never did."),
    public("mac_memory_pressure_sysctl", Integer).copied_from("MacMemoryPressureSysctl").searched()
        .about("Level of memory pressure that the Mac's kernel gave when asked: 1 is normal, 2 warning, 4 critical. \
            Absent on other systems."),
    public("mac_memory_pressure_warning_time", Text).copied_from("MacMemoryPressureWarningTime")
        .about("Time at which memory pressure on the Mac last rose to the warning level, in seconds since 1970, as \
            text. Absent, or no number, if it never did."),
    public("memory_measures", Object).of(Members(MEASURES))
        .about("Main figures of the memory report, for the process that crashed. A measure that the report does not \
            mention is 0. Absent without a usable memory report, or if that does not cover the process."),
    protected("memory_report", Object)
        .about("Detailed account of memory use, written by a process that was running out of memory and sent as the \
            dump `memory_report`. Absent if none was sent or it could not be used."),
    protected("memory_report_error", Text)
        .about("Why there is no memory report although one was sent: it could not be decompressed or parsed, was too \
            large, or contains only an error of the program that wrote it. Absent if all is well."),
    public("oom_allocation_size", Integer).copied_from("OOMAllocationSize").searched()
        .about("Size of the allocation that failed when the process ran out of memory, in bytes. Absent or 0 if the \
            size is not known or the crash has another cause."),
    public("system_memory_use_percentage", Integer).copied_from("SystemMemoryUsePercentage").searched()
        .about("Share of the computer's physical memory that was in use at the crash, in percent. Sent on Windows; \
            absent elsewhere."),
    public("total_page_file", Integer).copied_from("TotalPageFile").searched()
        .about("How much memory the system could promise to programs in all, in bytes: roughly physical memory plus \
            swap space. Absent if the client did not send it."),
    public("total_physical_memory", Integer).copied_from("TotalPhysicalMemory").searched()
        .about("Physical memory of the computer, in bytes. Absent if the client did not send it."),
    public("total_virtual_memory", Integer).copied_from("TotalVirtualMemory").searched()
        .about("Size of the process's address space, in bytes. Small for 32-bit processes: 2 to 4 GiB. Absent if the \
            client did not send it."),
];

/// Sums of the memory report.
#[rustfmt::skip] // Columns.
const MEASURES: &[Field] = &[
    public("explicit", Integer).searched_as("memory_explicit")
        .about("Memory that the process asked for explicitly, in bytes: all of its heap (`heap_allocated`) plus the \
            entries below `explicit/` that lie outside the heap."),
    public("gfx_textures", Integer).searched_as("memory_gfx_textures")
        .about("Memory used for graphics textures, in bytes. 0 if the report has no such entry."),
    public("ghost_windows", Integer).searched_as("memory_ghost_windows")
        .about("Number of ghost windows: windows of pages that were closed but are still in memory. More than a few \
            suggest a leak."),
    public("heap_allocated", Integer).searched_as("memory_heap_allocated")
        .about("Memory on the heap that the process had allocated and not yet freed, in bytes."),
    public("heap_overhead", Integer).searched_as("memory_heap_overhead")
        .about("Memory that the heap allocator needed for itself or kept unused, in bytes: the sum of the report's \
            entries below `explicit/heap-overhead/`."),
    public("heap_unclassified", Integer).searched_as("memory_heap_unclassified")
        .about("Memory on the heap that no entry of the report explains, in bytes: `heap_allocated` minus the heap \
            entries below `explicit/`. Negative if those count something twice."),
    public("host_object_urls", Integer).searched_as("memory_host_object_urls")
        .about("Number of objects, such as blobs, that pages can reach through a URL made for them."),
    public("images", Integer).searched_as("memory_images")
        .about("Memory used for images, in bytes: the sum of the report's entries below `explicit/images/`."),
    public("js_main_runtime", Integer).searched_as("memory_js_main_runtime")
        .about("Memory used by the JavaScript engine of the main thread, in bytes: the sum of the report's entries \
            below `js-main-runtime/`."),
    public("private", Integer).searched_as("memory_private")
        .about("Memory that the process could not share with others, in bytes. 0 if the report has no such entry."),
    public("resident", Integer).searched_as("memory_resident")
        .about("Physical memory that the process occupied, shared pages included, in bytes."),
    public("resident_unique", Integer).searched_as("memory_resident_unique")
        .about("Physical memory that the process occupied alone, without pages shared with others, in bytes. About \
            this much would be free without it."),
    public("system_heap_allocated", Integer).searched_as("memory_system_heap_allocated")
        .about("Memory that the process had allocated from the operating system's own heap rather than the product's, \
            in bytes. 0 if the report has no such entry."),
    public("top_none_detached", Integer).searched_as("memory_top_none_detached")
        .about("Memory of windows that no longer belong to any tab, in bytes: the sum of the report's `explicit/` \
            entries whose path contains `top(none)/detached`. Large values suggest a leak."),
    public("vsize", Integer).searched_as("memory_vsize")
        .about("Size of the address space that the process had reserved or mapped, in bytes. Much larger than the \
            memory it used."),
    public("vsize_max_contiguous", Integer).searched_as("memory_vsize_max_contiguous")
        .about("Size of the largest free block of the process's address space, in bytes. If it is small, large \
            allocations fail although memory is left. 0 if the report has no such entry."),
];
