//! The stream of reports: one subject per reporter, the newest report each.

use broker::{
    Append, AppendError, Backoff, Log, NameError, Record, Storage, StreamName, StreamSpec, Subject,
};
use bytes::Bytes;
use model::ProducerId;
use model::json::{self, Pieces};
use serde::{Deserialize, Serialize};

use crate::{Fault, ProducerReport, WorkerReport};

/// Where reports go.
#[derive(Clone, Debug)]
pub struct Channel {
    /// The stream of reports.
    pub stream: StreamName,
    root: Subject,
}

/// What a run is doing; the coordinator says it, everybody follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Messages are sent, faults happen.
    #[default]
    Running,
    /// Faults have ended and what was broken is mended; producers send nothing more.
    Draining,
    /// Everything is judged: workers leave, the processes of the run end.
    Done,
}

/// A report as it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Report {
    /// A producer's.
    Producer(ProducerReport),
    /// A worker's.
    Worker(WorkerReport),
    /// Chaos'.
    Fault(Fault),
    /// The coordinator's own.
    Phase(Phase),
}

impl Channel {
    /// The reports of the run under `prefix`.
    pub fn new(prefix: &str) -> Result<Self, NameError> {
        Ok(Self {
            stream: StreamName::new(format!("{prefix}_REPORTS"))?,
            root: Subject::new(format!("{prefix}.report"))?,
        })
    }

    /// The stream, to be created by whoever comes first.
    pub fn spec(&self, storage: Storage, replicas: usize) -> StreamSpec {
        StreamSpec {
            replicas,
            max_per_subject: Some(1),
            ..StreamSpec::new(self.stream.clone(), self.all(), storage)
        }
    }

    /// Every report.
    pub fn all(&self) -> Subject {
        self.root.child(">")
    }

    /// What the run is doing.
    pub fn phase(&self) -> Subject {
        self.root.child("phase")
    }

    /// The newest report of a producer.
    pub fn producer(&self, producer: &ProducerId) -> Subject {
        self.root.child("producer").child(producer)
    }

    /// Every fault.
    pub fn faults(&self) -> Subject {
        self.root.child("fault").child("*")
    }

    fn subject(&self, report: &Report) -> Subject {
        match report {
            Report::Producer(report) => self.producer(&report.producer),
            Report::Worker(report) => {
                self.root.child("worker").child(&report.member).child(report.session.0)
            }
            Report::Fault(fault) => self.root.child("fault").child(fault.id),
            Report::Phase(_) => self.phase(),
        }
    }

    /// Sends a report.
    ///
    /// # Errors
    ///
    /// Any [`AppendError`]; the next report says it all again.
    pub async fn send<B: Log>(&self, broker: &B, report: &Report) -> Result<(), AppendError> {
        let payload = report.encode();
        let append = Append::new(self.stream.clone(), self.subject(report), payload);
        broker.append(append).await.map(|_| ())
    }

    /// Sends a report until it is acknowledged; the caller bounds it.
    pub async fn send_until_known<B: Log>(&self, broker: &B, report: &Report) {
        let mut backoff = Backoff::default();
        while let Err(error) = self.send(broker, report).await {
            tracing::debug!(%error, "report not acknowledged; trying again");
            backoff.wait().await;
        }
    }
}

impl Report {
    /// As it is stored.
    fn encode(&self) -> Bytes {
        let write = |pieces: &mut Pieces<'_>| match self {
            Self::Producer(report) => report.write(pieces),
            other => pieces.value("", other).map(|_| ()),
        };
        json::compose(write).expect("reports have text keys only")
    }

    /// Reads a stored report; `None` if it is none.
    pub fn decode(record: &Record) -> Option<Self> {
        if let Some(report) = ProducerReport::as_written(&record.payload) {
            return Some(Self::Producer(report));
        }
        json::decode(&record.payload)
            .inspect_err(|error| tracing::warn!(subject = %record.subject, %error, "no report"))
            .ok()
    }
}
