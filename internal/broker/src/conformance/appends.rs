//! Checks of the conditional append.

use futures_util::future::join_all;

use super::{Bench, assert_refused, assert_rejected, next, text};
use crate::{Admin, Append, Seq, Start, StreamName};

/// Sequences count up from 1 over all subjects of a stream.
pub async fn appends_are_numbered<B: Admin>(bench: &Bench<B>) {
    bench.make(&bench.spec()).await;
    for (subject, expected) in [("a", 1), ("b", 2), ("a", 3)] {
        assert_eq!(bench.put(subject, "x").await, Seq(expected));
    }
}

/// "The last record of my subject is n" holds for n alone, whatever happens to other subjects.
pub async fn an_expectation_on_the_own_subject_is_checked<B: Admin>(bench: &Bench<B>) {
    bench.make(&bench.spec()).await;
    let first = bench.put("a", "1").await;
    bench.put("b", "1").await;
    let second = bench.append(bench.record("a", "2").after(first)).await;
    let second = second.expect("the expectation holds");
    assert_refused(&bench.append(bench.record("a", "3").after(first)).await);
    assert_refused(&bench.append(bench.record("a", "3").after(second.next())).await);
    assert_refused(&bench.append(bench.record("a", "3").after(Seq::NONE)).await);
    bench.append(bench.record("a", "3").after(second)).await.expect("the expectation holds");
}

/// "The last record of that other subject is n": many records may stand on one claim, until the
/// claim changes hands.
pub async fn an_expectation_on_another_subject_is_checked<B: Admin>(bench: &Bench<B>) {
    bench.make(&bench.spec()).await;
    let own = bench.subject("own");
    let claim = bench.put("own", "a").await;
    let mut last = claim;
    for _ in 0..3 {
        let effect = bench.append(bench.record("effect", "a").under(own.clone(), claim)).await;
        last = effect.expect("the claim is the newest");
    }
    let newer = bench.append(bench.record("own", "b").after(claim)).await;
    let newer = newer.expect("the claim may be taken over");
    assert_eq!(newer, last.next());
    assert_refused(&bench.append(bench.record("effect", "a").under(own.clone(), claim)).await);
    let effect = bench.append(bench.record("effect", "b").under(own.clone(), newer)).await;
    effect.expect("the newer claim holds");
    assert_eq!(bench.last("own").await.map(|record| record.seq), Some(newer));
}

/// [`Seq::NONE`] expects that a subject has no record.
pub async fn an_expectation_of_none_is_checked<B: Admin>(bench: &Bench<B>) {
    bench.make(&bench.spec()).await;
    bench.append(bench.record("a", "1").after(Seq::NONE)).await.expect("a has no record");
    assert_refused(&bench.append(bench.record("a", "2").after(Seq::NONE)).await);
    let (empty, full) = (bench.subject("none"), bench.subject("a"));
    bench.append(bench.record("b", "1").under(empty, Seq::NONE)).await.expect("there is none");
    assert_refused(&bench.append(bench.record("b", "2").under(full, Seq::NONE)).await);
}

/// A refused append stores nothing and uses up no sequence.
pub async fn a_refused_append_leaves_nothing<B: Admin>(bench: &Bench<B>) {
    bench.make(&bench.spec()).await;
    let first = bench.put("a", "1").await;
    for _ in 0..5 {
        assert_refused(&bench.append(bench.record("a", "no").after(Seq::NONE)).await);
        let own = bench.subject("a");
        assert_refused(&bench.append(bench.record("b", "no").under(own, Seq(77))).await);
    }
    assert_eq!(bench.put("a", "2").await, first.next());
    assert_eq!(bench.state().await.records, 2);
    assert!(bench.last("b").await.is_none());
}

/// Of many appends at once under one expectation exactly one is stored, round after round.
pub async fn one_of_many_contenders_wins<B: Admin>(bench: &Bench<B>) {
    bench.make(&bench.spec()).await;
    let mut last = Seq::NONE;
    for _ in 0..25 {
        let contenders =
            (0..8).map(|n| bench.append(bench.record("lease", n.to_string()).after(last)));
        let results = join_all(contenders).await;
        let won: Vec<_> = results.iter().enumerate().filter(|(_, result)| result.is_ok()).collect();
        assert_eq!(won.len(), 1, "{results:?}");
        results.iter().filter(|result| result.is_err()).for_each(assert_refused);
        let record = bench.last("lease").await.expect("somebody won");
        assert_eq!(text(&record), won[0].0.to_string());
        last = record.seq;
    }
    assert_eq!(last, Seq(25));
}

/// A stream at its limit of bytes takes no more, and keeps all that it has.
pub async fn a_full_stream_rejects_and_evicts_nothing<B: Admin>(bench: &Bench<B>) {
    let spec = crate::StreamSpec { max_bytes: Some(64 << 10), ..bench.spec() };
    bench.make(&spec).await;
    let payload = vec![7; 4 << 10];
    let mut stored = 0;
    let refusal = loop {
        assert!(stored < 64, "64 KiB hold no 64 records of 4 KiB");
        let append = bench.append(bench.record(&format!("s.{stored}"), payload.clone())).await;
        match append {
            Ok(_) => stored += 1,
            refusal => break refusal,
        }
    };
    assert_rejected(&refusal);
    assert_rejected(&bench.append(bench.record("s.0", payload.clone())).await);
    assert!(stored > 4, "{stored} records in 64 KiB");
    let state = bench.state().await;
    assert_eq!((state.first, state.records), (Seq(1), stored));
}

/// Neither a stream that does not exist nor a subject that a stream does not take stores anything,
/// now or later.
pub async fn an_unknown_stream_or_subject_rejects<B: Admin>(bench: &Bench<B>) {
    bench.make(&bench.spec()).await;
    let nowhere = StreamName::new(format!("{}-nowhere", bench.name)).expect("a good name");
    let subject = crate::Subject::new(format!("{}-nowhere.a", bench.name)).expect("a good name");
    assert_rejected(&bench.append(Append::new(nowhere, subject.clone(), "x")).await);
    assert_rejected(&bench.append(Append::new(bench.stream(), subject, "x")).await);
}

/// Half a mebibyte is stored and comes back as it was, from both ways of reading.
pub async fn a_large_payload_comes_back<B: Admin>(bench: &Bench<B>) {
    bench.make(&bench.spec()).await;
    let payload: Vec<u8> = (0..512 << 10).map(|n: u32| (n % 251) as u8).collect();
    let seq = bench.append(bench.record("a", payload.clone())).await.expect("it is stored");
    let last = bench.last("a").await.expect("it is there");
    assert_eq!(last.seq, seq);
    assert!(last.payload == payload, "the payload has changed");
    let mut reader = bench.read(&["a"], Start::At(Seq(1))).await;
    assert!(next(&mut reader).await.payload == payload, "the payload has changed");
}
