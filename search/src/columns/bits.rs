//! A set of the rows of a segment.

/// A set of numbers below a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bits {
    words: Vec<u64>,
}

impl Bits {
    /// No number below `limit`.
    pub fn none(limit: u32) -> Self {
        Self {
            words: vec![0; (limit as usize).div_ceil(64)],
        }
    }

    /// Every number below `limit`.
    pub fn all(limit: u32) -> Self {
        let mut bits = Self {
            words: vec![u64::MAX; (limit as usize).div_ceil(64)],
        };
        let rest = limit % 64;
        if rest != 0
            && let Some(last) = bits.words.last_mut()
        {
            *last = (1 << rest) - 1;
        }
        bits
    }

    /// Adds a number; one that is not below the limit is passed over.
    #[inline]
    pub fn insert(&mut self, at: u32) {
        if let Some(word) = self.words.get_mut((at / 64) as usize) {
            *word |= 1 << (at % 64);
        }
    }

    /// Takes a number out.
    #[inline]
    pub fn remove(&mut self, at: u32) {
        if let Some(word) = self.words.get_mut((at / 64) as usize) {
            *word &= !(1 << (at % 64));
        }
    }

    /// Whether it has this number.
    #[inline]
    pub fn has(&self, at: u32) -> bool {
        self.words
            .get((at / 64) as usize)
            .is_some_and(|word| word >> (at % 64) & 1 == 1)
    }

    /// Keeps only what is also in `other`.
    pub fn and(&mut self, other: &Self) {
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word &= other;
        }
    }

    /// Takes out what is in `other`.
    pub fn and_not(&mut self, other: &Self) {
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word &= !other;
        }
    }

    /// How many numbers it has.
    pub fn count(&self) -> u32 {
        self.words.iter().map(|word| word.count_ones()).sum()
    }

    /// Its numbers, in order.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        (0_u32..).zip(&self.words).flat_map(|(at, &word)| {
            let mut left = word;
            std::iter::from_fn(move || {
                if left == 0 {
                    return None;
                }
                let bit = left.trailing_zeros();
                left &= left - 1;
                Some(at * 64 + bit)
            })
        })
    }

    /// Its words of 64 numbers each, the least number in the lowest bit.
    pub(crate) fn words(&self) -> &[u64] {
        &self.words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_what_was_put_in() {
        for limit in [0, 1, 63, 64, 65, 200] {
            let all = Bits::all(limit);
            assert_eq!(all.count(), limit);
            assert!(all.iter().eq(0..limit), "{limit}");
            assert!(!all.has(limit));
        }
        let mut bits = Bits::none(130);
        for at in [0, 63, 64, 129, 130, 5000] {
            bits.insert(at);
        }
        assert_eq!(bits.iter().collect::<Vec<_>>(), [0, 63, 64, 129, 130]);
        let mut others = Bits::none(130);
        others.insert(64);
        let mut both = bits.clone();
        both.and(&others);
        assert_eq!(both.iter().collect::<Vec<_>>(), [64]);
        bits.and_not(&others);
        bits.remove(0);
        assert_eq!(bits.iter().collect::<Vec<_>>(), [63, 129, 130]);
    }
}
