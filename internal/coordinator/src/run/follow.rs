//! From the four streams of a run to one queue.

use std::time::Duration;

use broker::{BrokerError, Log, Reader, Record, Start, StreamName, Subject, patiently};
use parti::Names;
use reports::Channel;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::feed::Read;

/// Records that wait for the judge; beyond it the readers wait, and the broker keeps the rest.
const WAITING_MAX: usize = 4096;
/// How long a reader that has read all there is lets records gather: to judge them together costs less
/// than to wake for each of them.
const GATHER: Duration = Duration::from_millis(100);

/// Which stream a record comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Messages,
    Ledger,
    Group,
    Reports,
}

/// A record, or the end of a stream.
pub(super) type Input = (Source, Result<Record, BrokerError>);

/// The readers of the four streams; they end with this value.
pub(super) struct Following {
    pub(super) inbox: mpsc::Receiver<Input>,
    _readers: JoinSet<()>,
}

impl Following {
    /// Follows every stream from the first record that was not `read`.
    pub(super) fn begin<B: Log>(broker: &B, names: &Names, channel: &Channel, read: Read) -> Self {
        let (out, inbox) = mpsc::channel(WAITING_MAX);
        let mut readers = JoinSet::new();
        for (source, stream, filter, read) in [
            (Source::Messages, &names.messages, names.all_messages(), read.messages),
            (Source::Ledger, &names.ledger, names.all_own(), read.ledger),
            (Source::Group, &names.group, names.all_group(), read.group),
            (Source::Reports, &channel.stream, channel.all(), read.reports),
        ] {
            let start = Start::At(read.next());
            let (broker, out, stream) = (broker.clone(), out.clone(), stream.clone());
            readers.spawn(async move {
                if let Err(error) = follow(&broker, &stream, filter, start, source, &out).await {
                    // Nobody listens any more: the run is over.
                    let _ = out.send((source, Err(error))).await;
                }
            });
        }
        Self { inbox, _readers: readers }
    }
}

async fn follow<B: Log>(
    broker: &B,
    stream: &StreamName,
    filter: Subject,
    start: Start,
    source: Source,
    out: &mpsc::Sender<Input>,
) -> Result<(), BrokerError> {
    let mut reader = patiently(|| broker.read(stream, vec![filter.clone()], start)).await?;
    loop {
        let record = reader.next().await?;
        let has_all = record.pending == 0;
        if out.send((source, Ok(record))).await.is_err() {
            return Ok(());
        }
        if has_all {
            tokio::time::sleep(GATHER).await;
        }
    }
}
