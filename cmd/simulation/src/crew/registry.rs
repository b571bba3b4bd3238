//! Processes that were started by somebody else and registered themselves, to be broken like our own.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chaos::Node;
use model::ProducerId;
use parti::MemberId;
use processes::{Process, Started, State, adopt};
use web::{Registered, Registration, Role};

use crate::proxies::Addresses;

/// Most processes that are remembered.
const REGISTERED_MAX: usize = 10_000;

/// Who registered. Clones are the same.
#[derive(Clone, Default)]
pub struct Registry {
    processes: Arc<Mutex<BTreeMap<Node, Process>>>,
}

impl Registry {
    /// Takes a process in and says where it finds the broker.
    pub async fn register(
        &self,
        registration: Registration,
        addresses: &Addresses,
    ) -> Result<Registered, String> {
        let node = node(registration.role, &registration.id)?;
        let pid = registration.pid;
        let process = Started::of(pid).and_then(|started| adopt(pid, started));
        let process = process.map_err(|error| error.to_string())?;
        let urls = addresses.of(&registration.id).await.map_err(|error| error.to_string())?;
        let mut processes = self.lock();
        if processes.len() >= REGISTERED_MAX && !processes.contains_key(&node) {
            return Err(format!("{REGISTERED_MAX} processes are registered: no room for more"));
        }
        println!("✓ {node} registered (process {})", registration.pid);
        processes.insert(node, process);
        Ok(Registered { nats_url: urls.join(",") })
    }

    /// Who is registered and runs.
    pub(super) fn running(&self) -> Vec<Node> {
        let processes = self.lock();
        let running = processes.iter().filter(|(_, process)| process.state() == State::Running);
        running.map(|(node, _)| node.clone()).collect()
    }

    /// The process that registered under a name; it is looked after by whoever takes it.
    pub(super) fn take(&self, node: &Node) -> Option<Process> {
        self.lock().remove(node)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Node, Process>> {
        self.processes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn node(role: Role, id: &str) -> Result<Node, String> {
    let member = MemberId::new(id.to_owned()).map_err(|error| error.to_string())?;
    Ok(match role {
        Role::Worker => Node::Worker(member),
        Role::Producer => Node::Producer(ProducerId(id.to_owned())),
    })
}
