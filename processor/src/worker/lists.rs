//! The signature lists of a running processor: reloaded when they change.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use platform::{clock, cpu};
use signature::Lists;

use crate::siglists::{Origin, Siglists, SiglistsError};

/// How often to check for other lists. Each check reads four small files.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The lists in force.
#[derive(Debug)]
pub(super) struct InForce {
    source: Siglists,
    lists: RwLock<Arc<Lists>>,
}

impl InForce {
    /// Loads the lists of the settings and the data folder.
    ///
    /// # Errors
    /// They are unusable.
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
        // The lock is held only for the copy.
        Arc::clone(&self.lists.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Switches to other lists as soon as they are in force, for as long as it is polled. Unusable lists are logged
    /// once, and the previous ones stay in use.
    pub(super) async fn watch(&self) {
        let mut told = String::new();
        let mut seen = None;
        loop {
            clock::sleep(LOOK_EVERY).await;
            match self.look(&mut seen).await {
                Ok(()) => told.clear(),
                Err(problem) if problem == told => {}
                Err(problem) => {
                    tracing::error!(problem, "signature lists cannot be used; those before go on");
                    told = problem;
                }
            }
        }
    }

    /// Checks once. `seen` is the SHA-256 of other lists found by the previous check, and becomes that of lists left to
    /// the next one: files may still be being copied into the folder of the setting, and half of them also form valid
    /// lists.
    async fn look(&self, seen: &mut Option<String>) -> Result<(), String> {
        let (source, used, before) = (self.source.clone(), self.now(), seen.take());
        let found = cpu::run(move || find(&source, used.sha256(), before.as_deref()));
        let found = found.await.map_err(|error| error.to_string())?;
        match found.map_err(|error| error.to_string())? {
            Found::Same => {}
            Found::Unsettled(sha256) => *seen = Some(sha256),
            Found::Others(lists, origin) => {
                say(&lists, &origin);
                *self.lists.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(lists);
            }
        }
        Ok(())
    }
}

/// The result of a check.
enum Found {
    /// The lists in use.
    Same,
    /// Other lists, with this SHA-256, that may still be being written.
    Unsettled(String),
    /// Other lists.
    Others(Lists, Origin),
}

fn find(source: &Siglists, used: &str, before: Option<&str>) -> Result<Found, SiglistsError> {
    let sha256 = source.sha256()?;
    if sha256 == used {
        return Ok(Found::Same);
    }
    // Lists that are switched on were complete by then.
    let may_change = source.setting().is_some();
    if may_change && before != Some(sha256.as_str()) {
        return Ok(Found::Unsettled(sha256));
    }
    let (lists, origin) = source.load()?;
    if may_change && lists.sha256() != sha256 {
        return Ok(Found::Unsettled(lists.sha256().to_owned()));
    }
    Ok(Found::Others(lists, origin))
}

fn say(lists: &Lists, origin: &Origin) {
    let sha256 = lists.sha256();
    tracing::info!(sha256, %origin, "signature lists are in use");
}

#[cfg(test)]
mod tests {
    use signature::LIST_FILES;

    use super::*;
    use crate::Settings;

    #[tokio::test]
    async fn lists_that_are_switched_on_are_taken_up_and_broken_ones_are_not() {
        let data = tempfile::tempdir().unwrap();
        let siglists = Siglists::of(&Settings::default(), data.path());
        let in_force = InForce::load(siglists.clone()).unwrap();
        let built_in = in_force.now().sha256().to_owned();
        in_force.look(&mut None).await.unwrap();
        assert_eq!(in_force.now().sha256(), built_in);

        let sha256 = siglists.install(["zebra", "", "", ""]).unwrap();
        in_force.look(&mut None).await.unwrap();
        assert_eq!(in_force.now().sha256(), built_in);
        siglists.activate(&sha256).unwrap();
        in_force.look(&mut None).await.unwrap();
        assert_eq!(in_force.now().sha256(), sha256);

        let list = siglists.folder_of(&sha256).join("prefix_signature_re.txt");
        std::fs::write(list, "(").unwrap();
        let problem = in_force.look(&mut None).await.unwrap_err();
        assert!(problem.contains("prefix_signature_re.txt:1"), "{problem}");
        assert_eq!(in_force.now().sha256(), sha256);

        siglists.deactivate().unwrap();
        in_force.look(&mut None).await.unwrap();
        assert_eq!(in_force.now().sha256(), built_in);
    }

    #[tokio::test]
    async fn lists_of_the_setting_are_taken_up_when_nobody_writes_them_any_more() {
        let data = tempfile::tempdir().unwrap();
        let folder = data.path().join("own");
        std::fs::create_dir(&folder).unwrap();
        let write = |texts: [&str; 4]| {
            for (name, text) in LIST_FILES.into_iter().zip(texts) {
                std::fs::write(folder.join(name), text).unwrap();
            }
            Lists::read(&folder).map(|texts| Lists::sha256_of(texts.each_ref().map(String::as_str)))
        };
        let first = write(["zebra", "", "", ""]).unwrap();
        let settings = Settings {
            siglists: Some(folder.clone()),
            ..Settings::default()
        };
        let in_force = InForce::load(Siglists::of(&settings, data.path())).unwrap();
        let mut seen = None;
        // What is written before each check; and whether the check adopts it.
        for (texts, taken) in [
            (["zebra", "", "", ""], false),
            (["", "", "", ""], false),
            (["horse", "", "", ""], false),
            (["horse", "gate", "", ""], false),
            (["horse(", "gate", "", ""], false),
            (["horse", "gate", "", ""], false),
            (["horse", "gate", "", ""], true),
            (["horse", "gate", "", ""], true),
        ] {
            let sha256 = write(texts).unwrap();
            let looked = in_force.look(&mut seen).await;
            assert!(looked.is_ok(), "{texts:?}: {looked:?}");
            let expected = if taken { &sha256 } else { &first };
            assert_eq!(in_force.now().sha256(), expected, "{texts:?}");
        }
        write(["horse(", "gate", "", ""]).unwrap();
        in_force.look(&mut seen).await.unwrap();
        let problem = in_force.look(&mut seen).await.unwrap_err();
        assert!(problem.contains("`horse(` cannot be used"), "{problem}");
    }
}
