//! Every message is looked up, and its one effect.

use broker::{Append, Log};
use broker_virtual::{Options, VirtualBroker, VirtualLog};
use config::Config;
use model::{PartitionId, PartitionSeq, ProducerId, ProducerSeq, RunClock, Seed, Weight};
use parti::MemberId;
use parti::records::{Epoch, Holder, Session, Term, encode};

use super::*;

/// Streams that a round might have left: for each message its partition, its place and when it was
/// due; and for each effect its partition and the place of the message.
async fn left(
    messages: &[(u32, u64, i64)],
    effects: &[(u32, u64)],
) -> (Setup, VirtualLog, Vec<Timestamp>) {
    let setup = Setup::new(Config::default(), Seed(1), RunClock::starting_at(Timestamp(0)));
    let setup = setup.unwrap();
    let log = VirtualBroker::new(Options::new(Seed(1))).client("bench");
    for spec in setup.streams() {
        log.ensure(&spec).await.unwrap();
    }
    let names = &setup.names;
    for &(partition, seq, due) in messages {
        let message = Message {
            partition: PartitionId(partition),
            partition_seq: PartitionSeq(seq),
            producer: ProducerId("producer-0".into()),
            producer_seq: ProducerSeq(seq),
            sent_at: Timestamp(due),
            weight: Weight(1),
        };
        let subject = names.message(PartitionId(partition));
        let append = Append::new(names.messages.clone(), subject, message.encode());
        log.append(append).await.unwrap();
    }
    let member = MemberId::new("worker-0").unwrap();
    let holder = Holder { term: Term(1), epoch: Epoch(1), session: Session(1), member };
    let mut stored = Vec::new();
    for &(partition, seq) in effects {
        let effect = LedgerRecord::Effect {
            holder: holder.clone(),
            claim: Seq(1),
            through: Seq(1),
            outputs: vec![Output::Done(PartitionSeq(seq))],
        };
        let own = names.own(PartitionId(partition));
        let append = Append::new(names.ledger.clone(), own, encode(&effect));
        log.append(append).await.unwrap();
        let newest = log.last(&names.ledger, &names.all_own()).await.unwrap();
        stored.push(Timestamp(newest.unwrap().stored_at_us));
    }
    (setup, log, stored)
}

#[tokio::test(start_paused = true)]
async fn a_message_counts_from_when_it_was_due_unless_it_is_of_the_beginning() {
    let second = 1_000_000;
    let messages = [(0, 1, -9 * second), (0, 2, -5 * second), (3, 1, -second)];
    let (setup, log, stored) = left(&messages, &[(3, 1), (0, 1), (0, 2)]).await;
    let took = |effect: usize, due: i64| (stored[effect].0 - due) as u64;
    let of = |skipped| latencies(&setup, &log, Duration::from_secs(skipped));
    let (all, most) = (of(0).await.unwrap(), of(4).await.unwrap());
    let (first, second, third) = (took(1, -9 * second), took(2, -5 * second), took(0, -second));
    assert_eq!(all.0, [third, second, first]);
    assert_eq!(most.0, [third, second], "due 4 s after the first: no longer the beginning");
    assert_eq!(of(5).await.unwrap().0, [third]);
    assert_eq!(most.quantile(0.99), Duration::from_micros(second));
}

#[tokio::test(start_paused = true)]
async fn without_one_effect_of_each_message_nothing_is_measured() {
    let both = [(0, 1, 0), (0, 2, 0)];
    for (messages, effects, says) in [
        (&both[..], &[(0, 1)][..], "a message of partition 0 has no effect"),
        (&both, &[(0, 1), (0, 2), (0, 1)], "an effect of a message that has none left"),
        (&both, &[(0, 1), (0, 3)], "an effect of a message that has none left"),
        (&both, &[(0, 0)], "an effect of a message that has none left"),
        (&[(0, 2, 0)], &[], "a message out of its order"),
        (&[(99_999, 1, 0)], &[], "a message of no partition"),
    ] {
        let (setup, log, _) = left(messages, effects).await;
        let failed = latencies(&setup, &log, Duration::ZERO).await.err().unwrap();
        assert!(failed.to_string().contains(says), "{says:?} is not in {failed}");
    }
}

#[tokio::test(start_paused = true)]
async fn records_that_are_gone_are_not_waited_for() {
    let (setup, log, _) = left(&[(0, 1, 0), (0, 2, 0)], &[]).await;
    let message = setup.names.message(PartitionId(0));
    log.trim(&setup.names.messages, &message, Seq(3)).await.unwrap();
    let failed = latencies(&setup, &log, Duration::ZERO).await.err().unwrap();
    assert!(failed.to_string().contains("somebody else trims it"), "{failed}");
}
