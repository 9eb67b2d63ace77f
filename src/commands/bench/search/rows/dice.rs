//! Numbers that look like random ones.

/// A dice of 64 bits.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    pub(super) fn below(&mut self, sides: u64) -> u64 {
        ((self.next() >> 32) * sides) >> 32
    }

    /// Below `many`, small ones more often: each power of two as often as the one before.
    pub(super) fn often(&mut self, many: u64) -> u64 {
        let size = 1_u64 << self.below(u64::from(64 - (many - 1).leading_zeros()) + 1).min(40);
        (size - 1 + (self.next() & (size - 1))) % many
    }

    /// Below `many`, by Zipf's law.
    pub(super) fn zipf(&mut self, many: u64) -> u64 {
        let share = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        ((share * (many as f64 + 1.0).ln()).exp() as u64).clamp(1, many) - 1
    }
}

/// Spreads a number over all others, one to one.
pub(super) fn mix(mut n: u64) -> u64 {
    n = (n ^ n >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    n = (n ^ n >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ n >> 31
}

pub(super) fn hex(text: &mut String, n: u64, digits: u32) {
    for at in (0..digits).rev() {
        text.push(char::from(b"0123456789abcdef"[(n >> (4 * at) & 15) as usize]));
    }
}
