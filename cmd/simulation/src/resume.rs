//! Going on with a run that was stopped: which checkpoint, and where the run left its things.

use std::path::PathBuf;
use std::time::Duration;

use broker::Admin;
use checkpoint::{Checkpoint, Checkpoints, Expected};
use config::{Config, NatsMode, Storage};
use coordinator::{Resumed, Stopped};
use model::{Seed, Timestamp};
use reports::{Channel, Phase, Report};

use crate::cli::{RunArgs, Source, shown};
use crate::failure::Failure;
use crate::setup::Setup;

/// How long the broker may take to store that the run goes on.
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// A checkpoint to go on from.
#[derive(Debug)]
pub struct Found {
    path: PathBuf,
    checkpoint: Checkpoint,
    /// When the run goes on.
    now: Timestamp,
}

impl Found {
    /// The checkpoint that `args` ask for, if they do.
    pub fn by(args: &RunArgs, config: &Config, now: Timestamp) -> Result<Option<Self>, Failure> {
        let Some(asked) = &args.resume else { return Ok(None) };
        if config.nats.mode == NatsMode::Embedded
            && config.nats.jetstream.storage == Storage::Memory
        {
            return Err(Failure::Usage(
                "the run cannot go on: its server kept everything in memory, which died with it; \
                 a run that is to be resumed needs nats.jetstream.storage: file"
                    .into(),
            ));
        }
        let expected = Expected {
            seed: config.simulation.seed.map(Seed),
            configuration: Some(config.to_yaml()),
        };
        let found = match asked {
            Some(path) => Checkpoints::load(path, &expected).map(|found| (path.clone(), found)),
            None => Checkpoints::newest(&config.checkpoint.path, &expected),
        };
        let (path, checkpoint) = found.map_err(|error| Failure::Usage(error.to_string()))?;
        Ok(Some(Self { path, checkpoint, now }))
    }

    /// The seed of the run.
    pub fn seed(&self) -> Seed {
        self.checkpoint.header.seed
    }

    /// When the run began.
    pub fn began(&self) -> Timestamp {
        self.checkpoint.state.judge.settings().started_at
    }

    /// Where the run left its report, its events and its server's store.
    pub fn run_directory(&self) -> PathBuf {
        self.checkpoint.header.run_directory.clone()
    }
}

/// Goes on: the clock of the run is that of the checkpoint, and whoever is started from now on learns
/// that the run goes on.
pub async fn begin(
    setup: &mut Setup,
    broker: &impl Admin,
    found: Found,
    stopped: Stopped,
) -> Result<Resumed, Failure> {
    setup.ensure_streams(broker).await?;
    let state = found.checkpoint.state;
    let resumed =
        Resumed::begin(broker, &setup.names, &setup.channel, state, stopped, found.now).await?;
    setup.clock = resumed.clock;
    announce(&setup.channel, broker).await?;
    println!(
        "✓ Resumed from {} after {} s of the run",
        found.path.display(),
        setup.clock.elapsed().as_secs()
    );
    Ok(resumed)
}

/// Says that the run goes on: whoever is started hears otherwise that it drains, or is over.
async fn announce(channel: &Channel, broker: &impl Admin) -> Result<(), Failure> {
    let running = Report::Phase(Phase::Running);
    let sending = channel.send_until_known(broker, &running);
    tokio::time::timeout(ANSWER_MAX, sending).await.map_err(|_| {
        Failure::Environment(format!(
            "the broker did not store within {ANSWER_MAX:?} that the run goes on; resume again when it \
             answers"
        ))
    })
}

/// The command that goes on from the newest checkpoint.
pub fn command(source: &Source) -> String {
    let mut words = vec!["simulation".to_owned()];
    words.extend(shown(source));
    words.push("--resume".into());
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use broker::Storage;
    use broker_virtual::{Options, VirtualBroker};
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_broker_that_is_down_is_not_waited_for_for_ever() {
        let broker = VirtualBroker::new(Options::new(Seed(1)));
        let (channel, client) = (Channel::new("t").unwrap(), broker.client("t"));
        client.ensure(&channel.spec(Storage::Memory, 1)).await.unwrap();
        announce(&channel, &client).await.unwrap();
        broker.stop();
        let began = Instant::now();
        let failure = announce(&channel, &client).await.unwrap_err();
        assert!(failure.to_string().contains("resume again"), "{failure}");
        assert_eq!(began.elapsed(), ANSWER_MAX);
    }
}
