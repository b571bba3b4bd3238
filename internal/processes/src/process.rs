//! A process: its state, and what can be done to it.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::process::Signal;
use tokio::process::Child;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::timeout;

use crate::error::ProcessError;
use crate::exit::Exit;
use crate::handle::Handle;
use crate::slow::{Duty, duty};
use crate::state::{Event, Life, State};

/// How long a killed process may take to be gone.
const GONE_WITHIN: Duration = Duration::from_secs(10);

/// A process. Clones are the same process; dropping them leaves it alone, but a process of somebody
/// else goes on if it was frozen.
#[derive(Clone, Debug)]
pub struct Process(pub(crate) Arc<Shared>);

#[derive(Debug)]
pub(crate) struct Shared {
    name: String,
    pid: u32,
    inner: Mutex<Inner>,
    state: watch::Sender<State>,
}

#[derive(Debug)]
struct Inner {
    handle: Handle,
    life: Life,
    slow: Slow,
    /// Who waits for the end of a process of somebody else.
    watcher: Option<AbortHandle>,
}

/// Where the process is in its duty cycle.
#[derive(Debug, Default)]
struct Slow {
    /// Counts calls of `slow`; the cycle of an earlier one ends itself.
    call: u64,
    /// Whether it is frozen for the moment.
    off: bool,
}

impl Process {
    fn new(name: &str, pid: u32, handle: Handle, state: State) -> Self {
        let life = Life::new(state);
        let inner = Mutex::new(Inner { handle, life, slow: Slow::default(), watcher: None });
        let (state, _) = watch::channel(state);
        Self(Arc::new(Shared { name: name.to_owned(), pid, inner, state }))
    }

    /// A child that was just started.
    pub(crate) fn child(name: &str, child: Child) -> Self {
        let pid = child.id().unwrap_or_default();
        let process = Self::new(name, pid, Handle::Child(child), State::Starting);
        let shared = process.0.clone();
        tokio::spawn(async move { poll_fn(|context| shared.poll_reap(context)).await });
        process
    }

    /// A process of somebody else; `ended` is done when it has ended.
    #[cfg(target_os = "linux")]
    pub(crate) fn foreign(
        pid: u32,
        pidfd: std::os::fd::OwnedFd,
        ended: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        let name = format!("process {pid}");
        let process = Self::new(&name, pid, Handle::Foreign(pidfd), State::Running);
        // It does not keep the process frozen when nobody is left to resume it.
        let shared = Arc::downgrade(&process.0);
        let watcher = tokio::spawn(async move {
            ended.await;
            if let Some(shared) = shared.upgrade() {
                shared.happened(&mut shared.lock(), Event::End(Exit::default()));
            }
        });
        process.0.lock().watcher = Some(watcher.abort_handle());
        process
    }

    /// Its number.
    pub fn pid(&self) -> u32 {
        self.0.pid
    }

    /// What it is doing.
    pub fn state(&self) -> State {
        *self.0.state.borrow()
    }

    /// Follows its state.
    pub fn watch(&self) -> watch::Receiver<State> {
        self.0.state.subscribe()
    }

    /// Waits until it has ended, by itself or not. Any number of callers may wait.
    pub async fn exited(&self) -> Exit {
        let mut state = self.watch();
        let ended = state.wait_for(|state| state.ended().is_some()).await;
        ended.ok().and_then(|state| state.ended()).unwrap_or_default()
    }

    /// Kills it (SIGKILL), frozen or not, and waits until it is gone: a crash.
    pub async fn kill(&self) -> Exit {
        self.send_kill();
        timeout(GONE_WITHIN, self.exited()).await.unwrap_or_default()
    }

    /// Asks it to end, with `signal`; lets it go on for that if it is frozen or slow. If it has not
    /// ended after `within` it is killed, which is a crash.
    pub async fn stop(&self, signal: Signal, within: Duration) -> Exit {
        self.ask(signal);
        match timeout(within, self.exited()).await {
            Ok(exit) => exit,
            Err(_) => self.kill().await,
        }
    }

    /// Freezes it (SIGSTOP), until it is resumed, stopped or killed. Again does nothing.
    ///
    /// # Errors
    ///
    /// It has ended, or is not ready yet.
    pub fn pause(&self) -> Result<(), ProcessError> {
        self.0.switch(Event::Pause, Signal::STOP, "paused")
    }

    /// Lets it go on (SIGCONT). Again does nothing.
    ///
    /// # Errors
    ///
    /// It has ended, or is not ready yet.
    pub fn resume(&self) -> Result<(), ProcessError> {
        self.0.switch(Event::Resume, Signal::CONT, "resumed")
    }

    /// Makes it `factor` times as slow, 100 at the most, by freezing it for a part of every period
    /// of 100 ms; 1 and everything that is not more ends that.
    pub fn slow(&self, factor: f64) {
        let mut inner = self.0.lock();
        inner.slow.call += 1;
        inner.set_off(false);
        if let Some(duty_cycle) = Duty::of(factor) {
            let (shared, call) = (Arc::downgrade(&self.0), inner.slow.call);
            tokio::spawn(duty(duty_cycle, move |off| {
                shared.upgrade().is_some_and(|shared| shared.turn(call, off))
            }));
        }
    }

    pub(crate) fn is_ready(&self) {
        self.0.happened(&mut self.0.lock(), Event::Ready);
    }

    pub(crate) fn send_kill(&self) {
        let mut inner = self.0.lock();
        if self.0.happened(&mut inner, Event::Kill) {
            // It may be ending right now; then there is nobody to kill, which is as well.
            let _ = inner.handle.signal(Signal::KILL);
        }
    }

    fn ask(&self, signal: Signal) {
        let mut inner = self.0.lock();
        inner.slow = Slow { call: inner.slow.call + 1, off: false };
        if self.0.happened(&mut inner, Event::Ask) {
            // The signal first: it wakes up with it. If both fail it is killed in the end.
            let _ = inner.handle.signal(signal);
            let _ = inner.handle.signal(Signal::CONT);
        }
    }
}

impl Shared {
    /// No code that holds the lock panics half way.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells what happened; whether it could.
    fn happened(&self, inner: &mut Inner, event: Event) -> bool {
        let Some(next) = inner.life.apply(event) else { return false };
        self.state.send_if_modified(|state| std::mem::replace(state, next) != next);
        true
    }

    /// Reaps a child once it has ended. Only under the lock: so long its number is its own.
    fn poll_reap(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut inner = self.lock();
        let exit = match &mut inner.handle {
            Handle::Child(child) => match pin!(child.wait()).poll(context) {
                Poll::Ready(status) => status.map(Exit::from).unwrap_or_default(),
                Poll::Pending => return Poll::Pending,
            },
            #[cfg(target_os = "linux")]
            Handle::Foreign(_) => return Poll::Ready(()),
        };
        self.happened(&mut inner, Event::End(exit));
        Poll::Ready(())
    }

    /// Freezes it or lets it go on.
    fn switch(&self, event: Event, signal: Signal, verb: &'static str) -> Result<(), ProcessError> {
        let mut inner = self.lock();
        let name = self.name.clone();
        let state = inner.life.state();
        if !matches!(state, State::Running | State::Paused) {
            return Err(ProcessError::WrongState { name, verb, state });
        }
        inner.handle.signal(signal).map_err(|error| {
            let source = error.into();
            ProcessError::Signal { name, pid: self.pid, verb, source }
        })?;
        inner.slow.off = false;
        self.happened(&mut inner, event);
        Ok(())
    }

    /// The next part of the duty cycle that `call` began; whether it goes on.
    fn turn(&self, call: u64, off: bool) -> bool {
        let mut inner = self.lock();
        let goes_on = inner.slow.call == call && inner.life.state().ended().is_none();
        if goes_on {
            inner.set_off(off);
        }
        goes_on
    }
}

impl Inner {
    /// Freezes it for a moment, unless it is paused for longer.
    fn set_off(&mut self, off: bool) {
        if self.slow.off != off && self.life.state() == State::Running {
            self.slow.off = off;
            // If it does not work the process is only faster than it should be.
            let _ = self.handle.signal(if off { Signal::STOP } else { Signal::CONT });
        }
    }
}

impl Drop for Shared {
    /// A process of somebody else must not stay frozen because we forgot it.
    fn drop(&mut self) {
        let inner = self.inner.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(watcher) = inner.watcher.take() {
            watcher.abort();
            if inner.slow.off || inner.life.state() == State::Paused {
                let _ = inner.handle.signal(Signal::CONT);
            }
        }
    }
}
