//! The phases of a run: what has to be so before the next one begins, and who is told.

use std::time::Duration;

use broker::{Admin, Seq, StreamName};
use reports::{Phase, Report};
use tokio::time::Instant;

use super::conduct::Coordinator;
use super::error::CoordinatorError;
use super::feed::Feed;
use crate::{Draining, Entry};

/// How long the last reports of workers that leave are waited for.
pub(super) const FAREWELL_MAX: Duration = Duration::from_secs(10);

/// Where the run stands, beyond its phase.
pub(super) struct Stage {
    pub(super) phase: Phase,
    /// When the present phase has to end.
    pub(super) until: Instant,
    /// Producers have stopped and every message has been read.
    sent_all: bool,
    pub(super) drained: bool,
    pub(super) interrupted: bool,
}

impl Stage {
    /// Messages are sent until then.
    pub(super) fn running(until: Instant) -> Self {
        Self { phase: Phase::Running, until, sent_all: false, drained: false, interrupted: false }
    }
}

impl<B: Admin> Coordinator<B> {
    pub(super) async fn announce(&self, phase: Phase) {
        let report = Report::Phase(phase);
        let sending = self.channel.send_until_known(&self.broker, &report);
        // Without a broker nobody could do anything about it anyway.
        let _ = tokio::time::timeout(Duration::from_secs(5), sending).await;
    }

    /// Moves on to the next phase if it is time.
    pub(super) async fn advance(
        &self,
        stage: &mut Stage,
        feed: &mut Feed,
    ) -> Result<(), CoordinatorError> {
        let now = Instant::now();
        match stage.phase {
            Phase::Running if stage.interrupted || now >= stage.until => {
                stage.phase = Phase::Draining;
                stage.until = now + self.settings.drain_bound;
                self.announce(Phase::Draining).await;
            }
            Phase::Draining => {
                if !stage.sent_all && self.producers_finished(feed) {
                    stage.sent_all = self.is_read(&self.names.messages, feed.read.messages).await;
                    if stage.sent_all {
                        feed.tell(Entry::Draining(Draining { at: self.settings.clock.now() }));
                    }
                }
                let totals = feed.judge.totals();
                stage.drained = stage.sent_all && totals.in_flight == 0 && totals.waiting == 0;
                if stage.drained || now >= stage.until {
                    stage.phase = Phase::Done;
                    stage.until = now + FAREWELL_MAX;
                    self.announce(Phase::Done).await;
                }
            }
            // Everybody has left: nothing more will come.
            Phase::Done if feed.judge.totals().workers.live == 0 => stage.until = now,
            _ => {}
        }
        Ok(())
    }

    fn producers_finished(&self, feed: &Feed) -> bool {
        let totals = feed.judge.totals();
        let expected = self.settings.producers.unwrap_or(totals.producers);
        totals.producers_finished >= expected
    }

    /// Whether everything that a stream holds has been read.
    pub(super) async fn is_read(&self, stream: &StreamName, read: Seq) -> bool {
        let state = self.broker.state(stream).await;
        state.is_ok_and(|state| state.is_none_or(|state| state.last <= read))
    }
}
