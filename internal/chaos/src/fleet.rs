//! What chaos acts on: workers and producers that can be started, stopped and killed.

use std::future::Future;

use model::ProducerId;
use parti::MemberId;

/// The workers and producers of a run.
pub trait Fleet: Send {
    /// Workers that run, in order of their names.
    fn workers(&self) -> Vec<MemberId>;

    /// The worker that leads, if one is known to.
    fn leader(&self) -> Option<MemberId>;

    /// Producers that run, in order of their names.
    fn producers(&self) -> Vec<ProducerId>;

    /// Starts a worker; under a new name if none is given. Returns its name, or `None` if it could
    /// not be started.
    fn start_worker(
        &mut self,
        name: Option<MemberId>,
    ) -> impl Future<Output = Option<MemberId>> + Send;

    /// Kills a worker: it stops in the middle of whatever it does and says nothing to anybody.
    fn crash_worker(&mut self, worker: &MemberId) -> impl Future<Output = ()> + Send;

    /// Asks a worker to leave and waits until it has.
    fn stop_worker(&mut self, worker: &MemberId) -> impl Future<Output = ()> + Send;

    /// Starts a producer that was killed.
    fn start_producer(&mut self, producer: &ProducerId) -> impl Future<Output = ()> + Send;

    /// Kills a producer.
    fn crash_producer(&mut self, producer: &ProducerId) -> impl Future<Output = ()> + Send;
}
