//! A member of a group that ships orders; it also places one a second, so that there is work.
//!
//! Start a nats-server (`simulation nats`, or name one in `NATS_URL`), then in several terminals
//! `cargo run -p parti --example orders -- NAME`, each with a name of its own. Ctrl-C leaves.

use std::time::Duration;

use broker::{Admin, Append, Log, Storage};
use broker_nats::{ConnectOptions, NatsBroker};
use model::PartitionId;
use parti::{Builder, Delivery, Event, HandlerError, Limits, MemberId, Names};

const PARTITIONS: u32 = 12;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let name = MemberId::new(std::env::args().nth(1).unwrap_or_else(|| "alice".into()))?;
    let mut options = ConnectOptions { name: name.to_string(), ..ConnectOptions::default() };
    if let Ok(url) = std::env::var("NATS_URL") {
        options.servers = vec![url];
    }
    let broker = NatsBroker::connect(&options).await?;
    let names = Names::new("orders")?;
    for stream in names.streams(Storage::File, 1, Limits::default()) {
        broker.ensure(&stream).await?;
    }

    let mut member = Builder::new(broker.clone(), names.clone(), name, PARTITIONS)
        .lease(Duration::from_secs(3))
        .on_event(|event| match event {
            Event::Granted { partition, .. } => println!("+ partition {partition}"),
            Event::Revoked { partition } => println!("- partition {partition}"),
            Event::Fenced { partition, by, .. } => println!("! {partition} is {}'s", by.member),
            other => println!("  {other:?}"),
        })
        .join(|order: Delivery| async move {
            let text = String::from_utf8(order.payload.to_vec())?;
            println!("  {} of partition {}: {text}", order.seq, order.partition);
            Ok::<_, HandlerError>(format!("shipped: {text}"))
        })
        .await?;

    let mut pace = tokio::time::interval(Duration::from_secs(1));
    for number in 0.. {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => break,
            ended = member.ended() => return Ok(ended?),
            _ = pace.tick() => {
                let subject = names.message(PartitionId(number % PARTITIONS));
                let order = format!("{number} apples");
                broker.append(Append::new(names.messages.clone(), subject, order)).await?;
            }
        }
    }
    member.leave().await?;
    Ok(())
}
