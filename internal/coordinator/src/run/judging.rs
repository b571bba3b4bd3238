//! The judge at work, on a thread of its own: the run goes on meanwhile. Whoever has the feed has it
//! alone, and it is handed to and fro at times that do not depend on which thread is faster, so that a run
//! in virtual time can be repeated.

use std::any::Any;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use broker::Record;

use super::error::CoordinatorError;
use super::feed::Feed;
use super::follow::Source;

/// Records that are noted for the judge; with more of them nobody waits until it is asked.
const NOTED_MAX: usize = 4_096;

/// Records of one stream after the other.
type Batches = Vec<(Source, Vec<Record>)>;
type Outcome = (Box<Feed>, Result<(), CoordinatorError>);

/// A judge that is told, works, and is asked.
pub(super) struct Judging {
    /// The feed, unless the thread has it.
    feed: Option<Box<Feed>>,
    is_at_work: bool,
    /// What the judge is to be told next, and how many records these are.
    batches: Batches,
    noted: usize,
    work: Sender<(Box<Feed>, Batches)>,
    done: Receiver<Outcome>,
    thread: Option<JoinHandle<()>>,
}

impl Judging {
    pub(super) fn new(feed: Feed) -> Self {
        let (work, waiting) = channel();
        let (told, done) = channel();
        let thread = std::thread::spawn(move || work_through(&waiting, &told));
        Self {
            feed: Some(Box::new(feed)),
            is_at_work: false,
            batches: Vec::new(),
            noted: 0,
            work,
            done,
            thread: Some(thread),
        }
    }

    /// Notes what the judge is to be told.
    ///
    /// # Errors
    ///
    /// What is wrong with what it was told before: [`Feed::take`].
    pub(super) fn note(
        &mut self,
        source: Source,
        batch: Vec<Record>,
    ) -> Result<(), CoordinatorError> {
        self.noted += batch.len();
        self.batches.push((source, batch));
        if self.noted >= NOTED_MAX { self.go_on() } else { Ok(()) }
    }

    /// Tells the judge what was noted.
    ///
    /// # Errors
    ///
    /// What is wrong with what it was told before: [`Feed::take`].
    pub(super) fn go_on(&mut self) -> Result<(), CoordinatorError> {
        self.feed()?;
        if let Some(feed) = self.feed.take_if(|_| self.noted > 0) {
            self.noted = 0;
            // If the thread has ended, whoever asks hears why.
            let _ = self.work.send((feed, std::mem::take(&mut self.batches)));
            self.is_at_work = true;
        }
        Ok(())
    }

    /// The judge, once it is done with what it was told.
    ///
    /// # Errors
    ///
    /// What is wrong with that: [`Feed::take`].
    pub(super) fn feed(&mut self) -> Result<&mut Feed, CoordinatorError> {
        if std::mem::take(&mut self.is_at_work) {
            let Ok((feed, outcome)) = self.done.recv() else { self.panicked() };
            self.feed = Some(feed);
            outcome?;
        }
        Ok(self.feed.as_mut().expect("it is here or at work"))
    }

    /// The judge, once it is done with all that was noted.
    ///
    /// # Errors
    ///
    /// What is wrong with that: [`Feed::take`].
    pub(super) fn end(mut self) -> Result<Feed, CoordinatorError> {
        self.go_on()?;
        self.feed()?;
        Ok(*self.feed.take().expect("it is here"))
    }

    fn panicked(&mut self) -> ! {
        let panic = self.thread.take().and_then(|thread| thread.join().err());
        panic!("the judge panicked: {}", panic.as_deref().map_or("without a word", words))
    }
}

/// A feed that is dropped has written down what it was told, so it is waited for.
impl Drop for Judging {
    fn drop(&mut self) {
        if self.is_at_work {
            let _ = self.done.recv();
        }
    }
}

fn work_through(waiting: &Receiver<(Box<Feed>, Batches)>, told: &Sender<Outcome>) {
    for (mut feed, batches) in waiting {
        let mut records =
            batches.iter().flat_map(|(source, batch)| batch.iter().map(|record| (*source, record)));
        let outcome = records.try_for_each(|(source, record)| feed.take(source, record));
        if told.send((feed, outcome)).is_err() {
            return;
        }
    }
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref().copied()).unwrap_or("without a word")
}

#[cfg(test)]
mod tests;
