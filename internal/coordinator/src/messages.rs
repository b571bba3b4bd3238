//! Records of the stream of messages: good, corrupt, misplaced and foreign ones.

use broker::Seq;
use model::{Message, MessageError, PartitionId, Timestamp};

use crate::account::{Pending, SEQUENCE_MAX};
use crate::docket::{Charge, note};
use crate::judge::Judge;
use crate::{Class, Culprit, Evidence, Range, Rule};

impl Judge {
    /// A record of the stream of messages, on the subject of `partition`. In stream order.
    pub fn stored(
        &mut self,
        partition: PartitionId,
        pos: Seq,
        at: Timestamp,
        payload: Result<Message, MessageError>,
    ) {
        self.judged_at = self.judged_at.max(at);
        match payload {
            _ if !self.knows(partition) => self.counts.foreign += 1,
            Ok(message) if message.partition == partition => self.message(pos, at, &message),
            Ok(message) => self.misplaced(partition, pos, at, &message),
            Err(MessageError::Foreign(_)) => self.counts.foreign += 1,
            Err(error @ MessageError::Corrupt { .. }) => {
                self.corrupt(partition, pos, at, error.to_string());
            }
        }
        self.gate.read(pos);
        while let Some((partition, entry)) = self.gate.next() {
            self.record(partition, entry);
        }
    }

    fn message(&mut self, pos: Seq, at: Timestamp, message: &Message) {
        let seq = message.partition_seq.0;
        if seq == 0 || seq > SEQUENCE_MAX {
            let detail = format!("the message carries the impossible sequence {seq}");
            return self.corrupt(message.partition, pos, at, detail);
        }
        let account = &mut self.accounts[message.partition.0 as usize];
        let pending = Pending { pos, seq, at };
        account.store(pending, &message.producer, &mut self.counts, &mut self.docket);
        account.bound();
    }

    fn corrupt(&mut self, partition: PartitionId, pos: Seq, at: Timestamp, detail: String) {
        let slot = self.accounts[partition.0 as usize].spoil();
        self.spoiled(partition, pos, at, slot, (Culprit::Nobody, detail));
    }

    fn misplaced(&mut self, partition: PartitionId, pos: Seq, at: Timestamp, message: &Message) {
        let (home, slot) = (message.partition, message.partition_seq.0.min(SEQUENCE_MAX));
        if let Some(account) = self.accounts.get_mut(home.0 as usize) {
            account.spoiled.insert(slot);
        }
        let detail =
            format!("message {slot} of partition {home} stands on the subject of {partition}");
        let culprit = Culprit::Producer(message.producer.clone());
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
