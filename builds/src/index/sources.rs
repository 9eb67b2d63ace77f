//! The sources that the builds of an index rest on.

use crate::index::texts::IndexFull;
use crate::said::observation::SourceName;

/// Every source that a row names. A set of them is a number: the bit of a source is its position here.
#[derive(Debug, Default)]
pub(super) struct Sources(Vec<SourceName>);

/// Some of the sources of an index, with room for [`MOST`](crate::said::source::MOST) of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct SourceSet(u32);

impl Sources {
    /// The set of these sources, which become part of the index.
    pub(super) fn set(&mut self, names: &[SourceName]) -> Result<SourceSet, IndexFull> {
        let mut set = 0_u32;
        for name in names {
            let known = self.0.iter().position(|known| known == name);
            let position = known.unwrap_or_else(|| {
                self.0.push(*name);
                self.0.len() - 1
            });
            let position = u32::try_from(position).map_err(|_| IndexFull)?;
            set |= 1_u32.checked_shl(position).ok_or(IndexFull)?;
        }
        Ok(SourceSet(set))
    }

    /// Whether of the sources that list builds this one alone is in a set.
    pub(super) fn lists_alone(&self, set: SourceSet, source: SourceName) -> bool {
        let bits = (0..u32::BITS).map(|bit| set.0 & (1 << bit) != 0);
        let mut listing = self
            .0
            .iter()
            .zip(bits)
            .filter_map(|(name, is_in)| (is_in && name.row().lists_builds()).then_some(*name));
        listing.next() == Some(source) && listing.next().is_none()
    }

    /// The sources of a set, in the order of trust.
    pub(super) fn names(&self, set: SourceSet) -> impl Iterator<Item = SourceName> + use<> {
        let bits = (0..u32::BITS).map(|bit| set.0 & (1 << bit) != 0);
        let mut names: Vec<SourceName> = self
            .0
            .iter()
            .zip(bits)
            .filter_map(|(name, is_in)| is_in.then_some(*name))
            .collect();
        names.sort_unstable();
        names.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::Sources;
    use crate::said::observation::SourceName;
    use crate::said::source::MOST;

    #[test]
    fn a_set_has_room_for_every_source_there_can_be() {
        let listed = SourceName::all().count();
        let all: Vec<SourceName> = (listed + 1..MOST)
            .filter_map(|number| SourceName::stored(&format!("source-{number:02}")).ok())
            .chain(SourceName::all())
            .collect();
        assert!(all.len() > MOST - 4, "{all:?}");
        let mut sources = Sources::default();
        let whole = sources.set(&all).unwrap();
        let single = sources.set(&[SourceName::CSV]).unwrap();
        let mut sorted = all;
        sorted.sort();
        assert_eq!(sources.names(whole).collect::<Vec<_>>(), sorted);
        assert_eq!(sources.names(single).collect::<Vec<_>>(), [SourceName::CSV]);
        assert!(sources.lists_alone(single, SourceName::CSV));
        assert!(!sources.lists_alone(whole, SourceName::CSV));
        for (names, alone) in [
            (&[SourceName::PRODUCT_DETAILS, SourceName::OWN][..], true),
            (&[SourceName::PRODUCT_DETAILS], false),
            (&[SourceName::BUILDHUB, SourceName::OWN], false),
            (&[SourceName::OWN, SourceName::CSV], false),
        ] {
            let set = sources.set(names).unwrap();
            assert_eq!(sources.lists_alone(set, SourceName::OWN), alone, "{names:?}");
        }
    }
}
