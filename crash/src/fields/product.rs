//! What product and which build of it crashed.

use super::field::Kind::{Boolean, Integer, List, Object, Text};
use super::field::Shape::Members;
use super::field::{Field, public};

/// The rows, sorted by name.
#[rustfmt::skip] // Columns.
pub(super) const ROWS: &[Field] = &[
    public("application_build_id", Text).copied_from("ApplicationBuildID").searched()
        .about("Build id of the app around the browser engine, whose own id is in `build`. Firefox for Android gives \
            its version code here: a number of 10 digits, not a time."),
    public("build", Text).copied_from("BuildID").searched_as("build_id")
        .about("Build id of the browser engine: the time at which the build was made, `YYYYMMDDhhmmss` in UTC. \
            Identifies the build together with product and channel."),
    public("build_info", Object).of(Members(BUILD_INFO))
        .about("What is known about the build: status and certainty of the look-up, exact version, channel, dates, \
            platforms, source revision, links, and how many newer builds were out when it crashed."),
    public("distribution_id", Text).searched()
        .about("Id of the partner or vendor edition of the product. `mozilla` stands for Mozilla's own edition, \
            `unknown` for a client that did not say. From `DistributionID`, else from the telemetry environment."),
    public("major_version", Integer).searched()
        .about("Number before the first dot of the version, such as 153. Taken from the exact version if the build is \
            known, else from what the client reported; 0 if there is no such number."),
    public("product", Text).copied_from("ProductName").searched()
        .about("Name of the product that crashed, as it calls itself: `Firefox`, `Fenix` (Firefox for Android), \
            `Thunderbird` and so on."),
    public("productid", Text).copied_from("ProductID").searched()
        .about("Identifier of the application, usually a UUID in braces. Firefox sends \
            `{ec8030f7-c20a-464f-9b0e-13a3a9e97384}`."),
    public("release_channel", Text).copied_from("ReleaseChannel").searched()
        .about("Stream of updates that the installation follows: `nightly`, `aurora`, `beta`, `release` or `esr`. \
            Unofficial builds send other names, such as `default`."),
    public("vendor", Text).copied_from("Vendor").searched()
        .about("Company or group that the product names as its maker, `Mozilla` in official builds. Absent if the \
            client did not send it."),
    public("version", Text).copied_from("Version").searched()
        .about("Exact version of the product, such as `153.0.1` or `153.0b2`, found by the build id if the build is \
            known. `b0` at its end marks a beta whose number is unknown; `esr` an extended support release."),
    public("version_reported", Text).searched()
        .about("Version that the client itself reported, before it is replaced by the one of the build; at most 100 \
            characters. Absent if it reported none."),
];

/// What is known about the build.
#[rustfmt::skip] // Columns.
const BUILD_INFO: &[Field] = &[
    public("age_at_crash_days", Integer)
        .about("Whole days from the start of the build to the crash; null if the client's clock cannot be right."),
    public("archive_platform", Text)
        .about("Platform of the file at `archive_url`; null if that is the folder of the build for all platforms. \
            Absent if no file is known."),
    public("archive_url", Text)
        .about("URL of the build's file for the crashed machine, else of the build's folder, else of a file for \
            another platform; null if none is known."),
    public("build_date", Text)
        .about("Moment that the build id names, in RFC 3339 (UTC); null if the id is no date."),
    public("build_id", Text)
        .about("Build id that was looked up, as reported: usually 14 digits, the moment at which the build started."),
    public("build_number", Integer)
        .about("Number of the attempt to make this version, from 1; usually the highest one shipped. Null if unknown."),
    public("builds_behind", Integer).searched()
        .about("Number of newer builds of the same line that were out at the crash, or at the report's arrival if the \
            client's clock cannot be right; null if unknown."),
    public("certainty", Text).searched_as("build_certainty")
        .about("What `status` rests on: `stated` (a source says so) or `inferred` (it follows from what sources say)."),
    public("changes_url", Text)
        .about("URL of a page with the changes since the previous build; null unless both builds come from the same \
            repository."),
    public("channel", Text)
        .about("Release channel on which the build was looked up, such as `beta`; if none was reported, the build's \
            own where only one fits."),
    public("generation", Integer)
        .about("Number of the state of the build data that gave the answer; it grows whenever the data change."),
    public("line", Text)
        .about("Series of builds in which previous and newer ones are counted: the major version on ESR channels, \
            otherwise `main`. Null if the build is unknown."),
    public("platform", Text)
        .about("Platform of the crashed machine in the names of builds, such as `win64`; null if system and processor \
            do not determine one. Absent if no file of the build is known."),
    public("platforms", List)
        .about("Platforms that the build has files for, such as `linux-x86_64`, sorted; empty if unknown."),
    public("previous_build", Object).of(Members(PREVIOUS_BUILD))
        .about("Build that users of the same line were offered before this one; null if unknown."),
    public("published_at", Text)
        .about("Time at which the first file of the build was uploaded, in RFC 3339 (UTC); null if unknown."),
    public("reason", Text)
        .about("Name of the rule that gave the answer, such as `shipped_build_number`, `nightly`, `several_fit` or \
            `not_seen`."),
    public("reported_differs", Boolean)
        .about("True if no build of `version` reports the version that the client did; absent otherwise. What \
            programs leave out of their version is no difference."),
    public("repository", Text)
        .about("Source repository that `revision` belongs to; null if unknown."),
    public("revision", Text)
        .about("Source revision that the build was made from, a hash, usually of 40 hexadecimal digits; null if \
            unknown."),
    public("revision_url", Text)
        .about("URL of a page that shows the revision; null if unknown."),
    public("sibling", Object).of(Members(SIBLING))
        .about("Firefox's build with the same build id, and so from the same sources, for a product around GeckoView \
            whose own build no source knows; absent otherwise."),
    public("sources", List)
        .about("Names of the sources that list the build, such as `buildhub`, `archive`, `product-details` or `csv`; \
            empty if the build is unknown."),
    public("status", Text).searched_as("build_status")
        .about("What became of the build: `shipped`, `candidate`, `aborted`, `pulled`, `published` (such as \
            nightlies), `variant`, `unofficial` or `unknown`."),
    public("version", Text)
        .about("Exact version of the build on its channel, such as `153.0b5`; null if the build is unknown or several \
            fit."),
];

/// The build before.
#[rustfmt::skip] // Columns.
const PREVIOUS_BUILD: &[Field] = &[
    public("build_id", Text)
        .about("Build id of the previous build."),
    public("revision", Text)
        .about("Source revision of the previous build; null if unknown."),
    public("version", Text)
        .about("Version of the previous build on that line's channel."),
];

/// Firefox's build with the same id.
#[rustfmt::skip] // Columns.
const SIBLING: &[Field] = &[
    public("build_id", Text)
        .about("Build id that both builds share."),
    public("certainty", Text)
        .about("Always `inferred`: that the sources are the same follows from the build id."),
    public("channel", Text)
        .about("Release channel of Firefox's build."),
    public("product", Text)
        .about("Product of that build: `Firefox`."),
    public("repository", Text)
        .about("Source repository of that build; null if unknown."),
    public("revision", Text)
        .about("Source revision of that build; null if unknown."),
    public("revision_url", Text)
        .about("URL of a page that shows that revision; null if unknown."),
    public("status", Text)
        .about("What became of Firefox's build; same values as `build_info.status`."),
    public("version", Text)
        .about("Version of Firefox's build, which is not the version of the product that crashed."),
];
