//! Rendezvous hashing: Thaler and Ravishankar, "A name-based mapping scheme for rendezvous", 1996.

use model::PartitionId;
use parti::strategy::{Assignment, Input, Strategy};

use super::hash::{mix, of_member, of_partition};

/// A partition goes to the member with which it has the highest hash: as many hashes as there are
/// pairs.
pub struct Rendezvous;

impl Strategy for Rendezvous {
    fn name(&self) -> &'static str {
        "rendezvous"
    }

    fn assign(&self, input: &Input<'_>) -> Assignment {
        let members = input.members();
        let names: Vec<_> =
            members.iter().map(|(seat, member)| (of_member(member), seat)).collect();
        let owners = (0..input.weights().count()).map(|partition| {
            let partition = of_partition(PartitionId(partition));
            let highest = names.iter().max_by_key(|(member, _)| mix(partition ^ member));
            highest.map(|(_, seat)| *seat)
        });
        Assignment::new(members.clone(), owners.collect())
    }
}
