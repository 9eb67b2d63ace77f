//! Who uses the command line, as the audit log names them.

use clap::Args;
use platform::access::{self, Action, Place};
use platform::db::Db;

/// The option of commands that change something.
#[derive(Debug, Args)]
pub(crate) struct By {
    /// Who does this, for the audit log (default: the user)
    #[arg(long, env = "USER", hide_env_values = true, value_name = "NAME")]
    author: Option<String>,
}

impl By {
    /// Who and from where.
    pub(crate) fn place(self) -> Place {
        place(&author(self.author))
    }
}

/// A name, by default that of the process's user.
pub(crate) fn author(named: Option<String>) -> String {
    let named = named.filter(|name| !name.trim().is_empty());
    named.unwrap_or_else(|| format!("user {}", rustix::process::getuid().as_raw()))
}

/// This name at this machine.
pub(crate) fn place(author: &str) -> Place {
    Place {
        who: format!("{author} (command line)"),
        origin: rustix::system::uname().nodename().to_string_lossy().into_owned(),
    }
}

/// Records what was done by somebody whose name is kept beside it anyway.
pub(crate) async fn record(db: &Db, author: &str, action: Action, detail: &str) -> anyhow::Result<()> {
    let mut tx = db.begin().await?;
    access::record(&mut tx, &place(author), action, None, detail).await?;
    Ok(tx.commit().await?)
}
