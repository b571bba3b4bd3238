//! The promises of the strategies, seen from outside. One file a group of promises; what they share
//! is in [`support`].

mod golden;
mod growth;
mod orphans;
mod stateless;
mod sticky;
mod support;
mod wide;
