//! Chaos by hand: whoever watches a run stops the schedule, lets it go on, asks for an event, or
//! looks at what is broken. The director answers between two of its own acts.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use config::{ChaosEvent, Config, Parameters};
use serde::Serialize;
use tokio::sync::{mpsc, oneshot};

use crate::planned::Planned;

/// Commands that wait for the director.
const WAITING_MAX: usize = 16;
/// How long an answer may take: the director may be waiting for a node.
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// Where the director answers: what it did, or why it did not.
pub type Answer<T> = oneshot::Sender<Result<T, String>>;

/// What somebody wants of the director.
#[derive(Debug)]
pub enum Command {
    /// No event of the schedule happens until [`Command::Resume`]; what falls due is skipped. What
    /// is broken is still mended.
    Pause(Answer<()>),
    /// The schedule goes on.
    Resume(Answer<()>),
    /// An event happens now, also while the schedule is paused. The answer says what began.
    Trigger(Trigger, Answer<String>),
    /// What is planned and what is broken.
    Show(Answer<State>),
}

/// An event by hand.
#[derive(Clone, Debug, PartialEq)]
pub struct Trigger {
    /// What.
    pub event: ChaosEvent,
    /// How, as in the configuration.
    pub parameters: Parameters,
}

/// What the director has done and will do.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct State {
    /// Whether the schedule is paused by hand.
    pub paused: bool,
    /// Time of the run.
    pub elapsed_seconds: f64,
    /// The next events of the schedule.
    pub planned_next: Vec<Planned>,
    /// Events of the schedule that are to come.
    pub planned_left: usize,
    /// What is broken.
    pub open: Vec<OpenFault>,
    /// Workers whose turn in a rolling restart is to come.
    pub rolling_left: usize,
    /// Events that were carried out.
    pub done: u64,
    /// Of these, how many of each event.
    pub done_by_event: BTreeMap<&'static str, u64>,
    /// Events that could not be carried out.
    pub skipped: u64,
}

/// A fault that has not ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OpenFault {
    /// As in the report.
    pub id: u64,
    /// What.
    pub event: String,
    /// Whom.
    pub target: String,
    /// When it began: time of the run.
    pub since_seconds: f64,
    /// When it is to end; with the run if absent.
    pub until_seconds: Option<f64>,
    /// What it does, in words.
    pub effect: String,
}

/// Why a command was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// The command itself is wrong.
    #[error("{0}")]
    Wrong(String),
    /// Nothing is wrong with it, but it is not possible now.
    #[error("{0}")]
    Refused(String),
    /// There is no answer yet.
    #[error("chaos is busy: {0}; look at GET /chaos, and try again")]
    Busy(&'static str),
    /// Chaos is over.
    #[error("chaos has ended: the run is draining, or over")]
    Over,
}

/// The other end of the director's queue of commands; clones are the same.
#[derive(Clone, Debug)]
pub struct Control {
    commands: mpsc::Sender<Command>,
    /// By which an event by hand is checked.
    config: Arc<Config>,
}

impl Control {
    /// A handle, and what [`crate::Director::new`] needs.
    pub fn new(config: Arc<Config>) -> (Self, mpsc::Receiver<Command>) {
        let (commands, receiver) = mpsc::channel(WAITING_MAX);
        (Self { commands, config }, receiver)
    }

    /// Stops the schedule.
    ///
    /// # Errors
    ///
    /// Any [`ControlError`] but `Wrong`.
    pub async fn pause(&self) -> Result<(), ControlError> {
        self.ask(Command::Pause).await
    }

    /// Lets the schedule go on.
    ///
    /// # Errors
    ///
    /// As [`Control::pause`].
    pub async fn resume(&self) -> Result<(), ControlError> {
        self.ask(Command::Resume).await
    }

    /// Makes an event happen now: a JSON object with the keys of a line of `chaos.script`, but for
    /// `at`. Says what began.
    ///
    /// # Errors
    ///
    /// Any [`ControlError`].
    pub async fn trigger(&self, json: &str) -> Result<String, ControlError> {
        let asked = self.config.event_by_hand(json, "request");
        let asked = asked.map_err(|error| ControlError::Wrong(error.to_string()))?;
        let trigger = Trigger { event: asked.event, parameters: asked.parameters };
        self.ask(|answer| Command::Trigger(trigger, answer)).await
    }

    /// What is planned and what is broken.
    ///
    /// # Errors
    ///
    /// As [`Control::pause`].
    pub async fn show(&self) -> Result<State, ControlError> {
        self.ask(Command::Show).await
    }

    async fn ask<T>(&self, command: impl FnOnce(Answer<T>) -> Command) -> Result<T, ControlError> {
        let (answer, answered) = oneshot::channel();
        self.commands.try_send(command(answer)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => ControlError::Busy("too many commands wait"),
            mpsc::error::TrySendError::Closed(_) => ControlError::Over,
        })?;
        match tokio::time::timeout(ANSWER_MAX, answered).await {
            Ok(Ok(answer)) => answer.map_err(ControlError::Refused),
            Ok(Err(_)) => Err(ControlError::Over),
            Err(_) => Err(ControlError::Busy("the command waits behind a node that is slow")),
        }
    }
}
