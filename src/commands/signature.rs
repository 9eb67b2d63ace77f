//! `datil signature`: signatures of crashes, explained, and compared with others.

mod answer;
mod format;
pub(crate) mod lists;
mod source;

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use crash::CrashId;
use processor::siglists::Siglists;
use reqwest::Url;
use signature::{CrashData, Lists};

use self::answer::{Answer, Counts, Maker, Original};
use self::format::{Format, Writer};
use self::source::{Contents, Missing, Source, Store, open};
use super::lines::{Line, each_line};
use crate::settings::Settings;

/// Signatures are made with the lists in force (`datil signature lists show`); the built-in ones make those that
/// Mozilla's make.
///
/// Exit code: 0 whatever the answers, also when a crash is unknown or a line cannot be read; 1 when
/// a file cannot be opened or nobody could be asked for a crash. All else is answered even then.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment, args_conflicts_with_subcommands = true)]
pub(crate) struct SignatureArgs {
    #[command(subcommand)]
    command: Option<SignatureCommand>,
    /// Crash ids, URLs of reports, or files with JSON lines or one JSON document, each crash data
    /// or a processed crash; `-`, the default, is the standard input. An id is looked up in the
    /// data folder, a URL at its host
    #[arg(value_name = "CRASH_ID|FILE|URL")]
    inputs: Vec<Source>,
    /// The folder with the signature lists (default: the lists in force)
    #[arg(long, value_name = "DIR")]
    siglists: Option<PathBuf>,
    /// Show the frames, and each step with the entry of a list that decided it
    #[arg(long)]
    explain: bool,
    /// Show only crashes whose signature is another than the stored one; counts go to the standard
    /// error. A crash without a stored one is compared by the lists in force
    #[arg(long)]
    diff: bool,
    /// With `--diff`: compare with the signatures that the lists in this folder make
    #[arg(long, value_name = "DIR", requires = "diff")]
    against: Option<PathBuf>,
    /// How answers are written
    #[arg(long, value_enum, default_value = "json")]
    format: Format,
    /// Look crash ids up at this Crash Stats host instead of the data folder
    #[arg(long, value_name = "URL")]
    host: Option<Url>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SignatureCommand {
    /// Show, compare, fetch and switch on signature lists
    ///
    /// The lists in force are those of the folder that the setting `processor.siglists` names; without
    /// it those that were switched on with `activate`; else the built-in ones.
    #[command(subcommand, verbatim_doc_comment, after_long_help = lists::SHA256_HELP)]
    Lists(lists::ListsCommand),
}

/// The lists in force.
pub(crate) fn lists_in_force(settings: &Settings) -> anyhow::Result<Lists> {
    let siglists = Siglists::of(&settings.processor, &settings.data_dir);
    let (lists, _) = siglists.load().context("reading the signature lists")?;
    Ok(lists)
}

/// The lists of a folder, or the built-in ones.
pub(crate) fn lists_of(folder: Option<&Path>) -> anyhow::Result<Lists> {
    match folder {
        Some(folder) => {
            Lists::load(folder).with_context(|| format!("reading signature lists from {}", folder.display()))
        }
        None => Ok(Lists::built_in()),
    }
}

/// Answers for every input in order.
pub(crate) async fn run(settings: &Settings, args: SignatureArgs, as_json: bool) -> anyhow::Result<ExitCode> {
    if let Some(SignatureCommand::Lists(command)) = args.command {
        return lists::run(settings, command, as_json).await;
    }
    if args.explain && args.format == Format::Csv {
        bail!("CSV has no place for explanations: choose another --format");
    }
    let maker = Maker {
        lists: match &args.siglists {
            Some(folder) => lists_of(Some(folder))?,
            None => lists_in_force(settings)?,
        },
        original: match &args.against {
            Some(folder) => Original::MadeWith(lists_of(Some(folder))?),
            None if args.diff && args.siglists.is_some() => Original::StoredOrMadeWith(lists_in_force(settings)?),
            None => Original::Stored,
        },
        explain: args.explain,
    };
    let mut out = std::io::stdout();
    let answering = Answering {
        writer: Writer {
            format: args.format,
            explain: args.explain.then_some(&maker.lists),
        },
        diff: args.diff,
        counts: Counts::default(),
        maker: &maker,
    };
    out.write_all(&answering.writer.head())?;
    let mut inputs = args.inputs;
    if inputs.is_empty() {
        inputs.push(Source::StandardInput);
    }
    let mut stores = Stores {
        settings,
        host: args.host,
        opened: None,
    };
    let mut failed = false;
    for input in inputs {
        match input {
            Source::StandardInput => answering.lines("stdin", std::io::stdin(), &mut out)?,
            Source::File(path) => {
                let name = path.display().to_string();
                match open(&path) {
                    Ok(Contents::Document(json)) => {
                        let answer = maker.about_json(name, &json).named(&json);
                        answering.show(&answer, false, &mut out)?;
                    }
                    Ok(Contents::Lines(lines)) => answering.lines(&name, lines, &mut out)?,
                    Err(error) => {
                        failed = true;
                        let answer = Answer::error(name, format!("cannot be opened: {error}"));
                        answering.show(&answer, false, &mut out)?;
                    }
                }
            }
            Source::Crash { id, host } => {
                let answer = match stores.processed(&id, host).await? {
                    Ok(crash) => maker.about(id.to_string(), &CrashData::from_processed(&crash)),
                    Err(missing) => {
                        failed |= matches!(missing, Missing::Failed(_));
                        Answer::error(id.to_string(), missing.to_string())
                    }
                };
                let answer = Answer {
                    crash_id: Some(id.to_string()),
                    ..answer
                };
                answering.show(&answer, false, &mut out)?;
            }
        }
    }
    out.flush()?;
    if args.diff {
        let sha256 = maker.lists.sha256();
        let counts = answering.counts.shown();
        writeln!(std::io::stderr(), "{counts}; lists with SHA-256 {sha256}")?;
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Where crash ids are looked up; opened on first use.
struct Stores<'a> {
    settings: &'a Settings,
    host: Option<Url>,
    /// The last store, and the host that it asks.
    opened: Option<(Option<Url>, Store)>,
}

impl Stores<'_> {
    /// The processed crash, from the host of its URL, `--host`, or the data folder.
    async fn processed(
        &mut self,
        id: &CrashId,
        host: Option<Url>,
    ) -> anyhow::Result<Result<crash::ProcessedCrash, Missing>> {
        let host = host.or_else(|| self.host.clone());
        let store = match self.opened.take() {
            Some((of, store)) if of == host => store,
            _ => match &host {
                Some(host) => Store::host(host.clone())?,
                None => Store::own(self.settings).await?,
            },
        };
        let (_, store) = self.opened.insert((host, store));
        Ok(store.processed(id).await)
    }
}

/// How to answer for each crash.
struct Answering<'a> {
    maker: &'a Maker,
    writer: Writer<'a>,
    diff: bool,
    counts: Counts,
}

impl Answering<'_> {
    /// Answers every line of an input, with all cores and in order.
    fn lines(&self, name: &str, input: impl Read + Send, out: &mut impl Write) -> anyhow::Result<()> {
        each_line(input, out, |Line { number, text }, out| {
            let place = || format!("{name}:{number}");
            let answer = match text {
                Ok(json) => {
                    let answer = self.maker.about_json(place(), json);
                    // Reading a document again takes time; JSON lines need no name.
                    if self.diff || self.writer.format != Format::Json {
                        answer.named(json)
                    } else {
                        answer
                    }
                }
                Err(error) => Answer::error(place(), error),
            };
            // Writing to memory cannot fail.
            let _ = self.show(&answer, true, out);
        })
    }

    /// Writes the answer, or nothing. Answering JSON lines in order identifies the crash; any other answer has to name
    /// it.
    fn show(&self, answer: &Answer, in_lines: bool, out: &mut impl Write) -> io::Result<()> {
        if self.diff {
            self.counts.add(answer);
            if answer.made.is_ok() && answer.changed() != Some(true) {
                return Ok(());
            }
        }
        self.writer.write(answer, !in_lines || self.diff, out)
    }
}
