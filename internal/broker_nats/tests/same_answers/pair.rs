//! The real broker and the one in memory, asked the same.
//!
//! The one in memory is asked first. Where it has nothing to deliver, the real one is given a short
//! time only, and otherwise a long one: so a slow machine makes no difference.

use std::fmt::Debug;
use std::time::Duration;

use broker::{
    Admin, Append, AppendError, BrokerError, ConsumerName, ConsumerSpec, ConsumerState, Log,
    MessageId, Queue, QueueError, Reader, Receipt, Record, Seq, Start, Storage, StreamName,
    StreamSpec, Subject,
};
use broker_nats::NatsBroker;
use broker_virtual::VirtualLog;
use tokio::time::{sleep, timeout};

use crate::op::{CONSUMERS, FILTERS, Op, SUBJECTS};

const LONG: Duration = Duration::from_secs(10);
const SHORT: Duration = Duration::from_millis(25);
/// No id is forgotten in a sequence of requests: the two do not tell the time alike.
const WINDOW: Duration = Duration::from_secs(3600);
const NAME: &str = "same";

pub struct Pair {
    real: NatsBroker,
    memory: VirtualLog,
    /// Those of this stream, over all its lives.
    receipts: Vec<Receipt>,
    appended: u64,
}

/// Different answers.
type Differs = String;

fn stream() -> StreamName {
    StreamName::new(NAME).unwrap()
}

fn subject(rest: &str) -> Subject {
    Subject::new(format!("{NAME}.{rest}")).unwrap()
}

fn filters(index: usize) -> Vec<Subject> {
    FILTERS
        .get(index)
        .into_iter()
        .flat_map(|rests| rests.iter().map(|rest| subject(rest)))
        .collect()
}

fn consumer(index: usize) -> ConsumerName {
    ConsumerName::new(CONSUMERS[index]).unwrap()
}

/// What of a record does not depend on the hour.
type Shown = (Subject, u64, Vec<u8>, u64);

fn shown(record: Record) -> Shown {
    (record.subject, record.seq.0, record.payload.to_vec(), record.pending)
}

fn kind(error: &BrokerError) -> &'static str {
    match error {
        BrokerError::Unavailable(_) => "unavailable",
        BrokerError::Gone(_) => "gone",
        BrokerError::Conflict { .. } => "conflict",
        BrokerError::Unsuitable(_) => "unsuitable",
        BrokerError::Name(_) => "name",
    }
}

fn answer<T>(result: Result<T, BrokerError>) -> Result<T, &'static str> {
    result.map_err(|error| kind(&error))
}

fn queue_answer<T>(result: Result<T, QueueError>) -> Result<T, &'static str> {
    result.map_err(|error| match error {
        QueueError::Broker(error) => kind(&error),
        QueueError::Missing { .. } => "missing",
        QueueError::Rejected { .. } => "rejected",
    })
}

fn append_answer(result: Result<Seq, AppendError>) -> Result<Seq, String> {
    result.map_err(|error| match error {
        AppendError::Refused(refusal) => refusal.to_string(),
        AppendError::Rejected(_) => "rejected".to_owned(),
        AppendError::InDoubt(_) => "in doubt".to_owned(),
    })
}

fn same<T: Debug + PartialEq>(memory: T, real: T) -> Result<T, Differs> {
    if memory == real {
        return Ok(real);
    }
    Err(format!("in memory {memory:?}, the real one {real:?}"))
}

/// Asks both, and compares.
macro_rules! both {
    ($self:ident, $translate:expr, |$broker:ident| $ask:expr) => {{
        let memory = {
            let $broker = &$self.memory;
            $translate($ask.await)
        };
        let real = {
            let $broker = &$self.real;
            $translate($ask.await)
        };
        same(memory, real)
    }};
}

impl Pair {
    pub async fn new(real: NatsBroker, memory: VirtualLog) -> Self {
        let pair = Self { real, memory, receipts: Vec::new(), appended: 0 };
        pair.remake(None).await.unwrap();
        pair
    }

    pub async fn run(&mut self, op: &Op) -> Result<(), Differs> {
        match *op {
            Op::Append { subject: index, expects, id } => {
                self.appended += 1;
                let payload = format!("record {}", self.appended);
                let mut append = Append::new(stream(), subject(SUBJECTS[index]), payload);
                if let Some(expects) = expects {
                    let of = subject(SUBJECTS[expects.subject]);
                    let last = self.memory.last(&stream(), &of).await;
                    let last = last.ok().flatten().map_or(0, |record| record.seq.0);
                    append = append.under(of, Seq(last.saturating_add_signed(expects.off)));
                }
                append.id = id.map(|id| MessageId::new(format!("id-{id}")).unwrap());
                both!(self, append_answer, |broker| broker.append(append.clone())).map(drop)
            }
            Op::Last { filter } => {
                let of = &filters(filter)[0];
                let record = |result| answer(result).map(|found: Option<Record>| found.map(shown));
                both!(self, record, |broker| broker.last(&stream(), of)).map(drop)
            }
            Op::FirstAt { subject: index, at } => {
                let of = subject(SUBJECTS[index]);
                let record = |result| answer(result).map(|found: Option<Record>| found.map(shown));
                both!(self, record, |broker| broker.first_at(&stream(), &of, Seq(at))).map(drop)
            }
            Op::Read { filters: index, start } => {
                let start = start.map_or(Start::LastPerSubject, |at| Start::At(Seq(at)));
                self.read(filters(index), start).await
            }
            Op::State => {
                let state = both!(self, answer, |broker| async {
                    let state = broker.state(&stream()).await?;
                    Ok(state.map(|state| (state.first, state.last, state.records)))
                });
                state.map(drop)
            }
            Op::Trim { subject: index, back } => {
                let of = subject(SUBJECTS[index]);
                let state = self.memory.state(&stream()).await.unwrap();
                let below = Seq((state.map_or(0, |state| state.last.0) + 1).saturating_sub(back));
                both!(self, answer, |broker| broker.trim(&stream(), &of, below)).map(drop)
            }
            Op::Delete => both!(self, answer, |broker| broker.delete(&stream())).map(drop),
            Op::Remake { max_per_subject } => self.remake(max_per_subject).await,
            Op::Consumer { name, filters: index, max_deliver, max_ack_pending } => {
                let spec = ConsumerSpec {
                    name: consumer(name),
                    filters: filters(index),
                    ack_wait: Duration::from_secs(600),
                    max_deliver,
                    max_ack_pending,
                };
                // One whose last filter is taken away is deaf, and the server's books about it are
                // wrong in more ways than the one in memory has: such a one is made anew.
                if spec.filters.is_empty() {
                    both!(self, queue_answer, |broker| broker.remove(&stream(), &spec.name))?.ok();
                }
                both!(self, queue_answer, |broker| broker.consumer(&stream(), &spec)).map(drop)
            }
            Op::Pull { name } => self.pull(&consumer(name)).await,
            Op::Ack { back } => {
                let Some(receipt) = self.receipt(back) else { return Ok(()) };
                let memory = queue_answer(self.memory.ack(&receipt).await);
                // The real one would not answer either; that takes a long time to find out.
                if memory == Err("unavailable") {
                    return Ok(());
                }
                same(memory, queue_answer(self.real.ack(&receipt).await)).map(drop)
            }
            Op::Nak { back } => {
                let Some(receipt) = self.receipt(back) else { return Ok(()) };
                both!(self, queue_answer, |broker| broker.nak(&receipt)).map(drop)
            }
            Op::Remove { name } => {
                let name = consumer(name);
                both!(self, queue_answer, |broker| broker.remove(&stream(), &name)).map(drop)
            }
            Op::Progress { name } => self.progress(&consumer(name)).await,
        }
    }

    fn receipt(&self, back: usize) -> Option<Receipt> {
        self.receipts.iter().rev().nth(back).cloned()
    }

    async fn remake(&self, max_per_subject: Option<u64>) -> Result<(), Differs> {
        both!(self, answer, |broker| broker.delete(&stream())).map(drop)?;
        let spec = StreamSpec {
            max_per_subject,
            duplicate_window: WINDOW,
            ..StreamSpec::new(stream(), subject(">"), Storage::Memory)
        };
        both!(self, answer, |broker| broker.ensure(&spec)).map(drop)
    }

    /// Reads until the reader has caught up.
    async fn read(&self, filters: Vec<Subject>, start: Start) -> Result<(), Differs> {
        let memory = read_all(&self.memory, filters.clone(), start, SHORT).await;
        let patience = if memory.as_ref().is_ok_and(Vec::is_empty) { SHORT } else { LONG };
        same(memory, read_all(&self.real, filters, start, patience).await).map(drop)
    }

    async fn pull(&mut self, consumer: &ConsumerName) -> Result<(), Differs> {
        let shown = |delivery: Option<broker::Delivery>| {
            delivery.map(|delivery| (shown(delivery.record), delivery.receipt))
        };
        let memory = self.memory.pull(&stream(), consumer, Duration::ZERO).await;
        let memory = queue_answer(memory).map(shown);
        let patience = if memory == Ok(None) { SHORT } else { LONG };
        let real = self.real.pull(&stream(), consumer, patience).await;
        if let Ok(Some((_, receipt))) = same(memory, queue_answer(real).map(shown))? {
            self.receipts.push(receipt);
        }
        Ok(())
    }

    /// The real one removes what was trimmed or evicted from its books a little later.
    async fn progress(&self, consumer: &ConsumerName) -> Result<(), Differs> {
        let mut differs = Ok(());
        for _ in 0..100 {
            let memory = queue_answer(self.memory.progress(&stream(), consumer).await);
            let real = queue_answer(self.real.progress(&stream(), consumer).await);
            differs = same(memory.map(counts), real.map(counts)).map(drop);
            if differs.is_ok() {
                return Ok(());
            }
            sleep(Duration::from_millis(10)).await;
        }
        differs
    }
}

/// What both count. The real one does not say each time how far it has looked.
fn counts(state: Option<ConsumerState>) -> Option<(u64, u64, u64)> {
    state.map(|state| (state.waiting, state.unacked, state.redelivered))
}

async fn read_all(
    broker: &impl Log,
    filters: Vec<Subject>,
    start: Start,
    patience: Duration,
) -> Result<Vec<Shown>, &'static str> {
    let mut reader = answer(broker.read(&stream(), filters, start).await)?;
    let mut seen = Vec::new();
    while let Ok(record) = timeout(patience, reader.next()).await {
        let record = answer(record)?;
        let pending = record.pending;
        seen.push(shown(record));
        if pending == 0 {
            break;
        }
    }
    Ok(seen)
}
