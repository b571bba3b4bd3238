//! Jump hashing: Lamping and Veach, "A fast, minimal memory, consistent hash algorithm", 2014.

use model::PartitionId;
use parti::strategy::{Assignment, Input, Strategy};

use super::hash::of_partition;

/// A partition jumps from bucket to bucket, and stays in the last one that there is. Buckets are
/// numbers, not names: only the last can go without renumbering others.
pub struct JumpHash;

impl Strategy for JumpHash {
    fn name(&self) -> &'static str {
        "jump hash"
    }

    fn assign(&self, input: &Input<'_>) -> Assignment {
        let members = input.members();
        let seats: Vec<_> = members.iter().map(|(seat, _)| Some(seat)).collect();
        let bucket = |p| seats.get(jump(of_partition(PartitionId(p)), seats.len())).copied();
        let owners = (0..input.weights().count()).map(|p| bucket(p).flatten()).collect();
        Assignment::new(members.clone(), owners)
    }
}

/// The bucket of a key among `buckets`; 0 if there is none.
pub fn jump(mut key: u64, buckets: usize) -> usize {
    let (mut bucket, mut next) = (0, 0);
    while next < buckets {
        bucket = next;
        key = key.wrapping_mul(2_862_933_555_777_941_757).wrapping_add(1);
        let stretch = f64::from(1u32 << 31) / ((key >> 33) + 1) as f64;
        next = ((bucket + 1) as f64 * stretch) as usize;
    }
    bucket
}
