//! Tells the program what it is built from: the commit, whether the sources differ from it, the build's name and the
//! repository.
//!
//! The commit comes from the git checkout if this folder is one; otherwise from the variable `DATIL_COMMIT` or from
//! `version.json` as Dockerflow has it. The build's name is `DATIL_BUILD`, the repository `DATIL_SOURCE`, or both from
//! `version.json`. What is not known stays out.
//!
//! It runs again when another commit is checked out, or when a source of the program changed, and then the program
//! would be rebuilt in any case. The crates below know nothing of it, so that no commit builds them again.

#[path = "src/release/checkout.rs"]
mod checkout;
#[path = "src/release/described.rs"]
mod described;

use std::path::{Path, PathBuf};
use std::{env, fs};

use checkout::Checkout;
use described::{Described, Given};

fn main() {
    let folder = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    println!("cargo::rerun-if-changed=build.rs");
    let checkout = Checkout::read(&folder);
    let version_file = folder.join("version.json");
    let sources = checkout::sources(&folder);
    watch(sources.iter().map(PathBuf::as_path));
    if let Some(checkout) = &checkout {
        watch(checkout.watched.iter().map(PathBuf::as_path));
    }
    // Watching what is not there would rebuild each time; a checkout has no need of it.
    if version_file.is_file() {
        watch([version_file.as_path()]);
    }
    let variable = |name: &str| {
        println!("cargo::rerun-if-env-changed={name}");
        env::var(name).ok()
    };
    let given = Given {
        commit: variable("DATIL_COMMIT"),
        build: variable("DATIL_BUILD"),
        source: variable("DATIL_SOURCE"),
        file: fs::read_to_string(version_file).ok(),
    };
    let (described, doubts) = Described::of(checkout, &given);
    for doubt in doubts {
        println!("cargo::warning={doubt}");
    }
    let version = env::var("CARGO_PKG_VERSION").unwrap_or_default();
    for (name, value) in [
        ("COMMIT", described.commit.clone().unwrap_or_default()),
        (
            "DIRTY",
            described
                .dirty
                .map_or("", |dirty| if dirty { "yes" } else { "no" })
                .to_owned(),
        ),
        ("BUILD", described.build.clone().unwrap_or_default()),
        ("SOURCE", described.source.clone().unwrap_or_default()),
        ("LINE", described.line(&version)),
    ] {
        println!("cargo::rustc-env=DATIL_RELEASE_{name}={value}");
    }
}

fn watch<'a>(paths: impl IntoIterator<Item = &'a Path>) {
    for path in paths {
        println!("cargo::rerun-if-changed={}", path.display());
    }
}
