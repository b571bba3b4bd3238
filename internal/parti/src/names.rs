//! The streams and subjects of a group, all derived from one prefix, so that groups share a broker.

use std::time::Duration;

use broker::{NameError, Storage, StreamName, StreamSpec, Subject};
use model::PartitionId;

use crate::MemberId;

/// Where a group keeps what.
///
/// | stream | subjects | holds |
/// |---|---|---|
/// | `<prefix>_MESSAGES` | `<prefix>.msg.<p>` | the messages to be processed |
/// | `<prefix>_LEDGER` | `<prefix>.own.<p>` | claims, effects and releases of partition p |
/// | `<prefix>_GROUP` | `<prefix>.group.…` | leader, members, grants: last value each |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The stream of messages.
    pub messages: StreamName,
    /// The stream of claims and effects.
    pub ledger: StreamName,
    /// The stream of leader, members and grants.
    pub group: StreamName,
    message: Subject,
    own: Subject,
    control: Subject,
}

/// Records of the group's stream that are kept per subject: enough to look back at a take-over.
const GROUP_HISTORY: u64 = 8;

impl Names {
    /// The names under `prefix` (letters, digits, `-` and `_`).
    ///
    /// # Errors
    ///
    /// [`NameError`] for any other prefix.
    pub fn new(prefix: &str) -> Result<Self, NameError> {
        let stream = |suffix| StreamName::new(format!("{prefix}_{suffix}"));
        let subject = |suffix| Subject::new(format!("{prefix}.{suffix}"));
        Ok(Self {
            messages: stream("MESSAGES")?,
            ledger: stream("LEDGER")?,
            group: stream("GROUP")?,
            message: subject("msg")?,
            own: subject("own")?,
            control: subject("group")?,
        })
    }

    /// The messages of one partition.
    pub fn message(&self, partition: PartitionId) -> Subject {
        self.message.child(partition)
    }

    /// Claims, effects and releases of one partition.
    pub fn own(&self, partition: PartitionId) -> Subject {
        self.own.child(partition)
    }

    /// Who leads: one record per term.
    pub fn leader(&self) -> Subject {
        self.control.child("leader")
    }

    /// The leader's sign of life.
    pub fn leader_beat(&self) -> Subject {
        self.control.child("leader_beat")
    }

    /// A member's sign of life.
    pub fn member(&self, member: &MemberId) -> Subject {
        self.control.child("member").child(member)
    }

    /// What a member may own.
    pub fn grant(&self, member: &MemberId) -> Subject {
        self.control.child("grant").child(member)
    }

    /// The grants of all members.
    pub fn all_grants(&self) -> Subject {
        self.control.child("grant").child("*")
    }

    /// Why the assignment changed.
    pub fn plan(&self) -> Subject {
        self.control.child("plan")
    }

    /// What all members must agree on.
    pub fn settings(&self) -> Subject {
        self.control.child("settings")
    }

    /// Every message subject.
    pub fn all_messages(&self) -> Subject {
        self.message.child("*")
    }

    /// Every ledger subject.
    pub fn all_own(&self) -> Subject {
        self.own.child("*")
    }

    /// Every subject of the group's stream.
    pub fn all_group(&self) -> Subject {
        self.control.child(">")
    }

    /// The partition of a message or ledger subject, or `None` if it is another subject.
    pub fn partition_of(&self, subject: &Subject) -> Option<PartitionId> {
        let below =
            |parent: &Subject| subject.as_str().strip_prefix(parent.as_str())?.strip_prefix('.');
        let leaf = below(&self.message).or_else(|| below(&self.own))?;
        leaf.parse().ok().map(PartitionId)
    }

    /// What a subject of the group's stream holds, or `None` if it is another subject.
    pub fn group_subject(&self, subject: &Subject) -> Option<GroupSubject> {
        let rest = subject.as_str().strip_prefix(self.control.as_str())?.strip_prefix('.')?;
        match rest.split_once('.') {
            None if rest == "leader" => Some(GroupSubject::Leader),
            None if rest == "leader_beat" => Some(GroupSubject::LeaderBeat),
            None if rest == "plan" => Some(GroupSubject::Plan),
            None if rest == "settings" => Some(GroupSubject::Settings),
            Some(("member", id)) => MemberId::new(id).ok().map(GroupSubject::Member),
            Some(("grant", id)) => MemberId::new(id).ok().map(GroupSubject::Grant),
            _ => None,
        }
    }

    /// The three streams, to be created by whoever comes first. The messages and the ledger refuse
    /// appends beyond their limits in bytes; they never evict. Only messages may bear ids.
    pub fn streams(&self, storage: Storage, replicas: usize, limits: Limits) -> [StreamSpec; 3] {
        let spec = |name: &StreamName, subject| StreamSpec {
            replicas,
            ..StreamSpec::new(name.clone(), subject, storage)
        };
        let Limits { messages_bytes, ledger_bytes, duplicate_window } = limits;
        let messages = spec(&self.messages, self.all_messages());
        let ledger = spec(&self.ledger, self.all_own());
        let group = spec(&self.group, self.all_group());
        [
            StreamSpec { max_bytes: messages_bytes, duplicate_window, ..messages },
            StreamSpec { max_bytes: ledger_bytes, ..ledger },
            StreamSpec { max_per_subject: Some(GROUP_HISTORY), ..group },
        ]
    }
}

/// How large the streams may grow, in bytes (`None` leaves it to the broker), and how long they remember.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The stream of messages.
    pub messages_bytes: Option<u64>,
    /// The ledger.
    pub ledger_bytes: Option<u64>,
    /// How long the id of a message is remembered, if whoever sends it gives it one.
    pub duplicate_window: Duration,
}

/// No limits in bytes, and the window that JetStream has by default.
impl Default for Limits {
    fn default() -> Self {
        Self {
            messages_bytes: None,
            ledger_bytes: None,
            duplicate_window: Duration::from_secs(120),
        }
    }
}

/// What a subject of the group's stream holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupSubject {
    /// [`crate::records::LeaderRecord`].
    Leader,
    /// [`crate::records::LeaderBeat`].
    LeaderBeat,
    /// [`crate::records::MemberRecord`].
    Member(MemberId),
    /// [`crate::records::Grant`].
    Grant(MemberId),
    /// [`crate::records::Plan`].
    Plan,
    /// [`crate::records::Settings`].
    Settings,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_lead_back_to_what_they_name() {
        let names = Names::new("sim").unwrap();
        let member = MemberId::new("worker-1").unwrap();
        let seven = PartitionId(7);
        assert_eq!(names.partition_of(&names.message(seven)), Some(seven));
        assert_eq!(names.partition_of(&names.own(seven)), Some(seven));
        assert_eq!(names.partition_of(&names.leader()), None);
        for (subject, expected) in [
            (names.leader(), GroupSubject::Leader),
            (names.leader_beat(), GroupSubject::LeaderBeat),
            (names.member(&member), GroupSubject::Member(member.clone())),
            (names.grant(&member), GroupSubject::Grant(member.clone())),
            (names.plan(), GroupSubject::Plan),
            (names.settings(), GroupSubject::Settings),
        ] {
            assert_eq!(names.group_subject(&subject), Some(expected));
        }
        assert_eq!(names.group_subject(&names.own(seven)), None);
        assert!(Names::new("a.b").is_err());
    }
}
