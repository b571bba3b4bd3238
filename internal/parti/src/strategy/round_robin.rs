//! Partitions dealt in turn: the plainest rule, and the yardstick for the others.

use super::{Assignment, Input, Seat, Strategy};

/// Partition `p` goes to member `p mod members`, in the sorted order of the members.
///
/// Counts differ by at most one; weights are not looked at. It knows no owners: when one member
/// joins or leaves, nearly every partition moves. Choose it for groups that do not change.
#[derive(Clone, Copy, Debug, Default)]
pub struct RoundRobin;

impl Strategy for RoundRobin {
    fn name(&self) -> &'static str {
        "RoundRobin"
    }

    fn assign(&self, input: &Input<'_>) -> Assignment {
        let members = input.members().clone();
        let deal =
            |partition: usize| (!members.is_empty()).then(|| Seat::new(partition % members.len()));
        let owners = (0..input.owners().len()).map(deal).collect();
        Assignment::new(members, owners)
    }
}
