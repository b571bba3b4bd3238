//! From an event as it is configured to one that can be carried out: what is not given gets a
//! default that suits the lease, and what is a range is drawn.

use std::time::Duration;

use config::{ChaosEvent, Config, Interval, Parameters, RestartAfter, Target};
use model::Rng;
use rand::RngExt;

use crate::Network;
use crate::planned::{How, Planned};

/// Time from one worker of a rolling restart to the next.
const PAUSE_BETWEEN: Duration = Duration::from_millis(500);
/// The share of segments that a lossy network loses.
const LOSS: f64 = 0.05;
/// How many times as long a slow worker takes.
const FACTOR: f64 = 4.0;

/// What the defaults of parameters depend on.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// How long a silent worker is believed to be alive.
    pub lease: Duration,
    /// How long whoever was killed stays away.
    pub restart_after: Duration,
    /// Workers at the start of the run.
    pub workers: u32,
}

impl Terms {
    /// Those of a configuration.
    pub fn of(config: &Config) -> Self {
        Self {
            lease: config.workers.lease.duration(),
            restart_after: config.chaos.restart_after.duration(),
            workers: config.workers.count,
        }
    }

    /// An event that can be carried out.
    ///
    /// How much is drawn from `rng` depends on nothing but the event and what is given.
    pub fn planned(
        &self,
        at: Duration,
        event: ChaosEvent,
        given: &Parameters,
        rng: &mut Rng,
    ) -> Planned {
        let how = self.how(event, given, rng);
        let has_target = event.parameters().contains(&"target");
        let target = || given.target.clone().unwrap_or_else(|| Target::default_of(event));
        Planned { at, event, target: has_target.then(target), how, pick: rng.random() }
    }

    fn how(&self, event: ChaosEvent, given: &Parameters, rng: &mut Rng) -> How {
        use ChaosEvent as E;
        let mut lasting = |leases: (f64, f64)| match given.lasting {
            Some(Interval { min, max }) => between(min.duration(), max.duration(), rng),
            None => between(self.lease.mul_f64(leases.0), self.lease.mul_f64(leases.1), rng),
        };
        match event {
            E::WorkerCrash | E::LeaderFailure | E::ProducerCrash => How::Crash {
                restart_after: match given.restart_after {
                    None => Some(self.restart_after),
                    Some(RestartAfter::Some(away)) => Some(away.duration()),
                    Some(RestartAfter::Never) => None,
                },
            },
            E::WorkerRestart => How::Restart {},
            // Longer than the lease, so that whoever wakes up has lost its partitions.
            E::WorkerPause | E::LeaderPause => How::Pause { lasting: lasting((1.5, 3.0)) },
            E::ScaleUp => How::Join { count: self.count(given, rng) },
            E::ScaleDown => How::Leave { count: self.count(given, rng) },
            E::RollingRestart => How::Roll {
                pause_between: given.pause_between.map_or(PAUSE_BETWEEN, |pause| pause.duration()),
            },
            E::NetworkDisconnect => {
                let lasting = lasting((1.5, 3.0));
                let half_open = given.half_open.unwrap_or_else(|| rng.random());
                let network = if half_open { Network::HalfOpen } else { Network::Cut };
                How::Network { lasting, network }
            }
            E::NetworkDelay => {
                let lasting = lasting((3.0, 6.0));
                let delay = given.delay.map_or(self.lease / 10, |delay| delay.duration());
                let jitter = given.jitter.map_or(delay / 2, |jitter| jitter.duration());
                How::Network { lasting, network: Network::Delayed { delay, jitter } }
            }
            E::NetworkLossy => {
                let loss = given.loss.unwrap_or(LOSS);
                How::Network { lasting: lasting((3.0, 6.0)), network: Network::Lossy { loss } }
            }
            E::BrokerRestart => {
                let lasting = lasting((0.5, 1.5));
                How::Broker { lasting, kill: given.kill.unwrap_or_else(|| rng.random()) }
            }
            E::SlowWorker => {
                How::Slow { lasting: lasting((3.0, 6.0)), factor: given.factor.unwrap_or(FACTOR) }
            }
        }
    }

    fn count(&self, given: &Parameters, rng: &mut Rng) -> u32 {
        given.count.unwrap_or_else(|| rng.random_range(1..=(self.workers / 4).max(1)))
    }
}

/// Drawn evenly, in whole milliseconds.
fn between(min: Duration, max: Duration, rng: &mut Rng) -> Duration {
    let drawn = min + max.saturating_sub(min).mul_f64(rng.random());
    Duration::from_millis(u64::try_from(drawn.as_millis()).unwrap_or(u64::MAX).max(1))
}
