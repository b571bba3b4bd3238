//! From the plain words of other programs to what the judge is told: places in the log, times and lives
//! that they left out are filled in.

use std::collections::BTreeMap;
use std::time::Duration;

use broker::Seq;
use coordinator::{
    Entry, Fault, Judge, OfChaos, OfPartition, Output, PartitionSent, ProducerReport, Stored,
    ToldRecord,
};
use model::{PartitionId, PartitionSeq, Timestamp};
use parti::MemberId;
use parti::records::{Epoch, Session};

use crate::simple::{self, Hit, Simple, Whose, run};

/// How far time goes on before the judge is told that everything up to then was said.
const STEP: Duration = Duration::from_secs(1);
/// Lives of members; beyond it all further ones count as one.
const LIVES_MAX: usize = 1_000_000;

/// Fills in what other programs leave out.
#[derive(Debug, Default)]
pub(crate) struct Clerk {
    /// The newest time that anybody named.
    pub at: Timestamp,
    messages: Seq,
    ledger: Seq,
    faults: u64,
    lives: BTreeMap<(MemberId, u64), Session>,
    /// Up to when the judge knows that everything was said, if nobody but this tells it.
    until: Option<Timestamp>,
}

impl Clerk {
    /// Tells the judge.
    pub fn tell(&mut self, simple: Simple, judge: &mut Judge) -> Result<(), String> {
        match simple {
            Simple::Stored(stored) => judge.take(self.stored(stored)),
            Simple::Sent(sent) => judge.take(self.sent(sent)?),
            Simple::Fault(hit) => judge.take(self.fault(hit)),
            Simple::Owned(Whose { partition, member, session, at }) => {
                let session = self.life(&member, session);
                let (epoch, position) = (Epoch(0), None);
                let record = ToldRecord::Owned { member, session, number: 0, epoch, position };
                self.told(partition, at, record, judge);
            }
            Simple::Released(Whose { partition, member, session, at }) => {
                let session = self.life(&member, session);
                let record = ToldRecord::Released { member, session, number: 0 };
                self.told(partition, at, record, judge);
            }
            Simple::Done(done) => {
                let session = self.life(&done.member, done.session);
                let range = run(done.seq, done.to)?;
                let outputs = (range.0..=range.1).map(|seq| Output::Done(PartitionSeq(seq)));
                let (member, outputs) = (done.member, outputs.collect());
                let message = Seq::NONE;
                let record = ToldRecord::Done { member, session, number: 0, message, outputs };
                self.told(done.partition, done.at, record, judge);
            }
        }
        Ok(())
    }

    fn stored(&mut self, stored: simple::Stored) -> Entry {
        let simple::Stored { partition, seq, pos, producer, at, of } = stored;
        let pos = if pos == Seq::NONE { Seq(self.messages.0.saturating_add(1)) } else { pos };
        self.messages = pos;
        Entry::Stored(Stored { partition, pos, at: self.time(at), seq, producer, of })
    }

    fn sent(&mut self, sent: simple::Sent) -> Result<Entry, String> {
        let to = sent.to.unwrap_or(sent.seq);
        if to < sent.seq {
            return Err(format!("seq {} to {to} is no run of messages", sent.seq));
        }
        let acked = vec![coordinator::Range(sent.seq, to)];
        let partitions = PartitionSent { acked, in_doubt: vec![] };
        Ok(Entry::Producer(ProducerReport {
            producer: sent.producer,
            session: 1,
            at: self.time(sent.at),
            partitions: BTreeMap::from([(sent.partition, partitions)]),
            retries: 0,
            rejected: 0,
            recovered: 0,
            shed: 0,
            finished: false,
            publishing: None,
        }))
    }

    fn fault(&mut self, hit: Hit) -> Entry {
        let at = self.time(hit.at);
        self.faults += 1;
        let id = self.faults;
        let fault = hit.fault.unwrap_or_else(|| Fault {
            id,
            at,
            event: hit.event.unwrap_or_else(|| {
                let word = serde_json::to_value(hit.what).unwrap_or_default();
                word.as_str().unwrap_or_default().to_owned()
            }),
            kind: hit.what,
            target: hit.target,
            duration: hit.until.map(|until| until.since(at)),
            ended_at: hit.until,
            effect: String::new(),
        });
        Entry::Fault(OfChaos { fault })
    }

    fn told(&mut self, partition: PartitionId, at: Timestamp, record: ToldRecord, to: &mut Judge) {
        let at = self.time(at);
        let pos = Seq(self.ledger.0 + 1);
        self.ledger = pos;
        to.take(Entry::Told(OfPartition { partition, pos, at, record }));
        if at.since(*self.until.get_or_insert(at)) >= STEP {
            self.until = Some(at);
            to.told_until(at);
        }
    }

    /// A life of a member: no two share a number.
    fn life(&mut self, member: &MemberId, session: u64) -> Session {
        let next = Session(self.lives.len() as u64 + 1);
        if self.lives.len() >= LIVES_MAX {
            return next;
        }
        *self.lives.entry((member.clone(), session)).or_insert(next)
    }

    /// A time that nobody named is that of the line before.
    fn time(&mut self, at: Timestamp) -> Timestamp {
        if at == Timestamp::default() {
            return self.at;
        }
        self.at = self.at.max(at);
        at
    }
}
