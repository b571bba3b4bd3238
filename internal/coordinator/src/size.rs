//! How much the judge holds: it must not grow with the number of messages.

use crate::account::Account;
use crate::judge::Judge;
use crate::tale::Tale;

impl Judge {
    /// Entries of all collections together. In a healthy run it follows the messages that are on
    /// their way, and the events that were not taken; not the messages that were.
    pub fn entries(&self) -> usize {
        let accounts: usize = self.accounts.iter().map(Account::entries).sum();
        let lives: usize = self.group.lives.values().map(|life| life.entries()).sum();
        let grants: usize = self.group.members.values().map(|member| member.grants.len()).sum();
        let docket = &self.docket;
        let notes = docket.findings.kept().len() + docket.events.len() + docket.faults.entries();
        let waiting = self.gate.waiting() + self.cases.len();
        let plans = self.rebalances.all().count();
        let sides = self.producers.len() + self.workers.len();
        let tales: usize = self.tales.values().map(Tale::entries).sum();
        let told = tales + self.redeliveries.entries();
        told + accounts + lives + grants + notes + waiting + plans + sides + self.replay.entries()
    }
}

impl Account {
    fn entries(&self) -> usize {
        let sets = [
            &self.acked,
            &self.sent,
            &self.stored,
            &self.effects,
            &self.passed,
            &self.spoiled,
            &self.misordered,
        ];
        let runs: usize = sets.iter().map(|set| set.runs()).sum();
        runs + self.pending.len() + self.passes.len() + self.twice.len() + self.recent.len()
    }
}
