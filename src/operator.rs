//! Who uses the command line, as the audit log names them.

use anyhow::Context;
use clap::Args;
use platform::access::{self, Action, Actor};
use platform::db::Db;

/// Of a longer name the rest is not recorded; characters.
const MAX_NAME: usize = 100;

/// The option of commands that change something.
#[derive(Debug, Args)]
pub(crate) struct By {
    /// Who does this, for the audit log (default: the user)
    #[arg(long, env = "USER", hide_env_values = true, value_name = "NAME")]
    author: Option<String>,
}

impl By {
    /// Who and from where.
    pub(crate) fn actor(self) -> Actor {
        actor(&author(self.author))
    }
}

/// A name, by default that of the process's user.
pub(crate) fn author(named: Option<String>) -> String {
    let named = named.filter(|name| !name.trim().is_empty());
    named.unwrap_or_else(|| format!("user {}", rustix::process::getuid().as_raw()))
}

/// The person with this name, at this machine. The number of the user stands beside it, since a name is only a word.
pub(crate) fn actor(author: &str) -> Actor {
    let name = text::shortened(author.trim(), MAX_NAME);
    let user = rustix::process::getuid().as_raw();
    let who = if name == format!("user {user}") {
        format!("{name} (command line)")
    } else {
        format!("{name} (command line of user {user})")
    };
    Actor {
        who,
        origin: rustix::system::uname().nodename().to_string_lossy().into_owned(),
    }
}

/// Records what is about to be done, a line for each detail. It comes first, so that nothing is done without its line;
/// what then fails or is interrupted has one too.
pub(crate) async fn record(
    db: &Db,
    by: &Actor,
    action: Action,
    details: impl IntoIterator<Item = String>,
) -> anyhow::Result<()> {
    let recorded = async {
        let mut tx = db.begin().await?;
        for detail in details {
            access::record(&mut tx, by, action, None, &detail).await?;
        }
        tx.commit().await
    };
    recorded
        .await
        .context("nothing was changed, since it could not be recorded in the audit log")
}
