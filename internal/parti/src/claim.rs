//! Taking a partition: the claim that fences whoever owned it before.

use broker::{Append, AppendError, Backoff, BrokerError, Log, Reader, Record, Seq, Start};
use bugs::Bug;
use model::{PartitionId, watch};
use serde::de::IgnoredAny;

use crate::records::{self, Holder, LedgerRecord};
use crate::{Names, PartitionSet};

/// What our newest grant gives, for those who carry out an older one: a member never acts on an older
/// epoch than it has seen (I5), so they go on under the newest, or give up if it takes their partition.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    /// We, under that grant.
    pub(crate) holder: Holder,
    pub(crate) partitions: PartitionSet,
}

impl Given {
    fn to(&self, partition: PartitionId) -> Option<&Holder> {
        self.partitions.0.contains(&partition).then_some(&self.holder)
    }
}

/// A partition that is ours until somebody with a newer grant claims it.
#[derive(Clone, Debug)]
pub(crate) struct Claimed {
    /// We, under the grant by which it was claimed.
    pub(crate) holder: Holder,
    /// The sequence of our claim: the fencing token, and the head of the chain.
    pub(crate) claim: Seq,
    /// Everything up to this message is done.
    pub(crate) through: Seq,
}

/// Why a partition could not be claimed.
#[derive(Debug)]
pub(crate) enum ClaimError {
    /// Somebody with a newer grant has it.
    Outdated(Holder),
    /// Our newest grant does not give it any more.
    Revoked,
    /// The ledger is gone, or full, or not ours to write.
    Broker(String),
}

/// Claims `partition` under the newest grant: reads the chain's last record and appends a claim only if
/// that is still the last. Waits through outages, but no longer than the partition is ours to claim; a
/// claim that then still arrives is claimed over by whom it is given to. The caller cancels by dropping.
pub(crate) async fn claim<B: Log>(
    broker: &B,
    names: &Names,
    partition: PartitionId,
    given: &watch::Receiver<Given>,
) -> Result<Claimed, ClaimError> {
    let mut backoff = Backoff::default();
    let mut tried: Option<(Seq, Holder)> = None;
    loop {
        let last = match last_of_chain(broker, names, partition).await {
            Ok(last) => last,
            Err(BrokerError::Unavailable(_)) => {
                backoff.wait().await;
                continue;
            }
            Err(error) => return Err(ClaimError::Broker(error.to_string())),
        };
        if let Some(ours) = arrived(&last, tried.take()) {
            return Ok(ours);
        }
        let Some(holder) = given.borrow().to(partition).cloned() else {
            return Err(ClaimError::Revoked);
        };
        if let Some(by) = &last.holder
            && *by > holder
            && !bugs::has(Bug::OlderEpoch)
        {
            return Err(ClaimError::Outdated(by.clone()));
        }
        let forgets = bugs::has(Bug::ClaimFromTheStart);
        let through = if forgets { Seq::NONE } else { last.through };
        let record = LedgerRecord::<()>::Claim { holder: holder.clone(), through };
        let append =
            Append::new(names.ledger.clone(), names.own(partition), records::encode(&record));
        let compares = !bugs::has(Bug::ClaimWithoutCompare);
        let append = if compares { append.after(last.seq) } else { append };
        match broker.append(append).await {
            Ok(claim) => return Ok(Claimed { holder, claim, through }),
            Err(AppendError::Refused(_)) => tried = Some((last.seq, holder.clone())),
            Err(AppendError::InDoubt(_)) => {
                tried = Some((last.seq, holder.clone()));
                backoff.wait().await;
            }
            Err(AppendError::Rejected(why)) => return Err(ClaimError::Broker(why)),
        }
    }
}

/// Where a chain ends.
struct ChainEnd {
    seq: Seq,
    /// The newest record of the protocol, if it is a claim.
    claim: Option<Seq>,
    holder: Option<Holder>,
    through: Seq,
}

/// A claim of ours that was in doubt, if the chain shows that it arrived.
fn arrived(last: &ChainEnd, tried: Option<(Seq, Holder)>) -> Option<Claimed> {
    let (before, holder) = tried?;
    let claim = last.claim.filter(|_| last.holder.as_ref() == Some(&holder))?;
    (claim > before).then_some(Claimed { holder, claim, through: last.through })
}

/// The end of a partition's chain. A foreign record (somebody wrote to our subject) keeps its place
/// in the chain but says nothing, so the newest record of ours is looked up behind it.
async fn last_of_chain<B: Log>(
    broker: &B,
    names: &Names,
    partition: PartitionId,
) -> Result<ChainEnd, BrokerError> {
    let subject = names.own(partition);
    let mut end = ChainEnd { seq: Seq::NONE, claim: None, holder: None, through: Seq::NONE };
    let Some(last) = broker.last(&names.ledger, &subject).await? else { return Ok(end) };
    end.seq = last.seq;
    if adopt(&mut end, &last) {
        return Ok(end);
    }
    tracing::warn!(%subject, seq = %last.seq, "foreign record in the ledger; looking behind it");
    let mut reader = broker.read(&names.ledger, vec![subject], Start::At(Seq(1))).await?;
    loop {
        let record = reader.next().await?;
        adopt(&mut end, &record);
        if record.seq >= last.seq {
            return Ok(end);
        }
    }
}

/// Takes a record as the newest of the protocol, if it is one.
fn adopt(end: &mut ChainEnd, record: &Record) -> bool {
    let Ok(ours) = records::decode::<LedgerRecord<IgnoredAny>>(record) else { return false };
    end.claim = matches!(ours, LedgerRecord::Claim { .. }).then_some(record.seq);
    end.holder = Some(ours.holder().clone());
    end.through = ours.through();
    true
}
