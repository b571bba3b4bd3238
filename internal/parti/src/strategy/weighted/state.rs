//! Owners and loads while an assignment is being worked out.

use model::PartitionId;

use crate::strategy::{Input, Seat};

/// Who owns what so far. Every member's load is kept in step.
pub(super) struct State<'a> {
    pub(super) input: &'a Input<'a>,
    owners: Vec<Option<Seat>>,
    loads: Vec<u64>,
    counts: Vec<u32>,
}

impl<'a> State<'a> {
    pub(super) fn new(input: &'a Input<'a>) -> Self {
        let members = input.members().len();
        let (mut loads, mut counts) = (vec![0; members], vec![0; members]);
        for (seat, load) in input.owners().iter().zip(input.loads()) {
            if let Some(seat) = seat {
                loads[seat.index()] += load;
                counts[seat.index()] += 1;
            }
        }
        Self { input, owners: input.owners().to_vec(), loads, counts }
    }

    /// The partitions without an owner, in order.
    pub(super) fn orphans(&self) -> Vec<PartitionId> {
        let all = (0..).map(PartitionId).zip(&self.owners);
        all.filter(|(_, owner)| owner.is_none()).map(|(partition, _)| partition).collect()
    }

    /// The members without a partition, in order.
    pub(super) fn joiners(&self) -> Vec<Seat> {
        self.input.members().seats().filter(|seat| self.counts[seat.index()] == 0).collect()
    }

    /// Whether joiners can ask others to give.
    ///
    /// A member can be without partitions for long, if there are more members than partitions; then
    /// nobody owns two. Only one that owns nothing while another owns several has just joined.
    pub(super) fn is_growing(&self) -> bool {
        self.counts.contains(&0) && self.counts.iter().any(|&count| count > 1)
    }

    pub(super) fn load(&self, seat: Seat) -> u64 {
        self.loads[seat.index()]
    }

    /// All owned partitions, by owner and then in order; and where those of each member begin, with
    /// the end of the last ones behind.
    pub(super) fn by_owner(&self) -> (Vec<PartitionId>, Vec<usize>) {
        let mut starts = vec![0];
        starts.extend(self.counts.iter().scan(0, |end, &count| {
            *end += count as usize;
            Some(*end)
        }));
        let mut free = starts.clone();
        let mut flat = vec![PartitionId(0); starts[self.counts.len()]];
        for (partition, owner) in (0..).map(PartitionId).zip(&self.owners) {
            if let Some(seat) = owner {
                let place = &mut free[seat.index()];
                flat[*place] = partition;
                *place += 1;
            }
        }
        (flat, starts)
    }

    /// What every member owns in partitions heavier than `light`.
    pub(super) fn heavier_than(&self, light: u64) -> Vec<u64> {
        let mut weights = vec![0; self.loads.len()];
        for (load, owner) in self.input.loads().zip(&self.owners) {
            if let Some(seat) = owner
                && load > light
            {
                weights[seat.index()] += load;
            }
        }
        weights
    }

    /// Makes `seat` the owner of `partition`, whoever it was before.
    pub(super) fn give(&mut self, partition: PartitionId, seat: Seat) {
        let load = self.input.load_of(partition);
        if let Some(giver) = self.owners[partition.0 as usize].replace(seat) {
            self.loads[giver.index()] -= load;
            self.counts[giver.index()] -= 1;
        }
        self.loads[seat.index()] += load;
        self.counts[seat.index()] += 1;
    }

    pub(super) fn into_owners(self) -> Vec<Option<Seat>> {
        self.owners
    }
}
