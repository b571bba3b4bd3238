//! Appends whose senders heard nothing.

use probes::Probe;

use crate::Case;

pub const CASES: &[Case] = &[
    (
        Probe::ClaimUnheard,
        |h| h.claim("a", 0).unheard(),
        |h| h.claim_refused("a", 1, 0).unheard_as(false),
    ),
    (Probe::EffectUnheard, |h| h.effect("a", &[1]).unheard(), |h| h.release("a").unheard()),
    (Probe::ReleaseUnheard, |h| h.release("a").unheard(), |h| h.effect("a", &[1]).unheard()),
    (Probe::PublishUnheard, |h| h.publish(0).unheard(), |h| h.publish(0).unheard_as(false)),
    (Probe::PublishRecovered, |h| h.publish(0).unheard().publish(1), |h| h.put().put()),
    (
        Probe::PublishRecovered,
        |h| h.publish(0).unheard().publish(1).publish(2),
        |h| h.publish(0).unheard().publish(0),
    ),
    (Probe::GroupChangeUnheard, |h| h.join("a").unheard(), |h| h.beat("a").unheard()),
    (
        Probe::GroupChangeUnheard,
        |h| h.join("a").expire("a").unheard(),
        |h| h.plan(&[], 0).unheard(),
    ),
    (Probe::GroupChangeUnheard, |h| h.elect("a").unheard(), |h| h.leader_beat().unheard()),
    (Probe::GroupChangeUnheard, |h| h.resign().unheard(), |h| h.grant("a", "0").unheard()),
    (Probe::LeaderBeatUnheard, |h| h.leader_beat().unheard(), |h| h.beat("a").unheard()),
    (Probe::GrantUnheard, |h| h.grant("a", "0").unheard(), |h| h.leader_beat().unheard()),
    (Probe::GrantUnheard, |h| h.plan(&[], 0).unheard(), |h| h.join("a").unheard()),
    (Probe::ClaimLost, |h| h.claim("a", 0).lost(), |h| h.effect("a", &[1]).lost()),
    (Probe::EffectLost, |h| h.effect("a", &[1]).lost(), |h| h.claim("a", 0).lost()),
    (Probe::PublishLost, |h| h.publish(0).lost(), |h| h.publish(0).unheard()),
    (
        Probe::LateAppendStored,
        |h| h.beat("a").lost().beat("a").unheard().unheard(),
        |h| h.beat("a").lost().leave("a").unheard().unheard_as(false),
    ),
    (
        Probe::LateAppendRefused,
        |h| h.claim("a", 0).lost().unheard_as(false),
        |h| h.claim("a", 0).lost().unheard().unheard_as(false),
    ),
    (
        Probe::DoubtAcrossOutage,
        |h| h.publish(0).up(false).lost().up(true).publish(1).publish(2),
        |h| h.publish(0).lost().up(false).up(true).publish(1),
    ),
    (
        Probe::DoubtAcrossOutage,
        |h| h.publish(0).up(false).unheard().up(true).publish(1),
        |h| h.publish(0).up(false).lost(),
    ),
];
