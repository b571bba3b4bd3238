//! A value that many watch: they see the newest one, and not every one in between.
//!
//! In place of `tokio::sync::watch`, which wakes those who wait for a change in an order that it
//! draws at random. Here they are woken in the order in which they began to wait, so that a run in
//! virtual time can be repeated. What is here is called, and behaves, as it does there.

use std::fmt;
use std::future::{Future, poll_fn};
use std::ops::Deref;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::task::{Context, Poll, Waker};

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// A value that can be changed, and one who watches it.
pub fn channel<T>(value: T) -> (Sender<T>, Receiver<T>) {
    let sender = Sender::new(value);
    let receiver = sender.subscribe();
    (sender, receiver)
}

/// Waits until a flag is up, and for ever if it never will be.
pub async fn raised(mut flag: Receiver<bool>) {
    if flag.wait_for(|flag| *flag).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Waits for a change that was not seen, and for ever if there will be none.
pub async fn changed<T>(mut value: Receiver<T>) {
    if value.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Changes the value. Those who watch learn when the last of its clones is dropped.
pub struct Sender<T>(Arc<Shared<T>>);

/// Watches the value. A clone has seen what the original has seen.
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
    /// The version that it has seen.
    seen: u64,
}

/// The value as it is now. It cannot be changed as long as this is held, so hold it briefly.
#[derive(Debug)]
pub struct Ref<'a, T>(RwLockReadGuard<'a, State<T>>);

/// Nobody is left who could change the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the value will never change again: whoever could change it is gone")]
pub struct Closed;

#[derive(Debug)]
struct Shared<T> {
    state: RwLock<State<T>>,
    /// The version in there, for whoever waits for nothing but a change.
    version: AtomicU64,
    /// Wakes in the order of waiting.
    changed: Notify,
    senders: AtomicUsize,
    receivers: AtomicUsize,
}

#[derive(Debug)]
struct State<T> {
    value: T,
    /// Counts changes.
    version: u64,
}

impl<T> Shared<T> {
    fn read(&self) -> RwLockReadGuard<'_, State<T>> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State<T>> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_closed(&self) -> bool {
        self.senders.load(Ordering::Acquire) == 0
    }

    /// Looks whether `changed` has come: with another version than `seen`, or with the end of the last
    /// sender. Whoever waits for many things looks at each of them often: as long as there is neither, it is
    /// enough to have `asked` once to be woken.
    fn look(
        &self,
        context: &mut Context<'_>,
        changed: Pin<&mut Notified<'_>>,
        asked: &mut Option<Waker>,
        seen: u64,
    ) -> Poll<()> {
        let has_asked = asked.as_ref().is_some_and(|waker| waker.will_wake(context.waker()));
        if has_asked && self.version.load(Ordering::Acquire) == seen && !self.is_closed() {
            return Poll::Pending;
        }
        // Whoever changes the value tells of it before this goes on: what comes later comes with a
        // version that was not seen.
        let _unchanging = self.read();
        *asked = Some(context.waker().clone());
        changed.poll(context)
    }
}

impl<T> Sender<T> {
    /// A value that nobody watches yet.
    pub fn new(value: T) -> Self {
        Self(Arc::new(Shared {
            state: RwLock::new(State { value, version: 0 }),
            version: AtomicU64::new(0),
            changed: Notify::new(),
            senders: AtomicUsize::new(1),
            receivers: AtomicUsize::new(0),
        }))
    }

    /// One more who watches, and has seen the value as it is now.
    pub fn subscribe(&self) -> Receiver<T> {
        self.0.receivers.fetch_add(1, Ordering::AcqRel);
        Receiver { shared: self.0.clone(), seen: self.0.read().version }
    }

    /// The value as it is now.
    pub fn borrow(&self) -> Ref<'_, T> {
        Ref(self.0.read())
    }

    /// Changes the value, whether anybody watches or not; gives back what it was.
    pub fn send_replace(&self, mut value: T) -> T {
        self.send_modify(|old| std::mem::swap(old, &mut value));
        value
    }

    /// Changes the value in place.
    pub fn send_modify(&self, modify: impl FnOnce(&mut T)) {
        self.send_if_modified(|value| {
            modify(value);
            true
        });
    }

    /// Changes the value in place; those who watch learn of it if `modify` says that it has changed.
    pub fn send_if_modified(&self, modify: impl FnOnce(&mut T) -> bool) -> bool {
        let mut state = self.0.write();
        if !modify(&mut state.value) {
            return false;
        }
        state.version += 1;
        self.0.version.store(state.version, Ordering::Release);
        // Before anybody else looks: see `look`.
        self.0.changed.notify_waiters();
        true
    }

    /// Whether nobody watches.
    pub fn is_closed(&self) -> bool {
        self.0.receivers.load(Ordering::Acquire) == 0
    }
}

impl<T> Receiver<T> {
    /// The value as it is now. A change that is seen only here still counts as unseen.
    pub fn borrow(&self) -> Ref<'_, T> {
        Ref(self.shared.read())
    }

    /// The value as it is now, seen.
    pub fn borrow_and_update(&mut self) -> Ref<'_, T> {
        let state = self.shared.read();
        self.seen = state.version;
        Ref(state)
    }

    /// Whether there is a change that was not seen.
    ///
    /// # Errors
    ///
    /// [`Closed`] if there will never be another one.
    pub fn has_changed(&self) -> Result<bool, Closed> {
        if self.shared.is_closed() {
            return Err(Closed);
        }
        Ok(self.shared.version.load(Ordering::Acquire) != self.seen)
    }

    /// Counts what there is as seen.
    pub fn mark_unchanged(&mut self) {
        self.seen = self.shared.read().version;
    }

    /// Waits for a change that was not seen, and counts it as seen.
    ///
    /// # Errors
    ///
    /// [`Closed`] if there is none, and there will never be another one.
    pub async fn changed(&mut self) -> Result<(), Closed> {
        loop {
            // As in `wait_for`, but the value need not be looked at.
            let (mut changed, mut asked) = (pin!(self.shared.changed.notified()), None);
            let closed = self.shared.is_closed();
            let version = self.shared.version.load(Ordering::Acquire);
            if std::mem::replace(&mut self.seen, version) != version {
                return Ok(());
            }
            if closed {
                return Err(Closed);
            }
            poll_fn(|context| self.shared.look(context, changed.as_mut(), &mut asked, version))
                .await;
        }
    }

    /// Waits until the value is as `wanted`, and counts it as seen. It may be so at once.
    ///
    /// # Errors
    ///
    /// [`Closed`] if it is not, and will never change again.
    pub async fn wait_for(
        &mut self,
        mut wanted: impl FnMut(&T) -> bool,
    ) -> Result<Ref<'_, T>, Closed> {
        loop {
            // It hears of what happens from here on, so nothing is missed between look and wait; and
            // what the last sender did is seen, since it is looked at after its end is.
            let (mut changed, mut asked) = (pin!(self.shared.changed.notified()), None);
            let closed = self.shared.is_closed();
            {
                let state = self.shared.read();
                self.seen = state.version;
                if wanted(&state.value) {
                    return Ok(Ref(state));
                }
            }
            if closed {
                return Err(Closed);
            }
            let seen = self.seen;
            poll_fn(|context| self.shared.look(context, changed.as_mut(), &mut asked, seen)).await;
        }
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.0.senders.fetch_add(1, Ordering::AcqRel);
        Self(self.0.clone())
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        if self.0.senders.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.changed.notify_waiters();
        }
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        self.shared.receivers.fetch_add(1, Ordering::AcqRel);
        Self { shared: self.shared.clone(), seen: self.seen }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.shared.receivers.fetch_sub(1, Ordering::AcqRel);
    }
}

impl<T> Deref for Ref<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sender").field(&self.0.read().value).finish()
    }
}

impl<T: fmt::Debug> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Receiver").field(&self.shared.read().value).finish()
    }
}

#[cfg(test)]
mod tests;
