//! A history in the making: every step is a happening with a record as the protocol writes it.

use std::collections::BTreeMap;
use std::time::Duration;

use broker::{Append, AppendError, Expect, Seq, StreamName, Subject};
use broker_virtual::{Happening, Observer};
use bytes::Bytes;
use model::{Network, PartitionId, Timestamp};
use parti::records::{
    Epoch, Grant, Holder, LeaderBeat, LeaderRecord, LedgerRecord, MemberRecord, Plan, Session,
    Term, encode,
};
use parti::{MemberId, Names};
use probes::{Hits, Watch};

pub const LEASE_MS: i64 = 1000;

/// A group of which everything is written by hand.
pub struct History {
    watch: Watch,
    pub hits: Hits,
    names: Names,
    now: Timestamp,
    lasts: BTreeMap<StreamName, Seq>,
    /// The newest life of each member.
    sessions: BTreeMap<MemberId, Session>,
    term: Term,
    epoch: Epoch,
    last: Option<(String, Append)>,
}

pub fn id(name: &str) -> MemberId {
    MemberId::new(name).unwrap()
}

impl History {
    pub fn new() -> Self {
        let names = Names::new("g").unwrap();
        let watch = Watch::new(names.clone(), Duration::from_millis(LEASE_MS as u64));
        Self {
            hits: watch.hits(),
            watch,
            names,
            now: Timestamp(1_000_000),
            lasts: BTreeMap::new(),
            sessions: BTreeMap::new(),
            term: Term(0),
            epoch: Epoch(0),
            last: None,
        }
    }

    fn tell(&mut self, client: &str, happening: &Happening<'_>) -> &mut Self {
        self.watch.observe(self.now, client, happening);
        self
    }

    fn append(&mut self, client: &str, append: Append) -> Seq {
        let last = self.lasts.entry(append.stream.clone()).or_default();
        *last = last.next();
        let seq = *last;
        self.tell(client, &Happening::Appended { append: &append, outcome: &Ok(seq) });
        self.last = Some((client.to_owned(), append));
        seq
    }

    fn refuse(&mut self, client: &str, append: Append) -> &mut Self {
        let expect = Expect { subject: append.subject.clone(), seq: Seq(1) };
        let outcome = Err(AppendError::Refused(broker::Refusal::Expectation(expect)));
        self.tell(client, &Happening::Appended { append: &append, outcome: &outcome });
        self.last = Some((client.to_owned(), append));
        self
    }

    fn group(&self, subject: Subject, payload: Bytes) -> Append {
        Append::new(self.names.group.clone(), subject, payload)
    }

    fn member(&self, name: &str, record: &MemberRecord) -> Append {
        self.group(self.names.member(&id(name)), encode(record))
    }

    fn session(&self, name: &str) -> Session {
        self.sessions.get(&id(name)).copied().unwrap_or_default()
    }

    pub fn wait(&mut self, millis: i64) -> &mut Self {
        self.now = Timestamp(self.now.0 + millis * 1000);
        self
    }

    /// A life in a seat of its own.
    pub fn join(&mut self, name: &str) -> &mut Self {
        self.begin(name, None)
    }

    /// A life in the seat of the one before.
    pub fn rejoin(&mut self, name: &str) -> &mut Self {
        self.begin(name, Some(self.session(name)))
    }

    fn begin(&mut self, name: &str, seat: Option<Session>) -> &mut Self {
        let append = self.member(name, &MemberRecord::Joined { acked: self.epoch, seat });
        let session = Session(self.append(name, append).0);
        self.sessions.insert(id(name), session);
        self
    }

    /// Acknowledges the newest epoch.
    pub fn ack(&mut self, name: &str, owned: u32) -> &mut Self {
        self.sign(name, self.epoch.0, owned)
    }

    /// Lives, and acknowledges nothing.
    pub fn beat(&mut self, name: &str) -> &mut Self {
        self.sign(name, 0, 0)
    }

    pub fn sign(&mut self, name: &str, acked: u64, owned: u32) -> &mut Self {
        let acked = Epoch(acked);
        let session = self.session(name);
        let record = MemberRecord::Alive { session, seat: session, acked, owned };
        let append = self.member(name, &record);
        self.append(name, append);
        self
    }

    pub fn leave(&mut self, name: &str) -> &mut Self {
        let append = self.member(name, &MemberRecord::Left { session: self.session(name) });
        self.append(name, append);
        self
    }

    fn expiry(&self, name: &str) -> Append {
        let session = self.session(name);
        self.member(name, &MemberRecord::Expired { session, term: self.term })
    }

    pub fn expire(&mut self, name: &str) -> &mut Self {
        let append = self.expiry(name);
        self.append("leader", append);
        self
    }

    pub fn expire_refused(&mut self, name: &str) -> &mut Self {
        let append = self.expiry(name);
        self.refuse("leader", append)
    }

    fn election(&self, name: &str) -> Append {
        let record = LeaderRecord::Elected { member: id(name), session: self.session(name) };
        self.group(self.names.leader(), encode(&record))
    }

    pub fn elect(&mut self, name: &str) -> &mut Self {
        let append = self.election(name);
        self.term = Term(self.append(name, append).0);
        self
    }

    pub fn elect_refused(&mut self, name: &str) -> &mut Self {
        let append = self.election(name);
        self.refuse(name, append)
    }

    pub fn resign(&mut self) -> &mut Self {
        let record = encode(&LeaderRecord::Vacant { term: self.term });
        let append = self.group(self.names.leader(), record);
        self.append("leader", append);
        self
    }

    fn leader_beat_of(&self, term: Term) -> Append {
        let record = encode(&LeaderBeat { term, beat: 1 });
        let append = self.group(self.names.leader_beat(), record);
        append.under(self.names.leader(), Seq(term.0))
    }

    pub fn leader_beat(&mut self) -> &mut Self {
        let append = self.leader_beat_of(self.term);
        self.append("leader", append);
        self
    }

    /// Under the term before, or under this one.
    pub fn leader_beat_refused(&mut self, outdated: bool) -> &mut Self {
        let append = self.leader_beat_of(Term(self.term.0 - u64::from(outdated)));
        self.refuse("leader", append)
    }

    pub fn plan(&mut self, joined: &[&str], moved: u64) -> &mut Self {
        let plan = Plan {
            term: self.term,
            epoch: Epoch(self.epoch.0 + 1),
            leader: id("leader"),
            joined: joined.iter().map(|name| id(name)).collect(),
            left: vec![],
            expired: vec![],
            members: 2,
            moved,
            needed: moved,
            moved_weight: moved,
            needed_weight: moved,
        };
        let append = self.group(self.names.plan(), encode(&plan));
        self.append("leader", append);
        self
    }

    fn grant_of(&self, name: &str, session: Session, epoch: Epoch, partitions: &str) -> Append {
        let partitions = partitions.parse().unwrap();
        let grant = Grant { term: self.term, epoch, session, partitions };
        self.group(self.names.grant(&id(name)), encode(&grant))
    }

    pub fn grant(&mut self, name: &str, partitions: &str) -> &mut Self {
        self.grant_to(name, self.session(name), partitions)
    }

    pub fn grant_to(&mut self, name: &str, session: Session, partitions: &str) -> &mut Self {
        self.epoch = Epoch(self.epoch.0 + 1);
        let append = self.grant_of(name, session, self.epoch, partitions);
        self.append("leader", append);
        self
    }

    /// Under the term before, or under this one.
    pub fn grant_refused(&mut self, name: &str, outdated: bool) -> &mut Self {
        let term = Seq(self.term.0 - u64::from(outdated));
        let append = self.grant_of(name, self.session(name), self.epoch, "0");
        let append = append.under(self.names.leader(), term);
        self.refuse("leader", append)
    }

    fn own<'a>(
        &'a self,
        name: &str,
        epoch: Epoch,
        record: impl FnOnce(Holder) -> LedgerRecord<u64> + 'a,
    ) -> Append {
        let (session, member) = (self.session(name), id(name));
        let holder = Holder { term: self.term, epoch, session, member };
        let subject = self.names.own(PartitionId(0));
        Append::new(self.names.ledger.clone(), subject, encode(&record(holder)))
    }

    fn claim_of(&self, name: &str, epoch: Epoch, through: u64) -> Append {
        self.own(name, epoch, |holder| LedgerRecord::Claim { holder, through: Seq(through) })
    }

    /// Of partition 0, as all that follows, under the newest epoch.
    pub fn claim(&mut self, name: &str, through: u64) -> &mut Self {
        let append = self.claim_of(name, self.epoch, through);
        self.append(name, append);
        self
    }

    /// Under this epoch, after record `seen`.
    pub fn claim_refused(&mut self, name: &str, epoch: u64, seen: u64) -> &mut Self {
        let append = self.claim_of(name, Epoch(epoch), 0).after(Seq(seen));
        self.refuse(name, append)
    }

    fn effect_of(&self, name: &str, outputs: &[u64]) -> Append {
        let (claim, through, outputs) = (Seq(1), Seq(1), outputs.to_vec());
        let effect = |holder| LedgerRecord::Effect { holder, claim, through, outputs };
        self.own(name, self.epoch, effect)
    }

    pub fn effect(&mut self, name: &str, outputs: &[u64]) -> &mut Self {
        let append = self.effect_of(name, outputs);
        self.append(name, append);
        self
    }

    pub fn effect_refused(&mut self, name: &str) -> &mut Self {
        let append = self.effect_of(name, &[1]);
        self.refuse(name, append)
    }

    pub fn release(&mut self, name: &str) -> &mut Self {
        let (claim, through) = (Seq(1), Seq(1));
        let release = |holder| LedgerRecord::Release { holder, claim, through };
        let append = self.own(name, self.epoch, release);
        self.append(name, append);
        self
    }

    /// A message of partition 0, after message `after`.
    pub fn publish(&mut self, after: u64) -> &mut Self {
        let subject = self.names.message(PartitionId(0));
        let append = Append::new(self.names.messages.clone(), subject, "m").after(Seq(after));
        self.append("producer-0", append);
        self
    }

    /// The last append is stored a second time.
    pub fn repeat(&mut self) -> &mut Self {
        let (client, append) = self.last.clone().unwrap();
        self.append(&client, append);
        self
    }

    /// A message under no condition.
    pub fn put(&mut self) -> &mut Self {
        let subject = self.names.message(PartitionId(0));
        self.append("producer-0", Append::new(self.names.messages.clone(), subject, "m"));
        self
    }

    /// The answer to the last append is lost.
    pub fn unheard(&mut self) -> &mut Self {
        self.unheard_as(true)
    }

    pub fn unheard_as(&mut self, stored: bool) -> &mut Self {
        let (client, append) = self.last.clone().unwrap();
        self.tell(&client, &Happening::Unheard { append: &append, stored })
    }

    /// An append like the last one is lost.
    pub fn lost(&mut self) -> &mut Self {
        let (client, append) = self.last.clone().unwrap();
        self.tell(&client, &Happening::Lost { append: &append })
    }

    /// The messages of partition 0 are trimmed.
    pub fn trim(&mut self) -> &mut Self {
        let (stream, subject) = (self.names.messages.clone(), self.names.message(PartitionId(0)));
        let trimmed = Happening::Trimmed { stream: &stream, subject: &subject, below: Seq(2) };
        self.tell("coordinator", &trimmed)
    }

    pub fn network(&mut self, client: &str, network: Network) -> &mut Self {
        self.tell(client, &Happening::Network(network))
    }

    pub fn connect(&mut self, client: &str) -> &mut Self {
        self.tell(client, &Happening::Connected(2))
    }

    pub fn up(&mut self, up: bool) -> &mut Self {
        self.tell("", &Happening::Up(up))
    }

    /// `a` leads and owns partition 0; `b` and `c` live; nothing is under way.
    pub fn settled(&mut self) -> &mut Self {
        self.join("a").join("b").join("c").elect("a").plan(&["a", "b", "c"], 1).grant("a", "0");
        self.claim("a", 0).ack("a", 1).leader_beat().wait(10 * LEASE_MS).leader_beat()
    }

    /// Partition 0 is taken from `a`, which has not acknowledged it.
    pub fn revoking(&mut self) -> &mut Self {
        self.settled().grant("a", "")
    }

    /// Partition 0 is given to `b`, which has not claimed it.
    pub fn handing_over(&mut self) -> &mut Self {
        self.revoking().release("a").ack("a", 0).grant("b", "0")
    }
}
