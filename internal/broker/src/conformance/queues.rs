//! Checks of durable consumers. Several state what nobody would wish for; they hold all the same.

use std::time::Duration;

use futures_util::join;

use super::{Bench, text, within};
use crate::{
    Admin, BrokerError, ConsumerName, ConsumerSpec, ConsumerState, Delivery, Queue, QueueError,
    Receipt, Seq,
};

/// Long enough for what is there to arrive.
const SOON: Duration = Duration::from_secs(5);
/// For what must not arrive.
const QUIET: Duration = Duration::from_millis(150);
/// A wait that is over during a check.
const SHORT: Duration = Duration::from_millis(300);

/// The consumer of a check.
struct Desk<'a, B>(&'a Bench<B>);

impl<B: Admin + Queue> Desk<'_, B> {
    fn name(&self) -> ConsumerName {
        ConsumerName::new("durable").expect("a good name")
    }

    /// A consumer that waits long, delivers for ever, and has room.
    fn spec(&self, filters: &[&str]) -> ConsumerSpec {
        ConsumerSpec {
            name: self.name(),
            filters: filters.iter().map(|rest| self.0.subject(rest)).collect(),
            ack_wait: Duration::from_secs(30),
            max_deliver: None,
            max_ack_pending: 100,
        }
    }

    async fn make(&self, spec: &ConsumerSpec) {
        let made = within(self.0.broker.consumer(&self.0.stream(), spec)).await;
        made.expect("the consumer is made");
    }

    async fn filter(&self, filters: &[&str]) {
        self.make(&self.spec(filters)).await;
    }

    async fn remove(&self) {
        let removed = within(self.0.broker.remove(&self.0.stream(), &self.name())).await;
        removed.expect("the consumer is removed");
    }

    async fn try_pull(&self, patience: Duration) -> Result<Option<Delivery>, QueueError> {
        within(self.0.broker.pull(&self.0.stream(), &self.name(), patience)).await
    }

    async fn pull(&self) -> Delivery {
        let pulled = self.try_pull(SOON).await.expect("the consumer answers");
        pulled.expect("there is a delivery")
    }

    /// Pulls as many, as `seq x tries`.
    async fn pull_all(&self, count: usize) -> Vec<(u64, u64)> {
        let mut seen = Vec::new();
        for _ in 0..count {
            let receipt = self.pull().await.receipt;
            seen.push((receipt.seq.0, receipt.tries));
        }
        seen
    }

    async fn assert_quiet(&self) {
        let pulled = self.try_pull(QUIET).await.expect("the consumer answers");
        assert!(pulled.is_none(), "nothing more was expected, but there is {pulled:?}");
    }

    async fn ack(&self, receipt: &Receipt) {
        within(self.0.broker.ack(receipt)).await.expect("the broker has understood");
    }

    async fn nak(&self, receipt: &Receipt) {
        within(self.0.broker.nak(receipt)).await.expect("the broker has understood");
    }

    /// Waiting, unacknowledged, redelivered.
    async fn progress(&self) -> (u64, u64, u64) {
        let state = within(self.0.broker.progress(&self.0.stream(), &self.name())).await;
        let state = state.expect("the consumer answers").expect("there is a consumer");
        let ConsumerState { waiting, unacked, redelivered, .. } = state;
        (waiting, unacked, redelivered)
    }

    async fn position(&self) -> u64 {
        let state = within(self.0.broker.progress(&self.0.stream(), &self.name())).await;
        state.expect("the consumer answers").expect("there is a consumer").position.0
    }
}

/// A desk on a fresh stream that holds records under these subjects.
async fn desk<'a, B: Admin + Queue>(bench: &'a Bench<B>, subjects: &[&str]) -> Desk<'a, B> {
    bench.make(&bench.spec()).await;
    for subject in subjects {
        bench.put(subject, subject).await;
    }
    Desk(bench)
}

fn assert_missing<T: std::fmt::Debug>(result: &Result<T, QueueError>) {
    assert!(matches!(result, Err(QueueError::Missing { .. })), "must be missing: {result:?}");
}

/// From the first record on, what matches a filter is delivered, in order and once; what is
/// acknowledged is done with.
pub async fn a_consumer_delivers_in_order<B: Admin + Queue>(bench: &Bench<B>) {
    let desk = desk(bench, &["a", "b", "c.1", "a", "c.2"]).await;
    desk.filter(&["a", "c.*"]).await;
    assert_eq!(desk.progress().await, (4, 0, 0));
    for (number, (seq, subject)) in [(1, "a"), (3, "c.1"), (4, "a"), (5, "c.2")].iter().enumerate()
    {
        let Delivery { record, receipt } = desk.pull().await;
        assert_eq!((record.seq, text(&record).as_str()), (Seq(*seq), *subject));
        assert_eq!(record.subject, bench.subject(subject));
        assert_eq!(record.pending, 3 - number as u64);
        assert_eq!((receipt.seq, receipt.number), (Seq(*seq), number as u64 + 1));
        assert_eq!(receipt.tries, 1);
        desk.ack(&receipt).await;
    }
    desk.assert_quiet().await;
    assert_eq!(desk.progress().await, (0, 0, 0));
}

/// A pull waits for a record, also one that comes while it waits.
pub async fn a_pull_waits<B: Admin + Queue>(bench: &Bench<B>) {
    let desk = desk(bench, &[]).await;
    desk.filter(&["a"]).await;
    desk.assert_quiet().await;
    let put = async {
        tokio::time::sleep(QUIET).await;
        bench.put("b", "not this").await;
        bench.put("a", "this").await
    };
    let (delivery, seq) = join!(desk.pull(), put);
    assert_eq!(delivery.record.seq, seq);
}

/// Making a consumer that is there, as it is, changes nothing.
pub async fn making_a_consumer_again_keeps_its_position<B: Admin + Queue>(bench: &Bench<B>) {
    let desk = desk(bench, &["a", "a"]).await;
    desk.filter(&["a"]).await;
    let first = desk.pull().await;
    desk.filter(&["a"]).await;
    assert_eq!(desk.pull_all(1).await, [(2, 1)]);
    desk.ack(&first.receipt).await;
    assert_eq!(desk.progress().await, (0, 1, 0));
}

/// A subject that is added brings only what lies ahead of the consumer's position; its backlog is
/// never delivered. This is what loses messages when filters are swapped at a rebalance.
pub async fn an_added_subject_never_goes_back<B: Admin + Queue>(bench: &Bench<B>) {
    let desk = desk(bench, &["b", "b", "a", "b", "a", "b"]).await;
    desk.filter(&["a"]).await;
    let first = desk.pull().await.receipt;
    desk.ack(&first).await;
    assert_eq!(first.seq, Seq(3));
    assert_eq!(desk.position().await, 3);
    desk.filter(&["a", "b"]).await;
    assert_eq!(desk.progress().await.0, 3, "the two before the position do not even count");
    assert_eq!(desk.pull_all(3).await, [(4, 1), (5, 1), (6, 1)]);
    desk.assert_quiet().await;
}

/// A consumer that looked for more, and found none, is past everything: the backlog of a subject
/// that is added is lost to it altogether.
pub async fn an_idle_consumer_is_past_the_backlog<B: Admin + Queue>(bench: &Bench<B>) {
    let desk = desk(bench, &["a", "b", "b", "b"]).await;
    desk.filter(&["a"]).await;
    assert_eq!(desk.pull_all(1).await, [(1, 1)]);
    desk.assert_quiet().await;
    desk.filter(&["a", "b"]).await;
    assert_eq!(desk.progress().await.0, 0);
    let position = desk.position().await;
    assert!(
        (1..=4).contains(&position),
        "it has looked at all four, and may not say so: {position}"
    );
    desk.assert_quiet().await;
    bench.put("b", "new").await;
    assert_eq!(desk.pull_all(1).await, [(5, 1)]);
}

/// A consumer whose last filter is taken away delivers everything from its position on.
pub async fn no_filter_means_everything<B: Admin + Queue>(bench: &Bench<B>) {
    let desk = desk(bench, &["a", "b", "c"]).await;
    desk.filter(&["a"]).await;
    assert_eq!(desk.pull_all(1).await, [(1, 1)]);
    desk.filter(&[]).await;
    assert_eq!(desk.pull_all(2).await, [(2, 1), (3, 1)]);
}

/// A consumer whose last filter was taken away does not hear of new records: a pull that waits goes
/// on waiting, only the next one finds them. Given a filter it hears again.
pub async fn a_consumer_without_its_filters_is_deaf<B: Admin + Queue>(bench: &Bench<B>) {
    let desk = desk(bench, &["a"]).await;
    desk.filter(&["a"]).await;
    assert_eq!(desk.pull_all(1).await, [(1, 1)]);
    desk.filter(&[]).await;
    let put = async |subject| {
        tokio::time::sleep(QUIET).await;
        bench.put(subject, "new").await;
    };
    let ((), ()) = join!(put("a"), async {
        let waited = desk.try_pull(QUIET * 4).await.expect("the consumer answers");
        assert!(waited.is_none(), "it heard of {waited:?}");
    });
    assert_eq!(desk.progress().await.0, 0);
    assert_eq!(desk.pull_all(1).await, [(2, 1)]);
    desk.filter(&["a", "b"]).await;
    let (heard, ()) = join!(desk.pull(), put("b"));
    assert_eq!(heard.receipt.seq, Seq(3));
}

/// A record that was delivered once is delivered again though its subject was taken away.
pub async fn redeliveries_ignore_the_filter<B: Admin + Queue>(bench: &Bench<B>) {
    let desk = desk(bench, &["a", "b", "a"]).await;
    desk.filter(&["a"]).await;
    let first = desk.pull().await.receipt;
    desk.filter(&["b"]).await;
    desk.nak(&first).await;
    assert_eq!(desk.pull_all(2).await, [(1, 2), (2, 1)]);
    desk.assert_quiet().await;
}

/// What is not acknowledged in time comes again, before anything new, and counts its tries.
pub async fn what_is_not_acknowledged_comes_again<B: Admin + Queue>(bench: &Bench<B>) {
    let desk = desk(bench, &["a", "a", "a"]).await;
    desk.make(&ConsumerSpec { ack_wait: SHORT, ..desk.spec(&["a"]) }).await;
    assert_eq!(desk.pull_all(2).await, [(1, 1), (2, 1)]);
    tokio::time::sleep(SHORT * 2).await;
    assert_eq!(desk.pull_all(3).await, [(1, 2), (2, 2), (3, 1)]);
    assert_eq!(desk.progress().await, (0, 3, 2));
}

/// A pull that waits gets what is to be delivered again.
pub async fn a_pull_waits_for_redeliveries<B: Admin + Queue>(bench: &Bench<B>) {
    let desk = desk(bench, &["a"]).await;
    desk.make(&ConsumerSpec { ack_wait: SHORT, ..desk.spec(&["a"]) }).await;
    assert_eq!(desk.pull_all(2).await, [(1, 1), (1, 2)]);
}

/// A refused record comes again at once, before new ones, in the order of the refusals; refused
/// twice it comes once.
pub async fn a_nak_brings_it_back<B: Admin + Queue>(bench: &Bench<B>) {
    let desk = desk(bench, &["a", "a", "a"]).await;
    desk.filter(&["a"]).await;
    let (first, second) = (desk.pull().await.receipt, desk.pull().await.receipt);
    desk.nak(&second).await;
    desk.nak(&first).await;
    desk.nak(&second).await;
    assert_eq!(desk.pull_all(3).await, [(2, 2), (1, 2), (3, 1)]);
    desk.assert_quiet().await;
}

/// A record that was delivered as often as allowed is given up, and stays in the stream. It goes on
/// counting as redelivered, if a second try was allowed at all.
pub async fn the_last_try_is_the_last<B: Admin + Queue>(bench: &Bench<B>) {
    for most in [1, 2] {
        let desk = desk(bench, &["a", "a"]).await;
        let spec = desk.spec(&["a"]);
        desk.make(&ConsumerSpec { ack_wait: SHORT, max_deliver: Some(most), ..spec }).await;
        for tries in 1..=u64::from(most) {
            assert_eq!(desk.pull().await.receipt.tries, tries);
            tokio::time::sleep(SHORT * 2).await;
        }
        let second = desk.pull().await.receipt;
        assert_eq!((second.seq, second.tries), (Seq(2), 1));
        desk.ack(&second).await;
        desk.assert_quiet().await;
        let counted = u64::from(most > 1);
        assert_eq!(desk.progress().await, (0, 0, counted), "{most}: given up, not acknowledged");
        assert_eq!(bench.first_at("a", Seq(1)).await.map(|record| record.seq), Some(Seq(1)));
    }
}

/// While too many are unacknowledged nothing new is delivered; an acknowledgement makes room.
pub async fn unacknowledged_records_are_bounded<B: Admin + Queue>(bench: &Bench<B>) {
    let desk = desk(bench, &["a", "a", "a", "a"]).await;
    desk.make(&ConsumerSpec { max_ack_pending: 2, ..desk.spec(&["a"]) }).await;
    let first = desk.pull().await.receipt;
    assert_eq!(desk.pull_all(1).await, [(2, 1)]);
    desk.assert_quiet().await;
    desk.nak(&first).await;
    assert_eq!(desk.pull_all(1).await, [(1, 2)], "what is pending may come again");
    let (delivery, ()) = join!(desk.pull(), async {
        tokio::time::sleep(QUIET).await;
        desk.ack(&first).await;
    });
    assert_eq!(delivery.receipt.seq, Seq(3));
}

/// An acknowledgement of an earlier delivery counts for the later one: the zombie's acknowledgement
/// takes the record from its new owner.
pub async fn an_ack_fences_nothing<B: Admin + Queue>(bench: &Bench<B>) {
    let desk = desk(bench, &["a", "a"]).await;
    desk.make(&ConsumerSpec { ack_wait: SHORT, ..desk.spec(&["a"]) }).await;
    let zombie = desk.pull().await.receipt;
    let owner = desk.pull_all(2).await;
    assert_eq!(owner, [(2, 1), (1, 2)]);
    desk.ack(&zombie).await;
    assert_eq!(desk.progress().await, (0, 1, 0), "only the other one is pending");
    desk.ack(&zombie).await;
    desk.nak(&zombie).await;
    tokio::time::sleep(SHORT * 2).await;
    assert_eq!(desk.pull_all(1).await, [(2, 2)]);
    desk.assert_quiet().await;
}

/// A refusal by a zombie takes effect as well: the record comes again under its new owner's hands.
pub async fn a_nak_fences_nothing<B: Admin + Queue>(bench: &Bench<B>) {
    let desk = desk(bench, &["a"]).await;
    desk.make(&ConsumerSpec { ack_wait: SHORT, ..desk.spec(&["a"]) }).await;
    let zombie = desk.pull().await.receipt;
    assert_eq!(desk.pull_all(1).await, [(1, 2)]);
    desk.filter(&["a"]).await; // A long wait again, so that only the refusal brings it back.
    desk.nak(&zombie).await;
    assert_eq!(desk.pull_all(1).await, [(1, 3)]);
}

/// An acknowledgement from a consumer that was deleted counts at a new one of the same name, once
/// that has delivered the record; before, the broker does not answer, and nothing happens.
pub async fn an_ack_outlives_its_consumer<B: Admin + Queue>(bench: &Bench<B>) {
    let desk = desk(bench, &["a", "a"]).await;
    desk.filter(&["a"]).await;
    let zombie = desk.pull().await.receipt;
    desk.remove().await;
    desk.filter(&["a"]).await;
    let early = within(bench.broker.ack(&zombie)).await;
    let unanswered = matches!(early, Err(QueueError::Broker(BrokerError::Unavailable(_))));
    assert!(unanswered, "{early:?}");
    assert_eq!(desk.pull_all(1).await, [(1, 1)]);
    assert_eq!(desk.progress().await, (1, 1, 0));
    desk.ack(&zombie).await;
    assert_eq!(desk.progress().await, (1, 0, 0));
}

/// A refusal is held against the deliveries of the present consumer: one with a number that it has
/// not reached does nothing.
pub async fn a_nak_of_an_unknown_delivery_does_nothing<B: Admin + Queue>(bench: &Bench<B>) {
    let desk = desk(bench, &["b", "b", "b", "a"]).await;
    desk.filter(&[]).await;
    assert_eq!(desk.pull_all(3).await.len(), 3);
    let zombie = desk.pull().await.receipt;
    assert_eq!((zombie.seq, zombie.number), (Seq(4), 4));
    desk.remove().await;
    desk.filter(&["a"]).await;
    let owner = desk.pull().await.receipt;
    assert_eq!((owner.seq, owner.number), (Seq(4), 1));
    desk.nak(&zombie).await;
    desk.assert_quiet().await;
    desk.nak(&owner).await;
    assert_eq!(desk.pull_all(1).await, [(4, 2)]);
}

/// A consumer that is not there delivers nothing and takes nothing; a pull that waits ends with it.
pub async fn a_missing_consumer_is_missing<B: Admin + Queue>(bench: &Bench<B>) {
    let desk = desk(bench, &["a"]).await;
    assert_missing(&desk.try_pull(QUIET).await);
    desk.filter(&["a"]).await;
    let receipt = desk.pull().await.receipt;
    let remove = async {
        tokio::time::sleep(QUIET).await;
        desk.remove().await;
    };
    let (pulled, ()) = join!(desk.try_pull(SOON), remove);
    assert_missing(&pulled);
    assert_missing(&within(bench.broker.ack(&receipt)).await);
    assert_missing(&within(bench.broker.nak(&receipt)).await);
    assert_missing(&desk.try_pull(QUIET).await);
    desk.remove().await;
    let progress = within(bench.broker.progress(&bench.stream(), &desk.name())).await;
    assert_eq!(progress.expect("it is no outage"), None);
}

/// A consumer of a stream that does not exist is no consumer.
pub async fn a_consumer_needs_its_stream<B: Admin + Queue>(bench: &Bench<B>) {
    let desk = desk(bench, &["a"]).await;
    desk.filter(&["a"]).await;
    bench.broker.delete(&bench.stream()).await.expect("the stream is deleted");
    let (stream, spec) = (bench.stream(), desk.spec(&["a"]));
    let gone = |result: Result<(), QueueError>| {
        let gone = matches!(result, Err(QueueError::Broker(BrokerError::Gone(_))));
        assert!(gone, "must be gone: {result:?}");
    };
    gone(within(bench.broker.consumer(&stream, &spec)).await);
    gone(desk.try_pull(QUIET).await.map(|_| ()));
    gone(within(bench.broker.progress(&stream, &spec.name)).await.map(|_| ()));
    gone(within(bench.broker.remove(&stream, &spec.name)).await);
}

/// Filters that take a subject twice are refused, and the consumer stays as it was.
pub async fn overlapping_filters_are_rejected<B: Admin + Queue>(bench: &Bench<B>) {
    let desk = desk(bench, &["a.1", "b"]).await;
    desk.filter(&["b"]).await;
    for filters in [&["a.*", "a.1"][..], &["a.>", "a.*"], &["b", "b"]] {
        let result = within(bench.broker.consumer(&bench.stream(), &desk.spec(filters))).await;
        assert!(matches!(result, Err(QueueError::Rejected { .. })), "{filters:?}: {result:?}");
    }
    assert_eq!(desk.pull_all(1).await, [(2, 1)]);
    desk.assert_quiet().await;
}

/// A pending record that is trimmed is not delivered again, and not pending any more.
pub async fn a_trimmed_record_is_not_pending<B: Admin + Queue>(bench: &Bench<B>) {
    let desk = desk(bench, &["a", "a", "a"]).await;
    desk.filter(&["a"]).await;
    let first = desk.pull().await.receipt;
    assert_eq!(desk.pull_all(1).await, [(2, 1)]);
    desk.nak(&first).await;
    let trimmed = bench.broker.trim(&bench.stream(), &bench.subject("a"), Seq(2)).await;
    trimmed.expect("it is trimmed");
    assert_eq!(desk.pull_all(1).await, [(3, 1)]);
    desk.assert_quiet().await;
    assert_eq!(desk.progress().await, (0, 2, 0));
}

/// A pending record whose subject was taken away, and that is then trimmed, stays pending: the
/// consumer finds out when it is to deliver it again.
pub async fn a_trim_of_a_lost_subject_goes_unnoticed<B: Admin + Queue>(bench: &Bench<B>) {
    let desk = desk(bench, &["a", "b"]).await;
    desk.filter(&["a"]).await;
    let first = desk.pull().await.receipt;
    desk.filter(&["b"]).await;
    let trimmed = bench.broker.trim(&bench.stream(), &bench.subject("a"), Seq(2)).await;
    trimmed.expect("it is trimmed");
    assert_eq!(desk.progress().await, (1, 1, 0));
    desk.nak(&first).await;
    assert_eq!(desk.pull_all(1).await, [(2, 1)]);
    assert_eq!(desk.progress().await, (0, 1, 0));
}

/// Trimming the only subject of a consumer counts everything before what is left as done with: a
/// record of another subject that is pending, and still there, is not delivered again.
pub async fn a_trim_settles_what_lies_before<B: Admin + Queue>(bench: &Bench<B>) {
    let desk = desk(bench, &["b", "a", "a"]).await;
    desk.filter(&["a", "b"]).await;
    let first = desk.pull().await.receipt;
    desk.filter(&["a"]).await;
    let trimmed = bench.broker.trim(&bench.stream(), &bench.subject("a"), Seq(3)).await;
    trimmed.expect("it is trimmed");
    assert_eq!(desk.progress().await, (1, 0, 0));
    desk.nak(&first).await;
    assert_eq!(desk.pull_all(1).await, [(3, 1)]);
    desk.assert_quiet().await;
    assert_eq!(bench.last("b").await.map(|record| record.seq), Some(Seq(1)));
}

/// Trimming one record tells the consumer of it; trimming several tells it only if what it knows to
/// be done with ends before the stream now begins.
pub async fn a_trim_of_several_goes_unnoticed<B: Admin + Queue>(bench: &Bench<B>) {
    for (below, unacked) in [(4, 2), (5, 3)] {
        let desk = desk(bench, &["b", "b", "a", "a"]).await;
        desk.filter(&[">"]).await;
        let first = desk.pull().await.receipt;
        desk.ack(&first).await;
        assert_eq!(desk.pull_all(3).await, [(2, 1), (3, 1), (4, 1)]);
        let trimmed = bench.broker.trim(&bench.stream(), &bench.subject("a"), Seq(below)).await;
        trimmed.expect("it is trimmed");
        // The server does the one thing a little later.
        tokio::time::sleep(QUIET).await;
        assert_eq!(desk.progress().await, (0, unacked, 0), "below {below}");
    }
}

/// Trimming takes what was refused from the queue of redeliveries: it comes again only when its wait
/// is over.
pub async fn a_trim_delays_redeliveries<B: Admin + Queue>(bench: &Bench<B>) {
    let desk = desk(bench, &["a", "a"]).await;
    desk.filter(&["a"]).await;
    assert_eq!(desk.pull_all(1).await, [(1, 1)]);
    let second = desk.pull().await.receipt;
    desk.nak(&second).await;
    let trimmed = bench.broker.trim(&bench.stream(), &bench.subject("a"), Seq(2)).await;
    trimmed.expect("it is trimmed");
    desk.assert_quiet().await;
    assert_eq!(desk.progress().await, (0, 1, 0));
    desk.nak(&second).await;
    assert_eq!(desk.pull_all(1).await, [(2, 2)]);
}

/// Trimming one subject of a consumer takes nothing of its others, and does not move it past them.
pub async fn a_trim_spares_other_subjects<B: Admin + Queue>(bench: &Bench<B>) {
    for filters in [&["a", "b"][..], &["*"], &[]] {
        let desk = desk(bench, &["a", "b", "b", "a", "b"]).await;
        desk.filter(filters).await;
        assert_eq!(desk.progress().await.0, 5);
        let trimmed = bench.broker.trim(&bench.stream(), &bench.subject("a"), Seq(4)).await;
        trimmed.expect("it is trimmed");
        assert_eq!(desk.progress().await.0, 4);
        assert_eq!(desk.pull_all(4).await, [(2, 1), (3, 1), (4, 1), (5, 1)], "{filters:?}");
        desk.assert_quiet().await;
    }
}

/// A pending record that makes room for a newer one of its subject is not pending any more.
pub async fn an_evicted_record_is_not_pending<B: Admin + Queue>(bench: &Bench<B>) {
    let spec = crate::StreamSpec { max_per_subject: Some(1), ..bench.spec() };
    bench.make(&spec).await;
    let desk = Desk(bench);
    bench.put("a", "1").await;
    bench.put("b", "2").await;
    desk.filter(&["*"]).await;
    let first = desk.pull().await.receipt;
    assert_eq!(desk.pull_all(1).await, [(2, 1)]);
    bench.put("a", "3").await;
    assert_eq!(desk.pull_all(1).await, [(3, 1)]);
    desk.nak(&first).await;
    desk.assert_quiet().await;
    assert_eq!(desk.progress().await, (0, 2, 0));
}
