//! The frequent records as they are read: field by field. A record whose kind has to be found before
//! its fields would first be copied as a whole.

use broker::Seq;
use serde::Deserialize;

use super::{Epoch, Holder, LedgerRecord, MemberRecord, Session, Term};

/// A record of its kind needs this field.
#[derive(Debug, thiserror::Error)]
#[error("missing field `{0}`")]
pub(super) struct Missing(&'static str);

/// [`MemberRecord`] of any kind.
#[derive(Deserialize)]
pub(super) struct Member {
    kind: MemberKind,
    session: Option<Session>,
    seat: Option<Session>,
    acked: Option<Epoch>,
    owned: Option<u32>,
    term: Option<Term>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum MemberKind {
    Joined,
    Alive,
    Left,
    Expired,
}

impl TryFrom<Member> for MemberRecord {
    type Error = Missing;

    fn try_from(record: Member) -> Result<Self, Missing> {
        let Member { kind, session, seat, acked, owned, term } = record;
        let session = session.ok_or(Missing("session"));
        let acked = acked.ok_or(Missing("acked"));
        Ok(match kind {
            MemberKind::Joined => Self::Joined { acked: acked?, seat },
            MemberKind::Alive => Self::Alive {
                session: session?,
                seat: seat.unwrap_or_default(),
                acked: acked?,
                owned: owned.ok_or(Missing("owned"))?,
            },
            MemberKind::Left => Self::Left { session: session? },
            MemberKind::Expired => {
                Self::Expired { session: session?, term: term.ok_or(Missing("term"))? }
            }
        })
    }
}

/// [`LedgerRecord`] of any kind.
#[derive(Deserialize)]
pub(super) struct Ledger<O> {
    kind: LedgerKind,
    holder: Holder,
    claim: Option<Seq>,
    through: Seq,
    outputs: Option<Vec<O>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum LedgerKind {
    Claim,
    Effect,
    Release,
}

impl<O> TryFrom<Ledger<O>> for LedgerRecord<O> {
    type Error = Missing;

    fn try_from(record: Ledger<O>) -> Result<Self, Missing> {
        let Ledger { kind, holder, claim, through, outputs } = record;
        let claim = claim.ok_or(Missing("claim"));
        Ok(match kind {
            LedgerKind::Claim => Self::Claim { holder, through },
            LedgerKind::Release => Self::Release { holder, claim: claim?, through },
            LedgerKind::Effect => {
                let outputs = outputs.ok_or(Missing("outputs"))?;
                Self::Effect { holder, claim: claim?, through, outputs }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn every_kind_of_member_record_needs_its_own_fields() {
        let (session, term) = (Session(7), Term(8));
        let (acked, owned) = (Epoch(3), 4);
        for (record, needs) in [
            (MemberRecord::Joined { acked, seat: None }, "acked"),
            (MemberRecord::Joined { acked, seat: Some(session) }, "acked"),
            (
                MemberRecord::Alive { session, seat: Session(6), acked, owned },
                "session acked owned",
            ),
            (MemberRecord::Left { session }, "session"),
            (MemberRecord::Expired { session, term }, "session term"),
        ] {
            let text = serde_json::to_string(&record).unwrap();
            assert_eq!(read(&text), Ok(record), "{text}");
            for field in needs.split(' ') {
                let without = text.replace(&format!("\"{field}\""), "\"other\"");
                let error = read::<MemberRecord>(&without).unwrap_err();
                assert!(error.contains(&format!("missing field `{field}`")), "{without}: {error}");
            }
        }
        let old = r#"{"kind":"alive","session":7,"acked":3,"owned":4}"#;
        let seat = Session(0);
        assert_eq!(read(old), Ok(MemberRecord::Alive { session, seat, acked, owned }));
        assert!(read::<MemberRecord>(r#"{"kind":"asleep","session":7}"#).is_err());
    }

    #[test]
    fn every_kind_of_ledger_record_needs_its_own_fields() {
        let member = crate::MemberId::new("w").unwrap();
        let holder = Holder { term: Term(1), epoch: Epoch(2), session: Session(3), member };
        let (claim, through) = (Seq(4), Seq(9));
        let outputs = vec![5_u64, 6];
        for (record, needs) in [
            (LedgerRecord::Claim { holder: holder.clone(), through }, "holder through"),
            (
                LedgerRecord::Release { holder: holder.clone(), claim, through },
                "holder claim through",
            ),
            (
                LedgerRecord::Effect { holder, claim, through, outputs },
                "holder claim through outputs",
            ),
        ] {
            let text = serde_json::to_string(&record).unwrap();
            assert_eq!(read(&text), Ok(record), "{text}");
            for field in needs.split(' ') {
                let without = text.replace(&format!("\"{field}\":"), "\"other\":");
                let error = read::<LedgerRecord<u64>>(&without).unwrap_err();
                assert!(error.contains(&format!("missing field `{field}`")), "{without}: {error}");
            }
        }
    }
}
