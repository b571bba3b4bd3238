//! What a stream holds, by sequence: mostly the newest so many, one after the other, with old ones left
//! here and there. Pages of neighbours are found at once, and lie side by side in memory; a page of which
//! little is left is small.

use broker::Seq;

/// Sequences of one page.
const PAGE: u64 = 64;
/// A page that holds no more of them has no room for the others.
const FEW: usize = PAGE as usize / 4;

/// Values by sequence.
#[derive(Debug)]
pub(crate) struct Pages<T> {
    /// By their number.
    pages: Vec<Page<T>>,
    /// Pages before this one are empty.
    first: usize,
    held: u64,
}

#[derive(Debug)]
struct Page<T> {
    slots: Slots<T>,
    held: usize,
}

/// The values of a page.
#[derive(Debug)]
enum Slots<T> {
    /// By their places, up to the last one that was ever used.
    All(Vec<Option<T>>),
    /// With their places, in order.
    Few(Vec<(usize, T)>),
}

/// Its page, and its place in there.
fn place(seq: Seq) -> (usize, usize) {
    ((seq.0 / PAGE) as usize, (seq.0 % PAGE) as usize)
}

impl<T> Default for Pages<T> {
    fn default() -> Self {
        Self { pages: Vec::new(), first: 0, held: 0 }
    }
}

impl<T> Pages<T> {
    /// Puts a value behind all that there ever were.
    pub(crate) fn push(&mut self, seq: Seq, value: T) {
        let (number, place) = place(seq);
        while self.pages.len() <= number {
            self.pages.push(Page { slots: Slots::All(Vec::new()), held: 0 });
        }
        self.pages[number].push(place, value);
        self.held += 1;
    }

    pub(crate) fn get(&self, seq: Seq) -> Option<&T> {
        let (number, place) = place(seq);
        self.pages.get(number)?.get(place)
    }

    pub(crate) fn remove(&mut self, seq: Seq) -> Option<T> {
        let (number, place) = place(seq);
        let value = self.pages.get_mut(number)?.remove(place)?;
        self.held -= 1;
        while self.pages.get(self.first).is_some_and(Page::is_over) {
            self.first += 1;
        }
        Some(value)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> u64 {
        self.held
    }

    /// Those from `start` on, in order.
    pub(crate) fn from(&self, start: Seq) -> impl Iterator<Item = (Seq, &T)> {
        let pages = self.pages.iter().enumerate().skip(self.first.max(place(start).0));
        let held = pages.flat_map(|(number, page)| {
            page.held().map(move |(place, value)| (Seq(number as u64 * PAGE + place as u64), value))
        });
        held.skip_while(move |(seq, _)| *seq < start)
    }
}

impl<T> Page<T> {
    /// Whether there is nothing in it, and never will be.
    fn is_over(&self) -> bool {
        self.held == 0 && matches!(self.slots, Slots::Few(_))
    }

    fn push(&mut self, place: usize, value: T) {
        self.held += 1;
        match &mut self.slots {
            Slots::All(slots) => {
                slots.reserve_exact(PAGE as usize - slots.len());
                slots.resize_with(place, || None);
                slots.push(Some(value));
            }
            Slots::Few(few) => few.push((place, value)),
        }
    }

    fn get(&self, place: usize) -> Option<&T> {
        match &self.slots {
            Slots::All(slots) => slots.get(place)?.as_ref(),
            Slots::Few(few) => {
                few.iter().find(|(other, _)| *other == place).map(|(_, value)| value)
            }
        }
    }

    fn remove(&mut self, place: usize) -> Option<T> {
        let value = match &mut self.slots {
            Slots::All(slots) => slots.get_mut(place)?.take()?,
            Slots::Few(few) => {
                let found = few.iter().position(|(other, _)| *other == place)?;
                few.remove(found).1
            }
        };
        self.held -= 1;
        self.shrink();
        Some(value)
    }

    /// Gives back the room for what is gone, if the page was full.
    fn shrink(&mut self) {
        if let Slots::All(slots) = &mut self.slots
            && slots.len() == PAGE as usize
            && self.held <= FEW
        {
            let left = slots.drain(..).enumerate();
            let left = left.filter_map(|(place, slot)| slot.map(|value| (place, value)));
            let mut few = Vec::with_capacity(self.held);
            few.extend(left);
            self.slots = Slots::Few(few);
        }
    }

    /// What is in it, with its places, in order.
    fn held(&self) -> impl Iterator<Item = (usize, &T)> {
        let (all, few): (&[Option<T>], &[(usize, T)]) = match &self.slots {
            Slots::All(slots) => (slots, &[]),
            Slots::Few(few) => (&[], few),
        };
        let all = all.iter().enumerate();
        let all = all.filter_map(|(place, slot)| slot.as_ref().map(|value| (place, value)));
        all.chain(few.iter().map(|(place, value)| (*place, value)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn pages_hold_what_a_map_would() {
        let mut rng = model::Seed(1).rng("pages");
        let (mut pages, mut map) = (Pages::default(), BTreeMap::new());
        for seq in (1..=20 * PAGE).map(Seq) {
            pages.push(seq, seq.0);
            map.insert(seq, seq.0);
            // Most go again, so that pages fall empty, too.
            for _ in 0..2 {
                let gone = Seq(rand::RngExt::random_range(&mut rng, 0..=seq.0 + 1));
                assert_eq!(pages.remove(gone), map.remove(&gone));
            }
            let start = Seq(rand::RngExt::random_range(&mut rng, 0..=seq.0 + 1));
            let expected = map.range(start..).map(|(seq, value)| (*seq, value));
            assert!(pages.from(start).eq(expected), "from {start}");
            assert_eq!(pages.get(start), map.get(&start));
            assert_eq!(pages.len(), map.len() as u64);
        }
        let counts = |page: &Page<u64>| {
            let room = match &page.slots {
                Slots::All(slots) => slots.capacity(),
                Slots::Few(few) => few.capacity(),
            };
            (page.held, room)
        };
        let counts: Vec<_> = pages.pages.iter().map(counts).collect();
        let (newest, full) = counts.split_last().expect("there are pages");
        assert_eq!(newest.1, PAGE as usize, "it is not full yet");
        assert!(full.iter().any(|(held, _)| *held == 0), "some are empty");
        assert!(full.iter().any(|(held, _)| (1..=FEW).contains(held)), "little is left of some");
        assert!(full.iter().any(|(held, _)| *held > FEW), "and much of others");
        for (held, room) in full {
            let expected = if *held > FEW { PAGE as usize } else { FEW };
            assert!(*room <= expected, "{held} of {room}");
        }
        assert!(pages.first > 0 && counts[..pages.first].iter().all(|(held, _)| *held == 0));
        // What comes after all is gone is found, in a page that was empty meanwhile.
        for seq in 1..=20 * PAGE {
            pages.remove(Seq(seq));
        }
        assert_eq!(pages.len(), 0);
        pages.push(Seq(20 * PAGE + 1), 7);
        assert!(pages.from(Seq::NONE).eq([(Seq(20 * PAGE + 1), &7)]));
    }
}
