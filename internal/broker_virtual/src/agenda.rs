//! What is to happen at the broker and on the ways to it, in order of time: one list, one timer and one
//! task for all of it. A timer for each request, answer and record would wake whoever waits for it two
//! or three times, and that is most of what a run in virtual time costs.
//!
//! Tokio's timers count in milliseconds: what falls into one happens at its end, and what follows from it
//! within the same one, too. Each thing is told its own time, so that ways take as long as they are to.

use std::collections::BinaryHeap;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::time::{Instant, Sleep, sleep_until};

use crate::event::Event;

/// What is to happen. Clones are the same list.
#[derive(Clone)]
pub(crate) struct Agenda(Arc<Mutex<List>>);

struct List {
    /// Tokio's timers count in milliseconds from here.
    began: Instant,
    planned: BinaryHeap<Entry>,
    /// Entries that were ever made: what falls due at once happens in the order in which it was planned.
    made: u64,
    driver: Driver,
}

/// What the task is doing.
#[derive(Default)]
enum Driver {
    /// It has not begun, or is at work: it looks at the list before it rests.
    #[default]
    Busy,
    /// It waits until then, if there is anything to wait for.
    Resting(Option<Instant>, Waker),
    /// Nothing happens any more.
    Over,
}

struct Entry {
    due: Instant,
    number: u64,
    event: Event,
}

impl Entry {
    fn key(&self) -> (Instant, u64) {
        (self.due, self.number)
    }
}

/// The earliest entry is the greatest: that is the one which a heap gives back.
impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        other.key().cmp(&self.key())
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Entry {}

/// What the task does next.
enum Next {
    /// This, at its time.
    Happens(Instant, Event),
    /// Nothing before this.
    Rest(Option<Instant>),
    Over,
}

impl Agenda {
    /// Nothing is planned.
    pub(crate) fn new() -> Self {
        let (planned, driver) = Default::default();
        Self(Arc::new(Mutex::new(List { began: Instant::now(), planned, made: 0, driver })))
    }

    fn list(&self) -> MutexGuard<'_, List> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Plans an event. A leaf among the locks: whoever holds another one may call it.
    pub(crate) fn at(&self, due: Instant, event: Event) {
        let mut list = self.list();
        if list.is_over() {
            drop(list);
            return drop(event);
        }
        list.made += 1;
        let entry = Entry { due, number: list.made, event };
        list.planned.push(entry);
        list.wake_before(due);
    }

    /// Hands over what happens next; whoever rests is woken by `waker` if that changes.
    fn next(&self, now: Instant, waker: &Waker) -> Next {
        let mut list = self.list();
        if list.is_over() {
            return Next::Over;
        }
        let next = list.planned.peek().map(|first| first.due);
        if next.is_some_and(|due| due <= now)
            && let Some(Entry { due, event, .. }) = list.planned.pop()
        {
            // Nobody need wake who is awake: that would cost another turn.
            list.driver = Driver::Busy;
            return Next::Happens(due, event);
        }
        list.driver = Driver::Resting(next, waker.clone());
        Next::Rest(next)
    }

    /// Nothing happens any more.
    pub(crate) fn end(&self) {
        let (planned, driver) = {
            let mut list = self.list();
            let driver = std::mem::replace(&mut list.driver, Driver::Over);
            (std::mem::take(&mut list.planned), driver)
        };
        if let Driver::Resting(_, waker) = driver {
            waker.wake();
        }
        // Dropped without the lock: nobody knows what it holds.
        drop(planned);
    }

    /// Lets everything happen at its time, until the list is ended or this is dropped.
    pub(crate) async fn carry_out(self) {
        let ending = Ending(self);
        let timer = sleep_until(Instant::now());
        tokio::pin!(timer);
        poll_fn(|context| ending.0.poll(timer.as_mut(), context)).await;
    }

    fn poll(&self, mut timer: Pin<&mut Sleep>, context: &mut Context<'_>) -> Poll<()> {
        let mut now = Instant::now();
        loop {
            match self.next(now, context.waker()) {
                Next::Happens(at, event) => event.happen(at),
                Next::Rest(Some(due)) => {
                    if timer.deadline() != due || timer.is_elapsed() {
                        timer.as_mut().reset(due);
                    }
                    std::task::ready!(timer.as_mut().poll(context));
                    now = Instant::now();
                }
                Next::Rest(None) => return Poll::Pending,
                Next::Over => return Poll::Ready(()),
            }
        }
    }
}

impl List {
    fn is_over(&self) -> bool {
        matches!(self.driver, Driver::Over)
    }

    /// The task is to look at the list at `due` at the latest.
    fn wake_before(&mut self, due: Instant) {
        if let Driver::Resting(next, _) = &self.driver
            && next.is_none_or(|next| due < next && self.tick(due) < self.tick(next))
            && let Driver::Resting(_, waker) = std::mem::take(&mut self.driver)
        {
            waker.wake();
        }
    }

    /// The millisecond in which a timer wakes that is set to `at`.
    fn tick(&self, at: Instant) -> u64 {
        let since = at - self.began;
        since.as_secs() * 1_000 + u64::from(since.subsec_nanos().div_ceil(1_000_000))
    }
}

/// What holds connections holds the broker: whatever is planned goes with the task.
struct Ending(Agenda);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl std::fmt::Debug for Agenda {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let list = self.list();
        f.debug_struct("Agenda").field("planned", &list.planned.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::sleep;

    use super::*;
    use crate::broker::State;
    use crate::exchange::{Asked, Patience};

    const MS: Duration = Duration::from_millis(1);

    /// Notes when it ends.
    struct Noted {
        name: char,
        began: Instant,
        log: Arc<Mutex<Vec<(char, u128)>>>,
    }

    impl Asked for Noted {
        fn arrive(&self, _: &mut State, _: Instant) {}

        fn answer(&self) {}

        fn end(&self) {
            let at = self.began.elapsed().as_millis();
            self.log.lock().unwrap().push((self.name, at));
        }

        fn is_over(&self) -> bool {
            false
        }

        fn patience(&self) -> Patience {
            Patience { until: self.began, breaks: 0 }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_planned_happens_in_its_order_and_at_its_time() {
        let (agenda, began, log) = (Agenda::new(), Instant::now(), Arc::default());
        let event = |name| Event::GivenUp(Arc::new(Noted { name, began, log: Arc::clone(&log) }));
        tokio::spawn(agenda.clone().carry_out());
        agenda.at(began, event('b'));
        agenda.at(began - MS, event('a'));
        agenda.at(began + 9 * MS, event('i'));
        agenda.at(began + 4 * MS, event('d'));
        agenda.at(began + 4 * MS, event('e'));
        // A timer wakes in the millisecond that has ended by then.
        agenda.at(began + 4 * MS + MS / 2, event('f'));
        sleep(MS).await;
        // It rests until 4 ms have passed.
        agenda.at(began + 3 * MS, event('c'));
        sleep(5 * MS).await;
        // Until 9 ms: what falls into the same millisecond goes first all the same.
        agenda.at(began + 8 * MS + MS / 2, event('h'));
        agenda.at(Instant::now(), event('g'));
        sleep(10 * MS).await;
        let happened = log.lock().unwrap().clone();
        let expected = [
            ('a', 0),
            ('b', 0),
            ('c', 3),
            ('d', 4),
            ('e', 4),
            ('f', 5),
            ('g', 6),
            ('h', 9),
            ('i', 9),
        ];
        assert_eq!(happened, expected);
        agenda.end();
        agenda.at(Instant::now(), event('y'));
        sleep(MS).await;
        assert_eq!(log.lock().unwrap().len(), expected.len(), "nothing happens after the end");
        assert_eq!(Arc::strong_count(&log), 1, "and nothing is kept for it");
    }
}
