//! How long it took until everything was owned again, out of the report of a run.

use std::collections::BTreeMap;

use coordinator::{Event, FaultKind, Rebalance, Recovery, Report};
use model::Timestamp;

/// What partitions were without an owner after, or changed it for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum After {
    Kill,
    LeaderKill,
    Leave,
    Join,
    Restart,
    Start,
    StartOfProcesses,
}

impl After {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Kill => "worker killed",
            Self::LeaderKill => "leader killed",
            Self::Leave => "worker leaves",
            Self::Join => "worker joins",
            Self::Restart => "restart, one after the other",
            Self::Start => "cold start",
            Self::StartOfProcesses => "cold start, a process each",
        }
    }
}

/// Seconds, in order, after each kind of thing.
#[derive(Debug, Default)]
pub struct Found(pub BTreeMap<After, Vec<f64>>);

impl Found {
    /// One more.
    pub fn add(&mut self, after: After, seconds: f64) {
        let all = self.0.entry(after).or_default();
        let place = all.partition_point(|other| *other <= seconds);
        all.insert(place, seconds);
    }

    /// What a run shows whose events are `events`, a line each.
    pub fn add_run(&mut self, report: &Report, events: &str) {
        self.add_recoveries(&report.recoveries);
        self.add_joins(&report.rebalances, &joined(events));
    }

    fn add_recoveries(&mut self, recoveries: &[Recovery]) {
        for recovery in recoveries {
            let after = match (recovery.kind, recovery.event.as_str()) {
                (FaultKind::Crash, "leader_failure") => After::LeaderKill,
                (FaultKind::Crash, _) => After::Kill,
                (FaultKind::Restart, _) => After::Restart,
                // All leave when a run is over; nobody takes their place then.
                (_, "scale_down") => After::Leave,
                _ => continue,
            };
            self.add(after, recovery.seconds);
        }
    }

    /// From each record by which a worker joined until it owned what was planned for it alone.
    fn add_joins(&mut self, rebalances: &[Rebalance], joined: &BTreeMap<String, Vec<Timestamp>>) {
        for rebalance in rebalances {
            let Some(seconds) = rebalance.seconds else { continue };
            let one = rebalance
                .cause
                .strip_prefix("joined ")
                .filter(|one| !one.contains([',', ';', ' ']));
            let Some(times) = one.and_then(|one| joined.get(one)) else { continue };
            let before = times.iter().rev().find(|at| **at <= rebalance.at);
            if let Some(at) = before {
                self.add(After::Join, rebalance.at.since(*at).as_secs_f64() + seconds);
            }
        }
    }
}

/// When each member joined.
fn joined(events: &str) -> BTreeMap<String, Vec<Timestamp>> {
    let mut joined = BTreeMap::<_, Vec<_>>::new();
    for line in events.lines().filter(|line| line.contains("\"joined\"")) {
        if let Ok(Event::Joined { at, member, .. }) = serde_json::from_str(line) {
            joined.entry(member.to_string()).or_default().push(at);
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use parti::MemberId;
    use parti::records::{Epoch, Term};

    use super::*;

    #[test]
    fn times_are_kept_in_order() {
        let mut found = Found::default();
        for seconds in [3.0, 1.0, 2.0] {
            found.add(After::Kill, seconds);
        }
        assert_eq!(found.0[&After::Kill], [1.0, 2.0, 3.0]);
    }

    #[test]
    fn what_happened_is_told_by_its_kind_and_its_event() {
        let recovery = |kind, event: &str, seconds| Recovery {
            fault: None,
            event: event.into(),
            kind,
            target: "worker-1".into(),
            partitions: 1,
            seconds,
        };
        let mut found = Found::default();
        found.add_recoveries(&[
            recovery(FaultKind::Crash, "worker_crash", 1.0),
            recovery(FaultKind::Crash, "leader_failure", 2.0),
            recovery(FaultKind::Restart, "rolling_restart", 3.0),
            recovery(FaultKind::Stop, "scale_down", 4.0),
            recovery(FaultKind::Stop, "leave", 5.0),
        ]);
        let expected = [
            (After::Kill, vec![1.0]),
            (After::LeaderKill, vec![2.0]),
            (After::Leave, vec![4.0]),
            (After::Restart, vec![3.0]),
        ];
        assert_eq!(found.0, BTreeMap::from(expected), "all leave at the end: that is not measured");
    }

    #[test]
    fn a_join_counts_from_its_record_if_one_worker_joined_alone() {
        let rebalance = |at, cause: &str, seconds| Rebalance {
            at: Timestamp(at),
            term: Term(1),
            epoch: Epoch(1),
            leader: MemberId::new("worker-0").unwrap(),
            cause: cause.into(),
            members: 3,
            moved: 1,
            voluntary: 1,
            needed: 1,
            planned_moved: 1,
            planned_needed: 1,
            seconds,
        };
        let times = vec![Timestamp(1_000_000), Timestamp(5_000_000), Timestamp(9_000_000)];
        let mut found = Found::default();
        let rebalances = [
            rebalance(5_250_000, "joined worker-1", Some(0.5)),
            rebalance(6_000_000, "joined worker-1", None),
            rebalance(6_000_000, "joined worker-1, worker-2", Some(0.5)),
            rebalance(6_000_000, "joined worker-2", Some(0.5)),
            rebalance(6_000_000, "left worker-1", Some(0.5)),
            rebalance(500_000, "joined worker-1", Some(0.5)),
        ];
        found.add_joins(&rebalances, &BTreeMap::from([("worker-1".into(), times)]));
        assert_eq!(found.0, BTreeMap::from([(After::Join, vec![0.75])]));
    }

    #[test]
    fn each_member_joins_when_its_event_says() {
        let line = |at: i64, member: &str| {
            let what = format!("\"member\":\"{member}\",\"session\":1,\"acked\":0");
            format!("{{\"type\":\"joined\",\"at\":{at},{what}}}\n")
        };
        let events = line(5, "worker-1") + &line(9, "worker-1") + "nothing\n";
        let expected = BTreeMap::from([("worker-1".into(), vec![Timestamp(5), Timestamp(9)])]);
        assert_eq!(joined(&events), expected);
    }
}
