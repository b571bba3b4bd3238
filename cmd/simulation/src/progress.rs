//! What a person sees while a run goes on: a line on a terminal, a report every now and then.

use std::time::Duration;

use config::Config;
use coordinator::Progress;
use model::watch;
use reports::Phase;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::terminal::TerminalLine;
use crate::watching::LOOK_EVERY;

/// Shows, in a task of its own, how a run is going.
pub fn begin(progress: watch::Receiver<Progress>, config: &Config) -> JoinHandle<()> {
    let every = config.coordinator.report_interval.duration();
    let whole = config.simulation.duration.duration();
    tokio::spawn(show(progress, every, whole))
}

/// Shows progress on stderr and short reports on stdout, until the run is judged.
async fn show(mut progress: watch::Receiver<Progress>, report_every: Duration, whole: Duration) {
    let line = TerminalLine::new();
    let mut next_report = Instant::now() + report_every;
    while progress.changed().await.is_ok() {
        let now = progress.borrow_and_update().clone();
        if Instant::now() >= next_report {
            next_report += report_every;
            line.clear();
            println!("{}", short_report(&now));
        }
        line.say(&one_line(&now, whole));
        if now.phase == Phase::Done {
            break;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    line.clear();
}

fn one_line(progress: &Progress, whole: Duration) -> String {
    let totals = &progress.totals;
    let seconds = progress.elapsed.as_secs();
    let doing = match progress.phase {
        Phase::Running => format!("{seconds}/{} s", whole.as_secs()),
        Phase::Draining => "draining".to_owned(),
        Phase::Done => "judging".to_owned(),
    };
    let anomalies: u64 = totals.anomalies.found().map(|(_, count)| count).sum();
    format!(
        "{doing} · sent {} · done {} · in flight {} · owned {}/{} · workers {} · faults {} · anomalies {anomalies}",
        totals.sent,
        totals.received,
        totals.in_flight,
        totals.owned,
        totals.partitions,
        totals.workers.live,
        totals.faults,
    )
}

/// The user's report, while the run goes on.
fn short_report(progress: &Progress) -> String {
    let totals = &progress.totals;
    format!(
        "=== Simulation Report === ({} s)\n\
         Total Partitions: {}\nTotal Sent:       {}\nTotal Received:   {}\n\
         Gaps Detected:    {}\nDuplicates:       {}\n\
         ⏳ RUNNING: {} in flight, {} of {} partitions owned by {} workers, {} faults so far\n",
        progress.elapsed.as_secs(),
        totals.partitions,
        totals.sent,
        totals.received,
        totals.anomalies.lost_by_broker + totals.anomalies.lost_in_delivery + totals.passed_over,
        totals.anomalies.duplicate,
        totals.in_flight,
        totals.owned,
        totals.partitions,
        totals.workers.live,
        totals.faults,
    )
}
