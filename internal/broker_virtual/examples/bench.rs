//! How fast the broker in memory is: 100 clients that write heartbeats and 100 readers that follow
//! them, in virtual time, as a group of 100 members would.
//!
//! ```text
//! cargo run --release -p broker_virtual --example bench
//! ```

use std::time::Duration;

use broker::{Admin, Append, Log, Reader, Seq, Start, Storage, StreamName, StreamSpec, Subject};
use broker_virtual::{Options, VirtualBroker};
use model::Seed;

/// Clients, and as many readers.
const CLIENTS: u64 = 100;
/// Appends of each client.
const APPENDS: u64 = 10_000;
/// Between two of them.
const PAUSE: Duration = Duration::from_millis(200);

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    for (what, wide) in [("each reader follows one client", false), ("and one of them all", true)] {
        let began = std::time::Instant::now();
        let read = runtime.block_on(run(wide))?;
        let (took, appends) = (began.elapsed().as_secs_f64(), CLIENTS * APPENDS);
        println!(
            "{what}: {appends} appends, {read} records read in {took:.2} s: {:.0} appends/s, \
             {:.2} µs each",
            appends as f64 / took,
            took * 1e6 / appends as f64,
        );
    }
    Ok(())
}

/// Returns how many records were read.
async fn run(wide: bool) -> Result<u64, Box<dyn std::error::Error>> {
    let broker = VirtualBroker::new(Options::new(Seed(1)));
    let (stream, all) = (StreamName::new("bench")?, Subject::new("beat.*")?);
    let admin = broker.client("admin");
    let spec = StreamSpec {
        max_per_subject: Some(8),
        ..StreamSpec::new(stream.clone(), all.clone(), Storage::Memory)
    };
    admin.ensure(&spec).await?;
    let mut tasks = Vec::new();
    let mut reading = Vec::new();
    for n in 0..CLIENTS {
        let subject = Subject::new(format!("beat.{n}"))?;
        let client = broker.client(&format!("client-{n}"));
        let filter = if wide && n == 0 { all.clone() } else { subject.clone() };
        let expected = if wide && n == 0 { CLIENTS * APPENDS } else { APPENDS };
        let mut reader = client.read(&stream, vec![filter], Start::At(Seq(1))).await?;
        reading.push(tokio::spawn(async move {
            for _ in 0..expected {
                reader.next().await?;
            }
            Ok::<_, broker::BrokerError>(expected)
        }));
        let stream = stream.clone();
        tasks.push(tokio::spawn(async move {
            let mut last = Seq::NONE;
            for _ in 0..APPENDS {
                let append = Append::new(stream.clone(), subject.clone(), "a sign of life");
                last = client.append(append.after(last)).await?;
                tokio::time::sleep(PAUSE).await;
            }
            Ok::<_, broker::AppendError>(())
        }));
    }
    for task in tasks {
        task.await??;
    }
    let mut read = 0;
    for task in reading {
        read += task.await??;
    }
    Ok(read)
}
