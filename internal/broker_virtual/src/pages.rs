//! What a stream holds, by sequence: mostly the newest so many, one after the other, with old ones left
//! here and there. Pages of neighbours are found at once; a page of which little is left is small.

use broker::Seq;

/// Sequences of one page.
const PAGE: u64 = 64;

/// Values by sequence.
#[derive(Debug)]
pub(crate) struct Pages<T> {
    /// By their number.
    pages: Vec<Page<T>>,
    /// Pages before this one are empty.
    first: usize,
    held: u64,
}

/// A page that is empty has no slots.
#[derive(Debug)]
struct Page<T> {
    slots: Vec<Option<Box<T>>>,
    held: u64,
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
    /// Puts a value where there is none.
    pub(crate) fn insert(&mut self, seq: Seq, value: T) {
        let (number, place) = place(seq);
        while self.pages.len() <= number {
            self.pages.push(Page { slots: Vec::new(), held: 0 });
        }
        let page = &mut self.pages[number];
        if page.slots.is_empty() {
            page.slots.reserve_exact(PAGE as usize);
            page.slots.resize_with(PAGE as usize, || None);
            self.first = self.first.min(number);
        }
        page.slots[place] = Some(Box::new(value));
        page.held += 1;
        self.held += 1;
    }

    pub(crate) fn get(&self, seq: Seq) -> Option<&T> {
        let (number, place) = place(seq);
        self.pages.get(number)?.slots.get(place)?.as_deref()
    }

    pub(crate) fn remove(&mut self, seq: Seq) -> Option<T> {
        let (number, place) = place(seq);
        let page = self.pages.get_mut(number)?;
        let value = page.slots.get_mut(place)?.take()?;
        page.held -= 1;
        self.held -= 1;
        if page.held == 0 {
            page.slots = Vec::new();
            while self.pages.get(self.first).is_some_and(|page| page.held == 0) {
                self.first += 1;
            }
        }
        Some(*value)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> u64 {
        self.held
    }

    /// Those from `start` on, in order.
    pub(crate) fn from(&self, start: Seq) -> impl Iterator<Item = (Seq, &T)> {
        let pages = self.pages.iter().enumerate().skip(self.first.max(place(start).0));
        let slots = pages.flat_map(|(number, page)| {
            let seqs = (number as u64 * PAGE..).map(Seq);
            seqs.zip(&page.slots)
        });
        let held = slots.filter_map(|(seq, slot)| slot.as_deref().map(|value| (seq, value)));
        held.skip_while(move |(seq, _)| *seq < start)
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
        let empty = |page: &&Page<u64>| page.held == 0;
        assert!(pages.pages.iter().filter(empty).count() > 0, "some are empty");
        assert!(pages.pages.iter().filter(empty).all(|page| page.slots.capacity() == 0));
        assert!(pages.pages[..pages.first].iter().all(|page| page.held == 0));
    }
}
