//! What a stream holds, by sequence: mostly the newest so many, one after the other, with old ones left
//! here and there. Pages of neighbours are found faster, and kept closer, than each by itself.

use std::collections::BTreeMap;

use broker::Seq;

/// Sequences of one page.
const PAGE: u64 = 64;

/// Values by sequence.
#[derive(Debug)]
pub(crate) struct Pages<T> {
    /// None is empty.
    pages: BTreeMap<u64, Page<T>>,
    held: u64,
}

#[derive(Debug)]
struct Page<T> {
    slots: Vec<Option<T>>,
    held: u64,
}

/// Its page, and its place in there.
fn place(seq: Seq) -> (u64, usize) {
    (seq.0 / PAGE, (seq.0 % PAGE) as usize)
}

impl<T> Default for Pages<T> {
    fn default() -> Self {
        Self { pages: BTreeMap::new(), held: 0 }
    }
}

impl<T> Pages<T> {
    /// Puts a value where there is none.
    pub(crate) fn insert(&mut self, seq: Seq, value: T) {
        let (number, place) = place(seq);
        let empty = || Page { slots: Vec::with_capacity(PAGE as usize), held: 0 };
        let page = self.pages.entry(number).or_insert_with(empty);
        while page.slots.len() <= place {
            page.slots.push(None);
        }
        page.slots[place] = Some(value);
        page.held += 1;
        self.held += 1;
    }

    pub(crate) fn get(&self, seq: Seq) -> Option<&T> {
        let (number, place) = place(seq);
        self.pages.get(&number)?.slots.get(place)?.as_ref()
    }

    pub(crate) fn remove(&mut self, seq: Seq) -> Option<T> {
        let (number, place) = place(seq);
        let page = self.pages.get_mut(&number)?;
        let value = page.slots.get_mut(place)?.take()?;
        page.held -= 1;
        self.held -= 1;
        if page.held == 0 {
            self.pages.remove(&number);
        }
        Some(value)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> u64 {
        self.held
    }

    /// Those from `start` on, in order.
    pub(crate) fn from(&self, start: Seq) -> impl Iterator<Item = (Seq, &T)> {
        let slots = self.pages.range(place(start).0..).flat_map(|(number, page)| {
            let seqs = (number * PAGE..).map(Seq);
            seqs.zip(&page.slots)
        });
        let held = slots.filter_map(|(seq, slot)| slot.as_ref().map(|value| (seq, value)));
        held.skip_while(move |(seq, _)| *seq < start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold_what_a_map_would() {
        let mut rng = model::Seed(1).rng("pages");
        let (mut pages, mut map) = (Pages::default(), BTreeMap::new());
        for seq in (1..=20 * PAGE).map(Seq) {
            pages.insert(seq, seq.0);
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
        assert!((pages.pages.len() as u64) < 20, "an empty page is let go of");
        assert!(pages.pages.values().all(|page| page.held > 0));
    }
}
