//! Randomness from a seed: the same calls in the same order give the same identifiers.

use serde::{Deserialize, Serialize};

/// A seeded source of numbers and identifiers (SplitMix64).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Dice {
    state: u64,
}

impl Dice {
    /// A source whose whole sequence follows from the seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// A source that depends on a text, for choices that must be the same each time.
    pub(crate) fn of_text(seed: u64, text: &str) -> Self {
        // FNV-1a; only the spread matters.
        let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325 ^ seed, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self { state: hash }
    }

    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below the bound; 0 for a bound of 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.next() % bound }
    }

    /// True in so many of a hundred cases.
    pub(crate) fn percent(&mut self, percent: u8) -> bool {
        self.below(100) < u64::from(percent)
    }

    /// Characters of an alphabet.
    pub(crate) fn text(&mut self, alphabet: &str, length: usize) -> String {
        let letters: Vec<char> = alphabet.chars().collect();
        (0..length).filter_map(|_| letters.get(self.below(letters.len() as u64) as usize)).collect()
    }

    /// Lower-case hexadecimal digits.
    pub(crate) fn hex(&mut self, length: usize) -> String {
        self.text("0123456789abcdef", length)
    }

    /// Lower-case letters and digits, a letter first.
    pub(crate) fn word(&mut self, length: usize) -> String {
        let first = self.text("abcdefghijklmnopqrstuvwxyz", 1);
        first + &self.text("abcdefghijklmnopqrstuvwxyz0123456789", length.saturating_sub(1))
    }

    /// A version 4 UUID.
    pub(crate) fn uuid(&mut self) -> String {
        let variant = self.text("89ab", 1);
        format!("{}-{}-4{}-{variant}{}-{}", self.hex(8), self.hex(4), self.hex(3), self.hex(3), self.hex(12))
    }

    /// Another order of the same items (Fisher-Yates), never the given one where that is possible.
    pub(crate) fn shuffle<T: PartialEq + Clone>(&mut self, items: &mut [T]) {
        let before = items.to_vec();
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i as u64 + 1) as usize);
        }
        if items == before.as_slice() && items.len() > 1 {
            items.rotate_left(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_identifiers() {
        assert_eq!(Dice::new(7).uuid(), Dice::new(7).uuid());
        assert_ne!(Dice::new(7).uuid(), Dice::new(8).uuid());
    }

    #[test]
    fn a_shuffle_always_changes_the_order_of_distinct_items() {
        for seed in 0..50 {
            let mut items = [1, 2, 3];
            Dice::new(seed).shuffle(&mut items);
            assert_ne!(items, [1, 2, 3]);
        }
    }
}
