//! Everything at once, seed by seed: members come, go, restart, crash and are cut off while messages
//! flow; then all heals, and everything must be done exactly once, in order, by somebody who lives.

use std::collections::BTreeMap;

use broker_virtual::VirtualLog;
use model::{Rng, Seed};
use parti::{Delivery, HandlerError, Member};
use rand::RngExt;
use tokio::time::Instant;

use crate::support::{LEASE, World, ms, secs, sleep};

const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

struct Soak {
    world: World,
    rng: Rng,
    members: BTreeMap<&'static str, (Member, VirtualLog)>,
}

async fn handle(delivery: Delivery) -> Result<u64, HandlerError> {
    let seq = delivery.seq.0;
    sleep(ms(match seq % 397 {
        0 => 1500,
        rest => rest % 7,
    }))
    .await;
    if seq % 31 == 5 && delivery.attempt == 1 {
        return Err("the first time always fails".into());
    }
    Ok(seq)
}

impl Soak {
    async fn join(&mut self, name: &'static str) {
        let client = self.world.broker.client(&format!("{name}{}", self.rng.random::<u32>()));
        let member = self.world.builder(name, &client).join(handle).await.expect("it joins");
        self.members.insert(name, (member, client));
    }

    async fn step(&mut self) {
        let name = NAMES[self.rng.random_range(0..NAMES.len())];
        let Some((member, client)) = self.members.remove(name) else {
            return self.join(name).await;
        };
        match self.rng.random_range(0..9) {
            0 => drop(tokio::spawn(member.leave())),
            1 => drop(member),
            // It comes back within the lease, or later, or not at all.
            2 => drop(tokio::spawn(member.step_aside())),
            3 => {
                // If it was cut off, it ends unheard.
                let _ = member.step_aside().await;
                self.join(name).await;
            }
            4 => {
                drop(tokio::spawn(member.step_aside()));
                self.join(name).await;
            }
            5 | 6 => {
                client.cut();
                self.members.insert(name, (member, client));
            }
            _ => {
                client.heal();
                self.members.insert(name, (member, client));
            }
        }
    }

    fn publish(&mut self) {
        for _ in 0..self.rng.random_range(0..12) {
            self.world.publish(self.rng.random_range(0..24));
        }
        if self.rng.random_bool(0.005) {
            let hot = self.rng.random_range(0..24);
            (0..600).for_each(|_| assert!(self.world.publish(hot).0 > 0));
        }
    }

    async fn heal(&mut self) {
        self.members.values().for_each(|(_, client)| client.heal());
        if self.members.is_empty() {
            self.step().await;
        }
    }
}

async fn soak(seed: u64) {
    let mut soak = Soak {
        world: World::new(seed, 24).await,
        rng: Seed(seed).rng("soak"),
        members: BTreeMap::new(),
    };
    let until = Instant::now() + secs(60);
    while Instant::now() < until {
        soak.step().await;
        for _ in 0..soak.rng.random_range(1..20) {
            soak.publish();
            sleep(ms(soak.rng.random_range(1..100))).await;
        }
    }
    soak.heal().await;
    soak.world.drained(secs(40)).await;
    let live: Vec<_> = soak.members.keys().copied().collect();
    soak.world.owned_by(&live, LEASE * 3).await;
    soak.world.judge();
}

/// One more than the seeds that are tried: `PARTI_SOAK_SEEDS`, or 41.
fn seeds() -> std::ops::Range<u64> {
    let end = std::env::var("PARTI_SOAK_SEEDS").ok().and_then(|text| text.parse().ok());
    1..end.unwrap_or(41)
}

#[test]
fn whatever_happens_every_message_has_one_effect() {
    for seed in seeds() {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_time().start_paused(true).build();
        let runtime = runtime.expect("a runtime is built");
        println!("seed {seed}");
        runtime.block_on(soak(seed));
    }
}
