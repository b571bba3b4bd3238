//! Claims and releases, once the group's stream was read up to their time: who owned the partition
//! until then, for how long nobody did, and whether it moved.

use std::sync::Arc;

use model::{PartitionId, Timestamp};
use parti::MemberId;
use parti::records::Holder;

use crate::docket::{By, Charge, member, note};
use crate::judge::Judge;
use crate::life::{Ending, Suspect};
use crate::ownership::{Case, Claim};
use crate::rebalance::Move;
use crate::timeline::Happening;
use crate::vacancy::Vacancy;
use crate::{Class, Culprit, Event, Ownership, Rule};

/// Why an owner that nobody killed or took back from may be gone.
const HEARD: &str = "its owner was heard for the last time";
const KILLED: &str = "its owner was killed";
const ACKED: &str = "its owner acknowledged that it was taken back";

impl Judge {
    /// Decides the oldest claim or release that waits.
    pub(crate) fn decide_front(&mut self) {
        let Some(case) = self.cases.pop_front() else { return };
        let owner = self.seats.get(case.partition).owner.clone();
        if let Some(life) = owner.and_then(|owner| self.group.lives.get_mut(&owner.session)) {
            life.held -= 1;
        }
        if case.is_release {
            self.seats.change(case.partition, |seat| seat.owner = None);
            let (partition, session) = (case.partition, case.by.holder.session);
            let happening = Happening::Released { partition, session };
            self.replay.timeline.push(case.by.at, case.by.ledger.0, happening);
            self.tell(&case, 0.0);
            return;
        }
        let vacancy = self.vacancy_before(&case);
        let seconds = vacancy.as_ref().map_or(0.0, |v| v.to.since(v.from).as_secs_f64());
        if let Some(vacancy) = vacancy {
            self.close_vacancy(vacancy, Some(case.by.holder.member.clone()));
        }
        self.count_move(&case);
        let settings = &self.docket.settings;
        let (all, began) = (settings.partitions, settings.started_at);
        self.replay.recoveries.warm_up(case.partition, case.by.at, all, began);
        self.happened(&case);
        let (at, holder) = (case.by.at, &case.by.holder);
        self.group.life(&holder.member, holder.session).held += 1;
        self.seats.change(case.partition, |seat| {
            seat.owner = Some(Arc::clone(holder));
            seat.grantees.retain(|(granted, _)| *granted > at);
        });
        if self.seats.all_settled() {
            self.rebalances.settle(at, &mut self.docket);
        }
        self.tell(&case, seconds);
    }

    /// A claim, for the replay.
    fn happened(&mut self, case: &Case) {
        let holder = &case.by.holder;
        let over = case.previous.as_ref().filter(|previous| {
            let held = self.last_held(case.partition, previous, case.by.at);
            previous.released_at.is_none()
                && previous.by.holder.member != holder.member
                && held.is_some_and(|(_, why)| [HEARD, KILLED].contains(&why))
        });
        let happening = Happening::Claimed {
            partition: case.partition,
            member: holder.member.clone(),
            session: holder.session,
            over: over.map(|over| (over.by.holder.member.clone(), over.by.holder.session)),
        };
        self.replay.timeline.push(case.by.at, case.by.ledger.0, happening);
    }

    fn tell(&mut self, case: &Case, unowned_seconds: f64) {
        self.docket.events.push(Event::Ownership(Ownership {
            at: case.by.at,
            partition: case.partition,
            ledger: case.by.ledger,
            holder: Holder::clone(&case.by.holder),
            released: case.is_release,
            unowned_seconds,
        }));
    }

    /// How long the partition had no owner before a claim, unless its owner claims it again. An owner
    /// that was silent counts as none, even if it is heard afterwards.
    fn vacancy_before(&mut self, case: &Case) -> Option<Vacancy> {
        let (partition, to) = (case.partition, case.by.at);
        let settings = &self.docket.settings;
        let vacancy = |from, culprit, why, bound| {
            Some(Vacancy { partition, from, to, culprit, why, bound, is_open: false })
        };
        let Some(previous) = &case.previous else {
            let (from, bound) = (settings.started_at, settings.startup_bound);
            return vacancy(from, Culprit::Nobody, "the run began", bound);
        };
        let (bound, culprit) = (settings.unowned_bound, member(&previous.by.holder));
        if let Some(from) = previous.released_at {
            self.handovers += u64::from(previous.by.holder.member != case.by.holder.member);
            return vacancy(from, culprit, "its owner let it go", bound);
        }
        if previous.by.holder.session == case.by.holder.session {
            return None;
        }
        self.takeovers += 1;
        let (from, why) = self.last_held(partition, previous, to)?;
        if why == ACKED && !case.is_told {
            self.charge_unreleased(previous, from, &case.by, partition);
        }
        if why == HEARD && !case.is_told {
            let claim = previous.by.ledger;
            let suspect = Suspect { partition, claim, by: case.by.clone() };
            self.group.suspect(previous.by.holder.session, suspect, &mut self.docket);
        }
        vacancy(from, culprit, why, bound)
    }

    /// Who lets go of a partition releases it, then acknowledges. Whoever acknowledged and had recorded
    /// effects, but no release, may work on it still. (A claim alone may have been late.)
    fn charge_unreleased(&mut self, claim: &Claim, acked_at: Timestamp, by: &By, p: PartitionId) {
        if claim.last_at == claim.by.at {
            return;
        }
        let owner = &claim.by.holder.member;
        let detail = format!("{owner} acknowledged that partition {p} was taken back, and kept it");
        self.docket.charge(Charge {
            class: Class::TwoOwners,
            rule: Rule::I4,
            count: 1,
            partition: Some(p),
            sequences: vec![],
            at: by.at,
            culprit: claim.by.culprit(),
            detail,
            evidence: vec![
                claim.by.shows("a claim that was never released"),
                note("the acknowledgement", Some(acked_at)),
                by.shows("the claim over it"),
            ],
        });
    }

    /// Until when an unreleased claim counts as held at `at`, and why not longer.
    pub(crate) fn last_held(
        &self,
        partition: PartitionId,
        claim: &Claim,
        at: Timestamp,
    ) -> Option<(Timestamp, &'static str)> {
        let session = claim.by.holder.session;
        if let Some(since) = self.group.let_go_by(session, partition, claim.by.at, at) {
            return Some((since, ACKED));
        }
        let Some(life) = self.group.lives.get(&session) else {
            return Some((claim.last_at, "its owner's last record"));
        };
        if let Some(crashed) = life.crashed_by(at) {
            return Some((crashed, KILLED));
        }
        if let Some((left, Ending::Left)) = life.ended
            && left <= at
        {
            return Some((left, "its owner left"));
        }
        let heard = life.heard_before(at).unwrap_or(claim.last_at);
        Some((heard.max(claim.last_at), HEARD))
    }

    /// Takes a time without an owner into account, and who ended it.
    pub(crate) fn close_vacancy(&mut self, mut vacancy: Vacancy, next: Option<MemberId>) {
        let account = &self.accounts[vacancy.partition.0 as usize];
        if let Some(draining) = self.draining_at
            && account.pending.is_empty()
        {
            let needed = account.last_effect_at.unwrap_or(draining).max(draining);
            vacancy.to = vacancy.to.min(needed).max(vacancy.from);
        }
        self.unowned_micros += vacancy.to.since(vacancy.from).as_micros();
        let before = match &vacancy.culprit {
            Culprit::Member { member, .. } => Some(member.clone()),
            _ => None,
        };
        let named = before.into_iter().chain(next).collect();
        let happening = Happening::Vacant { from: vacancy.from, named };
        self.replay.timeline.push(vacancy.to, vacancy.partition.0.into(), happening);
        let seat = self.seats.get(vacancy.partition);
        vacancy.judge(seat, &self.group, &mut self.docket);
    }

    fn count_move(&mut self, case: &Case) {
        let to = &case.by.holder.member;
        let from = case.previous.as_ref().map(|previous| &previous.by.holder);
        if from.is_some_and(|from| from.member == *to) {
            return;
        }
        let stayed =
            |from: &&Arc<Holder>| !self.group.gone_by(&from.member, from.session, case.by.at);
        let from_live = from.filter(stayed).map(|from| &from.member);
        let (partition, epoch) = (case.partition, case.by.holder.epoch);
        let of = Move { partition, epoch, to, from_live };
        self.rebalances.moved(&of, self.docket.settings.weights.as_ref());
    }
}
