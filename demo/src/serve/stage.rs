//! What the stand-ins currently serve: a fixed world or a live one.

use std::sync::{Arc, PoisonError, RwLock};

use super::Fault;
use super::archive::Archive;
use super::bugzilla::Tracker;
use crate::world::{Plan, World};

/// What the stand-ins serve. Clones share it.
#[derive(Clone)]
pub struct Stage {
    /// Gives the current plan; none: the scene stays.
    plan: Option<Arc<dyn Fn() -> Plan + Send + Sync>>,
    scene: Arc<RwLock<Arc<Scene>>>,
    tracker: Arc<Tracker>,
}

/// One world, ready to serve.
pub(super) struct Scene {
    world: Arc<World>,
    /// The data of a service that has lost it.
    lost: World,
    pub(super) archive: Archive,
}

impl Stage {
    /// Serves the world of the plan that `plan` gives at each request, the same for every service at any time. A live
    /// world never goes back, whatever the clock does.
    pub fn following(plan: impl Fn() -> Plan + Send + Sync + 'static) -> Self {
        let world = World::generate(&plan());
        Self {
            plan: Some(Arc::new(plan)),
            tracker: Arc::new(Tracker::of(world.plan.nightly())),
            scene: Arc::new(RwLock::new(Arc::new(Scene::of(Arc::new(world))))),
        }
    }

    /// The bugs of the Bugzilla, which may be changed while it serves.
    pub fn tracker(&self) -> &Arc<Tracker> {
        &self.tracker
    }

    pub(super) fn scene(&self) -> Arc<Scene> {
        let scene = Arc::clone(&self.scene.read().unwrap_or_else(PoisonError::into_inner));
        let Some(plan) = self.plan.as_ref().map(|plan| plan()) else {
            return scene;
        };
        if !replaces(&plan, &scene.world.plan) {
            return scene;
        }
        let mut held = self.scene.write().unwrap_or_else(PoisonError::into_inner);
        // Another request may have been faster, or have a later time.
        if replaces(&plan, &held.world.plan) {
            *held = Arc::new(Scene::of(Arc::new(World::generate(&plan))));
        }
        Arc::clone(&held)
    }
}

/// Returns whether a plan's world replaces the one being served: a live one only if it is newer.
fn replaces(plan: &Plan, told: &Plan) -> bool {
    match (plan.live, told.live) {
        (Some(live), Some(told)) if live.began == told.began => live.now > told.now,
        _ => plan != told,
    }
}

impl From<Arc<World>> for Stage {
    /// Serves this world forever.
    fn from(world: Arc<World>) -> Self {
        Self {
            plan: None,
            tracker: Arc::new(Tracker::of(world.plan.nightly())),
            scene: Arc::new(RwLock::new(Arc::new(Scene::of(world)))),
        }
    }
}

impl Scene {
    fn of(world: Arc<World>) -> Self {
        Self {
            lost: World::empty(&world.plan),
            archive: Archive::of(Arc::clone(&world)),
            world,
        }
    }

    /// Returns the world as a service with these faults has it.
    pub(super) fn known(&self, faults: &[Fault]) -> &World {
        if faults.contains(&Fault::Empty) {
            &self.lost
        } else {
            &self.world
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use super::{Plan, replaces};

    #[test]
    fn a_live_world_moves_on_and_never_back() {
        let began: DateTime<Utc> = "2026-11-28T11:18:40Z".parse().unwrap();
        let live = |seconds| Plan::live(began, began + TimeDelta::seconds(seconds));
        let another = Plan::live(began + TimeDelta::days(1), began + TimeDelta::days(1));
        for (plan, told, expected) in [
            (live(20), live(10), true),
            (live(10), live(10), false),
            (live(0), live(10), false),
            (another.clone(), live(10), true),
            (live(10), another, true),
            (Plan::default(), live(10), true),
            (Plan::default(), Plan::default(), false),
        ] {
            assert_eq!(replaces(&plan, &told), expected, "{plan:?} after {told:?}");
        }
    }
}
