//! Long lists whose entries differ little from one another, written down as differences: they are
//! most of what a judge holds, and so they are a third as large and as quick.

use std::collections::VecDeque;
use std::sync::Arc;

use broker::Seq;
use model::Timestamp;
use parti::records::Holder;
use serde::{Deserialize, Deserializer, Serializer};

use crate::Range;
use crate::effect::Recent;

/// What is added to one number to get the other, whatever they are.
fn difference(from: u64, to: u64) -> i64 {
    to.wrapping_sub(from).cast_signed()
}

fn add(from: u64, difference: i64) -> u64 {
    from.wrapping_add_signed(difference)
}

/// First and last sequence, ledger, time; and the holder, if it is another one than before.
type Step = (i64, i64, i64, i64, Option<Arc<Holder>>);

/// Effects that are remembered.
pub(crate) mod recents {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(
        list: &VecDeque<Recent>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        let mut last: Option<&Recent> = None;
        to.collect_seq(list.iter().map(|recent| {
            let (end, ledger, at) =
                last.map_or((0, 0, 0), |last| (last.range.1, last.ledger.0, last.at.0));
            let same = last.is_some_and(|last| last.holder == recent.holder);
            last = Some(recent);
            let holder = (!same).then(|| Arc::clone(&recent.holder));
            let step: Step = (
                difference(end, recent.range.0),
                difference(recent.range.0, recent.range.1),
                difference(ledger, recent.ledger.0),
                recent.at.0.wrapping_sub(at),
                holder,
            );
            step
        }))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<VecDeque<Recent>, D::Error> {
        let mut list: VecDeque<Recent> = VecDeque::new();
        for (first, length, ledger, at, holder) in Vec::<Step>::deserialize(from)? {
            let last = list.back();
            let holder = holder.or_else(|| last.map(|last| Arc::clone(&last.holder)));
            let holder =
                holder.ok_or_else(|| serde::de::Error::custom("the first effect has no holder"))?;
            let (end, before, since) =
                last.map_or((0, 0, 0), |last| (last.range.1, last.ledger.0, last.at.0));
            let first = add(end, first);
            list.push_back(Recent {
                range: Range(first, add(first, length)),
                ledger: Seq(add(before, ledger)),
                at: Timestamp(since.wrapping_add(at)),
                holder,
            });
        }
        Ok(list)
    }
}

/// Signs of life, each with what it acknowledged.
pub(crate) mod signs {
    use parti::records::Epoch;

    use super::*;

    pub(crate) fn serialize<S: Serializer>(
        list: &VecDeque<(Timestamp, Epoch)>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        let mut last = (0, 0);
        to.collect_seq(list.iter().map(|(at, epoch)| {
            let step = (at.0.wrapping_sub(last.0), difference(last.1, epoch.0));
            last = (at.0, epoch.0);
            step
        }))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<VecDeque<(Timestamp, Epoch)>, D::Error> {
        let mut last = (0i64, 0);
        let steps = Vec::<(i64, i64)>::deserialize(from)?;
        let undone = steps.into_iter().map(|(at, epoch)| {
            last = (last.0.wrapping_add(at), add(last.1, epoch));
            (Timestamp(last.0), Epoch(last.1))
        });
        Ok(undone.collect())
    }
}

#[cfg(test)]
mod tests {
    use parti::MemberId;
    use parti::records::{Epoch, Session, Term};
    use proptest::prelude::*;
    use serde::Serialize;

    use super::*;

    #[derive(Debug, Serialize, Deserialize)]
    struct Lists {
        #[serde(with = "recents")]
        recents: VecDeque<Recent>,
        #[serde(with = "signs")]
        signs: VecDeque<(Timestamp, Epoch)>,
    }

    fn holder(session: u64) -> Arc<Holder> {
        let member = MemberId::new("a").unwrap();
        Arc::new(Holder { term: Term(1), epoch: Epoch(1), session: Session(session), member })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            entries in prop::collection::vec(any::<(u64, u64, u64, i64, bool)>(), 0..20),
        ) {
            let recents = entries.iter().map(|(from, to, ledger, at, one)| Recent {
                range: Range(*from, *to),
                ledger: Seq(*ledger),
                at: Timestamp(*at),
                holder: holder(u64::from(*one)),
            });
            let signs = entries.iter().map(|(epoch, _, _, at, _)| (Timestamp(*at), Epoch(*epoch)));
            let lists = Lists { recents: recents.collect(), signs: signs.collect() };
            let text = serde_json::to_string(&lists).unwrap();
            let read: Lists = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(format!("{read:?}"), format!("{lists:?}"));
        }
    }
}
