//! What can go wrong with a group, and what to do about it.

use broker::{BrokerError, NameError};

use crate::MemberId;

/// Why a member could not join.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// The broker cannot be used.
    #[error(transparent)]
    Broker(#[from] BrokerError),
    /// The group's name is none.
    #[error("the group's name: {0}")]
    Name(#[from] NameError),
    /// The member's name is none.
    #[error(transparent)]
    Member(#[from] crate::MemberIdError),
    /// A setting that no group can work with.
    #[error("{setting} is {value}: {rule}")]
    Setting {
        /// The setting.
        setting: &'static str,
        /// Its value.
        value: String,
        /// What would be right.
        rule: &'static str,
    },
    /// The group exists with another number of partitions.
    #[error(
        "this group has {theirs} partitions, not {ours}: all members must agree; \
         use {theirs}, or another group"
    )]
    Partitions {
        /// What this member was told.
        ours: u32,
        /// What the group was created with.
        theirs: u32,
    },
}

/// Why membership ended although nobody asked for it.
#[derive(Debug, thiserror::Error)]
pub enum MemberError {
    /// Another process joined under the same name and took over.
    #[error("another process joined as {0}: give every process a name of its own")]
    Replaced(MemberId),
    /// A stream of the group is gone, or this member may not use it.
    #[error(transparent)]
    Broker(#[from] BrokerError),
    /// A handler panicked, or the runtime is shutting down.
    #[error("a task of the member ended unexpectedly: {0}")]
    Task(String),
}
