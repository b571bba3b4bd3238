//! A run that was stopped and goes on is judged as one: the same verdict and the same totals as the
//! streams themselves give, what was wrong before and after the stop is found, and only time in
//! which nobody could work is excused.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod refused;
mod world;

use std::sync::atomic::Ordering;
use std::time::Duration;

use broker::{Admin, Seq};
use coordinator::{Class, Event, Fault, FaultKind, Report, Stopped, Verdict};
use model::{PartitionId, ProducerId, Seed, Timestamp};
use parti::MemberId;
use parti::records::Session;
use rand::RngExt;
use reports::{PartitionSent, Phase, ProducerReport, Range, WorkerReport};
use world::{World, run, secs, sleep};

/// A run without a fault, of which every message is accounted for.
fn assert_whole(world: &World, report: &Report) {
    let totals = &report.totals;
    assert_eq!(report.verdict, Verdict::Pass, "{}", report.text());
    let sent = world.sent();
    assert!(sent > 1_000, "a run that sent {sent} messages shows nothing");
    assert_eq!(totals.sent, sent, "sent, as the streams say");
    assert_eq!((totals.stored, totals.received), (sent, sent), "stored and done");
    assert_eq!(totals.effects, sent, "nothing counts twice");
    assert_eq!(report.anomalies.found().count(), 0);
}

fn fault(id: u64, at: Timestamp) -> reports::Report {
    reports::Report::Fault(Fault {
        id,
        at,
        event: "worker_crash".into(),
        kind: FaultKind::Crash,
        target: "a".into(),
        duration: None,
        ended_at: None,
        effect: String::new(),
    })
}

/// A worker of an earlier life; its last report stays in the stream.
fn worked(member: &str, attempts: u64) -> reports::Report {
    reports::Report::Worker(WorkerReport {
        member: MemberId::new(member).unwrap(),
        session: Session(1),
        at: Timestamp(1),
        attempts,
        failures: 0,
        fenced: 1,
        fenced_last: vec![],
        processing: Duration::ZERO,
        processing_max: Duration::ZERO,
        durations: None,
        finished: true,
    })
}

#[test]
fn a_coordinator_that_is_killed_again_and_again_misses_nothing() {
    for seed in 1..=6 {
        run(async move {
            let mut world = World::new(seed).await;
            let mut rng = Seed(seed).rng("cuts");
            let mut leading = world.lead();
            world.start_all().await;
            world.tell(&worked("ghost", 5));
            sleep(secs(7)).await;
            for cut in 0..rng.random_range(1..4) {
                leading.kill().await;
                // Meanwhile the others go on: a member dies and comes back.
                world.kill_member("b");
                world.tell(&fault(cut + 1, world.wall.now()));
                sleep(Duration::from_millis(rng.random_range(0..8_000))).await;
                world.start_member("b").await;
                leading = world.resume(Stopped::Coordinator).await;
                sleep(Duration::from_millis(rng.random_range(0..7_000))).await;
            }
            world.tell(&worked("late", 7));
            let began = world.clock.started_at();
            let report = world.finish(leading).await;
            println!("seed {seed}: {:?}", report.totals);
            assert_whole(&world, &report);
            let totals = &report.totals;
            assert_eq!(totals.acked, totals.sent);
            assert_eq!((totals.attempts, totals.fenced), (12, 2), "reports count once");
            let faults = report.faults.iter().map(|entry| entry.fault.id).collect::<Vec<_>>();
            assert_eq!(totals.faults, faults.len() as u64);
            assert_eq!(faults, (1..=faults.len() as u64).collect::<Vec<_>>());
            assert_eq!(report.started_at, began);
            let lasted = report.ended_at.since(began);
            assert!((secs(40)..secs(60)).contains(&lasted), "the clock went on: {lasted:?}");
            let trimmed = world.broker.client("t").state(&world.names.messages).await.unwrap();
            assert!(trimmed.unwrap().first > Seq(1), "meanwhile it was trimmed");
        });
    }
}

#[test]
fn a_whole_program_that_is_killed_goes_on_and_is_excused_for_the_time_in_between() {
    for seed in 1..=6 {
        run(async move {
            let mut world = World::new(seed).await;
            let mut rng = Seed(seed).rng("cuts");
            let mut leading = world.lead();
            world.start_all().await;
            sleep(secs(6)).await;
            let stops = rng.random_range(1..4);
            for _ in 0..stops {
                // Sometimes there is no checkpoint since the last stop.
                sleep(Duration::from_millis(rng.random_range(0..7_000))).await;
                leading.kill().await;
                world.kill_all();
                sleep(secs(60)).await;
                leading = world.resume(Stopped::Everything).await;
                world.start_all().await;
            }
            let report = world.finish(leading).await;
            assert_whole(&world, &report);
            // Of each life of a producer only the last second is not reported.
            let (sent, acked) = (report.totals.sent, report.totals.acked);
            assert!(acked + 90 * stops as u64 > sent, "{acked} of {sent}, {stops} stops");
            let stopped = report.faults.iter().filter(|entry| entry.fault.event == "stopped");
            let stopped: Vec<_> = stopped.collect();
            assert_eq!(stopped.len(), stops, "every stop is known: {stopped:#?}");
            assert_eq!(report.totals.faults, stops as u64);
            let lasted = report.ended_at.since(report.started_at).as_secs();
            let whole = 40 + 60 * stops as u64;
            assert!((whole..whole + 20).contains(&lasted), "{lasted} s, {stops} stops");
            assert!(report.totals.unowned_seconds > 60.0, "it is counted all the same");
        });
    }
}

#[test]
fn figures_are_told_every_second_and_a_phase_at_once() {
    run(async {
        let mut world = World::new(1).await;
        world.duration = Duration::from_millis(5_300);
        let mut leading = world.lead();
        let (mut told, mut elapsed) = (0, Duration::ZERO);
        while elapsed < world.duration {
            leading.progress.changed().await.unwrap();
            let now = leading.progress.borrow_and_update().clone();
            let phase = if now.elapsed < world.duration { Phase::Running } else { Phase::Draining };
            assert_eq!(now.phase, phase, "after {:?}", now.elapsed);
            (told, elapsed) = (told + 1, now.elapsed);
        }
        assert!(elapsed < world.duration + Duration::from_millis(500), "told after {elapsed:?}");
        assert!((6..=8).contains(&told), "told {told} times");
    });
}

#[test]
fn an_interrupted_run_goes_on_from_where_it_was_interrupted() {
    run(async {
        let mut world = World::new(1).await;
        world.every = secs(1_000);
        let leading = world.lead();
        world.start_all().await;
        sleep(secs(12)).await;
        leading.interrupt();
        let first = world.finish(leading).await;
        assert!(first.interrupted);
        assert_eq!(first.verdict, Verdict::Pass, "{}", first.text());
        assert_eq!(world.vault.count(), 1, "kept before it drains");
        let state = world.vault.newest();
        assert_eq!(state.cause, coordinator::Cause::Interrupted);
        assert!(state.judge.totals().producers_finished == 0);
        sleep(secs(100)).await;
        world.kill_all();
        let leading = world.resume(Stopped::Everything).await;
        world.start_all().await;
        // Their last reports of before, which say that they have finished, are still the newest.
        sleep(Duration::from_millis(800)).await;
        let now = leading.progress.borrow().clone();
        assert_eq!(now.totals.producers_finished, 0, "producers are expected anew");
        assert!((12..18).contains(&now.elapsed.as_secs()), "{:?}", now.elapsed);
        let report = world.finish(leading).await;
        assert_whole(&world, &report);
        assert!(!report.interrupted);
        assert!(report.totals.sent > first.totals.sent + 500);
    });
}

#[test]
fn nobody_is_excused_who_could_have_worked() {
    for (stopped, verdict) in
        [(Stopped::Coordinator, Verdict::Liveness), (Stopped::Everything, Verdict::Pass)]
    {
        run(async move {
            let mut world = World::new(1).await;
            let leading = world.lead();
            world.start_all().await;
            sleep(secs(12)).await;
            leading.kill().await;
            world.kill_all();
            sleep(secs(20)).await;
            let leading = world.resume(stopped).await;
            world.start_all().await;
            let report = world.finish(leading).await;
            assert_eq!(report.verdict, verdict, "{stopped:?}: {}", report.text());
            let unowned = report.anomalies.of(Class::Unowned);
            assert_eq!(unowned > 0, verdict == Verdict::Liveness);
        });
    }
    // Everything was down, and then nobody came for too long.
    run(async {
        let mut world = World::new(1).await;
        let leading = world.lead();
        world.start_all().await;
        sleep(secs(12)).await;
        leading.kill().await;
        world.kill_all();
        sleep(secs(20)).await;
        let leading = world.resume(Stopped::Everything).await;
        sleep(secs(9)).await;
        world.start_all().await;
        let report = world.finish(leading).await;
        assert_eq!(report.verdict, Verdict::Liveness, "{}", report.text());
    });
}

#[test]
fn what_is_lost_before_and_after_the_stop_is_found() {
    run(async {
        let mut world = World::new(1).await;
        // Nothing is kept after the first loss until the stop, and nothing at all from then on.
        let lose = |world: &World, ghost: &str, partition: u32| {
            *world.skip.lock().unwrap() = Some(PartitionId(partition));
            let acked = PartitionSent { acked: vec![Range(900_000, 900_001)], in_doubt: vec![] };
            world.tell(&reports::Report::Producer(ProducerReport {
                producer: ProducerId(ghost.into()),
                session: 1,
                at: Timestamp(1),
                partitions: [(PartitionId(partition), acked)].into(),
                retries: 0,
                rejected: 0,
                recovered: 0,
                shed: 0,
                publishing: None,
                finished: true,
            }));
        };
        let leading = world.lead();
        world.start_all().await;
        sleep(secs(3)).await;
        lose(&world, "kept", 0);
        sleep(secs(3)).await;
        assert_eq!(world.vault.count(), 1);
        assert_eq!(world.vault.newest().judge.totals().passed_over, 1, "lost before it was kept");
        lose(&world, "not-kept", 1);
        sleep(secs(2)).await;
        assert_eq!(world.vault.count(), 1);
        leading.kill().await;
        world.vault.fails.store(true, Ordering::Relaxed);
        lose(&world, "meanwhile", 2);
        sleep(secs(5)).await;
        let leading = world.resume(Stopped::Coordinator).await;
        sleep(secs(5)).await;
        lose(&world, "afterwards", 3);
        let report = world.finish(leading).await;
        assert_eq!(report.verdict, Verdict::Correctness);
        assert_eq!(report.anomalies.of(Class::LostInDelivery), 4, "{}", report.text());
        assert_eq!(report.anomalies.of(Class::LostByBroker), 8);
        assert_eq!(report.anomalies.found().count(), 2, "{}", report.text());
    });
}

#[test]
fn events_go_on_and_say_what_is_told_again() {
    run(async {
        let mut world = World::new(1).await;
        let leading = world.lead();
        world.start_all().await;
        sleep(secs(6)).await;
        let leading = {
            world.kill_member("a");
            sleep(secs(3)).await;
            leading.kill().await;
            sleep(secs(1)).await;
            world.resume(Stopped::Coordinator).await
        };
        let before = world.events.lock().unwrap().len();
        let report = world.finish(leading).await;
        sleep(secs(1)).await;
        let events = world.events.lock().unwrap().clone();
        let marker = |event: &Event| matches!(event, Event::Resumed { .. });
        assert_eq!(events.iter().position(marker), Some(before), "it comes first");
        let Event::Resumed { events: told, checkpoint, at } = events[before] else { panic!() };
        let told = told as usize;
        assert!(0 < told && told < before && checkpoint < at, "{told} of {before}");
        // Without what was told again, every claim is told once.
        let once = events[..told].iter().chain(&events[before + 1..]);
        let mut claims: Vec<_> = once
            .filter_map(|event| match event {
                Event::Ownership(ownership) if !ownership.released => Some(ownership.ledger),
                _ => None,
            })
            .collect();
        let all = claims.len();
        claims.sort();
        claims.dedup();
        assert_eq!((claims.len(), all as u64), (all, report.totals.claims));
    });
}

#[test]
fn a_full_disk_costs_checkpoints_and_nothing_else() {
    run(async {
        let mut world = World::new(1).await;
        let leading = world.lead();
        world.start_all().await;
        sleep(secs(12)).await;
        let now = leading.progress.borrow().checkpoints;
        assert_eq!((now.written, now.failed), (2, 0));
        assert!(now.bytes > 1_000 && now.age_seconds.is_some_and(|age| age < 3.0), "{now:?}");
        world.vault.fails.store(true, Ordering::Relaxed);
        sleep(secs(10)).await;
        let covered = world.vault.newest().progress.read.messages;
        let beyond = covered.next();
        let records = world.broker.records(&world.names.messages, beyond);
        let last = records.last().unwrap().seq;
        assert_eq!(records.len() as u64, last.0 - covered.0, "nothing beyond is trimmed");
        sleep(secs(10)).await;
        let records = world.broker.records(&world.names.messages, beyond);
        assert!(records[0].seq > beyond, "after three failures it is");
        let report = world.finish(leading).await;
        assert_whole(&world, &report);
    });
}

#[test]
fn nothing_is_trimmed_that_the_checkpoint_before_the_newest_has_not_seen() {
    run(async {
        let mut world = World::new(1).await;
        let leading = world.lead();
        world.start_all().await;
        let (mut older, mut newest, mut trimmed) = (Seq::NONE, Seq::NONE, false);
        for kept in 0..6 {
            sleep(secs(if kept == 0 { 4 } else { 5 })).await;
            assert_eq!(world.vault.count(), kept);
            if kept > 0 {
                (older, newest) = (newest, world.vault.newest().progress.read.messages);
            }
            let held = world.broker.records(&world.names.messages, Seq(1));
            let beyond = held.iter().filter(|record| record.seq > older).count() as u64;
            let last = held.last().unwrap().seq;
            assert_eq!(beyond, last.0 - older.0, "after {kept} checkpoints");
            trimmed |= held[0].seq > Seq(1);
        }
        assert!(trimmed, "what it has seen is trimmed");
        leading.kill().await;
    });
}

#[test]
fn what_was_held_back_is_trimmed_at_the_next_checkpoint() {
    run(async {
        let mut world = World::new(1).await;
        // Each partition is due once, after about 13 s; then the first checkpoint is the older one.
        world.trim_after = 130;
        let leading = world.lead();
        world.start_all().await;
        sleep(secs(12)).await;
        let covered = world.vault.newest().progress.read.messages;
        sleep(secs(7)).await;
        assert_eq!(world.vault.count(), 3, "the second is the older one");
        let held = world.broker.records(&world.names.messages, Seq(1));
        let below = held.iter().filter(|record| record.seq.next() < covered).count();
        assert!(below < 2 * world::PARTITIONS as usize, "{below} records below {covered}");
        leading.kill().await;
    });
}

#[test]
fn producers_that_had_finished_are_expected_anew() {
    run(async {
        let mut world = World::new(1).await;
        world.every = Duration::from_millis(300);
        world.duration = secs(8);
        let mut leading = world.lead();
        world.start_all().await;
        sleep(secs(7)).await;
        // With nobody to do the work, the run drains for as long as it may.
        ["a", "b", "c"].iter().for_each(|name| world.kill_member(name));
        let draining = leading.progress.wait_for(|now| now.phase == reports::Phase::Draining);
        draining.await.unwrap();
        world.stop_producers();
        sleep(secs(3)).await;
        assert_eq!(world.vault.newest().judge.totals().producers_finished, 2);
        leading.kill().await;
        world.kill_all();
        let leading = world.resume(Stopped::Everything).await;
        sleep(Duration::from_millis(600)).await;
        assert_eq!(leading.progress.borrow().totals.producers_finished, 0);
        world.start_all().await;
        let report = world.finish(leading).await;
        assert_eq!(report.verdict, Verdict::Pass, "{}", report.text());
    });
}
