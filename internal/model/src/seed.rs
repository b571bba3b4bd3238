//! Seeded randomness: one seed for a run, and a stream of its own for every named component, so
//! that one more draw in one component does not reshuffle the others.

use std::fmt;

use rand::SeedableRng;
use serde::{Deserialize, Serialize};

/// The generator behind every stream. ChaCha8 gives the same numbers on every machine and version.
pub type Rng = rand_chacha::ChaCha8Rng;

/// The seed of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seed(pub u64);

impl Seed {
    /// The stream of the component `name`.
    pub fn rng(self, name: &str) -> Rng {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&self.0.to_le_bytes());
        for (index, word) in key[8..].chunks_exact_mut(4).enumerate() {
            let mut crc = crc32fast::Hasher::new_with_initial(index as u32);
            crc.update(name.as_bytes());
            word.copy_from_slice(&crc.finalize().to_le_bytes());
        }
        Rng::from_seed(key)
    }

    /// A number from 0 to 1, drawn for `what`: for a single draw that is known by numbers, a stream of its
    /// own would cost more than all that is done with it. SplitMix64 (Steele, Lea and Flood, 2014), with
    /// the numbers mixed in one after the other.
    pub fn draw<const N: usize>(self, what: [u64; N]) -> f64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mix = |word: u64, number: u64| {
            let word = (word ^ number).wrapping_add(STEP);
            let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            word ^ (word >> 31)
        };
        // As many bits as the number holds.
        (what.into_iter().fold(mix(0, self.0), mix) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use rand::Rng as _;

    use super::*;

    #[test]
    fn streams_repeat_and_differ_by_name_and_seed() {
        let first = |seed, name: &str| Seed(seed).rng(name).next_u64();
        assert_eq!(first(1, "chaos"), first(1, "chaos"));
        assert_ne!(first(1, "chaos"), first(2, "chaos"));
        assert_ne!(first(1, "producer-1"), first(1, "producer-2"));
        assert_ne!(first(1, "a-rather-long-name-1"), first(1, "a-rather-long-name-2"));
    }

    #[test]
    fn draws_repeat_differ_and_are_spread_evenly() {
        assert_eq!(Seed(1).draw([2, 3]), Seed(1).draw([2, 3]));
        for (seed, what) in [(2, [2, 3]), (1, [1, 3]), (1, [2, 4]), (1, [3, 2])] {
            assert_ne!(Seed(1).draw([2, 3]), Seed(seed).draw(what), "{seed} {what:?}");
        }
        let mut tenths = [0; 10];
        for number in 0..10_000 {
            let drawn = Seed(7).draw([number, 1]);
            assert!((0.0..1.0).contains(&drawn), "{drawn}");
            tenths[(drawn * 10.0) as usize] += 1;
        }
        assert!(tenths.iter().all(|count| (900..1100).contains(count)), "{tenths:?}");
    }
}
