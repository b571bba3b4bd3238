//! Requests as they are drawn: small numbers, so that they meet.

use proptest::collection::vec;
use proptest::prelude::*;

/// The subjects of the stream, below its prefix.
pub const SUBJECTS: [&str; 4] = ["a", "b", "c.1", "c.2"];
/// What readers and consumers ask for.
pub const FILTERS: [&[&str]; 8] =
    [&["a"], &["b"], &["a", "b"], &["c.*"], &["a", "c.*"], &[">"], &["a", "c.>"], &["*"]];
/// The consumers.
pub const CONSUMERS: [&str; 2] = ["one", "two"];

/// What an append expects: the last record of a subject, or one beside it.
#[derive(Clone, Copy, Debug)]
pub struct Expects {
    pub subject: usize,
    pub off: i64,
}

/// A request.
#[derive(Clone, Copy, Debug)]
pub enum Op {
    Append {
        subject: usize,
        expects: Option<Expects>,
        id: Option<u32>,
    },
    Last {
        filter: usize,
    },
    FirstAt {
        subject: usize,
        at: u64,
    },
    Read {
        filters: usize,
        start: Option<u64>,
    },
    State,
    /// Removes the records of a subject that lie further back than so many records.
    Trim {
        subject: usize,
        back: u64,
    },
    /// Deletes the stream.
    Delete,
    /// Deletes the stream, and makes it anew.
    Remake {
        max_per_subject: Option<u64>,
    },
    /// No filters at all if there is no such number.
    Consumer {
        name: usize,
        filters: usize,
        max_deliver: Option<u32>,
        max_ack_pending: u32,
    },
    Pull {
        name: usize,
    },
    /// Uses one of the receipts, counted from the newest.
    Ack {
        back: usize,
    },
    Nak {
        back: usize,
    },
    Remove {
        name: usize,
    },
    Progress {
        name: usize,
    },
}

/// Sequences of requests.
pub fn ops(length: usize) -> impl Strategy<Value = Vec<Op>> {
    vec(op(), length / 2..=length)
}

fn op() -> impl Strategy<Value = Op> {
    let (subject, filters, name) = (0..SUBJECTS.len(), 0..=FILTERS.len(), 0..CONSUMERS.len());
    let off = prop_oneof![6 => Just(0_i64), 1 => -1..=1_i64];
    let expects = (subject.clone(), off).prop_map(|(subject, off)| Expects { subject, off });
    let id = proptest::option::weighted(0.3, 0..8_u32);
    let append = (subject.clone(), proptest::option::of(expects), any::<bool>(), id).prop_map(
        |(subject, expects, own, id)| {
            let expects =
                expects.map(|e| Expects { subject: if own { subject } else { e.subject }, ..e });
            Op::Append { subject, expects, id }
        },
    );
    let consumer = (
        name.clone(),
        filters,
        proptest::option::of(1..=3_u32),
        prop_oneof![3 => Just(100_u32), 1 => 1..=3_u32],
    )
        .prop_map(|(name, filters, max_deliver, max_ack_pending)| Op::Consumer {
            name,
            filters,
            max_deliver,
            max_ack_pending,
        });
    prop_oneof![
        24 => append,
        3 => (0..FILTERS.len()).prop_map(|filter| Op::Last { filter }),
        3 => (subject.clone(), 0..30_u64).prop_map(|(subject, at)| Op::FirstAt { subject, at }),
        4 => (0..FILTERS.len(), proptest::option::weighted(0.7, 0..30_u64))
            .prop_map(|(filters, start)| Op::Read { filters, start }),
        2 => Just(Op::State),
        3 => (subject, 0..8_u64).prop_map(|(subject, back)| Op::Trim { subject, back }),
        1 => prop_oneof![
            1 => Just(Op::Delete),
            3 => proptest::option::of(1..=3_u64)
                .prop_map(|max_per_subject| Op::Remake { max_per_subject }),
        ],
        7 => consumer,
        16 => name.clone().prop_map(|name| Op::Pull { name }),
        6 => (0..6_usize).prop_map(|back| Op::Ack { back }),
        6 => (0..6_usize).prop_map(|back| Op::Nak { back }),
        1 => name.clone().prop_map(|name| Op::Remove { name }),
        5 => name.prop_map(|name| Op::Progress { name }),
    ]
}
