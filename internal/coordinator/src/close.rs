//! The end of the case: what the verdict is, and the report.

use model::{Seed, Timestamp};

use crate::docket::Charge;
use crate::judge::Judge;
use crate::{Anomalies, Class, Culprit, End, Exercised, Report, Required, Rule, RunInfo, Verdict};

impl Judge {
    /// The report while the run goes on: nothing is lost yet, and what followed the faults of the last
    /// seconds is not counted yet.
    pub fn interim(&self, at: Timestamp, run: &RunInfo) -> Report {
        self.report(Verdict::Running, vec![], at, run)
    }

    /// Ends the case: decides what is lost, and gives the verdict. Every record of the three
    /// streams and the last report of everybody must have been handed in before.
    pub fn finish(&mut self, end: End, run: &RunInfo) -> Report {
        self.gate.open();
        while let Some((partition, entry)) = self.gate.next() {
            self.record(partition, entry);
        }
        while !self.cases.is_empty() {
            self.decide_front();
        }
        self.rebalances.finish(&mut self.docket);
        self.plans_closed(end.at);
        for index in 0..self.accounts.len() {
            self.decided_early(index, end.at);
            self.lost_in_delivery(index, &end);
            if end.broker_reachable {
                self.lost_by_broker(index, end.at);
                self.lost_by_producer(index, end.at);
                self.unexpected(index, end.at);
                self.still_unowned(index, &end);
            }
        }
        self.never_ended(&end);
        let lease = self.docket.settings.lease;
        self.replay.finish(&mut self.docket.faults, lease, end.at);
        self.settle_doubts();
        let (verdict, reasons) = self.verdict(&end);
        let mut report = self.report(verdict, reasons, end.at, run);
        report.interrupted = end.interrupted;
        report.resources = end.resources;
        report
    }

    /// It did not drain, and not for a message that waits: somebody never said that there is no more.
    fn never_ended(&mut self, end: &End) {
        let Anomalies { undrained, lost_in_delivery, .. } = self.docket.findings.anomalies();
        let waits = undrained + lost_in_delivery + self.counts.pending > 0;
        if end.drained_within || !end.broker_reachable || waits {
            return;
        }
        let totals = self.totals();
        let detail = format!(
            "every message that was read is done, but {} of {} producers said that they had finished, and \
             {} records wait for messages",
            totals.producers_finished, totals.producers, totals.waiting
        );
        self.docket.charge(Charge {
            class: Class::Undrained,
            rule: Rule::Drains,
            count: 1,
            partition: None,
            sequences: vec![],
            at: end.at,
            culprit: Culprit::Nobody,
            detail,
            evidence: vec![],
        });
    }

    /// Ends a case whose records stop before the run did, and says `why` they do. What is wrong in
    /// them is wrong; what is missing may still have come.
    pub fn give_up(&mut self, why: String, run: &RunInfo) -> Report {
        let at = self.judged_at;
        let unread = End {
            at,
            drained_within: false,
            broker_reachable: false,
            interrupted: false,
            resources: Default::default(),
        };
        for index in 0..self.accounts.len() {
            self.decided_early(index, at);
            self.lost_in_delivery(index, &unread);
        }
        let lease = self.docket.settings.lease;
        self.replay.finish(&mut self.docket.faults, lease, at);
        self.settle_doubts();
        let (verdict, mut reasons) = match self.verdict(&End { broker_reachable: true, ..unread }) {
            (verdict @ (Verdict::Correctness | Verdict::Liveness), reasons) => (verdict, reasons),
            _ => (Verdict::Inconclusive, vec![]),
        };
        reasons.push(why);
        self.report(verdict, reasons, at, run)
    }

    fn report(
        &self,
        verdict: Verdict,
        reasons: Vec<String>,
        at: Timestamp,
        run: &RunInfo,
    ) -> Report {
        Report {
            verdict,
            exit_code: verdict.exit_code(),
            reasons,
            consumption: consumption(run),
            promise: self.docket.settings.promise,
            seed: Seed(run.seed),
            commit: run.commit.clone(),
            reproduce: run.reproduce.clone(),
            started_at: self.docket.settings.started_at,
            ended_at: at,
            interrupted: false,
            totals: self.totals(),
            anomalies: self.docket.findings.anomalies(),
            findings: self.docket.findings(),
            exercised: self.exercised(),
            rebalances: self.rebalances.all().cloned().collect(),
            redelivered: self.redeliveries.all().cloned().collect(),
            recoveries: self.replay.recoveries.all().cloned().collect(),
            faults: self.docket.faults.report(),
            faults_dropped: self.docket.faults.dropped(),
            fault_summaries: self.docket.faults.summaries(),
            resources: Default::default(),
            virtual_time: run.virtual_time.clone(),
            config: run.config.clone(),
        }
    }

    fn exercised(&self) -> Vec<Exercised> {
        let work = self.workers.sums();
        let happened = |required: &Required| match required {
            Required::Fault(event) => self.docket.faults.happened(event),
            Required::TakeoverBy(event) => self.docket.faults.took_over(event),
            Required::Rebalance => self.rebalances.voluntary > 0,
            Required::Handover => self.handovers > 0,
            Required::Takeover => self.takeovers > 0,
            Required::LeaderChange => self.group.elected > 1,
            Required::Fenced => work.fenced > 0,
            Required::Reprocessed => work.attempts > self.counts.effects,
            Required::Recovered => self.producers.sums().recovered > 0,
        };
        let all = self.docket.settings.required.iter();
        all.map(|required| Exercised { required: required.clone(), happened: happened(required) })
            .collect()
    }

    fn verdict(&self, end: &End) -> (Verdict, Vec<String>) {
        let anomalies = self.docket.findings.anomalies();
        let of = |liveness: bool| -> Vec<String> {
            let found = anomalies.found().filter(|(class, _)| class.is_liveness() == liveness);
            found.map(|(class, count)| format!("{}: {count}", class.words())).collect()
        };
        let wrong = of(false);
        if !wrong.is_empty() {
            return (Verdict::Correctness, wrong);
        }
        if !end.broker_reachable {
            return (Verdict::Environment, vec!["the broker did not answer at the end".into()]);
        }
        let late = of(true);
        if !late.is_empty() {
            return (Verdict::Liveness, late);
        }
        if self.counts.received == 0 {
            return (Verdict::Inconclusive, vec!["no message had an effect".into()]);
        }
        let missed = self.exercised().into_iter().filter(|exercised| !exercised.happened);
        let missed: Vec<_> = missed.map(|e| format!("never happened: {}", e.required)).collect();
        match missed.is_empty() {
            true => (Verdict::Pass, missed),
            false if end.interrupted => (Verdict::Pass, missed),
            false => (Verdict::Inconclusive, missed),
        }
    }
}

/// The design of consumption, as it was configured.
fn consumption(run: &RunInfo) -> String {
    let configured = run.config.pointer("/workers/consumption");
    configured.and_then(|name| name.as_str()).unwrap_or_default().to_owned()
}
