//! Consistent hashing with bounded loads: Mirrokni, Thorup and Zadimoghaddam, 2016, worked out from the
//! start at each change.

use parti::strategy::{Assignment, Input, Seat, Strategy, VIRTUAL_NODES};

use super::hash::{mix, of_member, of_partition};

/// A partition goes round the ring to the next member whose load is below `ceil(bound × mean)`.
/// Partitions come in the order of their numbers. Where weights differ, the last one that a member
/// takes may lift it above the bound.
pub struct BoundedLoads {
    bound: f64,
}

impl Default for BoundedLoads {
    /// The bound of `WeightedConsistentHash`.
    fn default() -> Self {
        Self { bound: 1.05 }
    }
}

impl Strategy for BoundedLoads {
    fn name(&self) -> &'static str {
        "bounded loads"
    }

    fn assign(&self, input: &Input<'_>) -> Assignment {
        let (members, weights) = (input.members(), input.weights());
        let mut points: Vec<(u64, Seat)> = members
            .iter()
            .flat_map(|(seat, member)| {
                let name = of_member(member);
                (0..u64::from(VIRTUAL_NODES)).map(move |node| (mix(name.wrapping_add(node)), seat))
            })
            .collect();
        points.sort_unstable();
        let cap = (weights.total() as f64 / members.len() as f64 * self.bound).ceil() as u64;
        let mut loads = vec![0; members.len()];
        let owners = weights.iter().map(|(partition, weight)| {
            let first = points.partition_point(|(at, _)| *at < of_partition(partition));
            let (behind, before) = (points.get(first..)?, points.get(..first)?);
            let mut round = behind.iter().chain(before).map(|(_, seat)| *seat);
            let seat = round.find(|seat| loads[seat.index()] < cap)?;
            loads[seat.index()] += u64::from(weight.0);
            Some(seat)
        });
        let owners = owners.collect();
        Assignment::new(members.clone(), owners)
    }
}
