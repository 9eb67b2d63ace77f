//! Lists the sample crashes and their symbols under `fixtures/`, so that all are embedded, whatever their names.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let fixtures = manifest.join("../fixtures").canonicalize()?;
    let mut list = String::from("&[\n");
    for folder in ["crashes", "symbols"] {
        println!("cargo::rerun-if-changed={}", fixtures.join(folder).display());
        let mut files = Vec::new();
        collect(&fixtures.join(folder), &mut files)?;
        files.sort();
        for file in files {
            let name = file.strip_prefix(&fixtures).map_err(io::Error::other)?;
            writeln!(
                list,
                "    ({:?}, include_bytes!({:?})),",
                name.display().to_string(),
                file.display().to_string()
            )
            .map_err(io::Error::other)?;
        }
    }
    list.push_str("]\n");
    fs::write(out.join("fixtures.rs"), list)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
