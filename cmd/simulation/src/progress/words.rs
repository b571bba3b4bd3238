//! A run in one line, or in a few.

use std::time::Duration;

use coordinator::{Class, Progress, Totals};
use reports::Phase;

/// How long a rate is taken over.
const RATE_OVER: Duration = Duration::from_secs(2);

/// Messages that are done in a second, lately.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rate {
    since: Duration,
    count: u64,
    per_second: f64,
}

impl Rate {
    /// So many were done by then.
    pub fn look(&mut self, at: Duration, count: u64) {
        let over = at.saturating_sub(self.since);
        if over >= RATE_OVER {
            self.per_second = count.saturating_sub(self.count) as f64 / over.as_secs_f64();
            (self.since, self.count) = (at, count);
        }
    }
}

/// What the words need to know of a run.
#[derive(Debug)]
pub struct Words {
    /// How long messages are sent.
    pub whole: Duration,
    /// When which fault is planned, in order.
    pub planned: Vec<(Duration, &'static str)>,
}

impl Words {
    /// For a terminal, what changes most first: what does not fit is cut off at the end.
    pub fn line(&self, progress: &Progress, rate: Rate) -> String {
        let totals = &progress.totals;
        let mut parts = vec![
            self.doing(progress),
            verdict(totals),
            format!("{:.0} msg/s", rate.per_second),
            format!("in flight {}", totals.in_flight),
            format!("owned {}/{}", totals.owned, totals.partitions),
            format!("workers {}", totals.workers.live),
            format!("done {}", totals.received),
            format!("faults {}", totals.faults),
        ];
        parts.extend(self.next(progress));
        parts.join(" · ")
    }

    /// The user's report, while the run goes on.
    pub fn report(&self, progress: &Progress, rate: Rate) -> String {
        let totals = &progress.totals;
        let anomalies = &totals.anomalies;
        let lost =
            anomalies.lost_by_broker + anomalies.lost_by_producer + anomalies.lost_in_delivery;
        let next = self.next(progress).map_or_else(String::new, |next| format!(", {next}"));
        format!(
            "=== Simulation Report === ({})\n\
             Total Partitions: {}\nTotal Sent:       {}\nTotal Received:   {}\n\
             Gaps Detected:    {}\nDuplicates:       {}\n\
             ⏳ RUNNING: {}; {:.0} msg/s, {} in flight, {} of {} partitions owned by {} workers, \
             {} faults so far{next}\n",
            self.doing(progress),
            totals.partitions,
            totals.sent,
            totals.received,
            lost + totals.passed_over,
            anomalies.duplicate,
            verdict(totals),
            rate.per_second,
            totals.in_flight,
            totals.owned,
            totals.partitions,
            totals.workers.live,
            totals.faults,
        )
    }

    fn doing(&self, progress: &Progress) -> String {
        match progress.phase {
            Phase::Running => format!("{}/{}", time(progress.elapsed), time(self.whole)),
            Phase::Draining => format!("{} draining", time(progress.elapsed)),
            Phase::Done => format!("{} judging", time(progress.elapsed)),
        }
    }

    /// The next fault that is planned.
    fn next(&self, progress: &Progress) -> Option<String> {
        if progress.phase != Phase::Running {
            return None;
        }
        let mut planned = self.planned.iter();
        let (at, event) = planned.find(|(at, _)| *at > progress.elapsed)?;
        Some(format!("next {event} in {}", time(at.saturating_sub(progress.elapsed))))
    }
}

/// What the judge has found by now.
fn verdict(totals: &Totals) -> String {
    let found: Vec<(Class, u64)> = totals.anomalies.found().collect();
    if found.is_empty() {
        return "✓ nothing wrong so far".into();
    }
    let found = found.iter().map(|(class, count)| format!("{} {count}", class.words()));
    format!("✗ {}", found.collect::<Vec<_>>().join(", "))
}

/// Minutes and seconds, and hours if there are any.
fn time(span: Duration) -> String {
    let (minutes, seconds) = (span.as_secs() / 60, span.as_secs() % 60);
    match minutes / 60 {
        0 => format!("{minutes}:{seconds:02}"),
        hours => format!("{hours}:{:02}:{seconds:02}", minutes % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words() -> Words {
        let at = |seconds| Duration::from_secs(seconds);
        Words {
            whole: at(7_200),
            planned: vec![
                (at(60), "worker_crash"),
                (at(95), "scale_up"),
                (at(3_800), "scale_down"),
            ],
        }
    }

    fn progress(seconds: u64, phase: Phase) -> Progress {
        let mut progress =
            Progress { elapsed: Duration::from_secs(seconds), phase, ..Progress::default() };
        let totals = &mut progress.totals;
        (totals.received, totals.in_flight, totals.owned) = (500, 3, 11);
        (totals.partitions, totals.workers.live, totals.faults) = (12, 4, 2);
        progress
    }

    #[test]
    fn a_line_says_how_it_is_going() {
        let mut rate = Rate::default();
        for (seconds, count) in [(10, 100), (11, 100), (20, 350)] {
            rate.look(Duration::from_secs(seconds), count);
        }
        assert_eq!(
            words().line(&progress(70, Phase::Running), rate),
            "1:10/2:00:00 · ✓ nothing wrong so far · 25 msg/s · in flight 3 · owned 11/12 · workers 4 \
             · done 500 · faults 2 · next scale_up in 0:25"
        );
        let late = words().line(&progress(3_900, Phase::Running), rate);
        assert!(late.starts_with("1:05:00/") && !late.contains("next"), "{late}");
        let draining = words().line(&progress(75, Phase::Draining), rate);
        assert!(draining.starts_with("1:15 draining") && !draining.contains("next"), "{draining}");
    }

    #[test]
    fn what_is_wrong_is_said_at_once() {
        let mut wrong = progress(70, Phase::Running);
        (wrong.totals.anomalies.duplicate, wrong.totals.anomalies.lost_by_producer) = (3, 2);
        let line = words().line(&wrong, Rate::default());
        assert!(line.contains(" · ✗ lost by its producer 2, duplicate 3 · "), "{line}");
        let report = words().report(&wrong, Rate::default());
        assert!(report.contains("Gaps Detected:    2\nDuplicates:       3\n"), "{report}");
        assert!(
            report.contains("RUNNING: ✗ lost by its producer 2")
                && report.contains("next scale_up")
        );
    }
}
