//! From the four streams of a run to one queue.

use std::time::Duration;

use broker::{BrokerError, Log, Reader, Record, Start, StreamName, Subject, patiently};
use futures_util::FutureExt;
use parti::Names;
use reports::Channel;
use tokio::sync::mpsc;
use tokio::task::{JoinSet, unconstrained};

use super::conduct::TICK;
use super::feed::Read;

/// Records that are handed to the judge at once.
const BATCH_MAX: usize = 512;
/// Batches that wait for it; beyond it the readers wait, and the broker keeps the rest.
const WAITING_MAX: usize = 8;
/// How long a reader that has read all there is lets records gather: to judge them together costs less
/// than to wake for each of them, and nobody looks more often.
const GATHER: Duration = TICK;

/// Which stream a record comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Messages,
    Ledger,
    Group,
    Reports,
}

/// Records in their order, or the end of a stream.
pub(super) type Input = (Source, Result<Vec<Record>, BrokerError>);

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
        let mut batch = vec![reader.next().await?];
        let mut end = None;
        while batch.len() < BATCH_MAX && end.is_none() {
            // Whether there is another one is not a matter of whose turn it is.
            match unconstrained(reader.next()).now_or_never() {
                Some(Ok(record)) => batch.push(record),
                Some(Err(error)) => end = Some(error),
                None => break,
            }
        }
        let has_all = batch.len() < BATCH_MAX && batch.last().is_some_and(|last| last.pending == 0);
        if out.send((source, Ok(batch))).await.is_err() {
            return Ok(());
        }
        if let Some(error) = end {
            return Err(error);
        }
        if has_all {
            tokio::time::sleep(GATHER).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use broker::{Admin, Append, Seq, Storage, StreamSpec};
    use broker_virtual::{Options, VirtualBroker};
    use model::Seed;
    use tokio::time::{Instant, sleep};

    use super::*;

    /// However many there are, and whether they come at once or one by one.
    #[tokio::test(start_paused = true)]
    async fn records_gather_and_none_waits_for_long() {
        let broker = VirtualBroker::new(Options::new(Seed(1)));
        let (client, writer) = (broker.client("judge"), broker.clone());
        let name = StreamName::new("S").expect("a name");
        let subject = Subject::new("s").expect("a subject");
        let spec = StreamSpec::new(name.clone(), subject.clone(), Storage::Memory);
        client.ensure(&spec).await.expect("there is a stream");
        let append = Append::new(name.clone(), subject.clone(), "x");
        let (out, mut inbox) = mpsc::channel(WAITING_MAX);
        for _ in 0..5_000 {
            writer.append_now(append.clone()).expect("it is stored");
        }
        let began = Instant::now();
        tokio::spawn(async move {
            follow(&client, &name, subject, Start::At(Seq(1)), Source::Messages, &out).await
        });
        let mut seqs = Vec::new();
        while seqs.len() < 5_000 {
            let (_, batch) = inbox.recv().await.expect("there are more");
            seqs.extend(batch.expect("it is whole").iter().map(|record| record.seq));
        }
        assert!(seqs.into_iter().eq((1..=5_000).map(Seq)), "each once, in order");
        let took = began.elapsed();
        assert!(took < Duration::from_secs(1), "what was there before takes {took:?}");
        let writing = tokio::spawn(async move {
            for _ in 0..1_000 {
                writer.append_now(append.clone()).expect("it is stored");
                sleep(Duration::from_millis(3)).await;
            }
        });
        let (mut wakes, mut left) = (0, 1_000);
        while left > 0 {
            let (_, batch) = inbox.recv().await.expect("there are more");
            wakes += 1;
            left -= batch.expect("it is whole").len();
        }
        writing.await.expect("it has written");
        let late = began.elapsed() - took;
        assert!(
            late < Duration::from_millis(3_000) + 2 * GATHER,
            "the last one came after {late:?}"
        );
        assert!(wakes < 200, "the judge was woken {wakes} times for 1000 records");
    }
}
