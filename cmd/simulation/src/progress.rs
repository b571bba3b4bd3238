//! What a person sees while a run goes on: a line on a terminal, a report every now and then.

mod words;

use std::time::Duration;

use coordinator::Progress;
use model::watch;
use reports::Phase;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::setup::Setup;
use crate::terminal::TerminalLine;
use crate::watching::LOOK_EVERY;
use words::{Rate, Words};

/// Shows, in a task of its own, how a run is going.
pub fn begin(progress: watch::Receiver<Progress>, setup: &Setup) -> JoinHandle<()> {
    let config = &setup.config;
    let every = config.coordinator.report_interval.duration();
    // Chaos for separate processes has a schedule of its own.
    let alone = config.simulation.mode == config::Mode::AllInOne;
    let planned = if alone { setup.schedule() } else { Vec::new() };
    let planned = planned.iter().map(|planned| (planned.at, planned.event.name())).collect();
    let words = Words { whole: config.simulation.duration.duration(), planned };
    tokio::spawn(show(progress, every, words))
}

/// Shows progress on stderr and short reports on stdout, until the run is judged.
async fn show(mut progress: watch::Receiver<Progress>, report_every: Duration, words: Words) {
    let (line, mut rate) = (TerminalLine::new(), Rate::default());
    let mut next_report = Instant::now() + report_every;
    while progress.changed().await.is_ok() {
        let now = progress.borrow_and_update().clone();
        rate.look(now.elapsed, now.totals.received);
        if Instant::now() >= next_report {
            next_report += report_every;
            line.clear();
            println!("{}", words.report(&now, rate));
        }
        line.say(&words.line(&now, rate));
        if now.phase == Phase::Done {
            break;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    line.clear();
}
