//! What a process is doing, as a pure state machine.

use std::fmt;

use crate::exit::Exit;

/// What a process is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It was started, and has not said that it is ready.
    Starting,
    /// It is ready.
    Running,
    /// We froze it (SIGSTOP).
    Paused,
    /// It ended without being asked to: by itself, whatever its exit code, or because it was killed.
    Crashed(Exit),
    /// It ended after it was asked to.
    Stopped(Exit),
}

impl State {
    /// How it ended, if it has.
    pub fn ended(self) -> Option<Exit> {
        match self {
            State::Crashed(exit) | State::Stopped(exit) => Some(exit),
            State::Starting | State::Running | State::Paused => None,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            State::Starting => f.write_str("starting"),
            State::Running => f.write_str("running"),
            State::Paused => f.write_str("paused"),
            State::Crashed(exit) => write!(f, "crashed ({exit})"),
            State::Stopped(exit) => write!(f, "stopped ({exit})"),
        }
    }
}

/// What happens to a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// It said that it is ready.
    Ready,
    /// We froze it.
    Pause,
    /// We let it go on.
    Resume,
    /// We asked it to end.
    Ask,
    /// We killed it: however it was asked before, this is a crash.
    Kill,
    /// It ended.
    End(Exit),
}

/// A process as far as we know.
#[derive(Debug)]
pub(crate) struct Life {
    state: State,
    asked: bool,
    killed: bool,
}

impl Life {
    pub(crate) fn new(state: State) -> Self {
        Self { state, asked: false, killed: false }
    }

    pub(crate) fn state(&self) -> State {
        self.state
    }

    /// The state after `event`; `None`, and nothing changes, if it cannot happen in this one.
    pub(crate) fn apply(&mut self, event: Event) -> Option<State> {
        let next = match (self.state, event) {
            (State::Crashed(_) | State::Stopped(_), _) => return None,
            (State::Starting, Event::Pause | Event::Resume) => return None,
            (State::Running | State::Paused, Event::Ready) => return None,
            (_, Event::End(exit)) if self.asked && !self.killed => State::Stopped(exit),
            (_, Event::End(exit)) => State::Crashed(exit),
            (_, Event::Pause) => State::Paused,
            (_, Event::Ready | Event::Resume) => State::Running,
            (state, Event::Ask) => {
                self.asked = true;
                // Frozen, it could not do as it is asked.
                if state == State::Paused { State::Running } else { state }
            }
            (state, Event::Kill) => {
                self.killed = true;
                state
            }
        };
        self.state = next;
        Some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::Event::{Ask, End, Kill, Pause, Ready, Resume};
    use super::State::{Crashed, Paused, Running, Starting, Stopped};
    use super::*;

    const EXIT: Exit = Exit { code: Some(3) };

    #[test]
    fn each_event_in_each_state() {
        // From, then what Ready, Pause, Resume, Ask, Kill and End lead to; None: refused.
        let events = [Ready, Pause, Resume, Ask, Kill, End(EXIT)];
        let (s, r, p) = (Some(Starting), Some(Running), Some(Paused));
        let crashed = Some(Crashed(EXIT));
        for (from, to) in [
            (Starting, [r, None, None, s, s, crashed]),
            (Running, [None, p, r, r, r, crashed]),
            (Paused, [None, p, r, r, p, crashed]),
            (Crashed(EXIT), [None; 6]),
            (Stopped(EXIT), [None; 6]),
        ] {
            for (event, to) in events.into_iter().zip(to) {
                let mut life = Life::new(from);
                assert_eq!(life.apply(event), to, "{event:?} in {from}");
                assert_eq!(life.state(), to.unwrap_or(from), "{event:?} in {from}");
            }
        }
    }

    #[test]
    fn only_an_end_that_was_asked_for_is_a_stop() {
        for (before, end) in [
            (&[][..], Crashed(EXIT)),
            (&[Ask], Stopped(EXIT)),
            (&[Pause, Ask], Stopped(EXIT)),
            (&[Ask, Pause], Stopped(EXIT)),
            (&[Kill], Crashed(EXIT)),
            (&[Ask, Kill], Crashed(EXIT)),
            (&[Kill, Ask], Crashed(EXIT)),
        ] {
            for from in [Running, Paused] {
                let mut life = Life::new(from);
                for event in before {
                    life.apply(*event).expect("it is alive");
                }
                assert_eq!(life.apply(End(EXIT)), Some(end), "{before:?} in {from}");
            }
        }
    }
}
