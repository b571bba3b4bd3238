//! What every broker must do: one suite, run unchanged against the real one and the simulated one.
//!
//! Each check is a function over a [`Bench`], named after what holds; it panics when it does not.
//! [`conformance_tests!`](crate::conformance_tests) makes a test of each. Checks know nothing of any
//! broker but the port; how it counts bytes, and in which order concurrent appends land, is its own
//! affair.

mod appends;
mod ids;
mod keys;
mod queues;
mod reads;
mod streams;

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;

pub use appends::*;
pub use ids::*;
pub use keys::*;
pub use queues::*;
pub use reads::*;
pub use streams::*;

use crate::{
    Admin, Append, AppendError, BrokerError, Reader, Record, Seq, Start, Storage, StreamName,
    StreamSpec, StreamState, Subject,
};

/// How long anything in a check may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Makes one test of every check, named like it. `$bench` is an `async fn(&str) -> Bench<_>`; it is
/// given the name of the check. The attribute says how tests run.
///
/// ```ignore
/// broker::conformance_tests!(#[tokio::test] bench);
/// ```
#[macro_export]
macro_rules! conformance_tests {
    (#[$test:meta] $bench:path) => {
        $crate::conformance_tests! { @each #[$test] $bench:
            appends_are_numbered
            an_expectation_on_the_own_subject_is_checked
            an_expectation_on_another_subject_is_checked
            an_expectation_of_none_is_checked
            a_refused_append_leaves_nothing
            one_of_many_contenders_wins
            a_full_stream_rejects_and_evicts_nothing
            an_unknown_stream_or_subject_rejects
            a_large_payload_comes_back
            a_record_is_known_by_its_id
            an_id_is_forgotten_after_the_window
            an_id_outlives_its_record
            a_refused_id_may_come_again
            one_server_looks_at_the_expectation_first
            a_stream_made_anew_knows_no_ids
            a_duplicate_is_not_delivered
            a_window_has_a_shortest_length
            a_key_is_created_once
            a_value_is_replaced_by_whoever_saw_it
            a_watch_tells_values_and_changes
            the_last_record_is_the_newest
            a_subject_without_records_has_no_last
            the_last_of_a_wildcard_is_the_newest_of_all
            the_first_at_a_sequence_is_the_oldest_from_there
            trimmed_records_are_not_first
            a_reader_starts_at_a_sequence
            a_reader_follows_several_filters
            a_reader_starts_with_the_last_of_each_subject
            a_reader_waits_for_new_records
            pending_says_what_is_left
            records_of_concurrent_writers_come_in_order
            a_dropped_next_loses_nothing
            a_reader_of_a_deleted_stream_ends
            a_reader_of_a_stream_made_anew_ends
            a_missing_stream_is_gone
            ensure_is_idempotent
            ensure_tells_of_other_settings
            the_state_counts_records
            trim_keeps_what_is_not_below
            the_limit_per_subject_evicts_the_oldest
            delete_is_idempotent
            a_consumer_delivers_in_order
            a_pull_waits
            making_a_consumer_again_keeps_its_position
            an_added_subject_never_goes_back
            an_idle_consumer_is_past_the_backlog
            no_filter_means_everything
            a_consumer_without_its_filters_is_deaf
            redeliveries_ignore_the_filter
            what_is_not_acknowledged_comes_again
            a_pull_waits_for_redeliveries
            a_nak_brings_it_back
            the_last_try_is_the_last
            unacknowledged_records_are_bounded
            an_ack_fences_nothing
            a_nak_fences_nothing
            an_ack_outlives_its_consumer
            a_nak_of_an_unknown_delivery_does_nothing
            a_missing_consumer_is_missing
            a_consumer_needs_its_stream
            overlapping_filters_are_rejected
            a_trimmed_record_is_not_pending
            a_trim_of_a_lost_subject_goes_unnoticed
            a_trim_settles_what_lies_before
            a_trim_of_several_goes_unnoticed
            a_trim_delays_redeliveries
            a_trim_spares_other_subjects
            an_evicted_record_is_not_pending
        }
    };
    (@each #[$test:meta] $bench:path: $($check:ident)+) => {$(
        #[$test]
        async fn $check() {
            $crate::conformance::$check(&$bench(stringify!($check)).await).await;
        }
    )+};
}

/// What a check works on: a broker, and names that no other check uses.
#[derive(Debug)]
pub struct Bench<B> {
    broker: B,
    name: String,
    storage: Storage,
}

impl<B: Admin> Bench<B> {
    /// A bench on `broker`; streams and subjects begin with `name`.
    pub fn new(broker: B, name: &str, storage: Storage) -> Self {
        Self { broker, name: name.to_owned(), storage }
    }

    fn stream(&self) -> StreamName {
        StreamName::new(&self.name).expect("checks have names of letters and underscores")
    }

    /// The subject `rest` of this bench's stream.
    fn subject(&self, rest: &str) -> Subject {
        Subject::new(format!("{}.{rest}", self.name)).expect("checks name subjects rightly")
    }

    /// The stream that most checks use: everything below the bench's name, no limits.
    fn spec(&self) -> StreamSpec {
        StreamSpec::new(self.stream(), self.subject(">"), self.storage)
    }

    async fn make(&self, spec: &StreamSpec) {
        self.broker.delete(&spec.name).await.expect("an old stream is deleted");
        self.broker.ensure(spec).await.expect("a stream is made");
    }

    fn record(&self, rest: &str, payload: impl Into<Bytes>) -> Append {
        Append::new(self.stream(), self.subject(rest), payload)
    }

    async fn append(&self, append: Append) -> Result<Seq, AppendError> {
        within(self.broker.append(append)).await
    }

    /// Appends under no condition; the text is the payload.
    async fn put(&self, rest: &str, text: &str) -> Seq {
        let append = self.record(rest, text.to_owned());
        self.append(append).await.expect("an append without a condition is stored")
    }

    async fn last(&self, rest: &str) -> Option<Record> {
        let (stream, subject) = (self.stream(), self.subject(rest));
        within(self.broker.last(&stream, &subject)).await.expect("the last record is told")
    }

    async fn first_at(&self, rest: &str, at: Seq) -> Option<Record> {
        let (stream, subject) = (self.stream(), self.subject(rest));
        within(self.broker.first_at(&stream, &subject, at)).await.expect("the record is told")
    }

    async fn state(&self) -> StreamState {
        let state = within(self.broker.state(&self.stream())).await.expect("the stream answers");
        state.expect("the stream exists")
    }

    async fn try_read(&self, filters: &[&str], start: Start) -> Result<B::Reader, BrokerError> {
        let filters = filters.iter().map(|rest| self.subject(rest)).collect();
        within(self.broker.read(&self.stream(), filters, start)).await
    }

    async fn read(&self, filters: &[&str], start: Start) -> B::Reader {
        self.try_read(filters, start).await.expect("a reader is made")
    }
}

/// Waits for what must not take long.
async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("it must not take this long")
}

async fn next(reader: &mut impl Reader) -> Record {
    within(reader.next()).await.expect("there is another record")
}

/// The next `count` records as `subject-without-prefix=payload`.
async fn texts(reader: &mut impl Reader, count: usize) -> Vec<String> {
    let mut texts = Vec::new();
    for _ in 0..count {
        let record = next(reader).await;
        let subject = record.subject.as_str().split_once('.').map_or("", |(_, rest)| rest);
        texts.push(format!("{subject}={}", text(&record)));
    }
    texts
}

fn text(record: &Record) -> String {
    String::from_utf8_lossy(&record.payload).into_owned()
}

/// Fails if there is another record soon.
async fn assert_quiet(reader: &mut impl Reader) {
    if let Ok(record) = tokio::time::timeout(Duration::from_millis(200), reader.next()).await {
        panic!("nothing more was expected, but there is {record:?}");
    }
}

fn assert_refused(result: &Result<Seq, AppendError>) {
    assert!(matches!(result, Err(AppendError::Refused(_))), "must be refused: {result:?}");
}

fn assert_rejected(result: &Result<Seq, AppendError>) {
    assert!(matches!(result, Err(AppendError::Rejected(_))), "must be rejected: {result:?}");
}

fn assert_gone<T>(result: &Result<T, BrokerError>) {
    let error = result.as_ref().err();
    assert!(matches!(error, Some(BrokerError::Gone(_))), "must be gone: {error:?}");
}
