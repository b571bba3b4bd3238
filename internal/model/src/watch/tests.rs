//! What is promised about a watched value, and above all: in which order those who wait are woken.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32};
use std::task::Wake;
use std::time::Duration;

use tokio::task::{JoinSet, yield_now};
use tokio::time::timeout;

use super::*;

/// Lets everybody who can do something do it.
async fn settle() {
    for _ in 0..10 {
        yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_is_woken_in_the_order_of_waiting() {
    const WAITING: u32 = 100;
    let (sender, receiver) = channel(0);
    let woken = Arc::new(Mutex::new(Vec::new()));
    let mut tasks = JoinSet::new();
    for nth in 0..WAITING {
        let (mut receiver, woken) = (receiver.clone(), woken.clone());
        tasks.spawn(async move {
            if nth % 2 == 0 {
                receiver.changed().await.unwrap();
            } else {
                receiver.wait_for(|value| *value == 1).await.unwrap();
            }
            woken.lock().unwrap().push(nth);
        });
    }
    settle().await;
    assert_eq!(woken.lock().unwrap().len(), 0, "they wait");
    sender.send_replace(1);
    while tasks.join_next().await.is_some() {}
    assert_eq!(*woken.lock().unwrap(), Vec::from_iter(0..WAITING));
}

#[tokio::test(start_paused = true)]
async fn a_change_is_seen_once_and_the_newest_counts() {
    let (sender, mut receiver) = channel('a');
    assert_eq!(receiver.has_changed(), Ok(false));
    assert_eq!(sender.send_replace('b'), 'a');
    sender.send_modify(|value| *value = 'c');
    assert_eq!((*receiver.borrow(), receiver.has_changed()), ('c', Ok(true)));
    assert_eq!(receiver.changed().await, Ok(()));
    assert_eq!(*receiver.borrow_and_update(), 'c');
    assert_eq!(receiver.has_changed(), Ok(false));
    let second = timeout(Duration::from_secs(1), receiver.changed()).await;
    assert!(second.is_err(), "there was one thing to see");
    sender.send_replace('d');
    let mut clone = receiver.clone();
    receiver.mark_unchanged();
    assert_eq!((receiver.has_changed(), clone.has_changed()), (Ok(false), Ok(true)));
    assert_eq!(*clone.borrow_and_update(), 'd');
    assert_eq!(clone.has_changed(), Ok(false));
    assert_eq!(sender.subscribe().has_changed(), Ok(false), "a new one has seen what there is");
}

#[tokio::test(start_paused = true)]
async fn what_is_said_to_be_no_change_wakes_nobody() {
    let (sender, mut receiver) = channel(1);
    let waiting = tokio::spawn(async move { receiver.changed().await });
    settle().await;
    assert!(!sender.send_if_modified(|_| false));
    settle().await;
    assert!(!waiting.is_finished());
    assert!(sender.send_if_modified(|value| std::mem::replace(value, 2) == 1));
    assert_eq!(waiting.await.unwrap(), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn the_last_sender_ends_the_waiting_and_what_it_said_is_heard() {
    let (sender, mut receiver) = channel(1);
    let (other, mut waiting) = (sender.clone(), receiver.clone());
    let never =
        tokio::spawn(async move { waiting.wait_for(|value| *value == 3).await.map(|_| ()) });
    settle().await;
    drop(sender);
    settle().await;
    assert!(!never.is_finished(), "another one can still say it");
    other.send_replace(2);
    drop(other);
    assert_eq!(never.await.unwrap(), Err(Closed));
    assert_eq!(receiver.has_changed(), Err(Closed));
    assert_eq!(receiver.changed().await, Ok(()), "the last word");
    assert_eq!(*receiver.wait_for(|value| *value == 2).await.unwrap(), 2);
    assert_eq!(receiver.changed().await, Err(Closed));
}

#[tokio::test(start_paused = true)]
async fn a_sender_knows_whether_anybody_watches() {
    let (sender, receiver) = channel(());
    let clone = receiver.clone();
    drop(receiver);
    assert!(!sender.is_closed());
    drop(clone);
    assert!(sender.is_closed());
    let _again = sender.subscribe();
    assert!(!sender.is_closed());
}

/// Whether it was woken.
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Whoever waited last is woken, however often anybody looked before.
#[tokio::test]
async fn who_looks_again_or_from_elsewhere_is_woken_all_the_same() {
    let woken = Arc::new(Woken(AtomicBool::new(false)));
    let waker = Waker::from(woken.clone());
    let (mut first, mut second) = (Context::from_waker(Waker::noop()), Context::from_waker(&waker));
    for looks in 1..3 {
        for is_closed in [false, true] {
            let (sender, mut receiver) = channel(1);
            let mut waiting = pin!(receiver.changed());
            for _ in 0..looks {
                assert!(waiting.as_mut().poll(&mut first).is_pending());
            }
            for _ in 0..looks {
                assert!(waiting.as_mut().poll(&mut second).is_pending());
            }
            assert!(!woken.0.load(Ordering::Relaxed), "nothing has happened");
            let kept = (!is_closed).then_some(sender);
            kept.iter().for_each(|sender| assert_eq!(sender.send_replace(2), 1));
            assert!(woken.0.swap(false, Ordering::Relaxed), "looked {looks} times");
            let expected = if is_closed { Err(Closed) } else { Ok(()) };
            assert_eq!(waiting.as_mut().poll(&mut second), Poll::Ready(expected));
        }
    }
}

/// Between threads, too, no change is missed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn threads_miss_nothing() {
    const LAST: u32 = 20_000;
    let (sender, receiver) = channel(0);
    let mut tasks = JoinSet::new();
    for _ in 0..4 {
        let mut receiver = receiver.clone();
        tasks.spawn(async move {
            let mut before = 0;
            while receiver.changed().await.is_ok() {
                let now = *receiver.borrow_and_update();
                assert!(now >= before, "{now} after {before}");
                before = now;
            }
            before
        });
    }
    tasks.spawn(async move {
        for value in 1..=LAST {
            sender.send_replace(value);
            if value % 100 == 0 {
                yield_now().await;
            }
        }
        LAST
    });
    while let Some(last) = tasks.join_next().await {
        assert_eq!(last.unwrap(), LAST);
    }
}

/// Spins until `is_so`, which another thread sees to.
fn spin(what: &str, round: u32, mut is_so: impl FnMut() -> bool) {
    for look in 1..1u32 << 28 {
        if is_so() {
            return;
        }
        if look % 1024 == 0 {
            std::thread::yield_now();
        }
    }
    panic!("{what} {round}");
}

/// One change at a time, to one who looks again only if it is woken: what it misses is waited for in vain.
#[tokio::test]
async fn who_is_woken_for_each_change_misses_none() {
    const ROUNDS: u32 = 1_000_000;
    let (sender, mut receiver) = channel(0);
    let seen = Arc::new(AtomicU32::new(0));
    let told = seen.clone();
    let waiting = tokio::task::spawn_blocking(move || {
        let woken = Arc::new(Woken(AtomicBool::new(false)));
        let waker = Waker::from(woken.clone());
        for round in 1..=ROUNDS {
            let mut waiting = pin!(receiver.changed());
            while waiting.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
                spin("nobody was woken by", round, || woken.0.swap(false, Ordering::AcqRel));
            }
            told.store(round, Ordering::Release);
        }
    });
    let changing = tokio::task::spawn_blocking(move || {
        for round in 1..=ROUNDS {
            sender.send_replace(round);
            spin("nobody saw", round, || seen.load(Ordering::Acquire) == round);
        }
    });
    waiting.await.unwrap();
    changing.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_flag_is_waited_for_whether_it_is_up_or_never_will_be() {
    let hour = Duration::from_secs(3600);
    for is_raised in [false, true] {
        let (sender, flag) = channel(false);
        let waiting = tokio::spawn(raised(flag));
        tokio::task::yield_now().await;
        if is_raised {
            sender.send_replace(true);
        }
        drop(sender);
        let waited = tokio::time::timeout(hour, waiting).await;
        assert_eq!(waited.is_ok(), is_raised);
    }
    let (_sender, up) = channel(true);
    raised(up).await;
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_ever_is_not_woken_by_an_end() {
    let (sender, receiver) = channel(false);
    let mut waiting = JoinSet::new();
    waiting.spawn(raised(receiver.clone()));
    waiting.spawn(changed(receiver));
    settle().await;
    drop(sender);
    let ended = timeout(Duration::from_secs(3600), waiting.join_next()).await;
    assert!(ended.is_err(), "the value will never change");
}

#[tokio::test(start_paused = true)]
async fn a_flag_and_a_change_are_waited_for() {
    let (sender, receiver) = channel(false);
    sender.send_replace(false);
    changed(receiver.clone()).await;
    let mut waiting = JoinSet::new();
    waiting.spawn(raised(receiver));
    let lowered = timeout(Duration::from_secs(3600), waiting.join_next()).await;
    assert!(lowered.is_err(), "it is not up");
    sender.send_replace(true);
    assert!(waiting.join_next().await.is_some());
}
