//! What members said last. Most signs of life repeat the one before, byte by byte, and are not read
//! again.

use std::collections::BTreeMap;

use broker::{Record, Subject};
use bytes::Bytes;

use super::MemberRecord;
use crate::MemberId;

/// Members whose newest record is remembered; beyond it some are read again.
const SIGNS_MAX: usize = 4_096;

/// The newest record of each member, by its subject.
#[derive(Debug, Default)]
pub struct Signs(BTreeMap<Subject, Sign>);

#[derive(Debug)]
struct Sign {
    member: MemberId,
    payload: Bytes,
    says: MemberRecord,
}

impl Signs {
    /// Who gave this sign, and what it says, if it repeats the one before.
    pub fn again(&self, record: &Record) -> Option<(MemberId, MemberRecord)> {
        let sign = self.0.get(&record.subject)?;
        (sign.payload == record.payload).then(|| (sign.member.clone(), sign.says.clone()))
    }

    /// A sign that had to be read.
    pub fn note(&mut self, record: &Record, member: &MemberId, says: &MemberRecord) {
        if self.0.len() == SIGNS_MAX && !self.0.contains_key(&record.subject) {
            self.0.pop_first();
        }
        let (member, payload) = (member.clone(), record.payload.clone());
        self.0.insert(record.subject.clone(), Sign { member, payload, says: says.clone() });
    }
}

#[cfg(test)]
mod tests {
    use broker::Seq;

    use super::*;
    use crate::records::{Epoch, Session, encode};

    fn sign(member: usize, owned: u32) -> (Record, MemberId, MemberRecord) {
        let id = MemberId::new(format!("w{member}")).unwrap();
        let session = Session(7);
        let says = MemberRecord::Alive { session, seat: session, acked: Epoch(1), owned };
        let subject = Subject::new(format!("g.member.{id}")).unwrap();
        let payload = encode(&says);
        let record = Record { subject, seq: Seq(9), stored_at_us: 0, payload, pending: 0 };
        (record, id, says)
    }

    #[test]
    fn only_what_is_repeated_is_known() {
        let (record, id, says) = sign(1, 3);
        let mut signs = Signs::default();
        assert_eq!(signs.again(&record), None);
        signs.note(&record, &id, &says);
        assert_eq!(signs.again(&record), Some((id, says)));
        assert_eq!(signs.again(&sign(1, 4).0), None, "it says something else");
        assert_eq!(signs.again(&sign(2, 3).0), None, "somebody else says it");
    }

    #[test]
    fn not_everybody_is_remembered() {
        let mut signs = Signs::default();
        for member in 0..SIGNS_MAX + 10 {
            let (record, id, says) = sign(member, 3);
            signs.note(&record, &id, &says);
            assert!(signs.again(&record).is_some(), "the newest is");
        }
        assert_eq!(signs.0.len(), SIGNS_MAX);
    }
}
