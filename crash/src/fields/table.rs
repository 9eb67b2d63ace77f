//! The whole table, and looking things up in it.

use std::sync::LazyLock;

use super::field::{Access, Field, Kind, Shape};
use super::{
    android, dates, failure, graphics, ipc, java, machine, memory, process, processing, product, report, session,
    shutdown, signature, stackwalk,
};

/// Rows that belong together.
#[derive(Debug, Clone, Copy)]
pub struct Theme {
    /// What they are about.
    pub title: &'static str,
    /// The rows, sorted by name.
    pub rows: &'static [Field],
}

/// Every field of a processed crash, by theme.
pub const THEMES: &[Theme] = &[
    theme("The report", report::ROWS),
    theme("Dates and uptime", dates::ROWS),
    theme("Product and build", product::ROWS),
    theme("Settings and state of the program", session::ROWS),
    theme("Processes, plugins and sandboxes", process::ROWS),
    theme("What went wrong", failure::ROWS),
    theme("Signature and stack", signature::ROWS),
    theme("Minidumps", stackwalk::ROWS),
    theme("Java", java::ROWS),
    theme("Machine and operating system", machine::ROWS),
    theme("Android", android::ROWS),
    theme("Memory", memory::ROWS),
    theme("Graphics", graphics::ROWS),
    theme("Communication between processes", ipc::ROWS),
    theme("Shutdown", shutdown::ROWS),
    theme("Processing", processing::ROWS),
];

const fn theme(title: &'static str, rows: &'static [Field]) -> Theme {
    Theme { title, rows }
}

static ALL: LazyLock<Vec<&'static Field>> = LazyLock::new(|| {
    let mut fields: Vec<&Field> = THEMES.iter().flat_map(|theme| theme.rows).collect();
    fields.sort_unstable_by_key(|field| field.name);
    fields
});

/// Every field of a processed crash, sorted by name.
pub fn all() -> &'static [&'static Field] {
    &ALL
}

/// Returns the field of a processed crash with this name.
pub fn by_name(name: &str) -> Option<&'static Field> {
    let at = ALL.binary_search_by(|field| field.name.cmp(name)).ok()?;
    ALL.get(at).copied()
}

/// Who may see the field of a processed crash with this name: unknown ones are protected.
pub fn access_of(name: &str) -> Access {
    by_name(name).map_or(Access::Protected, |field| field.access)
}

/// A field that searches know, wherever it stands in the processed crash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Searched {
    /// Its name in searches.
    pub name: &'static str,
    /// Its key, after the keys of the objects that hold it.
    pub path: Vec<&'static str>,
    /// Its row.
    pub field: &'static Field,
}

static SEARCHED: LazyLock<Vec<Searched>> = LazyLock::new(|| {
    let mut found = Vec::new();
    for field in all() {
        add_searched(&mut found, &[], field);
    }
    found
});

/// Every field that searches know, in the order of their paths.
pub fn searched() -> &'static [Searched] {
    &SEARCHED
}

/// Adds a field and those in it. Items of lists have no path, so that nothing in them is searched.
fn add_searched(found: &mut Vec<Searched>, above: &[&'static str], field: &'static Field) {
    let path = [above, &[field.name]].concat();
    if let (Kind::Object, Shape::Members(members)) = (field.kind, field.shape) {
        for member in members {
            add_searched(found, &path, member);
        }
    }
    if let Some(name) = field.search {
        found.push(Searched { name, path, field });
    }
}
