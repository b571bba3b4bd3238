//! What a member promises its handler: order, retries, a bound, and an end if it panics.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parti::{Delivery, Event, HandlerError, MemberError};

use crate::support::{List, World, ms, push, secs, sleep, take};

#[tokio::test(start_paused = true)]
async fn errors_are_retried_in_order() {
    let world = World::new(1, 4).await;
    let calls = List::default();
    let list = calls.clone();
    let handler = move |delivery: Delivery| {
        push(&list, (delivery.partition, delivery.seq, delivery.attempt));
        async move {
            match delivery.seq.0 % 3 {
                0 if delivery.attempt < 3 => Err(HandlerError::from("not yet")),
                _ => Ok(delivery.seq.0),
            }
        }
    };
    let node = world.join_with("a", handler).await;
    world.publish_all(30);
    world.drained(secs(10)).await;
    let calls = take(&calls);
    for partition in 0..4 {
        let own: Vec<_> = calls.iter().filter(|(p, ..)| p.0 == partition).collect();
        assert!(own.windows(2).all(|w| (w[0].1, w[0].2) < (w[1].1, w[1].2)), "{own:?}");
    }
    let stats = node.member.stats();
    assert_eq!((stats.attempts, stats.failures), (120 + 80, 80));
    let failed = node.events().iter().filter(|e| matches!(e, Event::HandlerFailed { .. })).count();
    assert_eq!(failed, 80);
}

#[tokio::test(start_paused = true)]
async fn no_more_handlers_than_allowed_run_at_once() {
    let world = World::new(2, 12).await;
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (running, peak) = (now.clone(), most.clone());
    let handler = move |delivery: Delivery| {
        let (running, peak) = (running.clone(), peak.clone());
        async move {
            peak.fetch_max(running.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
            sleep(ms(10)).await;
            running.fetch_sub(1, Ordering::Relaxed);
            Ok::<_, HandlerError>(delivery.seq.0)
        }
    };
    let client = world.broker.client("a");
    let _a = world.builder("a", &client).concurrency(3).join(handler).await.expect("it joins");
    world.publish_all(20);
    world.drained(secs(10)).await;
    assert_eq!(most.load(Ordering::Relaxed), 3, "as many as allowed, and no more");
}

#[tokio::test(start_paused = true)]
async fn a_panic_ends_the_member_and_loses_nothing() {
    let world = World::new(3, 4).await;
    let handler = |delivery: Delivery| async move {
        assert!(delivery.seq.0 < 10, "on purpose");
        Ok::<_, HandlerError>(delivery.seq.0)
    };
    let mut node = world.join_with("a", handler).await;
    world.publish_all(5);
    let ended = tokio::time::timeout(secs(5), node.member.ended()).await.expect("it ends");
    assert!(matches!(ended, Err(MemberError::Task(_))), "{ended:?}");
    let _b = world.join("b").await;
    world.drained(secs(5)).await;
}
