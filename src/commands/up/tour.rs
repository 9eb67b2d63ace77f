//! The suggestions in the demonstration's summary: six things to try, each a command or an address that works as
//! printed.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use crashstore::db::{Filter, list};
use demo::crashes::Submission as Sample;
use demo::{Truth, World};
use platform::db::Db;
use tokio_util::sync::CancellationToken;

/// The corrections that the summary suggests, in the data folder.
const CORRECTIONS: &str = "demo-corrections.toml";
/// How often to check whether the build of the alarm is known.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The command line of this program for commands on the same data.
pub(crate) struct Commands {
    prefix: String,
}

impl Commands {
    /// The program as it was called itself, with the same data folder and settings file.
    pub(crate) fn of(data: &Path, config: Option<&Path>) -> Self {
        let program = std::env::args_os().next().unwrap_or_else(|| "datil".into());
        let mut words = vec![word(Path::new(&program))];
        if let Some(config) = config {
            words.extend(["--config".to_owned(), word(config)]);
        }
        words.extend(["--data".to_owned(), word(data)]);
        Self {
            prefix: words.join(" "),
        }
    }

    fn line(&self, command: &str) -> String {
        format!("{} {command}", self.prefix)
    }
}

/// A path quoted as one word of a shell command.
fn word(path: &Path) -> String {
    let text = path.to_string_lossy();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:,@%".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.into_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// One thing to try.
struct Stop {
    /// What it demonstrates.
    about: String,
    /// Commands and addresses.
    ways: Vec<String>,
}

/// All stops.
pub(crate) struct Tour {
    root: String,
    stops: Vec<Stop>,
    /// The build of the alarm, while no source lists it.
    pub(crate) unlisted: Option<Unlisted>,
}

impl Tour {
    /// The things to see in this world, of whose crashes `samples` were submitted. Writes the suggested correction into
    /// the data folder.
    pub(crate) async fn of(
        db: &Db,
        world: &World,
        samples: &[Sample],
        root: &str,
        commands: &Commands,
        data: &Path,
    ) -> anyhow::Result<Self> {
        let named = |name: &str| samples.iter().find(|sample| sample.name == name);
        let mut stops = Vec::new();
        if let Some(sample) = named("release-candidate-on-beta") {
            let mut ways: Vec<String> = report(db, root, sample).await?.into_iter().collect();
            ways.push(commands.line(&explain(sample)));
            stops.push(Stop {
                about: format!(
                    "Which build was it exactly, and how do we know? A beta user's crash that says {} and no more:",
                    says(sample, "Version")
                ),
                ways,
            });
        }
        let disputed = named("beta-windows").and_then(|sample| {
            let truth = disputed(world)?;
            Some((sample, truth))
        });
        if let Some((sample, truth)) = disputed {
            stops.push(Stop {
                about: format!(
                    "Two sources disagree: of {} on {} the archive names another changeset than Buildhub. And a \
                     platform is late:",
                    truth.version,
                    truth.platform.as_str()
                ),
                ways: vec![format!("{root}/builds/audit"), commands.line(&explain(sample))],
            });
        }
        if let Some(sample) = named("beta-aborted") {
            let version = sample.expected.as_ref().map(|build| build.version.as_str());
            let (version, number) = version.and_then(|v| v.split_once("rc")).unwrap_or_default();
            let mut ways: Vec<String> = report(db, root, sample).await?.into_iter().collect();
            ways.push(format!(
                "{root}/builds/{}/{}/{}",
                says(sample, "ProductName"),
                says(sample, "ReleaseChannel"),
                says(sample, "BuildID")
            ));
            stops.push(Stop {
                about: format!(
                    "A candidate that never shipped, and crashed all the same: build {number} of {version}, which \
                     another one replaced:"
                ),
                ways,
            });
        }
        if let Some((_, truth)) = disputed {
            let file = corrections(data, truth)?;
            stops.push(Stop {
                about: "What would change if we corrected that changeset? Which builds and how many crashes, and \
                    nothing is written:"
                    .to_owned(),
                ways: vec![commands.line(&format!("buildinfo rebuild --with {} --dry-run", word(&file)))],
            });
        }
        let unlisted = match named("unlisted-linux") {
            Some(sample) => Unlisted::of(db, sample).await?,
            None => None,
        };
        stops.push(match &unlisted {
            Some(unlisted) => Stop {
                about: format!(
                    "An alarm that ends while you look: people crash with nightly {}, which no source lists yet. Look \
                     again in two minutes:",
                    unlisted.build_id
                ),
                ways: vec![format!("{root}/builds/unknown")],
            },
            None => Stop {
                about: "An alarm that ended by itself when the sources listed its build:".to_owned(),
                ways: vec![format!("{root}/builds/unknown?alarm=cleared")],
            },
        });
        stops.push(Stop {
            about: "What is protected of crashes is hidden. To see it, make a token, and sign in with it:".to_owned(),
            ways: vec![
                commands.line("token create --permission view_pii,view_rawdump --note me"),
                format!("{root}/account"),
            ],
        });
        Ok(Self {
            root: root.to_owned(),
            stops,
            unlisted,
        })
    }

    /// Prints the summary.
    pub(crate) fn print(&self, counts: &str) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        writeln!(out)?;
        writeln!(out, "Datil is up at {}/", self.root)?;
        writeln!(out, "  {counts}.")?;
        writeln!(out)?;
        writeln!(out, "Six things to try")?;
        for (number, stop) in (1..).zip(&self.stops) {
            writeln!(out, "  {number}. {}", stop.about)?;
            for way in &stop.ways {
                writeln!(out, "       {way}")?;
            }
        }
        writeln!(out)?;
        writeln!(
            out,
            "The stand-ins' world goes on, and is imported every half minute. Ctrl-C stops it all; the same command \
             goes on where it was."
        )?;
        out.flush()?;
        Ok(())
    }
}

fn says<'a>(sample: &'a Sample, annotation: &str) -> &'a str {
    sample.annotations.get(annotation).map_or("", String::as_str)
}

/// The command that explains the build of a crash.
fn explain(sample: &Sample) -> String {
    format!(
        "buildinfo explain --product {} --channel {} --build-id {}",
        says(sample, "ProductName"),
        says(sample, "ReleaseChannel"),
        says(sample, "BuildID")
    )
}

/// The address of the report of a sample's crash; none if it was not submitted to this database.
async fn report(db: &Db, root: &str, sample: &Sample) -> anyhow::Result<Option<String>> {
    let rows = list(db, &of_build(sample), None, 1).await?;
    let row = rows.first();
    Ok(row.map(|row| format!("{root}/report/index/{}", row.id)))
}

/// The crashes with the same build as a sample's crash.
fn of_build(sample: &Sample) -> Filter {
    Filter {
        product: says(sample, "ProductName").to_owned(),
        channel: says(sample, "ReleaseChannel").to_owned(),
        build_id: says(sample, "BuildID").to_owned(),
        ..Filter::default()
    }
}

/// The package for which Buildhub has another changeset.
fn disputed(world: &World) -> Option<&Truth> {
    world.truth.iter().find(|truth| {
        let misread = world.builds[truth.build].misread.as_ref();
        misread.is_some_and(|misread| misread.platform == truth.platform)
    })
}

/// Writes the correction of that package's changeset; returns the file.
fn corrections(data: &Path, truth: &Truth) -> anyhow::Result<PathBuf> {
    let file = data.join(CORRECTIONS);
    let text = format!(
        "# What is wrong in the demonstration's data. See what it would change with \
         \"datil buildinfo rebuild --with FILE --dry-run\";\n\
         # without --dry-run it holds from then on.\n\
         [[correction]]\n\
         subject = \"{} {} {}\"\n\
         field = \"revision\"\n\
         value = \"{}\"\n\
         reason = \"Buildhub names the changeset of the beta before; the archive's own file is right\"\n\
         author = \"the demonstration\"\n",
        truth.product,
        truth.build_id,
        truth.platform.as_str(),
        truth.revision
    );
    std::fs::write(&file, text).with_context(|| format!("writing {}", file.display()))?;
    Ok(file)
}

/// The build of the alarm.
pub(crate) struct Unlisted {
    build_id: String,
    crashes: Filter,
}

impl Unlisted {
    /// The build of a sample's crash, if it is still unknown.
    async fn of(db: &Db, sample: &Sample) -> anyhow::Result<Option<Self>> {
        let unlisted = Self {
            build_id: says(sample, "BuildID").to_owned(),
            crashes: of_build(sample),
        };
        let rows = list(db, &unlisted.crashes, None, 500).await?;
        let unknown = rows.iter().any(|row| row.build_status == "unknown");
        Ok(unknown.then_some(unlisted))
    }

    /// Waits until the build is known for all its crashes, and announces it.
    pub(crate) async fn announce_end(&self, db: &Db, root: &str, stop: &CancellationToken) -> anyhow::Result<()> {
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            let rows = list(db, &self.crashes, None, 500).await?;
            if !rows.is_empty() && rows.iter().all(|row| row.build_status != "unknown") {
                tracing::info!(
                    "nightly {} is listed now: its {} crashes carry their exact build, \
                     {root}/builds/unknown?alarm=cleared",
                    self.build_id,
                    rows.len()
                );
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Commands, word};

    #[test]
    fn a_path_is_one_word_of_a_line() {
        for (path, expected) in [
            ("./datil-demo", "./datil-demo"),
            ("/a b/c", "'/a b/c'"),
            ("it's", r"'it'\''s'"),
            ("", "''"),
        ] {
            assert_eq!(word(Path::new(path)), expected);
        }
        let commands = Commands::of(Path::new("a b"), Some(Path::new("x.toml")));
        let line = commands.line("check");
        assert!(line.ends_with(" --config x.toml --data 'a b' check"), "{line}");
    }
}
