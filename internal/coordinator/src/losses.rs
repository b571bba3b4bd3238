//! What is missing at the end: lost by the broker, lost in delivery, or only not done yet; what was
//! done without being sent; and partitions that nobody owns.

use model::{PartitionId, Timestamp};

use crate::account::{Account, Pending};
use crate::docket::{Charge, before, member, note};
use crate::judge::Judge;
use crate::ownership::Claim;
use crate::vacancy::Vacancy;
use crate::{Class, Culprit, End, Evidence, Range, Rule, Seen};

impl Judge {
    /// What was counted early, because there were too many gaps to remember.
    pub(crate) fn decided_early(&mut self, index: usize, at: Timestamp) {
        let decided = self.accounts[index].decided;
        for (class, rule, count) in [
            (Class::LostByBroker, Rule::AckedIsStored, decided.lost_by_broker),
            (Class::LostByProducer, Rule::Numbered, decided.lost_by_producer),
            (Class::LostInDelivery, Rule::Drains, decided.lost_in_delivery),
            (Class::Unexpected, Rule::DoneWasSent, decided.unexpected),
        ] {
            if count > 0 {
                let detail = "so many gaps that they were only counted".into();
                let range = Range(1, decided.through);
                let mut charge = charge(account_id(index), class, range, detail);
                (charge.at, charge.rule, charge.count) = (at, rule, count);
                self.docket.charge_since(self.docket.settings.started_at, charge);
            }
        }
    }

    /// Stored, and no effect: lost if a later record passed over it, or if nothing moves any more.
    pub(crate) fn lost_in_delivery(&mut self, index: usize, end: &End) {
        let account = &self.accounts[index];
        let missing = account.stored.minus(&account.effects);
        if missing.is_empty() {
            return;
        }
        let passed = parts(&missing, &account.passed, true);
        let tail = parts(&missing, &account.passed, false);
        self.charge_passed(index, passed, end.at);
        if tail.is_empty() || !end.broker_reachable {
            return;
        }
        let claim = self.chains[index].claim.clone();
        let stuck = claim.as_ref().is_some_and(|claim| self.is_stuck(index, claim, end.at));
        let lost = end.drained_within || stuck;
        self.charge_tail(index, tail, claim.as_ref(), end.at, lost);
    }

    /// Whether its owner had it for long enough at the end, and did nothing.
    fn is_stuck(&self, index: usize, claim: &Claim, end: Timestamp) -> bool {
        let life = self.group.lives.get(&claim.by.holder.session);
        let is_told = self.tales.contains_key(&account_id(index));
        let until = match (claim.released_at, life) {
            (None, Some(life)) if life.is_live() => end,
            // Whoever tells lets go when everything is over, done or not.
            (released, life) if is_told => {
                let ended = life.and_then(|life| life.ended).map(|(at, _)| at);
                released.or(ended).unwrap_or(end)
            }
            _ => return false,
        };
        let account = &self.accounts[index];
        let waiting = account.pending.front().map(|message| message.at);
        let progress = account.last_effect_at.max(waiting).unwrap_or_default();
        progress.max(claim.by.at) < before(until, self.docket.settings.stall)
    }

    fn charge_passed(&mut self, index: usize, passed: Vec<Range>, end: Timestamp) {
        let account = &self.accounts[index];
        let first = account.effects.first().unwrap_or(u64::MAX);
        let mut charges = Vec::new();
        for range in passed {
            let by = account.passes.iter().find(|pass| overlap(pass.range, range));
            let by = by.map(|pass| &pass.by);
            let place = match range {
                Range(_, to) if to < first => "prefix",
                Range(from, _) if from > account.highest => "tail",
                _ => "middle",
            };
            let detail = format!("{}: a later record of the ledger passed over it", place);
            let evidence = by.map(|by| by.shows("the record that passed over it"));
            let mut charge = charge(account_id(index), Class::LostInDelivery, range, detail);
            charge.at = by.map_or(end, |by| by.at);
            charge.culprit = by.map_or(Culprit::Nobody, |by| by.culprit());
            charge.evidence = evidence.into_iter().collect();
            charges.push(charge);
        }
        charges.into_iter().for_each(|charge| self.docket.charge(charge));
    }

    fn charge_tail(
        &mut self,
        index: usize,
        tail: Vec<Range>,
        claim: Option<&Claim>,
        end: Timestamp,
        lost: bool,
    ) {
        let waiting = self.accounts[index].pending.front().copied();
        let done = self.accounts[index].last_effect_at;
        let (class, detail) = match (lost, claim) {
            (true, _) => (Class::LostInDelivery, self.accounts[index].why_lost(&tail)),
            (false, None) => (Class::Undrained, "nobody ever owned the partition"),
            (false, Some(_)) => (Class::Undrained, "not done when the bound for draining passed"),
        };
        let message = waiting.map(|message| Evidence {
            message: Some(message.pos),
            ..note("the first message that waits", Some(message.at))
        });
        let strand = waiting.and_then(|message| self.stranded(index, &message));
        let effect = done.map(|at| note("the partition's last effect", Some(at)));
        let holder = claim.map(|claim| claim.by.shows("the newest claim"));
        let mut charge = charge(account_id(index), class, tail[0], detail.into());
        charge.count = tail.iter().map(|range| range.count()).sum();
        charge.sequences = tail;
        charge.at = end;
        charge.culprit = claim.map_or(Culprit::Nobody, |claim| member(&claim.by.holder));
        charge.evidence = message.into_iter().chain(strand).chain(effect).chain(holder).collect();
        self.docket.charge_since(waiting.map_or(end, |message| message.at), charge);
    }

    /// What shows that the consumer of a later owner will never deliver a message.
    fn stranded(&self, index: usize, message: &Pending) -> Option<Evidence> {
        let tale = self.tales.get(&account_id(index))?;
        let strand = tale.strander(message.pos)?;
        let what = format!(
            "the partition was added to a consumer that had delivered up to message record {}: it \
             never goes back to what lies before, as the first message that waits does",
            strand.position
        );
        Some(strand.by.shows(what))
    }

    /// Acknowledged, and neither stored nor recognised as corrupt.
    pub(crate) fn lost_by_broker(&mut self, index: usize, at: Timestamp) {
        let account = &self.accounts[index];
        let missing = parts(&account.acked.minus(&account.stored), &account.spoiled, false);
        for range in missing {
            let detail = "acknowledged to its producer, yet not in the stream".into();
            let mut charge = charge(account_id(index), Class::LostByBroker, range, detail);
            (charge.at, charge.rule, charge.culprit) = (at, Rule::AckedIsStored, Culprit::Broker);
            self.docket.charge_since(self.docket.settings.started_at, charge);
        }
    }

    /// Numbers that no message has, though later ones do, and that nobody acknowledged: whoever gave
    /// them gave up on them.
    pub(crate) fn lost_by_producer(&mut self, index: usize, at: Timestamp) {
        for range in self.accounts[index].unused_numbers() {
            let detail = "never stored, though later messages of its producer are".into();
            let mut charge = charge(account_id(index), Class::LostByProducer, range, detail);
            (charge.at, charge.rule) = (at, Rule::Numbered);
            self.docket.charge_since(self.docket.settings.started_at, charge);
        }
    }

    /// Done, and never sent.
    pub(crate) fn unexpected(&mut self, index: usize, at: Timestamp) {
        let account = &self.accounts[index];
        let forged = parts(&account.effects.minus(&account.sent), &account.spoiled, false);
        let claim = self.chains[index].claim.clone();
        for range in forged {
            let detail = "done, though no such message was ever stored or acknowledged".into();
            let mut charge = charge(account_id(index), Class::Unexpected, range, detail);
            (charge.at, charge.rule) = (at, Rule::DoneWasSent);
            if let Some(claim) = &claim {
                charge.culprit = member(&claim.by.holder);
                charge.evidence = vec![claim.by.shows("the newest claim")];
            }
            let since = claim.as_ref().map_or(at, |claim| claim.by.at);
            self.docket.charge_since(since, charge);
        }
    }

    /// A partition that has no owner at the end, and had work to do.
    pub(crate) fn still_unowned(&mut self, index: usize, end: &End) {
        let partition = account_id(index);
        let settings = &self.docket.settings;
        let (started, startup, bound) =
            (settings.started_at, settings.startup_bound, settings.unowned_bound);
        let claim = self.chains[index].claim.clone();
        let (from, why, bound, culprit) = match &claim {
            None => (started, "the run began", startup, Culprit::Nobody),
            Some(claim) => {
                let culprit = member(&claim.by.holder);
                let held = match claim.released_at {
                    Some(released) => Some((released, "its owner let it go")),
                    None => self.last_held(partition, claim, end.at),
                };
                let Some((from, why)) = held else { return };
                (from, why, bound, culprit)
            }
        };
        let to = end.at;
        let vacancy = Vacancy { partition, from, to, culprit, why, bound, is_open: true };
        self.close_vacancy(vacancy, None);
    }
}

impl Account {
    /// Where what is missing lies among what is done.
    fn why_lost(&self, missing: &[Range]) -> &'static str {
        let last = missing.last().map_or(0, |range| range.1);
        let [first, highest] = [self.effects.first(), self.effects.last()];
        match (first, highest) {
            (Some(first), _) if last < first => "prefix: messages after it were done, it never was",
            (_, Some(highest)) if missing[0].0 < highest => {
                "middle: messages around it were done, it never was"
            }
            _ => "tail: nothing was done with it, nothing moves",
        }
    }
}

fn account_id(index: usize) -> PartitionId {
    PartitionId(u32::try_from(index).expect("as many accounts as a u32 count"))
}

fn overlap(one: Range, other: Range) -> bool {
    one.0 <= other.1 && other.0 <= one.1
}

/// The parts of `ranges` that are in `set`, or the parts that are not.
pub(crate) fn parts(ranges: &[Range], set: &Seen, inside: bool) -> Vec<Range> {
    let mut all = Seen::default();
    ranges.iter().for_each(|range| _ = all.insert_range(*range));
    let outside = all.minus(set);
    if !inside {
        return outside;
    }
    let mut rest = Seen::default();
    outside.iter().for_each(|range| _ = rest.insert_range(*range));
    all.minus(&rest)
}

fn charge(partition: PartitionId, class: Class, range: Range, detail: String) -> Charge {
    Charge {
        class,
        rule: Rule::Drains,
        count: range.count(),
        partition: Some(partition),
        sequences: vec![range],
        at: Timestamp::default(),
        culprit: Culprit::Nobody,
        detail,
        evidence: vec![],
    }
}
