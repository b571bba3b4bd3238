//! What each planted bug has to be found by.

use bugs::Bug;
use coordinator::Class;

/// By what a bug has to be found.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    /// The class of anomaly that it is.
    pub class: Class,
    /// Further classes that may come with it.
    pub also: &'static [Class],
    /// A real server shows it within seconds, too.
    pub on_server: bool,
}

/// By what `bug` has to be found.
pub fn expected(bug: Bug) -> Expected {
    use Class as C;
    let (class, also, on_server): (C, &[C], bool) = match bug {
        Bug::MessageSkipped | Bug::Canary => (C::LostInDelivery, &[], true),
        Bug::EffectBeforeProcessing => (C::Unprocessed, &[], true),
        Bug::EffectTwice => (C::Duplicate, &[], true),
        Bug::EffectWithoutFence => (C::TwoOwners, &[C::Duplicate, C::OutOfOrder], false),
        Bug::ClaimWithoutCompare => (C::Duplicate, &[C::TwoOwners, C::StaleEpoch], false),
        Bug::ClaimFromTheStart => (C::Duplicate, &[], true),
        Bug::ReaderTooLate => (C::LostInDelivery, &[], false),
        Bug::ReaderTooEarly => (C::Duplicate, &[], false),
        Bug::MergeSkips => (C::LostInDelivery, &[], false),
        Bug::GrantBeforeRelease => (C::TwoOwners, &[], true),
        Bug::OlderEpoch => (C::StaleEpoch, &[C::TwoOwners], true),
        Bug::DeposedLeaderWrites => (C::StaleEpoch, &[C::TwoOwners], false),
        Bug::DeathIgnored => (C::Unowned, &[C::Undrained], false),
        Bug::RenewalWithoutCompare => (C::StaleEpoch, &[C::TwoOwners], false),
        Bug::RevocationNotObeyed => (C::TwoOwners, &[], true),
        Bug::BacklogDropped => (C::LostInDelivery, &[], false),
        Bug::Reordered => (C::OutOfOrder, &[], false),
        Bug::MovesEverything => (C::NeedlessMove, &[], true),
        Bug::ForgetsAPartition => (C::Unowned, &[C::Undrained], false),
        Bug::GivesOneToTwo => (C::TwoOwners, &[], false),
        Bug::SequenceReused => (C::Duplicate, &[], true),
        Bug::DoubtDropped => (C::LostByProducer, &[], false),
        Bug::ErrorCountedAsSent => (C::LostByBroker, &[], false),
        Bug::PayloadDamaged => (C::Corrupt, &[], true),
        Bug::MessageInvented => (C::Unexpected, &[C::LostInDelivery], true),
        Bug::SlowMotion => (C::Undrained, &[], false),
        Bug::ReportsDropped => (C::Undrained, &[], false),
        Bug::RecordDropped => (C::LostInDelivery, &[C::TwoOwners], false),
        Bug::TrimTooFar => (C::LostInDelivery, &[], false),
        Bug::IntervalLost => (C::LostByBroker, &[C::TwoOwners, C::StaleEpoch, C::Unowned], false),
        // What is judged again may be a claim.
        Bug::CountedTwice => (C::Duplicate, &[C::TwoOwners, C::StaleEpoch], false),
        Bug::BrokerForgets => (C::LostByBroker, &[], false),
    };
    Expected { class, also, on_server }
}
