//! Records of the stream of messages: good, corrupt, misplaced and foreign ones.

use broker::Seq;
use model::{Message, MessageError, PartitionId, ProducerId, Timestamp};

use crate::account::{Pending, SEQUENCE_MAX};
use crate::docket::{Charge, note};
use crate::judge::Judge;
use crate::{Class, Culprit, Evidence, Range, Rule};

/// A message as its payload says, as far as the judge looks at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The partition it belongs to.
    pub partition: PartitionId,
    /// Its place among the messages of that partition.
    pub seq: u64,
    /// Who sent it.
    pub producer: ProducerId,
}

impl From<Message> for Sent {
    fn from(message: Message) -> Self {
        let Message { partition, partition_seq, producer, .. } = message;
        Self { partition, seq: partition_seq.0, producer }
    }
}

impl Judge {
    /// A message in the stream, on the subject of `partition`. In stream order.
    pub fn stored(&mut self, partition: PartitionId, pos: Seq, at: Timestamp, sent: Sent) {
        self.judged_at = self.judged_at.max(at);
        if !self.knows(partition) {
            self.counts.foreign += 1;
        } else if sent.partition == partition {
            self.message(pos, at, &sent);
        } else {
            self.misplaced(partition, pos, at, sent);
        }
        self.read_up_to(pos);
    }

    /// A record on the subject of `partition` whose checksum is `found` and should be `expected`.
    /// In stream order.
    pub fn corrupt(
        &mut self,
        partition: PartitionId,
        pos: Seq,
        at: Timestamp,
        expected: u32,
        found: u32,
    ) {
        self.judged_at = self.judged_at.max(at);
        if self.knows(partition) {
            let error = MessageError::Corrupt { expected, found };
            self.spoil(partition, pos, at, error.to_string());
        } else {
            self.counts.foreign += 1;
        }
        self.read_up_to(pos);
    }

    /// A record that was never ours; `pos` is its place in the stream of messages, if it stands there.
    pub fn foreign(&mut self, at: Timestamp, pos: Option<Seq>) {
        self.judged_at = self.judged_at.max(at);
        self.counts.foreign += 1;
        if let Some(pos) = pos {
            self.read_up_to(pos);
        }
    }

    /// Messages were read up to `pos`: ledger records that waited for them are judged.
    fn read_up_to(&mut self, pos: Seq) {
        self.gate.read(pos);
        while let Some((partition, entry)) = self.gate.next() {
            self.record(partition, entry);
        }
    }

    fn message(&mut self, pos: Seq, at: Timestamp, sent: &Sent) {
        let seq = sent.seq;
        if seq == 0 || seq > SEQUENCE_MAX {
            let detail = format!("the message carries the impossible sequence {seq}");
            return self.spoil(sent.partition, pos, at, detail);
        }
        let account = &mut self.accounts[sent.partition.0 as usize];
        account.store(Pending { pos, seq, at }, &sent.producer, &mut self.counts, &mut self.docket);
        account.bound();
    }

    fn spoil(&mut self, partition: PartitionId, pos: Seq, at: Timestamp, detail: String) {
        let slot = self.accounts[partition.0 as usize].spoil();
        self.spoiled(partition, pos, at, slot, (Culprit::Nobody, detail));
    }

    fn misplaced(&mut self, partition: PartitionId, pos: Seq, at: Timestamp, sent: Sent) {
        let (home, slot) = (sent.partition, sent.seq.min(SEQUENCE_MAX));
        if let Some(account) = self.accounts.get_mut(home.0 as usize) {
            account.spoiled.insert(slot);
        }
        let detail =
            format!("message {slot} of partition {home} stands on the subject of {partition}");
        let culprit = Culprit::Producer(sent.producer);
        self.spoiled(partition, pos, at, slot, (culprit, detail));
    }

    fn spoiled(
        &mut self,
        partition: PartitionId,
        pos: Seq,
        at: Timestamp,
        slot: u64,
        (culprit, detail): (Culprit, String),
    ) {
        self.docket.charge(Charge {
            class: Class::Corrupt,
            rule: Rule::Intact,
            count: 1,
            partition: Some(partition),
            sequences: vec![Range(slot, slot)],
            at,
            culprit,
            detail,
            evidence: vec![Evidence { message: Some(pos), ..note("the record", Some(at)) }],
        });
    }

    /// Up to where the messages of `partition` are judged and done: everything up to this position
    /// of the stream of messages may be trimmed. `None` if nothing is. A message that was passed
    /// over holds it, so that the evidence stays.
    pub fn done_through(&self, partition: PartitionId) -> Option<Seq> {
        let told = self.tales.get(&partition).map_or(Seq::NONE, |tale| tale.through);
        self.accounts.get(partition.0 as usize)?.done_through(told)
    }
}
