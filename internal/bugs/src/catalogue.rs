//! Every bug that can be planted: its name, the room that it is made in, and what goes wrong.

/// Declares the catalogue from a table.
macro_rules! catalogue {
    ($($variant:ident $name:literal $room:literal $about:literal;)*) => {
        /// A bug that can be planted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Bug {
            $(#[doc = $about] $variant,)*
        }

        impl Bug {
            /// Every one of them.
            pub const ALL: &[Bug] = &[$(Bug::$variant),*];

            /// What it is called on the command line.
            pub const fn name(self) -> &'static str {
                match self { $(Bug::$variant => $name,)* }
            }

            /// The room whose code has it.
            pub const fn room(self) -> &'static str {
                match self { $(Bug::$variant => $room,)* }
            }

            /// What goes wrong, in a sentence.
            pub const fn about(self) -> &'static str {
                match self { $(Bug::$variant => $about,)* }
            }
        }
    };
}

catalogue! {
    MessageSkipped "message-skipped" "parti"
        "A lane passes over a message now and then.";
    EffectBeforeProcessing "effect-before-processing" "worker"
        "The effect is recorded first, and then the handler is called.";
    EffectTwice "effect-twice" "parti"
        "An effect is appended a second time, as a new record.";
    EffectWithoutFence "effect-without-fence" "parti"
        "Effects are appended whatever the chain ends with.";
    ClaimWithoutCompare "claim-without-compare-and-set" "parti"
        "Claims are appended whatever the chain ends with, however long ago it was looked at.";
    ClaimFromTheStart "claim-from-the-start" "parti"
        "A new owner does not look up what is done, and begins with the first message.";
    ReaderTooLate "reader-one-too-late" "parti"
        "A new owner begins to read after the first message that is not done.";
    ReaderTooEarly "reader-one-too-early" "parti"
        "A new owner begins to read at the last message that is done.";
    MergeSkips "merge-skips" "parti"
        "Merged readers go on one message too late.";
    GrantBeforeRelease "grant-before-release" "parti"
        "A partition is granted before its old owner has let go of it.";
    OlderEpoch "older-epoch" "parti"
        "A member claims under the first grant that it ever had.";
    DeposedLeaderWrites "deposed-leader-writes" "parti"
        "A leader writes whoever leads by now, and does not stop when it is deposed.";
    DeathIgnored "death-ignored" "parti"
        "The leader expires nobody.";
    RenewalWithoutCompare "renewal-without-compare-and-set" "parti"
        "Signs of life are appended whatever stands under the member's name: two processes of one name, or one \
         that was expired, never find out.";
    RevocationNotObeyed "revocation-not-obeyed" "parti"
        "A member acknowledges that partitions were taken from it, and works on.";
    BacklogDropped "backlog-dropped" "parti"
        "Whoever lets go of a partition says that all it had read of it is done.";
    Reordered "reordered" "parti"
        "Messages that share an effect are recorded in reverse.";
    MovesEverything "strategy-moves-everything" "parti"
        "Each plan deals all partitions anew, one member further.";
    ForgetsAPartition "strategy-forgets-a-partition" "parti"
        "The strategy gives one partition to nobody once members change.";
    GivesOneToTwo "strategy-gives-one-to-two" "parti"
        "The strategy gives one partition to two members.";
    SequenceReused "sequence-reused" "producer"
        "After a crash a producer goes on with the number of its last message.";
    DoubtDropped "doubt-dropped" "producer"
        "A producer forgets a message whose publish got no answer.";
    ErrorCountedAsSent "error-counted-as-sent" "producer"
        "A producer counts a publish that got no answer as acknowledged.";
    PayloadDamaged "payload-damaged" "producer"
        "A producer damages a message after it has stamped it.";
    MessageInvented "message-invented" "worker"
        "A worker records that a message is done which nobody sent.";
    SlowMotion "slow-motion" "worker"
        "A worker takes three seconds for each message.";
    ReportsDropped "reports-dropped" "coordinator"
        "The coordinator does not read the reports of producers.";
    RecordDropped "record-dropped" "coordinator"
        "The coordinator loses a record of the ledger now and then.";
    TrimTooFar "trim-too-far" "coordinator"
        "The coordinator removes messages that are not done.";
    IntervalLost "checkpoint-loses-its-last-interval" "coordinator"
        "A checkpoint holds what was judged at the checkpoint before it.";
    CountedTwice "resume-counts-twice" "coordinator"
        "A coordinator that goes on reads some records that it had judged.";
    BrokerForgets "broker-forgets" "broker_virtual"
        "The broker acknowledges a message now and then that it does not store.";
    Canary "canary" "parti"
        "Every fifth seed passes over one message: the pipeline has to find exactly these.";
}

impl std::str::FromStr for Bug {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Bug::ALL.iter().copied().find(|bug| bug.name() == name).ok_or_else(|| {
            let names: Vec<_> = Bug::ALL.iter().map(|bug| bug.name()).collect();
            format!("no bug is called {name}; there are {}", names.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bug_is_found_by_its_name() {
        for bug in Bug::ALL {
            assert_eq!(bug.name().parse(), Ok(*bug), "names are unique");
            assert!(bug.about().ends_with('.') && !bug.room().is_empty());
        }
        let unknown = "effect-thrice".parse::<Bug>().unwrap_err();
        assert!(unknown.contains("effect-thrice") && unknown.contains("effect-twice"), "{unknown}");
    }
}
