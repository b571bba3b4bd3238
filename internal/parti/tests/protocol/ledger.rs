//! Judges the ledger: every effect once, in order, under the newest claim; claims that only rise.

use std::collections::{BTreeMap, BTreeSet};

use broker::{Record, Seq};
use model::PartitionId;
use parti::records::{Holder, LedgerRecord, decode};
use parti::{MemberId, Names};

/// The outcome of one partition's chain.
#[derive(Debug, Default)]
pub struct Chain {
    /// Who claimed it, and whether the claim found it released, in order.
    pub claims: Vec<(Holder, bool)>,
    /// The messages that have an effect, in order.
    pub done: Vec<u64>,
    newest: Option<(Seq, Holder)>,
    released: bool,
    through: Seq,
}

impl Chain {
    /// Who owns it now.
    pub fn owner(&self) -> Option<&Holder> {
        self.newest.as_ref().filter(|_| !self.released).map(|(_, holder)| holder)
    }

    fn add(&mut self, seq: Seq, record: LedgerRecord<u64>) {
        let through = record.through();
        match record {
            LedgerRecord::Claim { holder, .. } => {
                let last = self.newest.as_ref().map(|(_, holder)| holder);
                assert!(last.is_none_or(|last| *last < holder), "{holder:?} claims after {last:?}");
                assert_eq!(through, self.through, "{holder:?} claims from elsewhere");
                self.claims.push((holder.clone(), self.released || last.is_none()));
                self.newest = Some((seq, holder));
                self.released = false;
            }
            LedgerRecord::Effect { holder, claim, outputs, .. } => {
                self.under(claim, &holder);
                assert!(outputs.last() == Some(&through.0) && through > self.through);
                self.done.extend(outputs);
                self.through = through;
            }
            LedgerRecord::Release { holder, claim, .. } => {
                self.under(claim, &holder);
                assert_eq!(through, self.through, "{holder:?} releases elsewhere");
                self.released = true;
            }
        }
    }

    fn under(&self, claim: Seq, holder: &Holder) {
        let newest = self.newest.as_ref();
        assert_eq!(newest, Some(&(claim, holder.clone())), "not under the newest claim");
        assert!(!self.released, "{holder:?} writes after its release");
    }
}

/// The ledger as far as it was read.
#[derive(Debug, Default)]
pub struct Ledger {
    pub chains: BTreeMap<PartitionId, Chain>,
    pub read: Seq,
}

impl Ledger {
    /// Reads on, and holds it to the invariants. Handlers must return the message's sequence.
    pub fn read(&mut self, names: &Names, records: &[Record]) {
        for record in records {
            self.read = record.seq;
            let partition = names.partition_of(&record.subject).expect("a ledger subject");
            if let Ok(ours) = decode(record) {
                self.chains.entry(partition).or_default().add(record.seq, ours);
            }
        }
    }
}

/// Every message of every partition has exactly one effect, in order.
pub fn assert_all_done(names: &Names, messages: &[Record], chains: &BTreeMap<PartitionId, Chain>) {
    let mut sent = BTreeMap::<_, Vec<u64>>::new();
    for record in messages {
        let partition = names.partition_of(&record.subject).expect("a message subject");
        sent.entry(partition).or_default().push(record.seq.0);
    }
    for (partition, sent) in &sent {
        let done = chains.get(partition).map_or(&[][..], |chain| &chain.done);
        assert!(*sent == done, "partition {partition}: {} of {}", done.len(), sent.len());
    }
    let done: usize = chains.values().map(|chain| chain.done.len()).sum();
    assert_eq!(done, messages.len(), "effects of messages that were never sent");
}

/// The members that own something now, each with what it owns.
pub fn owners(chains: &BTreeMap<PartitionId, Chain>) -> BTreeMap<MemberId, BTreeSet<PartitionId>> {
    let mut owners = BTreeMap::<_, BTreeSet<_>>::new();
    for (partition, chain) in chains {
        if let Some(owner) = chain.owner() {
            owners.entry(owner.member.clone()).or_default().insert(*partition);
        }
    }
    owners
}
