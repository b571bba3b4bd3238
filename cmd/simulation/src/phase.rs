//! What the run is doing, as a separate process learns it: the coordinator's last word.

use broker::{BrokerError, Log, Reader, Start};
use model::watch;
use reports::{Channel, Phase, Report};
use std::time::Duration;

/// Follows the phase of the run. A run without a coordinator yet counts as running.
pub fn follow<B: Log>(broker: B, channel: Channel) -> watch::Receiver<Phase> {
    let (told, phase) = watch::channel(Phase::Running);
    tokio::spawn(async move {
        while let Err(error) = tell(&broker, &channel, &told).await {
            tracing::debug!(%error, "following the phase of the run again");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
    phase
}

async fn tell<B: Log>(
    broker: &B,
    channel: &Channel,
    told: &watch::Sender<Phase>,
) -> Result<(), BrokerError> {
    let start = Start::LastPerSubject;
    let mut reader = broker.read(&channel.stream, vec![channel.phase()], start).await?;
    loop {
        let record = reader.next().await?;
        if let Some(Report::Phase(phase)) = Report::decode(&record) {
            told.send_replace(phase);
        }
        if told.is_closed() {
            return Ok(());
        }
    }
}
