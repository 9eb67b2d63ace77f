//! The signature lists that a running processor uses: taken up anew when they change.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use platform::{clock, cpu};
use signature::Lists;

use crate::siglists::{Origin, Siglists, SiglistsError};

/// How often it is looked whether other lists are in force. It costs the reading of four small files.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The lists in force.
#[derive(Debug)]
pub(super) struct InForce {
    source: Siglists,
    lists: RwLock<Arc<Lists>>,
}

impl InForce {
    /// Those of the settings and the data folder.
    ///
    /// # Errors
    /// They cannot be used.
    pub(super) fn load(source: Siglists) -> Result<Self, SiglistsError> {
        let (lists, origin) = source.load()?;
        say(&lists, &origin);
        Ok(Self {
            source,
            lists: RwLock::new(Arc::new(lists)),
        })
    }

    /// The lists for the next crash.
    pub(super) fn now(&self) -> Arc<Lists> {
        // The lock is held for a copy only.
        Arc::clone(&self.lists.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes up other lists as soon as they are in force, for as long as it is polled. Lists that cannot be used are
    /// told of once in the log, and those before go on.
    pub(super) async fn watch(&self) {
        let mut told = String::new();
        loop {
            clock::sleep(LOOK_EVERY).await;
            match self.look().await {
                Ok(()) => told.clear(),
                Err(problem) if problem == told => {}
                Err(problem) => {
                    tracing::error!(
                        problem,
                        "signature lists cannot be used; those before go on"
                    );
                    told = problem;
                }
            }
        }
    }

    async fn look(&self) -> Result<(), String> {
        let (source, used) = (self.source.clone(), self.now());
        let changed = cpu::run(move || -> Result<_, SiglistsError> {
            if source.sha256()? == used.sha256() {
                return Ok(None);
            }
            source.load().map(Some)
        });
        let changed = changed.await.map_err(|error| error.to_string())?;
        if let Some((lists, origin)) = changed.map_err(|error| error.to_string())? {
            say(&lists, &origin);
            *self.lists.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(lists);
        }
        Ok(())
    }
}

fn say(lists: &Lists, origin: &Origin) {
    let sha256 = lists.sha256();
    tracing::info!(sha256, %origin, "signature lists are in use");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Settings;

    #[tokio::test]
    async fn lists_that_are_switched_on_are_taken_up_and_broken_ones_are_not() {
        let data = tempfile::tempdir().unwrap();
        let siglists = Siglists::of(&Settings::default(), data.path());
        let in_force = InForce::load(siglists.clone()).unwrap();
        let built_in = in_force.now().sha256().to_owned();
        in_force.look().await.unwrap();
        assert_eq!(in_force.now().sha256(), built_in);

        let sha256 = siglists.install(["zebra", "", "", ""]).unwrap();
        in_force.look().await.unwrap();
        assert_eq!(in_force.now().sha256(), built_in);
        siglists.activate(&sha256).unwrap();
        in_force.look().await.unwrap();
        assert_eq!(in_force.now().sha256(), sha256);

        let list = siglists.folder_of(&sha256).join("prefix_signature_re.txt");
        std::fs::write(list, "(").unwrap();
        let problem = in_force.look().await.unwrap_err();
        assert!(problem.contains("prefix_signature_re.txt:1"), "{problem}");
        assert_eq!(in_force.now().sha256(), sha256);

        siglists.deactivate().unwrap();
        in_force.look().await.unwrap();
        assert_eq!(in_force.now().sha256(), built_in);
    }
}
