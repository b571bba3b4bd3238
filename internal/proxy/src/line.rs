//! One direction of a connection: what is under way, and when it arrives. Pure; time is handed in.
//!
//! What is under way keeps its order and is bounded, as a TCP window bounds it: when it is full
//! nothing more is taken, and the sender is held back.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use model::Rng;
use rand::RngExt;
use tokio::time::Instant;

use crate::figures::Counters;
use model::Network;

/// How much may be under way.
pub(crate) const WINDOW: usize = 1 << 20;
/// What a piece costs beside its bytes, so that very many small ones are bounded, too.
const OVERHEAD: usize = 64;
/// The most bytes of a segment: what fits into an Ethernet frame.
const SEGMENT: usize = 1460;
/// The first retransmission timeout of Linux on a short way; RFC 6298 says how it doubles.
const TIMEOUT: Duration = Duration::from_millis(200);
/// After that many losses in a row the connection is given up.
const LOSSES_MAX: u32 = 6;

/// What arrives.
#[derive(Debug)]
pub(crate) enum Piece {
    Bytes(Bytes),
    /// The sender has finished.
    End,
    /// The connection is given up over these bytes, unless the network heals before.
    Doomed(Bytes),
}

/// One direction of a connection.
#[derive(Debug)]
pub(crate) struct Line {
    under_way: VecDeque<(Instant, Piece)>,
    held: usize,
    /// Nothing is taken any more: the sender has finished, or the connection is as good as lost.
    closed: bool,
    rng: Rng,
    counters: Arc<Counters>,
}

impl Line {
    pub(crate) fn new(rng: Rng, counters: Arc<Counters>) -> Self {
        Self { under_way: VecDeque::new(), held: 0, closed: false, rng, counters }
    }

    /// Whether more may be taken.
    pub(crate) fn has_room(&self) -> bool {
        !self.closed && self.held < WINDOW
    }

    /// Takes bytes; none at all mean that the sender has finished.
    pub(crate) fn take(&mut self, now: Instant, mut bytes: Bytes, conditions: Network) {
        if bytes.is_empty() {
            self.closed = true;
            return self.put(now, now, Piece::End);
        }
        match conditions {
            Network::Clear | Network::Cut | Network::HalfOpen => {
                self.put(now, now, Piece::Bytes(bytes));
            }
            Network::Delayed { delay, jitter } => {
                let due = now + self.delay(delay, jitter);
                self.put(now, due, Piece::Bytes(bytes));
            }
            Network::Lossy { loss } => {
                while !bytes.is_empty() && !self.closed {
                    let segment = bytes.split_to(bytes.len().min(SEGMENT));
                    let losses = self.losses(loss);
                    let due = now + TIMEOUT * (2_u32.pow(losses) - 1);
                    if losses < LOSSES_MAX {
                        self.put(now, due, Piece::Bytes(segment));
                    } else {
                        // What lies behind it is needed only if the network heals before.
                        self.closed = true;
                        let mut doomed = segment.to_vec();
                        doomed.extend_from_slice(&bytes);
                        self.put(now, due, Piece::Doomed(doomed.into()));
                    }
                }
            }
        }
    }

    /// Network have changed: what was under way arrives now, whatever had become of it.
    pub(crate) fn release(&mut self, now: Instant) {
        for (due, piece) in &mut self.under_way {
            *due = now;
            if let Piece::Doomed(bytes) = piece {
                self.closed = false;
                *piece = Piece::Bytes(std::mem::take(bytes));
            }
        }
    }

    /// When the next piece arrives.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.under_way.front().map(|(due, _)| *due)
    }

    /// The next piece.
    pub(crate) fn next(&self) -> Option<&Piece> {
        self.under_way.front().map(|(_, piece)| piece)
    }

    /// `count` bytes of the next piece have arrived.
    pub(crate) fn arrived(&mut self, count: usize) {
        let Some((_, piece)) = self.under_way.front_mut() else { return };
        match piece {
            Piece::Bytes(bytes) if bytes.len() > count => {
                self.held -= count;
                let _ = bytes.split_to(count);
            }
            _ => {
                self.held -= cost(piece);
                self.under_way.pop_front();
            }
        }
    }

    fn put(&mut self, now: Instant, due: Instant, piece: Piece) {
        // Nothing overtakes.
        let due = self.under_way.back().map_or(due, |(last, _)| due.max(*last));
        if due > now {
            self.counters.held.add(1);
        }
        self.held += cost(&piece);
        self.under_way.push_back((due, piece));
    }

    fn delay(&mut self, delay: Duration, jitter: Duration) -> Duration {
        if jitter.is_zero() {
            return delay;
        }
        let jitter = jitter.min(delay);
        self.rng.random_range(delay - jitter..=delay + jitter)
    }

    /// How often a segment is lost in a row, six times at the most.
    fn losses(&mut self, loss: f64) -> u32 {
        let mut losses = 0;
        while losses < LOSSES_MAX && self.rng.random::<f64>() < loss {
            losses += 1;
        }
        self.counters.lost.add(losses.into());
        losses
    }
}

fn cost(piece: &Piece) -> usize {
    match piece {
        Piece::Bytes(bytes) | Piece::Doomed(bytes) => bytes.len() + OVERHEAD,
        Piece::End => OVERHEAD,
    }
}

#[cfg(test)]
mod tests;
