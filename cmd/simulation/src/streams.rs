//! The streams of a run: made, and what an earlier run left in them refused or deleted.

use std::time::Duration;

use broker::{Admin, patiently_for};
use config::Existing;
use reports::{Phase, Report};

use crate::failure::Failure;
use crate::setup::Setup;

/// How long a broker may take to answer whoever makes streams: a cluster that has just started loses
/// requests.
pub const WAIT_MAX: Duration = Duration::from_secs(10);

/// For a run that is alone on its streams: they must be empty, or may be deleted.
pub async fn prepare(setup: &Setup, broker: &impl Admin) -> Result<(), Failure> {
    for spec in setup.streams() {
        let state = patiently_for(WAIT_MAX, || broker.state(&spec.name)).await?;
        let held = state.map_or(0, |state| state.last.0);
        match setup.config.nats.existing {
            _ if held == 0 => {}
            Existing::Delete => broker.delete(&spec.name).await?,
            Existing::Refuse => {
                return Err(Failure::Usage(format!(
                    "stream {} holds an earlier run: use another nats.name_prefix, \
                     or --set nats.existing=delete to delete it",
                    spec.name
                )));
            }
        }
    }
    setup.ensure_streams(broker).await
}

/// For one of several processes: the others may be at work already, or come later. A run that is
/// over is not gone on with: it would be judged together with the new one. The coordinator alone
/// may delete it, since nobody else works on it.
pub async fn join(setup: &Setup, broker: &impl Admin, if_over: Existing) -> Result<(), Failure> {
    setup.ensure_streams(broker).await?;
    if !is_over(setup, broker).await? {
        return Ok(());
    }
    if if_over == Existing::Refuse {
        return Err(Failure::Usage(format!(
            "the run under nats.name_prefix {} is over: use another nats.name_prefix, \
             or start the coordinator first, with --set nats.existing=delete to delete it",
            setup.config.nats.name_prefix
        )));
    }
    // The stream that says that the run is over comes last: until then nobody else begins.
    for spec in setup.streams() {
        broker.delete(&spec.name).await?;
    }
    setup.ensure_streams(broker).await
}

async fn is_over(setup: &Setup, broker: &impl Admin) -> Result<bool, Failure> {
    let said = broker.last(&setup.channel.stream, &setup.channel.phase()).await?;
    let phase = said.as_ref().and_then(Report::decode);
    Ok(matches!(phase, Some(Report::Phase(Phase::Done))))
}

#[cfg(test)]
mod tests {
    use broker::Seq;
    use broker_virtual::{Options, VirtualBroker};
    use config::Config;
    use model::{RunClock, Seed, Timestamp};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_broker_that_does_not_answer_at_first_is_waited_for() {
        let clock = RunClock::starting_at(Timestamp(0));
        let setup = Setup::new(Config::default(), Seed(1), clock).unwrap();
        let broker = VirtualBroker::new(Options::new(Seed(1)));
        let log = broker.client("coordinator");
        broker.stop();
        assert!(prepare(&setup, &log).await.is_err(), "not for ever");
        let starts = async {
            tokio::time::sleep(WAIT_MAX / 2).await;
            broker.start();
        };
        let (prepared, ()) = tokio::join!(prepare(&setup, &log), starts);
        prepared.unwrap();
        broker.stop();
        let starts = async {
            tokio::time::sleep(WAIT_MAX / 2).await;
            broker.start();
        };
        let (ensured, ()) = tokio::join!(setup.ensure_streams(&log), starts);
        ensured.unwrap();
        let made = log.state(&setup.names.messages).await.unwrap();
        assert_eq!(made.map(|state| state.last), Some(Seq::NONE));
    }
}
