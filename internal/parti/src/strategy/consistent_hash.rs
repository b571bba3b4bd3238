//! Plain consistent hashing: no memory, few moves, no regard for load.

use model::PartitionId;

use super::ring::Ring;
use super::{Assignment, Input, Strategy, VIRTUAL_NODES};

/// A partition goes to the member whose virtual node follows it on the hash ring.
///
/// It looks at neither weights nor current owners, so that two leaders which know nothing of each
/// other agree. A member that leaves moves exactly its own partitions, one that joins takes only
/// what it then owns. The price is uneven load: of 1500 equal partitions on 100 members, the fullest
/// member holds 1.7 times the mean and the emptiest half of it; where weights differ, it is worse.
#[derive(Clone, Copy, Debug)]
pub struct ConsistentHash {
    /// Points on the ring for every member; more points, more even; 0 counts as 1.
    pub virtual_nodes: u32,
}

impl Default for ConsistentHash {
    fn default() -> Self {
        Self { virtual_nodes: VIRTUAL_NODES }
    }
}

impl Strategy for ConsistentHash {
    fn name(&self) -> &'static str {
        "ConsistentHash"
    }

    fn assign(&self, input: &Input<'_>) -> Assignment {
        let ring = Ring::new(input.members(), self.virtual_nodes);
        let partitions = (0..input.weights().count()).map(PartitionId);
        let owners = partitions.map(|partition| ring.owner(partition)).collect();
        Assignment::new(input.members().clone(), owners)
    }
}
