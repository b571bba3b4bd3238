//! What happened, as it happens: in `events.jsonl`, one JSON object a line, and on the live page.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use coordinator::{Event, Rebalance};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use web::Shared;

/// Batches of events that wait to be written.
const WAITING_MAX: usize = 64;
/// How long events may take to reach the disk when the run is over.
const WRITING_MAX: Duration = Duration::from_secs(5);

/// Where events are written.
struct EventLog {
    path: PathBuf,
    file: BufWriter<File>,
    shared: Shared,
    lost: usize,
}

/// Appends events, and shows how long rebalances took, until the sender is dropped. A disk that
/// fails costs the events, not the run; one that is slow holds up nobody.
pub fn in_background(
    path: &Path,
    shared: Shared,
) -> std::io::Result<(mpsc::Sender<Vec<Event>>, JoinHandle<()>)> {
    let mut log = EventLog::open(path, shared)?;
    let (events, mut waiting) = mpsc::channel::<Vec<Event>>(WAITING_MAX);
    let task = tokio::task::spawn_blocking(move || {
        while let Some(batch) = waiting.blocking_recv() {
            log.take(&batch);
        }
        log.finish();
    });
    Ok((events, task))
}

/// The same in virtual time, where a disk that is slow costs no time, and a thread that waits would
/// hold time up.
pub fn in_place(
    path: &Path,
    shared: Shared,
) -> std::io::Result<(mpsc::Sender<Vec<Event>>, JoinHandle<()>)> {
    let mut log = EventLog::open(path, shared)?;
    let (events, mut waiting) = mpsc::channel::<Vec<Event>>(WAITING_MAX);
    let task = tokio::spawn(async move {
        while let Some(batch) = waiting.recv().await {
            log.take(&batch);
        }
        log.finish();
    });
    Ok((events, task))
}

/// Waits until every event is written. The disk may take its time, but not for ever.
pub async fn written(writing: JoinHandle<()>) {
    let _ = tokio::time::timeout(WRITING_MAX, writing).await;
}

impl EventLog {
    fn open(path: &Path, shared: Shared) -> std::io::Result<Self> {
        let file = BufWriter::new(OpenOptions::new().create(true).append(true).open(path)?);
        look_back(path, &shared);
        Ok(Self { path: path.to_owned(), file, shared, lost: 0 })
    }

    fn take(&mut self, batch: &[Event]) {
        self.shared.happened(batch);
        for event in batch {
            if let Event::Settled(Rebalance { seconds: Some(seconds), moved, .. }) = event {
                self.shared.metrics().observe_rebalance(*seconds, *moved);
            }
        }
        if let Err(error) = write(&mut self.file, batch) {
            if self.lost == 0 {
                tracing::error!(path = %self.path.display(), %error, "events cannot be written");
            }
            self.lost += batch.len();
        }
    }

    fn finish(self) {
        if self.lost > 0 {
            tracing::error!(self.lost, path = %self.path.display(), "events were not written");
        }
    }
}

/// Shows what a run that goes on has told before. What cannot be read is missing there, and nowhere
/// else.
fn look_back(path: &Path, shared: &Shared) {
    let Ok(file) = File::open(path) else { return };
    for line in BufReader::new(file).lines().map_while(Result::ok) {
        if let Ok(event) = serde_json::from_str::<Event>(&line) {
            shared.happened(&[event]);
        }
    }
}

fn write(file: &mut BufWriter<File>, batch: &[Event]) -> std::io::Result<()> {
    for event in batch {
        serde_json::to_writer(&mut *file, event)?;
        file.write_all(b"\n")?;
    }
    file.flush()
}
