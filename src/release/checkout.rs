//! Reads a git checkout. The commit is read from its files, so that no git program is needed; only whether files were
//! changed is asked of git.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folders beside the sources that are separate workspaces, not part of the program.
const APART: [&str; 2] = ["fuzz", "testkit"];

/// A git checkout.
#[derive(Debug)]
pub(crate) struct Checkout {
    /// The commit that is checked out; none before the first one.
    pub(crate) commit: Option<String>,
    /// Whether the program's sources differ from it; none if git does not say.
    pub(crate) dirty: Option<bool>,
    /// The address of its origin repository, if others can use it.
    pub(crate) source: Option<String>,
    /// The files that change when another commit is checked out.
    pub(crate) watched: Vec<PathBuf>,
}

impl Checkout {
    /// The checkout whose root is this folder; none if it is not a checkout, or only a folder inside another one.
    pub(crate) fn read(folder: &Path) -> Option<Self> {
        let own = git_folder(folder)?;
        let shared = match fs::read_to_string(own.join("commondir")) {
            Ok(path) => own.join(path.trim()),
            Err(_) => own.clone(),
        };
        let head = fs::read_to_string(own.join("HEAD")).ok()?;
        let head = head.trim();
        let mut watched = vec![own.join("HEAD")];
        let named = head.strip_prefix("ref:").map(str::trim);
        let commit = match named {
            None => Some(head.to_owned()),
            Some(name) if is_branch(name) => {
                watched.extend(places_of(&shared, name));
                loose(&own, name)
                    .or_else(|| loose(&shared, name))
                    .or_else(|| packed(&shared, name))
            }
            Some(_) => None,
        };
        // Other ways of storing branches, such as reftable, are internal to git.
        let tables = shared.join("reftable/tables.list");
        if tables.exists() {
            watched.push(tables);
        }
        let commit = commit.filter(|text| is_commit(text));
        let commit = commit.or_else(|| git(folder, &["rev-parse", "--verify", "--quiet", "HEAD"]));
        let sources = sources(folder);
        Some(Self {
            commit: commit.filter(|text| is_commit(text)),
            dirty: is_changed(folder, &sources),
            source: git(folder, &["config", "--get", "remote.origin.url"]).and_then(|url| public(&url)),
            watched,
        })
    }
}

/// Whether a text is a full commit hash.
pub(crate) fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The files and folders that the program is built from, without the tests.
pub(crate) fn sources(folder: &Path) -> Vec<PathBuf> {
    let names = |folder: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        paths.sort();
        paths
    };
    let is_apart = |path: &Path| APART.iter().any(|name| path.ends_with(name));
    let crates = names(folder)
        .into_iter()
        .filter(|path| path.join("Cargo.toml").is_file() && !is_apart(path));
    let of_crates = crates.flat_map(|path| names(&path));
    let is_source = |path: &PathBuf| {
        let hidden = path
            .file_name()
            .is_none_or(|name| name.to_string_lossy().starts_with('.'));
        !hidden
            && !["tests", "target", "proptest-regressions"]
                .iter()
                .any(|name| path.ends_with(name))
    };
    let own = [
        "Cargo.toml",
        "Cargo.lock",
        "build.rs",
        "src",
        "migrations",
        "fixtures",
        "docs/glossary.md",
    ];
    let own = own
        .into_iter()
        .map(|name| folder.join(name))
        .filter(|path| path.exists());
    own.chain(of_crates.filter(is_source)).collect()
}

/// Git's data folder of a checkout: a folder in it, or in a work tree one named by a file.
fn git_folder(folder: &Path) -> Option<PathBuf> {
    let path = folder.join(".git");
    if path.is_dir() {
        return Some(path);
    }
    let text = fs::read_to_string(path).ok()?;
    Some(folder.join(text.strip_prefix("gitdir:")?.trim()))
}

fn is_branch(name: &str) -> bool {
    name.starts_with("refs/") && !name.contains("..") && name != "refs/heads/.invalid"
}

fn loose(folder: &Path, name: &str) -> Option<String> {
    let text = fs::read_to_string(folder.join(name)).ok()?;
    Some(text.trim().to_owned())
}

fn packed(shared: &Path, name: &str) -> Option<String> {
    let text = fs::read_to_string(shared.join("packed-refs")).ok()?;
    text.lines().find_map(|line| {
        let (commit, other) = line.split_once(' ')?;
        (other.trim() == name).then(|| commit.to_owned())
    })
}

/// Where a branch changes: in its file, or if it has none in the folder where that would be created, and in the packed
/// ones.
fn places_of(shared: &Path, name: &str) -> Vec<PathBuf> {
    let file = shared.join(name);
    let place = file.ancestors().find(|path| path.exists());
    let place = place.filter(|path| path.starts_with(shared.join("refs")));
    let packed = Some(shared.join("packed-refs")).filter(|path| path.exists());
    place.map(Path::to_owned).into_iter().chain(packed).collect()
}

fn is_changed(folder: &Path, sources: &[PathBuf]) -> Option<bool> {
    let mut arguments = vec![
        "status".to_owned(),
        "--porcelain".to_owned(),
        // Overrides the user's settings: a new source file changes the program.
        "--untracked-files=normal".to_owned(),
        "--".to_owned(),
    ];
    for path in sources {
        arguments.push(path.strip_prefix(folder).ok()?.to_str()?.to_owned());
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    git(folder, &arguments).map(|changed| !changed.is_empty())
}

/// The output of git, without surrounding blanks; none if there is no git, or if it fails.
fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    let mut git = Command::new("git");
    git.arg("--no-optional-locks")
        .arg("--literal-pathspecs")
        .args(arguments)
        .current_dir(folder);
    // The variables of a git hook that runs the build would point to another repository.
    for name in [
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_COMMON_DIR",
        "GIT_PREFIX",
    ] {
        git.env_remove(name);
    }
    if let Some(above) = folder.parent() {
        git.env("GIT_CEILING_DIRECTORIES", above);
    }
    let output = git.output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

/// The address of a repository, if others can use it; without user and password.
fn public(url: &str) -> Option<String> {
    let rest = url.strip_prefix("https://")?;
    let (host, path) = rest.split_once('/')?;
    let host = host.rsplit('@').next()?;
    let path = path.split(['?', '#']).next()?;
    Some(format!("https://{host}/{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "1111111111111111111111111111111111111111";
    const TWO: &str = "2222222222222222222222222222222222222222";

    /// A folder with these files.
    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    #[test]
    fn the_commit_is_read_wherever_git_keeps_it() {
        let head = ".git/HEAD";
        let on_main = (head, "ref: refs/heads/main\n");
        let packed = format!("# pack-refs with: peeled\n{TWO} refs/heads/other\n{ONE} refs/heads/main\n^{TWO}\n");
        let (one, two) = (format!("{ONE}\n"), format!("{TWO}\n"));
        for (files, commit, watched) in [
            (vec![], None, vec![]),
            (vec![(head, &*one)], Some(ONE), vec![head]),
            (
                vec![on_main, (".git/refs/heads/main", &*one)],
                Some(ONE),
                vec![head, ".git/refs/heads/main"],
            ),
            (
                vec![
                    on_main,
                    (".git/refs/heads/other", &*two),
                    (".git/packed-refs", &*packed),
                ],
                Some(ONE),
                vec![head, ".git/refs/heads", ".git/packed-refs"],
            ),
            (
                vec![on_main, (".git/refs/heads/main", &*two), (".git/packed-refs", &*packed)],
                Some(TWO),
                vec![head, ".git/refs/heads/main", ".git/packed-refs"],
            ),
            // A work tree beside its repository.
            (
                vec![
                    (".git", "gitdir: main/.git/worktrees/here\n"),
                    ("main/.git/worktrees/here/HEAD", "ref: refs/heads/main\n"),
                    ("main/.git/worktrees/here/commondir", "../..\n"),
                    ("main/.git/refs/heads/main", &*one),
                ],
                Some(ONE),
                vec![
                    "main/.git/worktrees/here/HEAD",
                    "main/.git/worktrees/here/../../refs/heads/main",
                ],
            ),
            // Nothing was committed yet, or what is there is not git's.
            (
                vec![on_main, (".git/refs/heads/other", &*two)],
                None,
                vec![head, ".git/refs/heads"],
            ),
            (vec![(head, "ref: ../../../etc/passwd")], None, vec![head]),
            (vec![(head, "nonsense")], None, vec![head]),
            (vec![(".git", "nonsense")], None, vec![]),
        ] {
            let folder = folder(&files);
            let checkout = Checkout::read(folder.path());
            let found = checkout.as_ref().and_then(|checkout| checkout.commit.as_deref());
            assert_eq!(found, commit, "{files:?}");
            let expected: Vec<PathBuf> = watched.iter().map(|name| folder.path().join(name)).collect();
            let watched = checkout.map(|checkout| checkout.watched).unwrap_or_default();
            assert_eq!(watched, expected, "{files:?}");
            // Cargo rebuilds every time if a watched file does not exist.
            assert!(watched.iter().all(|path| path.exists()), "{watched:?}");
        }
    }

    #[test]
    fn tests_and_other_workspaces_are_no_sources() {
        let folder = folder(&[
            ("Cargo.toml", ""),
            ("src/main.rs", ""),
            ("a/Cargo.toml", ""),
            ("a/src/lib.rs", ""),
            ("a/tests/it.rs", ""),
            ("fuzz/Cargo.toml", ""),
            ("docs/api.md", ""),
        ]);
        let found = sources(folder.path());
        let expected = ["Cargo.toml", "src", "a/Cargo.toml", "a/src"].map(|name| folder.path().join(name));
        assert_eq!(found, expected);
    }

    #[test]
    fn addresses_of_repositories_are_shown_without_secrets() {
        for (url, expected) in [
            (
                "https://git.example.org/a/datil.git",
                Some("https://git.example.org/a/datil.git"),
            ),
            (
                "https://me:secret@git.example.org/datil?x=1",
                Some("https://git.example.org/datil"),
            ),
            ("git@git.example.org:a/datil.git", None),
            ("/home/me/datil", None),
            ("", None),
        ] {
            assert_eq!(public(url).as_deref(), expected, "{url}");
        }
    }
}
