//! The judge: takes every record and report in, and routes it to who knows what to make of it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use broker::Seq;
use model::{PartitionId, Timestamp};
use parti::MemberId;
use parti::records::{
    Grant, LeaderBeat, LeaderRecord, LedgerRecord, MemberRecord, Plan, Session, Term,
};
use serde::{Deserialize, Serialize};

use crate::account::{Account, Counts};
use crate::aftermath::targets;
use crate::docket::Docket;
use crate::faults::News;
use crate::gate::{Gate, Placed, Written};
use crate::group::Group;
use crate::ownership::{Case, Chain, Seats};
use crate::rebalance::Rebalances;
use crate::redelivery::Redeliveries;
use crate::replay::Replay;
use crate::sides::{Producers, Workers};
use crate::tale::Tale;
use crate::timeline::Happening;
use crate::{Event, Fault, FaultKind, JudgeSettings, Output, ProducerReport, WorkerReport};

/// Judges one run. See the crate's documentation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Judge {
    pub(crate) docket: Docket,
    pub(crate) counts: Counts,
    pub(crate) accounts: Vec<Account>,
    pub(crate) gate: Gate,
    pub(crate) chains: Vec<Chain>,
    /// Claims and releases that wait for the group's stream to be read up to their time.
    pub(crate) cases: VecDeque<Case>,
    /// What was told of partitions that nothing fences.
    #[serde(default)]
    pub(crate) tales: BTreeMap<PartitionId, Tale>,
    #[serde(default)]
    pub(crate) redeliveries: Redeliveries,
    pub(crate) group: Group,
    pub(crate) seats: Seats,
    pub(crate) rebalances: Rebalances,
    pub(crate) producers: Producers,
    pub(crate) workers: Workers,
    pub(crate) draining_at: Option<Timestamp>,
    pub(crate) judged_at: Timestamp,
    pub(crate) claims: u64,
    pub(crate) takeovers: u64,
    pub(crate) handovers: u64,
    pub(crate) unowned_micros: u128,
    /// What followed which fault.
    pub(crate) replay: Replay,
}

impl Judge {
    /// A judge that has seen nothing yet.
    pub fn new(settings: JudgeSettings) -> Self {
        let partitions = settings.partitions;
        Self {
            judged_at: settings.started_at,
            docket: Docket::new(settings),
            counts: Counts::default(),
            accounts: (0..partitions).map(|p| Account::new(PartitionId(p))).collect(),
            gate: Gate::default(),
            chains: vec![Chain::default(); partitions as usize],
            cases: VecDeque::new(),
            tales: BTreeMap::new(),
            redeliveries: Redeliveries::default(),
            group: Group::default(),
            seats: Seats::new(partitions),
            rebalances: Rebalances::default(),
            producers: Producers::default(),
            workers: Workers::default(),
            draining_at: None,
            claims: 0,
            takeovers: 0,
            handovers: 0,
            unowned_micros: 0,
            replay: Replay::new(partitions),
        }
    }

    /// A record of the ledger, on the chain of `partition`. In ledger order.
    pub fn ledger(
        &mut self,
        partition: PartitionId,
        seq: Seq,
        at: Timestamp,
        record: LedgerRecord<Output>,
    ) {
        self.judged_at = self.judged_at.max(at);
        if self.knows(partition) {
            self.written(partition, Placed { seq, at, record: Written::Claimed(record) });
        } else {
            self.counts.foreign += 1;
        }
    }

    /// A record of the ledger, of either kind.
    pub(crate) fn written(&mut self, partition: PartitionId, entry: Placed) {
        if let Some(entry) = self.gate.pass(partition, entry) {
            self.record(partition, entry);
        }
        while let Some((partition, entry)) = self.gate.next() {
            self.record(partition, entry);
        }
    }

    /// A record of a member. Records of the group's stream come in stream order.
    pub fn member(&mut self, member: MemberId, seq: Seq, at: Timestamp, record: MemberRecord) {
        self.group_read(at);
        let session = match &record {
            MemberRecord::Joined { .. } => Session(seq.0),
            MemberRecord::Alive { session, .. }
            | MemberRecord::Left { session }
            | MemberRecord::Expired { session, .. } => *session,
        };
        if self.group.member(&member, session, at, &record, &mut self.docket) {
            self.seats.free(&member);
        }
        let happening = match record {
            MemberRecord::Alive { .. } => return,
            MemberRecord::Joined { .. } => Happening::Joined { member, session },
            MemberRecord::Left { .. } => Happening::Gone { member, session, left: true },
            MemberRecord::Expired { .. } => Happening::Gone { member, session, left: false },
        };
        self.replay.timeline.push(at, seq.0, happening);
    }

    /// A record of who leads.
    pub fn leader(&mut self, seq: Seq, at: Timestamp, record: LeaderRecord) {
        self.group_read(at);
        let event = self.group.leader(Term(seq.0), at, record);
        self.docket.events.push(event);
    }

    /// A leader's sign of life.
    pub fn leader_beat(&mut self, _seq: Seq, at: Timestamp, beat: LeaderBeat) {
        self.group_read(at);
        self.group.written("sign of life", beat.term, at, &mut self.docket);
    }

    /// What a member may own.
    pub fn grant(&mut self, member: MemberId, seq: Seq, at: Timestamp, grant: Grant) {
        self.group_read(at);
        self.group.written("grant", grant.term, at, &mut self.docket);
        let partitions = grant.partitions.clone();
        let happening = Happening::Granted { member: member.clone(), partitions };
        self.replay.timeline.push(at, seq.0, happening);
        self.granted(&Arc::new(member), at, grant);
    }

    /// Why the assignment changes.
    pub fn plan(&mut self, seq: Seq, at: Timestamp, plan: Plan) {
        self.group_read(at);
        self.group.written("plan", plan.term, at, &mut self.docket);
        let relief = self.overload(&plan);
        let named = [&plan.joined[..], &plan.left, &plan.expired].concat();
        let happening = Happening::Planned { epoch: plan.epoch, named };
        self.replay.timeline.push(at, seq.0, happening);
        self.rebalances.plan(at, plan, relief, &mut self.docket);
        self.plans_closed(at);
    }

    /// Tells which plans no claims are counted on any more.
    pub(crate) fn plans_closed(&mut self, at: Timestamp) {
        for closed in self.rebalances.take_closed() {
            self.replay.timeline.push(at, closed.0.0, closed.happening());
        }
    }

    /// What a producer says of itself.
    pub fn producer_report(&mut self, report: ProducerReport) {
        for (partition, sent) in &report.partitions {
            if let Some(account) = self.accounts.get_mut(partition.0 as usize) {
                account.acknowledge(&sent.acked, &mut self.counts);
                account.bound();
            }
        }
        self.producers.record(&report);
    }

    /// What a worker says of itself.
    pub fn worker_report(&mut self, report: WorkerReport) {
        let (member, session, at) = (report.member.clone(), report.session, report.at);
        let messages = self.workers.record(report);
        if messages > 0 {
            self.replay.timeline.push(at, session.0, Happening::Fenced { member, messages });
        }
    }

    /// What chaos did. The same `id` again replaces it.
    pub fn fault(&mut self, fault: Fault) {
        let news = self.docket.faults.record(fault.clone());
        if news == News::Begun {
            self.replay.timeline.push(fault.at, fault.id, Happening::Fault(fault.id));
        }
        if news == News::Begun && fault.kind == FaultKind::Crash {
            for member in targets(&fault).filter_map(|target| MemberId::new(target).ok()) {
                self.group.crashed(&member, fault.at);
            }
        }
        if news != News::Nothing {
            self.docket.events.push(Event::Fault(fault));
        }
    }

    /// Producers send nothing more: what has no work left needs no owner any more.
    pub fn draining(&mut self, at: Timestamp) {
        if self.draining_at.is_none() {
            self.draining_at = Some(at);
            self.replay.timeline.push(at, 0, Happening::Draining);
        }
    }

    /// The newest ledger record of `partition` that was judged: everything *below* it may be
    /// trimmed, never the record itself. `None` if there is none.
    pub fn ledger_through(&self, partition: PartitionId) -> Option<Seq> {
        let last = self.chains.get(partition.0 as usize)?.last;
        (last > Seq::NONE).then_some(last)
    }

    /// What happened since the last call.
    pub fn drain_events(&mut self) -> Vec<Event> {
        self.docket.events.drain()
    }

    pub(crate) fn knows(&self, partition: PartitionId) -> bool {
        (partition.0 as usize) < self.accounts.len()
    }

    /// The group's stream was read up to `at`: what waited for it is decided.
    pub(crate) fn group_read(&mut self, at: Timestamp) {
        self.judged_at = self.judged_at.max(at);
        while self.cases.front().is_some_and(|case| case.by.at < at) {
            self.decide_front();
        }
        self.replay.timeline.group_read(at);
        self.replay.advance(&mut self.docket.faults, self.docket.settings.lease);
        self.settle_doubts();
    }
}
