//! The words of a script.

use std::collections::BTreeMap;
use std::time::Duration;

use broker::Seq;
use coordinator::{
    Corrupt, Draining, End, Entry, Fault, FaultKind, Fenced, Foreign, OfChaos, OfGroup, OfMember,
    OfPartition, Output, PartitionSent, ProducerReport, Promise, Range, Required, Stored,
    ToldRecord, Unreadable, WorkerReport,
};
use model::{PartitionId, PartitionSeq, ProducerId, Timestamp};
use parti::MemberId;
use parti::records::{
    Epoch, Grant, Holder, LeaderBeat, LeaderRecord, LedgerRecord, MemberRecord, Plan, Session, Term,
};

use super::History;

/// What a script has built so far.
struct Stage {
    at: Timestamp,
    history: History,
    messages: u64,
    ledger: u64,
    group: u64,
    term: Term,
    /// The sessions of each member, first one first.
    sessions: BTreeMap<String, Vec<Session>>,
    acked: BTreeMap<Session, Epoch>,
    /// Position of each stored message.
    stored: BTreeMap<(u32, u64), Seq>,
    through: BTreeMap<u32, Seq>,
    claims: BTreeMap<(u32, Session), (Seq, Holder)>,
    faults: u64,
}

/// Lines in order of time; `beats a,b 1..9` stands for a sign of life of each every second.
fn lines(script: &str) -> Vec<(f64, Vec<String>)> {
    let mut lines = Vec::new();
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let line = line.split('#').next().unwrap();
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let Some((at, words)) = words.split_first() else { continue };
        if at == "beats" {
            let (from, to) = words[1].split_once("..").expect("beats a,b 1..9");
            let (from, to): (u32, u32) = (from.parse().unwrap(), to.parse().unwrap());
            for (second, member) in
                (from..=to).flat_map(|s| words[0].split(',').map(move |m| (s, m)))
            {
                lines.push((f64::from(second), vec!["alive".into(), member.into()]));
            }
        } else {
            lines.push((at.parse().unwrap_or_else(|_| panic!("time in {line:?}")), words.to_vec()));
        }
    }
    lines.sort_by(|one, other| one.0.total_cmp(&other.0));
    lines
}

pub fn parse(script: &str) -> History {
    let end = End {
        at: Timestamp(0),
        drained_within: true,
        broker_reachable: true,
        interrupted: false,
        resources: BTreeMap::new(),
    };
    let (promise, handler) = (Promise::ExactlyOnce, Duration::ZERO);
    let history = History { told: Vec::new(), end, required: Vec::new(), promise, handler };
    let mut stage = Stage {
        at: Timestamp(0),
        history,
        messages: 0,
        ledger: 0,
        group: 0,
        term: Term(0),
        sessions: BTreeMap::new(),
        acked: BTreeMap::new(),
        stored: BTreeMap::new(),
        through: BTreeMap::new(),
        claims: BTreeMap::new(),
        faults: 0,
    };
    for (seconds, words) in lines(script) {
        stage.at = Timestamp((seconds * 1e6) as i64);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        stage.act(words[0], &words[1..]);
    }
    stage.history
}

/// `1-3,7` in the order it is written.
fn numbers(text: &str) -> Vec<u64> {
    let range = |part: &str| {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        from.parse::<u64>().unwrap()..=to.parse().unwrap()
    };
    text.split(',').flat_map(range).collect()
}

/// The value of `name=value` among `words`.
fn value<'a>(words: &[&'a str], name: &str) -> Option<&'a str> {
    words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
}

fn id(name: &str) -> MemberId {
    MemberId::new(name).unwrap()
}

fn partition(word: &str) -> PartitionId {
    PartitionId(word.parse().unwrap())
}

impl Stage {
    fn tell(&mut self, told: Entry) {
        self.history.told.push((self.at, told));
    }

    fn tell_of(&mut self, member: MemberId, pos: Seq, record: MemberRecord) {
        self.tell(Entry::Member(OfMember { member, pos, at: self.at, record }));
    }

    fn next_group(&mut self) -> Seq {
        self.group += 1;
        Seq(self.group)
    }

    /// `a` is the newest session of a; `a@1` its first.
    fn session(&self, word: &str) -> (MemberId, Session) {
        let (name, nth) = word.split_once('@').unwrap_or((word, ""));
        let sessions = &self.sessions[name];
        let index = nth.parse().map_or(sessions.len() - 1, |nth: usize| nth - 1);
        (id(name), sessions[index])
    }

    fn act(&mut self, verb: &str, words: &[&str]) {
        match verb {
            "join" | "alive" | "left" | "expire" => self.member(verb, words),
            "lead" | "vacate" | "beat" | "grant" | "plan" => self.control(verb, words),
            "store" | "corrupt" | "foreign" | "misplace" => self.message(verb, words),
            "claim" | "effect" | "release" | "scribble" => self.chain(verb, words),
            "own" | "done" | "drop" => self.tale(verb, words),
            "promise" => {
                let reach = Duration::from_secs(words[1].parse().unwrap());
                self.history.promise = Promise::AtLeastOnce { reach };
            }
            "ack" | "doubt" | "worked" => self.report(verb, words),
            "fault" => self.fault(words),
            "require" => self.history.required.push(required(words)),
            "handler" => self.history.handler = Duration::from_secs_f64(words[0].parse().unwrap()),
            "draining" => self.tell(Entry::Draining(Draining { at: self.at })),
            "end" => {
                let end = &mut self.history.end;
                end.at = self.at;
                end.drained_within = !words.contains(&"undrained");
                end.broker_reachable = !words.contains(&"unreachable");
                end.interrupted = words.contains(&"interrupted");
            }
            _ => panic!("no such word: {verb}"),
        }
    }

    fn member(&mut self, verb: &str, words: &[&str]) {
        let seq = self.next_group();
        let epoch = words.get(1).map(|word| Epoch(word.parse().unwrap()));
        if verb == "join" {
            let session = Session(seq.0);
            self.sessions.entry(words[0].into()).or_default().push(session);
            self.acked.insert(session, epoch.unwrap_or_default());
            let acked = epoch.unwrap_or_default();
            let record = MemberRecord::Joined { acked, seat: None };
            return self.tell_of(id(words[0]), seq, record);
        }
        let (member, session) = self.session(words[0]);
        let known = self.acked.entry(session).or_default();
        let acked = epoch.unwrap_or(*known);
        *known = acked;
        let term = self.term;
        let record = match verb {
            "alive" => MemberRecord::Alive { session, seat: Session(0), acked, owned: 0 },
            "left" => MemberRecord::Left { session },
            _ => MemberRecord::Expired { session, term },
        };
        self.tell_of(member, seq, record);
    }

    fn control(&mut self, verb: &str, words: &[&str]) {
        let (pos, at) = (self.next_group(), self.at);
        let term = value(words, "term").map_or(self.term, |term| Term(term.parse().unwrap()));
        let told = match verb {
            "lead" => {
                let (member, session) = self.session(words[0]);
                self.term = Term(pos.0);
                let record = LeaderRecord::Elected { member, session };
                Entry::Leader(OfGroup { pos, at, record })
            }
            "vacate" => Entry::Leader(OfGroup { pos, at, record: LeaderRecord::Vacant { term } }),
            "beat" => Entry::Beat(OfGroup { pos, at, record: LeaderBeat { term, beat: pos.0 } }),
            "grant" => {
                let epoch = Epoch(words[1].parse().unwrap());
                let partitions = words.get(2).copied().unwrap_or_default().parse().unwrap();
                // A grant may name a life, and may be for somebody who never joined.
                let name = words[0].split('@').next().unwrap();
                let known = self.sessions.contains_key(name);
                let session = if known { self.session(words[0]).1 } else { Session(0) };
                let record = Grant { term, epoch, session, partitions };
                Entry::Grant(OfMember { member: id(name), pos, at, record })
            }
            _ => {
                let names = |name: &str| {
                    let list = value(words, name).unwrap_or_default();
                    list.split(',').filter(|name| !name.is_empty()).map(id).collect()
                };
                let number = |name| value(words, name).map_or(0, |n| n.parse().unwrap());
                let record = Plan {
                    term,
                    epoch: Epoch(words[0].parse().unwrap()),
                    leader: id("a"),
                    joined: names("joined"),
                    left: names("left"),
                    expired: names("expired"),
                    members: value(words, "members").map_or(0, |n| n.parse().unwrap()),
                    moved: number("moved"),
                    needed: number("needed"),
                    moved_weight: number("moved"),
                    needed_weight: number("needed"),
                };
                Entry::Plan(OfGroup { pos, at, record })
            }
        };
        self.tell(told);
    }

    fn message(&mut self, verb: &str, words: &[&str]) {
        let (on, at) = (partition(words[0]), self.at);
        let numbers = match verb {
            "store" => numbers(words[1]),
            "misplace" => vec![words[2].parse().unwrap()],
            _ => vec![0],
        };
        for seq in numbers {
            self.messages += 1;
            let (partition, pos) = (on, Seq(self.messages));
            let producer = ProducerId("producer-1".into());
            let of = (verb == "misplace").then(|| self::partition(words[1]));
            if verb == "store" {
                self.stored.insert((on.0, seq), pos);
            }
            self.tell(match verb {
                "corrupt" => Entry::Corrupt(Corrupt { partition, pos, at, expected: 1, found: 2 }),
                "foreign" => Entry::Foreign(Foreign { at, pos: Some(pos) }),
                _ => Entry::Stored(Stored { partition, pos, at, seq, producer, of }),
            });
        }
    }

    fn chain(&mut self, verb: &str, words: &[&str]) {
        self.ledger += 1;
        let seq = Seq(self.ledger);
        if verb == "scribble" {
            return self.tell(Entry::Foreign(Foreign { at: self.at, pos: None }));
        }
        let (member, session) = self.session(words[0]);
        let on = partition(words[1]);
        let known = self.through.get(&on.0).copied().unwrap_or(Seq::NONE);
        let given = value(words, "through").map(|through| Seq(through.parse().unwrap()));
        let record = match verb {
            "claim" => {
                let epoch = Epoch(words[2].parse().unwrap());
                let holder = Holder { term: self.term, epoch, session, member };
                self.claims.insert((on.0, session), (seq, holder.clone()));
                LedgerRecord::Claim { holder, through: given.unwrap_or(known) }
            }
            "effect" => {
                let (claim, holder) = self.claims[&(on.0, session)].clone();
                let outputs = outputs(words.get(2).copied().unwrap_or_default());
                let last = outputs.iter().rev().find_map(|output| match output {
                    Output::Done(seq) => self.stored.get(&(on.0, seq.0)).copied(),
                    Output::Unreadable(_) => None,
                });
                let through = given.unwrap_or(last.unwrap_or(known).max(known));
                LedgerRecord::Effect { holder, claim, through, outputs }
            }
            _ => {
                let (claim, holder) = self.claims[&(on.0, session)].clone();
                LedgerRecord::Release { holder, claim, through: given.unwrap_or(known) }
            }
        };
        self.through.insert(on.0, record.through());
        let (partition, pos, at) = (on, seq, self.at);
        self.tell(Entry::Ledger(OfPartition { partition, pos, at, record }));
    }

    fn tale(&mut self, verb: &str, words: &[&str]) {
        self.ledger += 1;
        let seq = Seq(self.ledger);
        let (member, session) = self.session(words[0]);
        let on = partition(words[1]);
        let number = value(words, "number").map_or(0, |n| n.parse().unwrap());
        let record = match verb {
            "own" => {
                let position = value(words, "position").map(|at| Seq(at.parse().unwrap()));
                let epoch = Epoch(value(words, "epoch").map_or(0, |n| n.parse().unwrap()));
                ToldRecord::Owned { member, session, number, epoch, position }
            }
            "done" => {
                let outputs = outputs(words[2]);
                let places = outputs.iter().filter_map(|output| match output {
                    Output::Done(seq) => self.stored.get(&(on.0, seq.0)).copied(),
                    Output::Unreadable(_) => None,
                });
                let message = places.max().unwrap_or_default();
                ToldRecord::Done { member, session, number, message, outputs }
            }
            _ => ToldRecord::Released { member, session, number },
        };
        let (partition, pos, at) = (on, seq, self.at);
        self.tell(Entry::Told(OfPartition { partition, pos, at, record }));
    }

    fn report(&mut self, verb: &str, words: &[&str]) {
        if verb == "worked" {
            let (member, session) = self.session(words[0]);
            let number = |name| value(words, name).map_or(0, |n| n.parse().unwrap());
            let (at, fenced) = (self.at, number("fenced"));
            let last = Fenced {
                partition: PartitionId(0),
                messages: fenced,
                claim: Seq(1),
                lost_to: None,
            };
            return self.tell(Entry::Worker(WorkerReport {
                member,
                session,
                at,
                attempts: number("attempts"),
                failures: 0,
                fenced,
                fenced_last: vec![last],
                processing: Duration::ZERO,
                processing_max: Duration::ZERO,
                durations: None,
                finished: false,
            }));
        }
        let mut sent = PartitionSent::default();
        let ranges = numbers(words[1]).into_iter().map(|seq| Range(seq, seq)).collect();
        if verb == "ack" {
            sent.acked = ranges
        } else {
            sent.in_doubt = ranges
        }
        let recovered = value(words, "recovered").map_or(0, |n| n.parse().unwrap());
        self.tell(Entry::Producer(ProducerReport {
            producer: ProducerId("producer-1".into()),
            session: 1,
            at: self.at,
            partitions: BTreeMap::from([(partition(words[0]), sent)]),
            retries: 0,
            rejected: 0,
            recovered,
            shed: 0,
            publishing: None,
            finished: false,
        }));
    }

    fn fault(&mut self, words: &[&str]) {
        // `ends=1` says when the first fault was over.
        if let Some(id) = value(words, "ends") {
            let of = |told: &(Timestamp, Entry)| match &told.1 {
                Entry::Fault(OfChaos { fault }) if fault.id.to_string() == id => {
                    Some(fault.clone())
                }
                _ => None,
            };
            let known = self.history.told.iter().rev().find_map(of).unwrap();
            let fault = Fault { ended_at: Some(self.at), ..known };
            return self.tell(Entry::Fault(OfChaos { fault }));
        }
        self.faults += 1;
        let kind = match words[0] {
            "crash" => FaultKind::Crash,
            "stop" => FaultKind::Stop,
            "restart" => FaultKind::Restart,
            "pause" => FaultKind::Silence,
            "broker" => FaultKind::Broker,
            _ => FaultKind::Other,
        };
        let fault = Fault {
            id: self.faults,
            at: self.at,
            event: value(words, "event").map_or(format!("worker_{}", words[0]), str::to_owned),
            kind,
            target: words[1].into(),
            duration: value(words, "for").map(|s| Duration::from_secs(s.parse().unwrap())),
            ended_at: None,
            effect: if words[0] == "skip" { "skipped: no reason".into() } else { String::new() },
        };
        self.tell(Entry::Fault(OfChaos { fault }));
    }
}

/// `1,2,corrupt,3-5`.
fn outputs(text: &str) -> Vec<Output> {
    let output = |part: &str| match part {
        "corrupt" => vec![Output::Unreadable(Unreadable::Corrupt)],
        "foreign" => vec![Output::Unreadable(Unreadable::Foreign)],
        _ => numbers(part).into_iter().map(|seq| Output::Done(PartitionSeq(seq))).collect(),
    };
    text.split(',').filter(|part| !["", "-"].contains(part)).flat_map(output).collect()
}

fn required(words: &[&str]) -> Required {
    match words[0] {
        "fault" => Required::Fault(words[1].into()),
        "takeover_by" => Required::TakeoverBy(words[1].into()),
        "rebalance" => Required::Rebalance,
        "handover" => Required::Handover,
        "takeover" => Required::Takeover,
        "leader_change" => Required::LeaderChange,
        "fenced" => Required::Fenced,
        "reprocessed" => Required::Reprocessed,
        _ => Required::Recovered,
    }
}
