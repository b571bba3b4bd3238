//! `events.jsonl`: what happened, one JSON object a line, as it happens.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::Path;

use coordinator::{Event, Rebalance};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use web::Shared;

/// Batches of events that wait to be written.
const WAITING_MAX: usize = 64;

/// Appends events, and shows how long rebalances took, until the sender is dropped. A disk that
/// fails costs the events, not the run.
pub fn writer(
    path: &Path,
    shared: Shared,
) -> std::io::Result<(mpsc::Sender<Vec<Event>>, JoinHandle<()>)> {
    let mut file = BufWriter::new(OpenOptions::new().create(true).append(true).open(path)?);
    let (events, mut waiting) = mpsc::channel::<Vec<Event>>(WAITING_MAX);
    let path = path.to_owned();
    let task = tokio::task::spawn_blocking(move || {
        let mut lost = 0;
        while let Some(batch) = waiting.blocking_recv() {
            for event in &batch {
                if let Event::Settled(Rebalance { seconds: Some(seconds), moved, .. }) = event {
                    shared.metrics().observe_rebalance(*seconds, *moved);
                }
            }
            if let Err(error) = write(&mut file, &batch) {
                if lost == 0 {
                    tracing::error!(path = %path.display(), %error, "events cannot be written");
                }
                lost += batch.len();
            }
        }
        if lost > 0 {
            tracing::error!(lost, path = %path.display(), "events were not written");
        }
    });
    Ok((events, task))
}

fn write(file: &mut BufWriter<File>, batch: &[Event]) -> std::io::Result<()> {
    for event in batch {
        serde_json::to_writer(&mut *file, event)?;
        file.write_all(b"\n")?;
    }
    file.flush()
}
