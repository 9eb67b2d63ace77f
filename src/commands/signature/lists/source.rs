//! The origin of another set of lists: a folder, an archive, a URL, the data folder, or this program.
//!
//! Everything is read into memory and bounded; nothing is unpacked, so a name in an archive is never used as a path.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use flate2::read::GzDecoder;
use processor::siglists::{Siglists, SiglistsError};
use reqwest::{StatusCode, Url};
use signature::{LIST_FILES, LIST_LIMIT, ListError, Lists, text_of};

use crate::parts::http_client;

/// The command line's name for the lists that come with the program.
pub(super) const BUILT_IN: &str = "built-in";

/// The locations of lists in a checkout of Socorro, in siggen's wheel, and in parts of these.
const PLACES: [&str; 5] = [
    "",
    "siglists",
    "socorro/signature/siglists",
    "signature/siglists",
    "siggen/siglists",
];
/// Maximum size of an archive, in bytes.
const ARCHIVE_LIMIT: u64 = 32 << 20;
/// Maximum size of an unpacked archive, in bytes.
const UNPACKED_LIMIT: u64 = 128 << 20;
/// Maximum bytes of a file's description in an archive, such as a path too long for its header.
const DESCRIPTION_LIMIT: u64 = 64 << 10;
/// Maximum number of files in an archive.
const MOST_FILES: usize = 100_000;
/// Maximum number of files in an archive with the name of a list.
const MOST_LISTS: usize = 64;
/// Time limit for an answer, including all redirects.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);

/// A set of lists, and the name of its origin.
pub(super) struct Set {
    /// For people.
    pub(super) name: String,
    /// In the order of [`LIST_FILES`]; none for the lists of this program.
    pub(super) texts: Option<[String; 4]>,
    pub(super) lists: Lists,
}

impl Set {
    /// The lists that come with this program.
    pub(super) fn built_in() -> Self {
        Self {
            name: "built in".to_owned(),
            texts: None,
            lists: Lists::built_in(),
        }
    }

    /// The lists in force.
    pub(super) fn in_force(siglists: &Siglists) -> Result<Self, SiglistsError> {
        let (lists, origin) = siglists.load()?;
        Ok(Self {
            name: origin.to_string(),
            texts: None,
            lists,
        })
    }

    /// The lists that a command-line argument names: `built-in`, a folder, an archive, an http(s) URL, or, if no such
    /// file exists, the beginning of the SHA-256 of lists in the data folder.
    pub(super) async fn named(text: &str, siglists: &Siglists) -> anyhow::Result<Self> {
        if text == BUILT_IN {
            return Ok(Self::built_in());
        }
        let is_digest = (8..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
        if is_digest && !Path::new(text).exists() {
            let folder = siglists.folder_of(&siglists.find(text)?);
            return Self::of(folder.display().to_string(), Lists::read(&folder)?);
        }
        Self::fetched(text).await
    }

    /// The lists of a folder, an archive or a URL.
    pub(super) async fn fetched(text: &str) -> anyhow::Result<Self> {
        let url = match Url::parse(text) {
            // It may contain a password, and is not repeated.
            Err(error) if text.contains("://") => bail!("that is no URL: {error}"),
            url => url.ok().filter(Url::has_host),
        };
        let (name, texts) = match url {
            Some(url) if matches!(url.scheme(), "http" | "https") => from_url(url).await?,
            Some(url) => bail!(
                "{}:// is not fetched: give an http or https URL, a folder or an archive",
                url.scheme()
            ),
            None => from_path(Path::new(text))?,
        };
        Self::of(name, texts)
    }

    fn of(name: String, texts: [String; 4]) -> anyhow::Result<Self> {
        let lists =
            Lists::of_texts(texts.each_ref().map(String::as_str)).with_context(|| format!("the lists of {name}"))?;
        Ok(Self {
            name,
            texts: Some(texts),
            lists,
        })
    }
}

type Named = (String, [String; 4]);

fn from_path(path: &Path) -> anyhow::Result<Named> {
    let shown = path.display();
    let meta = std::fs::metadata(path).with_context(|| format!("{shown} cannot be read"))?;
    if meta.is_dir() {
        let folder = in_folder(path).with_context(|| {
            format!(
                "{shown} holds no signature lists ({}), nor does any of its folders {}",
                LIST_FILES.join(", "),
                PLACES.get(1..).unwrap_or_default().join(", ")
            )
        })?;
        let texts = Lists::read(&folder).map_err(missing)?;
        return Ok((folder.display().to_string(), texts));
    }
    if !meta.is_file() {
        bail!("{shown} is neither a folder nor a file");
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(ARCHIVE_LIMIT + 1).read_to_end(&mut bytes))
        .with_context(|| format!("{shown} cannot be read"))?;
    if !is_archive(&bytes) {
        bail!(
            "{shown} is neither a folder nor a wheel, zip or tar.gz: give the folder that holds {}",
            LIST_FILES[0]
        );
    }
    from_archive(&shown.to_string(), &bytes)
}

/// The folder with the lists in a folder that may be a whole checkout: one with at least one of them.
fn in_folder(path: &Path) -> Option<PathBuf> {
    // Joined with an empty path, a path would end in a slash.
    let folders = PLACES.map(|place| path.join(place).components().collect::<PathBuf>());
    folders
        .into_iter()
        .find(|folder| LIST_FILES.iter().any(|name| folder.join(name).exists()))
}

fn missing(error: ListError) -> anyhow::Error {
    anyhow::Error::new(error).context("all four lists are needed")
}

async fn from_url(mut url: Url) -> anyhow::Result<Named> {
    let client = http_client()?;
    // The name that is shown and stored contains no password.
    let name = shown_url(&url);
    let whole = get(&client, &url, ARCHIVE_LIMIT).await?;
    let itself = match &whole {
        Ok(bytes) if is_archive(bytes) => return from_archive(&name, bytes),
        Ok(_) => "is no wheel, zip or tar.gz".to_owned(),
        Err(status) => format!("answers {status}"),
    };
    // It is not an archive: the four files are below it.
    let path = format!("{}/", url.path().trim_end_matches('/'));
    url.set_path(&path);
    let mut texts: [String; 4] = Default::default();
    for (text, file) in texts.iter_mut().zip(LIST_FILES) {
        let mut address = url.clone();
        address.set_path(&format!("{path}{file}"));
        let limit = u64::try_from(LIST_LIMIT)?;
        let bytes = match get(&client, &address, limit).await? {
            Ok(bytes) => bytes,
            Err(status) => bail!("{name} {itself}, and {} answers {status}", shown_url(&address)),
        };
        *text = text_of_list(file, bytes)?;
    }
    Ok((name, texts))
}

fn shown_url(url: &Url) -> String {
    let mut shown = url.clone();
    // Only URLs without a host cannot have these.
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    shown.set_query(None);
    shown.set_fragment(None);
    shown.to_string()
}

/// The body at a URL, or the status if the client is not allowed to have it or it is not there.
async fn get(client: &reqwest::Client, url: &Url, limit: u64) -> anyhow::Result<Result<Vec<u8>, StatusCode>> {
    let asked = async {
        let mut response = client.get(url.clone()).send().await?;
        let status = response.status();
        if status.is_client_error() {
            return Ok(Err(status));
        }
        if !status.is_success() {
            bail!("it answers {status}");
        }
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await? {
            body.extend_from_slice(&piece);
            if u64::try_from(body.len())? > limit {
                bail!("it is bigger than {limit} bytes");
            }
        }
        Ok(Ok(body))
    };
    let answer = tokio::time::timeout(ANSWER_LIMIT, asked).await;
    let answer = answer.unwrap_or_else(|_| bail!("it took over {} s", ANSWER_LIMIT.as_secs()));
    answer
        .map_err(|error| match error.downcast::<reqwest::Error>() {
            Ok(error) if error.is_redirect() => anyhow::anyhow!("it redirects too often"),
            Ok(error) => error.without_url().into(),
            Err(error) => error,
        })
        .with_context(|| format!("{} cannot be fetched", shown_url(url)))
}

fn is_archive(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"\x1f\x8b")
}

/// The lists in a wheel, a zip or a tar.gz.
fn from_archive(name: &str, bytes: &[u8]) -> anyhow::Result<Named> {
    if u64::try_from(bytes.len())? > ARCHIVE_LIMIT {
        bail!("{name} is bigger than {ARCHIVE_LIMIT} bytes");
    }
    let mut found = Found::default();
    let read = if bytes.starts_with(b"PK") {
        unzip(bytes, &mut found)
    } else {
        untar(bytes, &mut found)
    };
    read.with_context(|| format!("reading {name}"))?;
    let (folder, texts) = found.complete().with_context(|| format!("in {name}"))?;
    Ok((format!("{name}, {folder}"), texts))
}

fn unzip(bytes: &[u8], found: &mut Found) -> anyhow::Result<()> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes))?;
    if archive.len() > MOST_FILES {
        bail!("it has more than {MOST_FILES} files");
    }
    for index in 0..archive.len() {
        let wanted = archive.name_for_index(index).is_some_and(is_list);
        if wanted {
            let file = archive.by_index(index)?;
            let path = file.name().to_owned();
            found.add(&path, file)?;
        }
    }
    Ok(())
}

fn untar(bytes: &[u8], found: &mut Found) -> anyhow::Result<()> {
    let unpacked = GzDecoder::new(bytes).take(UNPACKED_LIMIT + 1);
    let mut archive = tar::Archive::new(unpacked);
    let read = untar_files(&mut archive, found);
    // Hitting the limit counts, not the error that this may have caused.
    if archive.into_inner().limit() == 0 {
        bail!("it is bigger than {UNPACKED_LIMIT} bytes once it is unpacked");
    }
    read
}

fn untar_files(archive: &mut tar::Archive<impl Read>, found: &mut Found) -> anyhow::Result<()> {
    let mut described = None;
    // The library would read descriptions of any length into memory; it does not for raw entries.
    for (count, file) in archive.entries()?.raw(true).enumerate() {
        if count >= MOST_FILES {
            bail!("it has more than {MOST_FILES} files");
        }
        let mut file = file?;
        let kind = file.header().entry_type();
        let is_description = kind.is_gnu_longname() || kind.is_pax_local_extensions();
        if is_description && file.size() > DESCRIPTION_LIMIT {
            bail!("the description of a file is bigger than {DESCRIPTION_LIMIT} bytes");
        }
        if kind.is_gnu_longname() {
            let mut path = Vec::new();
            file.read_to_end(&mut path)?;
            path.retain(|byte| *byte != 0);
            described = Some(path);
        } else if kind.is_pax_local_extensions() {
            for extension in file.pax_extensions()?.into_iter().flatten() {
                let extension = extension?;
                if extension.key_bytes() == b"path" {
                    described = Some(extension.value_bytes().to_owned());
                }
            }
        } else if kind.is_file() {
            let path = described.take().unwrap_or_else(|| file.path_bytes().into());
            let path = String::from_utf8_lossy(&path).into_owned();
            if is_list(&path) {
                found.add(&path, file)?;
            }
        } else if !kind.is_gnu_longlink() && !kind.is_pax_global_extensions() {
            described = None;
        }
    }
    Ok(())
}

fn is_list(path: &str) -> bool {
    LIST_FILES.contains(&path.rsplit('/').next().unwrap_or(path))
}

fn text_of_list(file: &str, bytes: Vec<u8>) -> Result<String, ListError> {
    text_of(bytes).map_err(|(line, problem)| ListError {
        file: file.into(),
        line,
        problem,
    })
}

/// The lists of an archive, by the folder in it and by file.
#[derive(Default)]
struct Found(BTreeMap<String, BTreeMap<String, String>>);

impl Found {
    fn add(&mut self, path: &str, content: impl Read) -> anyhow::Result<()> {
        let count: usize = self.0.values().map(BTreeMap::len).sum();
        if count >= MOST_LISTS {
            bail!("it has more than {MOST_LISTS} files that are called as a list");
        }
        let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
        let mut bytes = Vec::new();
        content
            .take(u64::try_from(LIST_LIMIT)?.saturating_add(1))
            .read_to_end(&mut bytes)
            .with_context(|| format!("{path:?} cannot be unpacked"))?;
        let text = text_of_list(path, bytes)?;
        let folder = self.0.entry(folder.to_owned()).or_default();
        folder.insert(file.to_owned(), text);
        Ok(())
    }

    /// The one folder with all four lists, and the lists.
    fn complete(mut self) -> anyhow::Result<Named> {
        if self.0.is_empty() {
            bail!("there are no signature lists ({})", LIST_FILES.join(", "));
        }
        let whole = |lists: &BTreeMap<String, String>| lists.len() == LIST_FILES.len();
        let mut folders: Vec<String> = self.0.keys().cloned().collect();
        folders.retain(|folder| self.0.get(folder).is_some_and(whole));
        if folders.len() > 1 {
            // A checkout may have copies for its tests; the real ones are always in the known places.
            let known = |folder: &String| {
                let places = PLACES.iter().filter(|place| place.contains('/'));
                places.into_iter().any(|place| folder.ends_with(place))
            };
            folders.retain(known);
        }
        let [folder] = folders.as_slice() else {
            let (folder, lists) = self.0.pop_first().unwrap_or_default();
            let lacks = LIST_FILES.iter().find(|name| !lists.contains_key(**name));
            match lacks {
                Some(name) => bail!("all four lists are needed, and {folder:?} has no {name}"),
                None => bail!("there are several sets of signature lists: unpack it, and give the folder"),
            }
        };
        let mut lists = self.0.remove(folder).unwrap_or_default();
        let texts = LIST_FILES.map(|name| lists.remove(name).unwrap_or_default());
        Ok((folder.clone(), texts))
    }
}

#[cfg(test)]
mod tests;
