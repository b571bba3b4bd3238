//! Who follows a stream, and hears of what is stored there.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use broker::{Seq, Subject};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::agenda::Agenda;
use crate::event::Event;
use crate::filter::Filters;
use crate::reader::Following;

/// How many sequences are noted for a follower that does not ask; beyond, it looks through the
/// stream itself when it comes back.
const NOTED_MAX: usize = 1024;

/// Names a follower of a stream, for as long as it is one: its place, which another one may get later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FollowerId(usize);

/// Who is told of news.
#[derive(Debug)]
pub(crate) enum Told {
    Reader(Weak<Following>),
    /// Whoever waits in a pull.
    Pulls(Arc<Notify>),
}

#[derive(Debug)]
pub(crate) struct Follower {
    pub(crate) filters: Filters,
    /// The sequences that came since it had caught up; `None` if it has not, and must look itself.
    pub(crate) noted: Option<VecDeque<Seq>>,
    /// It has found nothing, and waits.
    idle: bool,
    told: Told,
}

/// The followers of one stream. Dropping them wakes them all: the stream is gone.
#[derive(Debug)]
pub(crate) struct Followers {
    agenda: Agenda,
    all: Vec<Option<Follower>>,
    /// Places of followers that are gone.
    free: Vec<usize>,
}

impl Followers {
    pub(crate) fn new(agenda: Agenda) -> Self {
        Self { agenda, all: Vec::new(), free: Vec::new() }
    }

    /// Adds a follower; `told` is handed its name.
    pub(crate) fn add(
        &mut self,
        filters: Filters,
        told: impl FnOnce(FollowerId) -> Told,
    ) -> FollowerId {
        let place = self.free.pop().unwrap_or_else(|| {
            self.all.push(None);
            self.all.len() - 1
        });
        let id = FollowerId(place);
        self.all[place] = Some(Follower { filters, noted: None, idle: false, told: told(id) });
        id
    }

    /// Removes a follower; gives back what it took.
    pub(crate) fn remove(&mut self, id: FollowerId) -> Option<Filters> {
        let follower = self.all.get_mut(id.0).and_then(Option::take)?;
        self.free.push(id.0);
        Some(follower.filters)
    }

    pub(crate) fn get_mut(&mut self, id: FollowerId) -> Option<&mut Follower> {
        self.all.get_mut(id.0)?.as_mut()
    }

    /// Those whose filters take a subject.
    pub(crate) fn takers(&self, subject: &Subject) -> Vec<FollowerId> {
        let takes = |follower: &Option<Follower>| {
            follower.as_ref().is_some_and(|follower| follower.filters.take(subject))
        };
        let takers = self.all.iter().enumerate().filter(|(_, follower)| takes(follower));
        takers.map(|(place, _)| FollowerId(place)).collect()
    }

    /// A record that these take was stored `now`.
    pub(crate) fn tell(&mut self, takers: &[FollowerId], seq: Seq, now: Instant) {
        for id in takers {
            if let Some(follower) = &mut self.all[id.0] {
                follower.note(seq, now, &self.agenda);
            }
        }
    }
}

impl Follower {
    fn note(&mut self, seq: Seq, now: Instant, agenda: &Agenda) {
        if let Some(noted) = &mut self.noted {
            noted.push_back(seq);
            if noted.len() > NOTED_MAX {
                self.noted = None;
            }
        }
        if std::mem::take(&mut self.idle) {
            self.tell(now, agenda);
        }
    }

    fn tell(&self, now: Instant, agenda: &Agenda) {
        match &self.told {
            Told::Reader(reader) => {
                if let Some(reader) = reader.upgrade() {
                    agenda.at(now, Event::News(reader));
                }
            }
            Told::Pulls(wake) => wake.notify_one(),
        }
    }

    /// It waits for what comes.
    pub(crate) fn wait(&mut self) {
        self.idle = true;
    }
}

impl Drop for Followers {
    fn drop(&mut self) {
        let now = Instant::now();
        self.all.iter().flatten().for_each(|follower| follower.tell(now, &self.agenda));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn places_of_followers_that_are_gone_are_given_again() {
        let mut followers = Followers::new(Agenda::new());
        let pulls = |_| Told::Pulls(Arc::new(Notify::new()));
        let stays = followers.add(Filters::all(), pulls);
        for _ in 0..100 {
            let id = followers.add(Filters::all(), pulls);
            assert_ne!(id, stays);
            followers.remove(id);
            assert!(followers.get_mut(id).is_none());
        }
        assert!(followers.get_mut(stays).is_some());
        assert_eq!(followers.all.len(), 2);
    }
}
