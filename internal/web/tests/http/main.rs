//! The server over real HTTP on loopback, asked by a client that writes its requests by hand.

mod binding;
mod chaos;
mod client;
mod live;
mod page;
mod pages;
mod report;
mod run;

#[path = "../../../metrics/tests/page/checker.rs"]
mod checker;
