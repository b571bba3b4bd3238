//! The protocol, rule by rule, on a broker in virtual time: what must hold, and what must not.
//!
//! Each file is one rule. [`support`] builds groups and breaks things; [`ledger`] and [`group`]
//! judge what the streams hold afterwards, by the invariants alone, not by what members say.

mod assigned;
mod backlog;
mod deposed;
mod doubt;
mod foreign;
mod frozen;
mod group;
mod handlers;
mod handover;
mod identity;
mod late;
mod ledger;
mod outage;
mod rebalance;
mod restart;
mod settings;
mod soak;
mod support;
mod zombie;
