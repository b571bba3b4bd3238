//! How far the judge is behind what the broker holds, and whether the broker answers at all. Asked
//! from outside the judge, and on a connection of its own: a judge that stands still says nothing.

use std::time::Duration;

use broker::{Admin, BrokerError, Seq};
use coordinator::Progress;
use metrics::Lag;
use model::watch;
use parti::Names;
use reports::Phase;
use web::Shared;

use crate::commands::wall_clock;
use crate::connect::Connector;

/// How often the broker is asked.
const ASK_EVERY: Duration = Duration::from_secs(2);
/// How long it may take to answer.
const ANSWER_MAX: Duration = Duration::from_secs(2);

/// Shows how far the judge is behind, for as long as the process lives.
pub async fn follow<C: Connector>(
    connector: C,
    names: Names,
    shared: Shared,
    progress: watch::Receiver<Progress>,
) {
    let broker = connected(&connector, &shared).await;
    let mut newest = Heads::default();
    loop {
        match heads(&broker, &names).await {
            Ok(heads) => {
                newest = heads;
                shared.set_broker(Ok(()));
            }
            Err(why) => shared.set_broker(Err(why)),
        }
        let now = progress.borrow().clone();
        if now.phase != Phase::Done && now.totals.partitions > 0 {
            shared.metrics().observe_lag(&lag(&now, newest));
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
}

/// A connection, however long it takes.
async fn connected<C: Connector>(connector: &C, shared: &Shared) -> C::Broker {
    loop {
        match connector.connect("metrics").await {
            Ok(broker) => return broker,
            Err(error) => shared.set_broker(Err(error.to_string())),
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
}

/// The newest record of the streams that are judged one by one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Heads {
    messages: Seq,
    ledger: Seq,
}

/// Asks the broker; says why it does not answer.
pub async fn heads(broker: &impl Admin, names: &Names) -> Result<Heads, String> {
    let asking = async {
        let messages = broker.state(&names.messages).await?.unwrap_or_default().last;
        let ledger = broker.state(&names.ledger).await?.unwrap_or_default().last;
        Ok::<_, BrokerError>(Heads { messages, ledger })
    };
    match tokio::time::timeout(ANSWER_MAX, asking).await {
        Ok(answer) => answer.map_err(|error| error.to_string()),
        Err(_) => Err(format!("no answer within {ANSWER_MAX:?}")),
    }
}

fn lag(progress: &Progress, heads: Heads) -> Lag {
    let behind = |head: Seq, read: Seq| head.0.saturating_sub(read.0);
    Lag {
        seconds: wall_clock().since(progress.totals.judged_at).as_secs_f64(),
        messages: behind(heads.messages, progress.read.messages),
        ledger: behind(heads.ledger, progress.read.ledger),
    }
}
