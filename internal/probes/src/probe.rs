//! The catalogue: every situation that a campaign must have been in.

/// Keeps the variants, their names and what they say in one place.
macro_rules! catalogue {
    ($($probe:ident, $name:literal, $situation:literal;)*) => {
        /// A situation that a campaign must have been in.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Probe {
            $(#[doc = $situation] $probe,)*
        }

        /// All of them, in the order of the documentation.
        pub const CATALOGUE: &[Probe] = &[$(Probe::$probe),*];

        impl Probe {
            /// Its name, in reports.
            pub fn name(self) -> &'static str {
                match self { $(Self::$probe => $name,)* }
            }

            /// The situation, in a sentence.
            pub fn situation(self) -> &'static str {
                match self { $(Self::$probe => $situation,)* }
            }
        }
    };
}

impl Probe {
    /// Whether it is seen by claims and effects: where nothing is fenced there are none, and every
    /// grant looks as if nobody had taken it up.
    pub fn needs_claims(self) -> bool {
        use Probe::*;
        matches!(
            self,
            JoinInRebalance
                | LeaveInRebalance
                | ExpiryInRebalance
                | MemberLostInHandover
                | GrantTakenBack
                | BacklogHandedOver
                | IdleHandedOver
                | ClaimOverUnreleased
                | OwnerCutOffReplaced
                | ClaimRace
                | ClaimOvertaken
                | ZombieClaimRefused
                | ZombieEffectRefused
                | BatchEffect
                | TrimWithoutOwner
                | RestartWithinLease
                | StepAsideRestart
                | ClaimUnheard
                | EffectUnheard
                | ReleaseUnheard
                | ClaimLost
                | EffectLost
                | PartitionMovedTwice
                | BrokerDownInRebalance
        )
    }
}

catalogue! {
    LeaderLostInRevocation, "leader_lost_in_revocation",
        "The last that a leader wrote left a revocation unacknowledged; then its reign ended.";
    LeaderLostAfterPlan, "leader_lost_after_plan",
        "A leader's reign ended after it had written a plan that moves something, and before any grant of it.";
    RevocationInherited, "revocation_inherited",
        "A leader was elected while a member had yet to acknowledge what a predecessor took from it.";
    TwoLeadersWithinALease, "two_leaders_within_a_lease",
        "Two elections lay less than a lease apart.";
    ElectionRefused, "election_refused",
        "A member stood for election, and another had been elected meanwhile.";
    LeaderElectedAgain, "leader_elected_again",
        "A leader's next life was elected after it.";
    LeaderResigned, "leader_resigned",
        "A leader stepped down.";
    LeaderCutOff, "leader_cut_off",
        "A leader lost its reign while its network, and no other member's, was broken or silent.";
    DeposedBeatRefused, "deposed_beat_refused",
        "A deposed leader's sign of life was refused.";
    DeposedGrantRefused, "deposed_grant_refused",
        "A deposed leader's grant or plan was refused.";
    JoinInRebalance, "join_in_rebalance",
        "A member joined while a rebalance was under way.";
    LeaveInRebalance, "leave_in_rebalance",
        "A member left while a rebalance was under way.";
    ExpiryInRebalance, "expiry_in_rebalance",
        "A member was expired while a rebalance was under way among the others.";
    JoinPlannedInRevocation, "join_planned_in_revocation",
        "A plan for a member that joined was made while a revocation was unacknowledged.";
    MemberLostInRevocation, "member_lost_in_revocation",
        "A member was expired that had not acknowledged what was taken from it.";
    MemberLostInHandover, "member_lost_in_handover",
        "A member was expired that had not claimed yet what was granted to it.";
    GrantTakenBack, "grant_taken_back",
        "A partition was taken from a living member that had not claimed it yet.";
    GrantToTheDead, "grant_to_the_dead",
        "Partitions were granted to a life that was over.";
    GrantRepeated, "grant_repeated",
        "A grant was stored again, after itself or a newer one.";
    PartitionMovedTwice, "partition_moved_twice",
        "A partition went to another member twice within two leases.";
    BacklogHandedOver, "backlog_handed_over",
        "A new owner's first effect was of messages that were stored before its claim.";
    IdleHandedOver, "idle_handed_over",
        "A partition went to another member with nothing left to do in it.";
    ClaimOverUnreleased, "claim_over_unreleased",
        "A partition was claimed from another member that had not released it.";
    OwnerCutOffReplaced, "owner_cut_off_replaced",
        "A partition was claimed from a member whose network was broken or silent.";
    ClaimRace, "claim_race",
        "A claim was refused because another had claimed the partition since its sender looked.";
    ClaimOvertaken, "claim_overtaken",
        "A claim was refused because the owner before had recorded something since its sender looked.";
    ZombieClaimRefused, "zombie_claim_refused",
        "A claim was refused after another under a newer grant.";
    ZombieEffectRefused, "zombie_effect_refused",
        "An effect was refused because another member had claimed the partition.";
    BatchEffect, "batch_effect",
        "One effect recorded several messages.";
    TrimWithoutOwner, "trim_without_owner",
        "Messages of a partition were trimmed while nobody owned it.";
    RestartWithinLease, "restart_within_lease",
        "A member's next life claimed again what an earlier one, which had crashed, had in the same seat.";
    StepAsideRestart, "step_aside_restart",
        "A member's next life claimed again what an earlier one had released when it stepped aside.";
    RestartAfterLease, "restart_after_lease",
        "A member that had been expired came back over a new connection.";
    ExpiredMemberReturns, "expired_member_returns",
        "A member that had been expired came back over the connection it had.";
    ExpiryRefused, "expiry_refused",
        "A leader would have expired a member that spoke in time.";
    GapAcrossEpoch, "gap_across_epoch",
        "A member's network was broken or silent while the epoch changed, and its life went on afterwards.";
    HalfOpenSurvived, "half_open_survived",
        "A member's connection was silent, and its life went on afterwards.";
    ClaimUnheard, "claim_unheard",
        "A claim was stored, and its answer lost.";
    EffectUnheard, "effect_unheard",
        "An effect was stored, and its answer lost.";
    ReleaseUnheard, "release_unheard",
        "A release was stored, and its answer lost.";
    PublishUnheard, "publish_unheard",
        "A message was stored, and its answer lost.";
    PublishRecovered, "publish_recovered",
        "A message in doubt was found stored, and its producer went on after it.";
    GroupChangeUnheard, "group_change_unheard",
        "A join, a farewell, an expiry, an election or a resignation was stored, and its answer lost.";
    LeaderBeatUnheard, "leader_beat_unheard",
        "A leader's sign of life was stored, and its answer lost.";
    GrantUnheard, "grant_unheard",
        "A grant or a plan was stored, and its answer lost.";
    ClaimLost, "claim_lost",
        "A claim was lost, or had not arrived when its sender gave up.";
    EffectLost, "effect_lost",
        "An effect was lost, or had not arrived when its sender gave up.";
    PublishLost, "publish_lost",
        "A message was lost, or had not arrived when its sender gave up.";
    LateAppendStored, "late_append_stored",
        "An append arrived after its sender had given up, and was stored.";
    LateAppendRefused, "late_append_refused",
        "An append arrived after its sender had given up, and was refused.";
    BrokerDownInRebalance, "broker_down_in_rebalance",
        "The broker stopped while a rebalance was under way.";
    BrokerDownWithoutLeader, "broker_down_without_leader",
        "The broker stopped while nobody led, or the leader had been silent for half a lease.";
    BrokerDownWithNetworkFault, "broker_down_with_network_fault",
        "The broker was down while a network was not clear.";
    TwoNetworkFaults, "two_network_faults",
        "Two networks were not clear at once.";
    DoubtAcrossOutage, "doubt_across_outage",
        "A message that was in doubt when the broker was down was settled after it had started.";
}
