//! A producer at work: arrivals in, publishes out, one at a time for each partition.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use broker::{BrokerError, Log, Seq, StreamName, Subject};
use bugs::Bug;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, FuturesUnordered};
use futures_util::{StreamExt, TryStreamExt};
use model::{
    Durations, Message, PartitionId, PartitionSeq, ProducerId, ProducerSeq, RunClock, Seed, Weight,
    watch,
};
use parti::Names;
use reports::{Channel, PartitionSent, ProducerReport, Range, Report};
use tokio::time::Instant;

use crate::arrivals::Arrivals;
use crate::error::ProducerError;
use crate::publish::{Published, Publishing, publish};
use crate::resume::{Place, last, place};
use crate::variation::Variation;

/// How often a producer reports.
const REPORT_EVERY: Duration = Duration::from_secs(1);
/// …and what a partition adds to that: a report tells of all of them, and the more there are, the
/// longer it is.
const REPORT_EVERY_PARTITION: Duration = Duration::from_millis(100);
/// Arrivals of one partition that wait while its publish hangs; further ones are not sent, and
/// counted.
const OWED_MAX: usize = 10_000;

/// Partitions whose places are asked for at once when a producer begins.
const ASKED_AT_ONCE: usize = 64;

/// Ranges of earlier lives that a report repeats for each partition. Older ones were read long ago.
const EARLIER_MAX: usize = 16;

/// What a producer is.
#[derive(Clone, Debug)]
pub struct ProducerSettings {
    /// Its name.
    pub id: ProducerId,
    /// Its partitions, with their weights and rates in messages per second.
    pub partitions: Vec<(PartitionId, Weight, f64)>,
    /// How each message is stored once.
    pub publishing: Publishing,
    /// How the rates vary.
    pub variation: Option<Variation>,
    /// The run's seed.
    pub seed: Seed,
    /// The run's clock: arrivals count from its start.
    pub clock: RunClock,
    /// How long publishes may stay in doubt after the producer was told to stop.
    pub give_up_after: Duration,
    /// Whether it reports how long each message took until it was known to be stored.
    pub measured: bool,
}

/// What is known of one partition.
#[derive(Debug)]
struct Sending {
    weight: Weight,
    subject: Subject,
    place: Place,
    /// What earlier lives had acknowledged, as they reported it.
    earlier: Vec<Range>,
    /// The first and the last sequence that this life had acknowledged.
    acked: Option<Range>,
    /// The sequence that is being published, and when it fell due.
    publishing: Option<(PartitionSeq, Duration)>,
    /// Due times of messages that wait for the publish before them.
    owed: VecDeque<Duration>,
}

/// A producer.
pub struct Producer<B> {
    broker: B,
    /// Of messages.
    stream: StreamName,
    channel: Channel,
    settings: ProducerSettings,
    partitions: BTreeMap<PartitionId, Sending>,
    producer_seq: ProducerSeq,
    report: ProducerReport,
    publishes: Publishes,
    /// What it reported last.
    reported: watch::Sender<Option<ProducerReport>>,
}

type Publishes = FuturesUnordered<BoxFuture<'static, Result<Published, ProducerError>>>;

impl Sending {
    fn new(weight: Weight, subject: Subject, place: Place) -> Self {
        let (earlier, owed) = (Vec::new(), VecDeque::new());
        Self { weight, subject, place, earlier, acked: None, publishing: None, owed }
    }
}

/// Publishes that are there from the beginning.
const NEVER_ENDING: usize = 1;

/// Publishes under way, with one that never ends: where all that there are were looked at, the whole
/// producer has another turn, which a single publish would cost with every step it takes.
fn one_that_never_ends() -> Publishes {
    let publishes = Publishes::new();
    publishes.push(Box::pin(std::future::pending()));
    publishes
}

impl<B: Log> Producer<B> {
    /// A producer that goes on after what the stream holds. Waits through outages.
    ///
    /// # Errors
    ///
    /// [`ProducerError::Broker`] if the streams cannot be used.
    pub async fn start(
        broker: B,
        names: Names,
        channel: Channel,
        settings: ProducerSettings,
    ) -> Result<Self, ProducerError> {
        let mut partitions = BTreeMap::new();
        let mut producer_seq = ProducerSeq(0);
        let asked: Vec<_> =
            settings.partitions.iter().map(|(p, ..)| place(&broker, &names, *p)).collect();
        let places: Vec<_> = stream::iter(asked).buffered(ASKED_AT_ONCE).try_collect().await?;
        for ((partition, weight, _), place) in settings.partitions.iter().zip(places) {
            producer_seq = producer_seq.max(place.producer_seq);
            let sending = Sending::new(*weight, names.message(*partition), place);
            partitions.insert(*partition, sending);
        }
        let subject = channel.producer(&settings.id);
        let earlier = last(&broker, &channel.stream, &subject).await?;
        let mut session = 1;
        if let Some(Report::Producer(report)) = earlier.as_ref().and_then(Report::decode) {
            session = report.session + 1;
            // A report replaces the one before: what that said would be unsaid.
            for (partition, mut sent) in report.partitions {
                if let Some(sending) = partitions.get_mut(&partition) {
                    let old = sent.acked.len().saturating_sub(EARLIER_MAX);
                    sending.earlier = sent.acked.split_off(old);
                }
            }
        }
        let report = ProducerReport {
            producer: settings.id.clone(),
            session,
            at: settings.clock.now(),
            partitions: BTreeMap::new(),
            retries: 0,
            rejected: 0,
            recovered: 0,
            shed: 0,
            publishing: settings.measured.then(Durations::default),
            finished: false,
        };
        let (stream, publishes) = (names.messages, one_that_never_ends());
        let reported = watch::Sender::new(None);
        Ok(Self {
            broker,
            stream,
            channel,
            settings,
            partitions,
            producer_seq,
            report,
            publishes,
            reported,
        })
    }

    /// What it reported last, for whoever looks on in the same process; nothing unless it is
    /// measured.
    pub fn reported(&self) -> watch::Receiver<Option<ProducerReport>> {
        self.reported.subscribe()
    }

    /// Sends until `stop` is raised, then resolves what is in doubt and says that it has finished.
    ///
    /// # Errors
    ///
    /// [`ProducerError`] if the streams cannot be used any more.
    pub async fn run(mut self, stop: watch::Receiver<bool>) -> Result<(), ProducerError> {
        let rates: Vec<_> =
            self.settings.partitions.iter().map(|(p, _, rate)| (*p, *rate)).collect();
        let rng = self.settings.seed.rng(&format!("arrivals of {}", self.settings.id));
        let mut arrivals = Arrivals::new(&rates, self.settings.variation.clone(), rng);
        self.skip_past(&mut arrivals);
        let every = self.reports_every();
        let report_due = tokio::time::sleep(every);
        tokio::pin!(report_due);
        let arrival = tokio::time::sleep(Duration::ZERO);
        tokio::pin!(arrival);
        let mut give_up_at = None;
        // It waits for as long as the producer lives, instead of anew in each turn.
        let stopped = watch::raised(stop.clone());
        tokio::pin!(stopped);
        let mut due = if *stop.borrow() { None } else { self.take_due(&mut arrivals) };
        loop {
            if give_up_at.is_none() && *stop.borrow() {
                give_up_at = Some(Instant::now() + self.settings.give_up_after);
                due = None;
                self.forget_owed();
            }
            if give_up_at
                .is_some_and(|at| self.publishes.len() == NEVER_ENDING || at <= Instant::now())
            {
                return self.finish().await;
            }
            if let Some(due) = due
                && due != arrival.deadline()
            {
                arrival.as_mut().reset(due);
            }
            tokio::select! {
                biased;
                () = &mut stopped, if give_up_at.is_none() => {}
                Some(published) = self.publishes.next() => self.published(published?),
                () = &mut report_due => {
                    report_due.as_mut().reset(Instant::now() + every);
                    let report = self.current_report();
                    if let Err(error) = self.channel.send(&self.broker, &report).await {
                        tracing::debug!(producer = %self.settings.id, %error, "not reported");
                    }
                    self.show(report);
                }
                () = &mut arrival, if due.is_some() => due = self.take_due(&mut arrivals),
            }
        }
    }

    fn reports_every(&self) -> Duration {
        REPORT_EVERY.max(REPORT_EVERY_PARTITION * self.partitions.len() as u32)
    }

    /// A producer that starts late, or again, does not make up for what it has missed.
    fn skip_past(&self, arrivals: &mut Arrivals) {
        let now = self.settings.clock.elapsed();
        while arrivals.next_at().is_some_and(|at| at < now) {
            arrivals.take();
        }
    }

    /// Sends what has fallen due; says when more does.
    fn take_due(&mut self, arrivals: &mut Arrivals) -> Option<Instant> {
        let now = self.settings.clock.elapsed();
        while arrivals.next_at()? <= now {
            if let Some((at, partition)) = arrivals.take() {
                self.owe(partition, at);
            }
        }
        arrivals.next_at().map(|at| self.settings.clock.instant_at(at))
    }

    fn owe(&mut self, partition: PartitionId, due: Duration) {
        let Some(sending) = self.partitions.get_mut(&partition) else { return };
        if sending.owed.len() >= OWED_MAX {
            self.report.shed += 1;
            return;
        }
        sending.owed.push_back(due);
        self.publish_next(partition);
    }

    fn forget_owed(&mut self) {
        for sending in self.partitions.values_mut() {
            self.report.shed += sending.owed.len() as u64;
            sending.owed.clear();
        }
    }

    /// Publishes the next message of a partition unless one is under way.
    fn publish_next(&mut self, partition: PartitionId) {
        let Some(sending) = self.partitions.get_mut(&partition) else { return };
        if sending.publishing.is_some() {
            return;
        }
        let Some(due) = sending.owed.pop_front() else { return };
        let seq = PartitionSeq(sending.place.sent.0 + 1);
        self.producer_seq.0 += 1;
        sending.publishing = Some((seq, due));
        let message = Message {
            partition,
            partition_seq: seq,
            producer: self.settings.id.clone(),
            producer_seq: self.producer_seq,
            sent_at: self.settings.clock.at_elapsed(due),
            weight: sending.weight,
        };
        let (broker, how) = (self.broker.clone(), self.settings.publishing);
        let (to, head) = ((self.stream.clone(), sending.subject.clone()), sending.place.head);
        self.publishes.push(Box::pin(publish(broker, how, to, message, head)));
    }

    fn published(&mut self, published: Published) {
        let Published { partition, head, effort } = published;
        self.report.retries += effort.retries;
        self.report.rejected += effort.rejected;
        self.report.recovered += u64::from(effort.recovered);
        if let Some(sending) = self.partitions.get_mut(&partition)
            && let Some((seq, due)) = sending.publishing.take()
        {
            if let Some(publishing) = &mut self.report.publishing {
                publishing.add(self.settings.clock.elapsed().saturating_sub(due));
            }
            sending.place.sent = seq;
            if bugs::has(Bug::DoubtDropped) && head == Seq::NONE {
                sending.earlier.extend(sending.acked.take());
                return self.publish_next(partition);
            }
            sending.place.head = head;
            let first = sending.acked.map_or(seq.0, |acked| acked.0);
            sending.acked = Some(Range(first, seq.0));
        }
        self.publish_next(partition);
    }

    fn show(&self, report: Report) {
        if let Report::Producer(report) = report
            && self.settings.measured
        {
            self.reported.send_replace(Some(report));
        }
    }

    fn current_report(&self) -> Report {
        let sent = |sending: &Sending| PartitionSent {
            acked: sending.earlier.iter().copied().chain(sending.acked).collect(),
            in_doubt: sending.publishing.map(|(seq, _)| Range(seq.0, seq.0)).into_iter().collect(),
        };
        let partitions = self.partitions.iter().map(|(p, sending)| (*p, sent(sending))).collect();
        let at = self.settings.clock.now();
        Report::Producer(ProducerReport { partitions, at, ..self.report.clone() })
    }

    async fn finish(mut self) -> Result<(), ProducerError> {
        self.report.finished = true;
        let report = self.current_report();
        let sending = self.channel.send_until_known(&self.broker, &report);
        if tokio::time::timeout(self.settings.give_up_after, sending).await.is_err() {
            let error = BrokerError::Unavailable("the last report was never acknowledged".into());
            return Err(error.into());
        }
        self.show(report);
        Ok(())
    }
}
