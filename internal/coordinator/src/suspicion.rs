//! Two owners (I4): a claim over an unreleased claim whose holder is heard afterwards.

use parti::records::Session;

use crate::docket::{Charge, Docket, before, note};
use crate::group::Group;
use crate::life::{Ending, Suspect};
use crate::{Class, Evidence, Rule};

impl Group {
    /// Somebody claimed over an unreleased claim of `session`: it lives if it is heard afterwards.
    pub fn suspect(&mut self, session: Session, suspect: Suspect, docket: &mut Docket) {
        let Some(life) = self.lives.get_mut(&session) else { return };
        if life.heard_after(suspect.by.at).is_some() {
            self.hear(session, suspect, docket);
        } else if life.ended.is_none() {
            life.suspects.push(suspect);
        }
    }

    /// A life was heard after somebody had claimed its partition: was there a reason to?
    pub fn hear(&mut self, session: Session, suspect: Suspect, docket: &mut Docket) {
        let Some(life) = self.lives.get_mut(&session) else { return };
        let claimed_at = suspect.by.at;
        let Some(after) = life.heard_after(claimed_at) else {
            life.suspects.push(suspect);
            return;
        };
        let lease = docket.settings.lease;
        let last = life.heard_before(claimed_at).or(life.joined_at);
        let last = last.unwrap_or(before(claimed_at, lease));
        let silent = life.silent_around(claimed_at) || after.since(last) >= lease;
        let declared = life.ended_by(after) == Some(Ending::Expired);
        let fault = docket.faults.silencing(&life.member, last, after);
        if silent || declared || fault.is_some() {
            self.zombies += 1;
            return;
        }
        let seconds = after.since(claimed_at).as_secs_f64();
        let detail = format!(
            "{} claimed partition {} while {} held it and lived: for {seconds:.3} s at least",
            suspect.by.holder.member, suspect.partition, life.member
        );
        let heard = note("the old owner is heard again", Some(after));
        let charge = Charge {
            class: Class::TwoOwners,
            rule: Rule::I4,
            count: 1,
            partition: Some(suspect.partition),
            sequences: vec![],
            at: claimed_at,
            culprit: suspect.by.culprit(),
            detail,
            evidence: vec![
                Evidence {
                    ledger: Some(suspect.claim),
                    ..note(format!("unreleased claim of {}", life.member), None)
                },
                note("the old owner's last sign of life before", Some(last)),
                suspect.by.shows("the claim over it"),
                heard,
            ],
        };
        docket.charge(charge);
    }
}
