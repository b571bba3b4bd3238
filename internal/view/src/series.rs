//! Figures over time: one point a second at first; when there are many, two become one, and new ones
//! are taken half as often.

use coordinator::Totals;
use serde::Serialize;

use crate::shown::Curve;

/// Points that are kept.
const POINTS_MAX: usize = 1_200;
/// Seconds between two points at first.
const STEP_SECONDS: f64 = 1.0;

/// The figures at one moment. What only grows is told as it stands, so that what happened between two
/// points is their difference, whichever points are left; of what comes and goes, the most since the
/// point before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Point {
    /// Seconds since the run began.
    pub t: f64,
    /// Messages sent.
    pub sent: u64,
    /// Messages done.
    pub done: u64,
    /// Messages stored and not yet done, at the most.
    pub in_flight: u64,
    /// Partitions without an owner, at the most.
    pub unowned: u32,
}

/// Points, each with the version in which it changed last.
#[derive(Clone, Debug)]
pub(crate) struct Series {
    points: Vec<(u64, Point)>,
    step: f64,
}

impl Default for Series {
    fn default() -> Self {
        Self { points: Vec::new(), step: STEP_SECONDS }
    }
}

impl Series {
    pub fn take(&mut self, t: f64, totals: &Totals, version: u64) {
        let (sent, done) = (totals.sent, totals.received);
        let (in_flight, unowned) = (totals.in_flight, totals.unowned);
        let point = Point { t, sent, done, in_flight, unowned };
        let before = self.points.iter().rev().nth(1).map_or(f64::NEG_INFINITY, |(_, p)| p.t);
        match self.points.last_mut() {
            Some((_, newest)) if t < newest.t => return,
            // The newest point grows until it is a step away from the one before.
            Some(newest) if newest.1.t - before < self.step * 0.9 => {
                *newest = (version, merged(&newest.1, &point));
            }
            _ => self.points.push((version, point)),
        }
        if self.points.len() > POINTS_MAX {
            self.thin(version);
        }
    }

    fn thin(&mut self, version: u64) {
        let pairs = self.points.chunks(2).filter_map(|pair| {
            let (first, last) = (pair.first()?, pair.last()?);
            Some((version, merged(&first.1, &last.1)))
        });
        self.points = pairs.collect();
        self.step *= 2.0;
    }

    /// What changed after `version`: the curve from the first point on that did.
    pub fn since(&self, version: u64) -> Curve {
        let from = self.points.iter().position(|(changed, _)| *changed > version);
        let from = from.unwrap_or(self.points.len());
        Curve { from, points: self.points.iter().skip(from).map(|(_, point)| *point).collect() }
    }
}

fn merged(first: &Point, last: &Point) -> Point {
    Point {
        in_flight: first.in_flight.max(last.in_flight),
        unowned: first.unowned.max(last.unowned),
        ..*last
    }
}
