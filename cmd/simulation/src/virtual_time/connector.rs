//! To the virtual broker: a connection for everybody, and everything that can break it.

use broker::BrokerError;
use broker_virtual::{VirtualBroker, VirtualLog};
use chaos::Network;

use crate::connect::{Connector, Power};

/// Connects to a virtual broker.
#[derive(Clone)]
pub struct VirtualConnector(VirtualBroker);

impl VirtualConnector {
    /// To `broker`.
    pub fn new(broker: VirtualBroker) -> Self {
        Self(broker)
    }
}

impl Connector for VirtualConnector {
    type Broker = VirtualLog;

    async fn connect(&self, name: &str) -> Result<VirtualLog, BrokerError> {
        Ok(self.0.client(name))
    }

    async fn member(&self, name: &str) -> Result<VirtualLog, BrokerError> {
        self.connect(name).await
    }

    async fn network(&self, name: &str, network: Network) -> Result<(), String> {
        self.0.set_network(name, network);
        Ok(())
    }

    fn has_server(&self) -> bool {
        true
    }

    async fn server(&self, power: Power) -> Result<(), String> {
        match power {
            Power::Start => self.0.start(),
            // What was acknowledged is stored, however it ends.
            Power::Stop | Power::Kill => self.0.stop(),
        }
        Ok(())
    }
}
