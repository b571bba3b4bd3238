//! Records that only one writes, as producers and workers of a run write theirs. A cluster has made a
//! stream before all of its servers know it, and refuses what follows an append that it has only just
//! answered: both pass.

use std::time::Duration;

use broker::{Append, AppendError, Backoff, Log, Seq};
use tokio::time::Instant;

use crate::failure::Failure;

/// How long it may be in doubt whether a record is stored.
const DOUBT_MAX: Duration = Duration::from_secs(10);

/// Stores a record under a subject that nobody else writes to, once.
///
/// # Errors
///
/// If the broker does not want it, or has not taken it after [`DOUBT_MAX`].
pub(super) async fn append(broker: &impl Log, append: Append) -> Result<Seq, Failure> {
    let expected = append.expect.as_ref().map_or(Seq::NONE, |expect| expect.seq);
    let (deadline, mut backoff) = (Instant::now() + DOUBT_MAX, Backoff::default());
    loop {
        let error = match broker.append(append.clone()).await {
            Ok(seq) => return Ok(seq),
            Err(error) => error,
        };
        if matches!(error, AppendError::Rejected(_)) || Instant::now() > deadline {
            let why = format!("the bare pipeline ends, as a record was not stored: {error}");
            return Err(Failure::Environment(why));
        }
        backoff.wait().await;
        // What is newer can only be this one.
        if let Ok(Some(last)) = broker.last(&append.stream, &append.subject).await
            && last.seq > expected
        {
            return Ok(last.seq);
        }
    }
}

#[cfg(test)]
mod tests {
    use broker::{Admin, Storage};
    use broker_virtual::{Fate, Fault, Options, VirtualBroker};
    use model::{PartitionId, Seed};
    use parti::{Limits, Names};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_record_that_is_in_doubt_is_stored_once_and_in_order() {
        let names = Names::new("bench").unwrap();
        let broker = VirtualBroker::new(Options::new(Seed(1)));
        let log = broker.client("bench");
        for spec in names.streams(Storage::Memory, 1, Limits::default()) {
            log.ensure(&spec).await.unwrap();
        }
        let subject = names.message(PartitionId(0));
        let record = |number: u64, after| {
            let text = number.to_string();
            Append::new(names.messages.clone(), subject.clone(), text).after(after)
        };
        let late = |ms| Fate::Delayed(Duration::from_millis(ms));
        let fates = [Fate::RequestLost, Fate::AnswerLost, late(1_003), late(1_025), late(5_000)];
        let mut head = Seq::NONE;
        for (number, fate) in (1..).zip(fates) {
            log.plan(Fault::new(fate, names.all_messages(), 2));
            head = append(&log, record(number, head)).await.unwrap();
            assert_eq!(head, Seq(number), "{fate:?}");
            log.forget();
        }
        tokio::time::sleep(Duration::from_secs(60)).await;
        let stored = broker.records(&names.messages, Seq(1));
        let stored: Vec<_> = stored.iter().map(|record| &record.payload[..]).collect();
        assert_eq!(stored, [b"1", b"2", b"3", b"4", b"5"]);
        log.plan(Fault::new(Fate::RequestLost, names.all_messages(), u64::MAX));
        let failed = append(&log, record(6, head)).await.unwrap_err().to_string();
        assert!(failed.contains("a record was not stored: append in doubt"), "{failed}");
        log.forget();
        log.delete(&names.messages).await.unwrap();
        let (began, failed) = (Instant::now(), append(&log, record(6, head)).await);
        assert!(failed.unwrap_err().to_string().contains("append rejected"));
        assert!(began.elapsed() < DOUBT_MAX, "what is not wanted is not tried again");
    }
}
