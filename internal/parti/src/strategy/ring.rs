//! The hash ring: where members and partitions stand on it, and who comes next.
//!
//! Positions must be the same in every release and on every machine, because leaders of different
//! builds must agree: hence SipHash-1-3 with fixed keys for names and fixed arithmetic for numbers,
//! never the standard library's hasher, which promises neither.

use std::hash::{BuildHasherDefault, Hash, Hasher};

use hashring::HashRing;
use model::PartitionId;
use siphasher::sip::SipHasher13;

use super::{Members, Seat};
use crate::MemberId;

/// A place on the ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position(pub(super) u64);

impl Position {
    pub(super) fn of_partition(partition: PartitionId) -> Self {
        Self(scatter(PARTITIONS.wrapping_add(u64::from(partition.0).wrapping_mul(STEP))))
    }

    /// The virtual nodes of a member; at least one.
    pub(super) fn of_member(member: &MemberId, count: u32) -> impl Iterator<Item = Self> {
        let mut hasher = SipHasher13::new_with_keys(NAMES[0], NAMES[1]);
        hasher.write(member.as_str().as_bytes());
        let start = hasher.finish();
        (0..count.max(1))
            .map(move |node| Self(scatter(start.wrapping_add(u64::from(node).wrapping_mul(STEP)))))
    }
}

const NAMES: [u64; 2] = [0x7061_7274_6974_696f, 0x6e5f_6f77_6e65_7273];
const PARTITIONS: u64 = 0x7269_6e67_5f6b_6579;
/// 2^64 divided by the golden ratio: neighbouring numbers end up far apart.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// Two rounds of multiply and fold: every bit of the input reaches every bit of the output, and
/// different inputs keep different outputs.
fn scatter(number: u64) -> u64 {
    let number = (number ^ (number >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    let number = (number ^ (number >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    number ^ (number >> 32)
}

/// A ring of members.
pub(super) struct Ring(HashRing<Point, BuildHasherDefault<AsIs>>);

impl Ring {
    /// Sorts once, however many members there are.
    pub(super) fn new(members: &Members, virtual_nodes: u32) -> Self {
        let points = members.iter().flat_map(|(seat, member)| {
            Position::of_member(member, virtual_nodes).map(move |position| Point { position, seat })
        });
        let mut ring = HashRing::with_hasher(BuildHasherDefault::default());
        ring.batch_add(points.collect());
        Self(ring)
    }

    /// The member whose point follows the partition; `None` on an empty ring.
    pub(super) fn owner(&self, partition: PartitionId) -> Option<Seat> {
        self.0.get(&Position::of_partition(partition)).map(|point| point.seat)
    }
}

/// One virtual node of one member.
#[derive(Clone, Copy, Debug)]
struct Point {
    position: Position,
    seat: Seat,
}

impl Hash for Point {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.position.hash(state);
    }
}

impl Hash for Position {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0);
    }
}

/// Positions are hashes already, so the ring takes them as they are.
#[derive(Default)]
struct AsIs(u64);

impl Hasher for AsIs {
    fn write(&mut self, _: &[u8]) {
        unreachable!("only positions stand on the ring");
    }

    fn write_u64(&mut self, position: u64) {
        self.0 = position;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
