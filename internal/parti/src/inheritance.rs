//! What a new leader finds in the group's stream, and how far back it looks.
//!
//! The stream keeps a few signs of life of each member, or hours of them where somebody judges the
//! group. Neither may matter here: of each member its last record counts, however much was written
//! (and evicted) since the election, and the past is read only as far back as a silence can tell of a
//! lease that ran out.

use std::collections::BTreeMap;
use std::time::Duration;

use broker::{BrokerError, Log, Reader, Record, Seq, Start, Subject, patiently};

use crate::MemberId;
use crate::context::Context;
use crate::names::GroupSubject;
use crate::records::{self, Grant, MemberRecord, Term};

/// Records for each subject that are read at first, to see for how long somebody was silent: three
/// leases' worth.
const REACH: u64 = 16;
/// How much farther back the next look goes, if that was not far enough.
const REACH_GROWS: u64 = 4;

/// What predecessors left.
pub(crate) struct Inheritance<R> {
    /// Every grant of theirs that is still there, in any order.
    pub(crate) grants: Vec<(MemberId, Grant)>,
    /// Of each member its newest record, and if that is not one of the protocol, the newest that is
    /// before it; with the time for which it had been silent by then.
    pub(crate) signs: Vec<(Record, Duration)>,
    /// Delivers everything behind them.
    pub(crate) reader: R,
}

/// Reads what was left to the leader of `term`. Waits through outages.
pub(crate) async fn inherit<B: Log>(
    context: &Context<B>,
    term: Term,
) -> Result<Inheritance<B::Reader>, BrokerError> {
    let names = &context.names;
    let grants = grants(context, term).await?;
    let mut reader = read(context, vec![names.all_group()], Start::LastPerSubject).await?;
    // Asked behind the reader: it begins with nothing that is newer. The other way round, whoever
    // writes in between would be behind the end, and missed.
    let end = end(context).await?.max(Seq(term.0));
    let lasts = up_to(&mut reader, end).await?;
    let silent = silent(context, end, lasts.len() as u64).await?;
    let mut signs = Vec::new();
    for last in lasts {
        let Some(GroupSubject::Member(member)) = names.group_subject(&last.subject) else {
            continue;
        };
        if !is_sign(&last) {
            signs.extend(sign_before(context, &member, last.seq).await?);
        }
        signs.push(last);
    }
    let with_silence = |record: Record| {
        let silent =
            silent.range(record.seq..).next().map_or(Duration::ZERO, |(_, silent)| *silent);
        (record, silent)
    };
    let signs = signs.into_iter().map(with_silence).collect();
    Ok(Inheritance { grants, signs, reader })
}

/// All grants up to the election, which fences those who gave them. A copy that was late may stand
/// behind newer ones, so the last of each member is not enough.
async fn grants<B: Log>(
    context: &Context<B>,
    term: Term,
) -> Result<Vec<(MemberId, Grant)>, BrokerError> {
    let names = &context.names;
    let mut reader =
        read(context, vec![names.leader(), names.all_grants()], Start::At(Seq(1))).await?;
    let mut grants = Vec::new();
    for record in up_to(&mut reader, Seq(term.0)).await? {
        match names.group_subject(&record.subject) {
            Some(GroupSubject::Grant(member)) if record.seq < Seq(term.0) => {
                match records::decode::<Grant>(&record) {
                    Ok(grant) => grants.push((member, grant)),
                    Err(error) => tracing::warn!(%error, "ignored"),
                }
            }
            _ => {}
        }
    }
    Ok(grants)
}

/// For how long who wrote a record and nothing after it had been silent at `end`: of as many records as
/// it takes to see a lease in which somebody could be heard.
async fn silent<B: Log>(
    context: &Context<B>,
    end: Seq,
    subjects: u64,
) -> Result<BTreeMap<Seq, Duration>, BrokerError> {
    let mut reach = REACH * subjects.max(1);
    loop {
        let start = Seq(end.0.saturating_sub(reach).max(1));
        let mut reader = read(context, vec![context.names.all_group()], Start::At(start)).await?;
        let records = up_to(&mut reader, end).await?;
        let silent = lively(&records, context.timing.answer_max());
        let span = silent.values().next();
        if start == Seq(1) || span >= Some(&context.timing.lease) {
            return Ok(silent);
        }
        reach = reach.saturating_mul(REACH_GROWS);
    }
}

/// The newest record of the protocol of a member to whose subject somebody else wrote.
async fn sign_before<B: Log>(
    context: &Context<B>,
    member: &MemberId,
    before: Seq,
) -> Result<Option<Record>, BrokerError> {
    let member = context.names.member(member);
    let mut reader = read(context, vec![member], Start::At(Seq(1))).await?;
    let records = up_to(&mut reader, before).await?;
    Ok(records.into_iter().rev().find(|record| record.seq < before && is_sign(record)))
}

fn is_sign(record: &Record) -> bool {
    records::decode::<MemberRecord>(record).is_ok()
}

/// The last record of the group's stream.
async fn end<B: Log>(context: &Context<B>) -> Result<Seq, BrokerError> {
    let (names, all) = (&context.names, context.names.all_group());
    let last = patiently(|| context.broker.last(&names.group, &all)).await?;
    Ok(last.map_or(Seq::NONE, |record| record.seq))
}

async fn read<B: Log>(
    context: &Context<B>,
    filters: Vec<Subject>,
    start: Start,
) -> Result<B::Reader, BrokerError> {
    patiently(|| context.broker.read(&context.names.group, filters.clone(), start)).await
}

/// What `reader` delivers, up to the first record at `end` or behind it. What is evicted meanwhile has
/// a newer record of its subject behind it.
async fn up_to<R: Reader>(reader: &mut R, end: Seq) -> Result<Vec<Record>, BrokerError> {
    let mut records = Vec::new();
    loop {
        let record = reader.next().await?;
        let seq = record.seq;
        records.push(record);
        if seq >= end {
            return Ok(records);
        }
    }
}

/// How long ago each record was stored when the last one was, but for what is beyond `quiet` between
/// two of them: while the broker is away, nobody can be heard.
fn lively(records: &[Record], quiet: Duration) -> BTreeMap<Seq, Duration> {
    let mut ago = BTreeMap::new();
    let (mut since, mut later) = (Duration::ZERO, None);
    for record in records.iter().rev() {
        let stored_at = record.stored_at_us;
        let gap: i64 = later.map_or(0, |later: i64| later.saturating_sub(stored_at).max(0));
        since += Duration::from_micros(gap.unsigned_abs()).min(quiet);
        later = Some(stored_at);
        ago.insert(record.seq, since);
    }
    ago
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn times_in_which_nobody_is_heard_do_not_count() {
        let stored = [0, 100, 200, 5_000, 5_100].map(|ms: i64| ms * 1_000);
        let records: Vec<Record> = (1..)
            .zip(stored)
            .map(|(seq, stored_at_us)| Record {
                seq: Seq(seq),
                subject: Subject::new("a").expect("a name"),
                payload: Bytes::new(),
                stored_at_us,
                pending: 0,
            })
            .collect();
        let ago = lively(&records, Duration::from_millis(300));
        let ms: Vec<u128> = ago.values().map(Duration::as_millis).collect();
        assert_eq!(ms, [600, 500, 400, 100, 0]);
    }
}
