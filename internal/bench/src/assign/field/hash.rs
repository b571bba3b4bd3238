//! The two hashes that all the others stand on.

use std::hash::Hasher;

use model::PartitionId;
use parti::MemberId;
use siphasher::sip::SipHasher13;

/// Of a member's name.
pub fn of_member(member: &MemberId) -> u64 {
    let mut hasher = SipHasher13::new_with_keys(1, 2);
    hasher.write(member.as_str().as_bytes());
    hasher.finish()
}

/// Of a partition.
pub fn of_partition(partition: PartitionId) -> u64 {
    mix(u64::from(partition.0).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// Every bit of the input reaches every bit of the output: the finalizer of SplitMix64 (Steele, Lea and
/// Flood, "Fast splittable pseudorandom number generators", 2014).
pub fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
