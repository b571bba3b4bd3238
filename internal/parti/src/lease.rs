//! Leases by observation: whoever watches a key calls it expired when it has not changed for the
//! lease on the watcher's own monotonic clock. No two clocks are ever compared.

use std::time::Duration;

use broker::Seq;
use tokio::time::Instant;

/// The newest sign of life of somebody, and when it was seen here.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Observed {
    seq: Seq,
    seen_at: Instant,
}

impl Observed {
    /// First seen as record `seq`.
    pub(crate) fn new(seq: Seq, seen_at: Instant) -> Self {
        Self { seq, seen_at }
    }

    /// The record it was last seen as.
    pub(crate) fn seq(&self) -> Seq {
        self.seq
    }

    /// A newer record is a sign of life; an older one, replayed by a watch, is not.
    pub(crate) fn renew(&mut self, seq: Seq, now: Instant) {
        if seq > self.seq {
            *self = Self::new(seq, now);
        }
    }

    /// A newer record that is no sign of life.
    pub(crate) fn overwritten(&mut self, seq: Seq) {
        self.seq = seq.max(self.seq);
    }

    /// Grants the whole lease again: the watcher itself was cut off and saw nothing.
    pub(crate) fn excuse(&mut self, now: Instant) {
        self.seen_at = now;
    }

    /// Grants a moment more: what was decided about it is not known yet.
    pub(crate) fn ask_again_at(&mut self, at: Instant, lease: Duration) {
        self.seen_at = at.checked_sub(lease).unwrap_or(at);
    }

    /// When the lease runs out unless there is a sign of life.
    pub(crate) fn expires_at(&self, lease: Duration) -> Instant {
        self.seen_at + lease
    }
}

/// The timings of a group, all derived from the lease so that one number is enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// How long a silent member is believed alive.
    pub lease: Duration,
}

impl Timing {
    /// Time between two signs of life: four may be lost or late before the lease runs out.
    pub(crate) fn beat(&self) -> Duration {
        self.lease / 5
    }

    /// How long the broker may take to answer before nobody can be said to be silent.
    pub(crate) fn answer_max(&self) -> Duration {
        self.beat() * 2
    }

    /// How long a leader waits for further joins before it makes a plan…
    pub(crate) fn settle_quiet(&self) -> Duration {
        self.lease / 10
    }

    /// …at the most, while joins keep coming.
    pub(crate) fn settle_max(&self) -> Duration {
        self.lease / 2
    }

    /// How long a member that leaves or steps aside waits for a broker that does not answer.
    pub(crate) fn exit_max(&self) -> Duration {
        self.lease * 4
    }

    /// How long a handler may go on after its partition was revoked.
    pub(crate) fn revoke_grace(&self) -> Duration {
        self.lease / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn only_news_renews_a_lease() {
        let lease = Duration::from_secs(3);
        let start = Instant::now();
        let mut seen = Observed::new(Seq(5), start);
        tokio::time::advance(Duration::from_secs(2)).await;
        seen.renew(Seq(5), Instant::now());
        seen.renew(Seq(4), Instant::now());
        assert_eq!(seen.expires_at(lease), start + lease, "a replay must not renew");
        seen.renew(Seq(6), Instant::now());
        assert_eq!(seen.expires_at(lease), start + Duration::from_secs(5));
    }
}
