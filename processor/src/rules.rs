//! The rules that make a processed crash, in the order in which they run.
//!
//! A rule reads the annotations, the dumps, the stackwalker's documents and the fields of earlier rules, and writes
//! fields of its own; what it cannot use it leaves a note about. The names are those that Crash Stats uses: they
//! appear in notes.

mod addons;
mod annotations;
pub(crate) mod build;
pub(crate) mod context;
mod crash_info;
mod dates;
mod java;
mod machine;
mod memory;
mod minidump;
pub(crate) mod notes;
mod product;
mod read;
mod reasons;
mod shape;
mod signatures;
mod stacks;
mod symbol_urls;
mod version;

pub(crate) use dates::crash_time;

use context::Context;

/// A rule.
#[derive(Clone, Copy)]
pub struct Rule {
    /// Its name, as in notes and on the command line.
    pub name: &'static str,
    pub(crate) apply: fn(&mut Context<'_>),
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

const fn rule(name: &'static str, apply: fn(&mut Context<'_>)) -> Rule {
    Rule { name, apply }
}

/// Every rule, in order. A rule must come after those whose fields it reads: the annotations are cleaned first, the
/// minidumps are merged before anything reads them, and the signature comes last, since it depends on all the others.
pub const RULES: &[Rule] = &[
    rule("DeNullRule", annotations::remove_nulls),
    rule("DeNoneRule", annotations::remove_nones),
    rule("CrashReportKeysRule", annotations::crash_report_keys),
    rule("CollectorMetadataRule", annotations::collector_metadata),
    rule("ConvertModuleSignatureInfoRule", annotations::module_signature_info),
    rule("CopyFromRawCrashRule", annotations::copy_from_raw_crash),
    rule("OwnProductNameRule", product::own_name),
    rule("FenixVersionRewriteRule", version::fenix_version),
    rule("ESRVersionRewrite", version::esr_version),
    rule("SubmittedFromRule", annotations::submitted_from),
    rule("IdentifierRule", annotations::identifier),
    rule("MinidumpSha256HashRule", annotations::minidump_hash),
    rule("MinidumpStackwalkRule", minidump::merge_walks),
    rule("ModuleURLRewriteRule", symbol_urls::module_urls),
    rule("CrashingThreadInfoRule", crash_info::crashing_thread_info),
    rule("TruncateStacksRule", stacks::truncate_stacks),
    rule("PossibleBitFlipsRule", crash_info::possible_bit_flips),
    rule("CrashInconsistenciesRule", crash_info::crash_inconsistencies),
    rule("HasGuardPageAccessRule", crash_info::guard_page_access),
    rule("MajorVersionRule", version::major_version),
    rule("PluginRule", annotations::plugin),
    rule("ProcessTypeRule", annotations::process_type),
    rule("AccessibilityRule", annotations::accessibility),
    rule("AddonsRule", addons::addons),
    rule("DatesAndTimesRule", dates::dates_and_times),
    rule("OutOfMemoryBinaryRule", memory::memory_report),
    rule("PHCRule", reasons::heap_checker),
    rule("BreadcrumbsRule", reasons::breadcrumbs),
    rule("JavaStackTraceRule", reasons::java_stack_trace),
    rule("MacBootArgsRule", crash_info::mac_boot_args),
    rule("MacCrashInfoRule", crash_info::mac_crash_info),
    rule("MozCrashReasonRule", reasons::moz_crash_reason),
    rule("UtilityActorsNameRule", annotations::utility_actors_name),
    rule("ReportTypeRule", crash_info::report_type),
    rule("CPUInfoRule", machine::cpu_info),
    rule("AndroidCPUInfoRule", machine::android_cpu_info),
    rule("DistributionIdRule", annotations::distribution_id),
    rule("OSInfoRule", machine::os_info),
    rule("AndroidOSInfoRule", machine::android_os_info),
    rule("PlatformInfoRule", machine::platform_info),
    rule("ReportedVersionRule", version::reported_version),
    rule("BetaVersionRule", version::exact_version),
    rule("BuildInfoRule", version::build_info),
    rule("OSPrettyVersionRule", machine::os_pretty_version),
    rule("TopMostFilesRule", stacks::topmost_files),
    rule("ModulesInStackRule", stacks::modules_in_stack),
    rule("MissingSymbolsRule", stacks::missing_symbols),
    rule("ThemePrettyNameRule", addons::theme_pretty_name),
    rule("MemoryReportExtraction", memory::memory_measures),
    rule("SoftErrorsRule", crash_info::soft_errors),
    rule("ThreadCountRule", crash_info::thread_count),
    rule("SignatureGeneratorRule", signatures::signature),
    rule("ShutDownHangCrashingThreadRule", signatures::shutdown_hang),
];
