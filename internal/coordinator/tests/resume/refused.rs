//! What a run cannot go on from is refused, with the reason.

use broker::{Admin, Seq};
use coordinator::{CoordinatorError, Stopped};
use model::PartitionId;

use crate::world::{Leading, World, run, secs, sleep};

/// A world whose coordinator was killed after its first checkpoint.
async fn stopped() -> World {
    let mut world = World::new(1).await;
    let leading = world.lead();
    world.start_all().await;
    sleep(secs(8)).await;
    leading.kill().await;
    world
}

async fn refused(world: &mut World, leading: Leading) -> CoordinatorError {
    world.try_finish(leading).await.unwrap_err()
}

#[test]
fn records_that_are_missing_are_named() {
    run(async {
        for (hole, at_the_beginning) in [(PartitionId(3), false), (PartitionId(3), true)] {
            let mut world = stopped().await;
            let (client, read) = (world.client("t"), world.vault.newest().progress.read);
            let last = client.state(&world.names.messages).await.unwrap().unwrap().last;
            for partition in (0..6).map(PartitionId) {
                if at_the_beginning || partition == hole {
                    let subject = world.names.message(partition);
                    client.trim(&world.names.messages, &subject, last).await.unwrap();
                }
            }
            let leading = world.resume(Stopped::Coordinator).await;
            let error = refused(&mut world, leading).await;
            let CoordinatorError::Missing { stream, read: known, next } = &error else {
                panic!("{error}")
            };
            assert_eq!(*stream, world.names.messages);
            assert!(*next > known.next() && *known >= read.messages, "{error}");
            assert!(error.to_string().contains("has lost the records from"), "{error}");
        }
    });
}

#[test]
fn a_stream_that_is_empty_behind_the_checkpoint_is_noticed_though_nobody_writes() {
    run(async {
        let mut world = stopped().await;
        world.kill_all();
        let client = world.client("t");
        for partition in (0..6).map(PartitionId) {
            let subject = world.names.own(partition);
            client.trim(&world.names.ledger, &subject, Seq(1_000_000)).await.unwrap();
        }
        let leading = world.resume(Stopped::Coordinator).await;
        let error = refused(&mut world, leading).await;
        assert!(error.to_string().starts_with("stream sim_LEDGER has lost"), "{error}");
    });
}

#[test]
fn signs_of_life_that_are_missing_are_named() {
    run(async {
        let mut world = stopped().await;
        let (client, member) = (world.client("t"), parti::MemberId::new("a").unwrap());
        let subject = world.names.member(&member);
        client.trim(&world.names.group, &subject, Seq(1_000_000)).await.unwrap();
        let leading = world.resume(Stopped::Coordinator).await;
        let error = refused(&mut world, leading).await;
        assert!(error.to_string().starts_with("stream sim_GROUP has lost"), "{error}");
    });
}

#[test]
fn streams_of_another_run_are_recognised() {
    run(async {
        let mut world = stopped().await;
        world.kill_all();
        let client = world.client("t");
        let state = world.vault.newest();
        for stream in [&world.names.messages, &world.names.ledger, &world.names.group] {
            client.delete(stream).await.unwrap();
        }
        world.streams().await;
        let leading = world.resume_from(state, Stopped::Everything).await;
        let error = refused(&mut world, leading).await;
        assert!(matches!(error, CoordinatorError::OtherStream { last: Seq(0), .. }), "{error}");
    });
}

#[test]
fn a_judge_goes_on_under_its_own_settings_only() {
    run(async {
        let world = stopped().await;
        let judge = world.vault.newest().judge;
        let own = world.settings().judge;
        assert_eq!(judge.check_settings(&own), Ok(()));
        let mut other = own.clone();
        other.partitions += 1;
        assert!(judge.check_settings(&other).unwrap_err().to_string().contains("partitions"));
        let mut other = own.clone();
        other.weights = Some(model::Weights::uniform(6));
        assert!(judge.check_settings(&other).unwrap_err().to_string().contains("weights"));
        let mut other = own;
        other.lease *= 2;
        assert!(judge.check_settings(&other).unwrap_err().to_string().contains("lease"));
    });
}
