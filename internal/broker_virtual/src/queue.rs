//! Durable consumers, spoken to over a connection.

use std::sync::Arc;
use std::time::Duration;

use broker::{
    BrokerError, ConsumerName, ConsumerSpec, ConsumerState, Delivery, Queue, QueueError, Receipt,
    StreamName,
};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::broker::State;
use crate::client::VirtualLog;
use crate::durable::{Durable, filters};
use crate::filter::overlap;
use crate::followers::Told;

fn unavailable(why: &str) -> QueueError {
    BrokerError::Unavailable(why.to_owned()).into()
}

fn missing(stream: &StreamName, consumer: &ConsumerName) -> QueueError {
    QueueError::Missing { stream: stream.clone(), consumer: consumer.clone() }
}

/// What a pull finds at the broker.
enum Pulled {
    Delivery(Delivery),
    /// Nothing before this, unless it is woken.
    Nothing(Option<Instant>, Arc<Notify>),
}

impl State {
    fn make_consumer(&mut self, name: &StreamName, spec: ConsumerSpec) -> Result<(), QueueError> {
        let stream = self.stream_mut(name)?;
        if let Some((one, other)) = overlap(&spec.filters) {
            let why = format!("filters {one} and {other} overlap");
            return Err(QueueError::Rejected { consumer: spec.name, why });
        }
        let last = stream.state().last;
        match stream.consumers.get(&spec.name) {
            Some(consumer) => {
                let (before, hears) = (consumer.follower, consumer.hears(&spec));
                let pulls = Told::Pulls(consumer.wake.clone());
                stream.unfollow(before);
                let follower = stream.follow(hears, |_| pulls);
                if let Some(consumer) = stream.consumers.get_mut(&spec.name) {
                    consumer.change(spec, last, follower);
                }
            }
            None => {
                let wake = Arc::new(Notify::new());
                let pulls = Told::Pulls(wake.clone());
                let follower = stream.follow(filters(&spec), |_| pulls);
                stream.consumers_made += 1;
                let life = stream.consumers_made;
                let consumer = Durable::new(spec.clone(), life, follower, wake);
                stream.consumers.insert(spec.name, consumer);
            }
        }
        Ok(())
    }

    fn remove_consumer(
        &mut self,
        name: &StreamName,
        consumer: &ConsumerName,
    ) -> Result<(), QueueError> {
        let stream = self.stream_mut(name)?;
        if let Some(consumer) = stream.consumers.remove(consumer) {
            stream.unfollow(consumer.follower);
            consumer.wake.notify_waiters();
        }
        Ok(())
    }

    fn life(&mut self, name: &StreamName, consumer: &ConsumerName) -> Result<u64, QueueError> {
        self.consumer(name, consumer).map(|consumer| consumer.life)
    }

    fn consumer(
        &mut self,
        name: &StreamName,
        consumer: &ConsumerName,
    ) -> Result<&mut Durable, QueueError> {
        let found = self.stream_mut(name)?.consumers.get_mut(consumer);
        found.ok_or_else(|| missing(name, consumer))
    }

    /// Lets a consumer look at its stream.
    fn at_consumer<T>(
        &mut self,
        name: &StreamName,
        consumer: &ConsumerName,
        look: impl FnOnce(&mut Durable, &crate::log::Stream) -> T,
    ) -> Result<T, QueueError> {
        let stream = self.stream_mut(name)?;
        let Some((key, mut found)) = stream.consumers.remove_entry(consumer) else {
            return Err(missing(name, consumer));
        };
        let result = look(&mut found, stream);
        stream.consumers.insert(key, found);
        Ok(result)
    }

    fn pull(
        &mut self,
        name: &StreamName,
        consumer: &ConsumerName,
        life: u64,
    ) -> Result<Pulled, QueueError> {
        let now = Instant::now();
        let (pulled, follower) = self.at_consumer(name, consumer, |consumer, stream| {
            if consumer.life != life {
                return (Err(()), consumer.follower);
            }
            let pulled = match consumer.pull(stream, now) {
                Some(delivery) => {
                    // There may be more, and others who wait.
                    consumer.wake.notify_one();
                    Pulled::Delivery(delivery)
                }
                None => Pulled::Nothing(consumer.due(), consumer.wake.clone()),
            };
            (Ok(pulled), consumer.follower)
        })?;
        if let Some(follower) = self.stream_mut(name)?.followers.get_mut(follower) {
            follower.wait();
        }
        pulled.map_err(|()| missing(name, consumer))
    }
}

impl VirtualLog {
    async fn ask_queue<T: Send + 'static>(
        &self,
        apply: impl FnOnce(&mut State) -> Result<T, QueueError> + Send + 'static,
    ) -> Result<T, QueueError> {
        let answer = self.request(|state: &mut State, _| apply(state), |_| None).await;
        answer.unwrap_or_else(|| Err(unavailable("no answer")))
    }

    /// At the broker: waits for a delivery, until the pull or its connection ends.
    async fn wait_in_pull(
        &self,
        stream: &StreamName,
        consumer: &ConsumerName,
        life: u64,
        until: Instant,
    ) -> Result<Option<Delivery>, QueueError> {
        let broker = &self.connection.broker;
        loop {
            tokio::task::coop::consume_budget().await;
            let stalled = broker.state().stalled(Instant::now());
            if let Some(stalled) = stalled {
                sleep_until(stalled).await;
            }
            let (due, wake) = match broker.state().pull(stream, consumer, life)? {
                Pulled::Delivery(delivery) => return Ok(Some(delivery)),
                Pulled::Nothing(due, wake) => (due.map_or(until, |due| due.min(until)), wake),
            };
            if Instant::now() >= until {
                return Ok(None);
            }
            let woken = timeout_at(due, wake.notified()).await.is_ok();
            if !woken && due == until {
                return Ok(None);
            }
        }
    }
}

impl Queue for VirtualLog {
    async fn consumer(&self, stream: &StreamName, spec: &ConsumerSpec) -> Result<(), QueueError> {
        let (stream, spec) = (stream.clone(), spec.clone());
        self.ask_queue(move |state| state.make_consumer(&stream, spec)).await
    }

    async fn pull(
        &self,
        stream: &StreamName,
        consumer: &ConsumerName,
        patience: Duration,
    ) -> Result<Option<Delivery>, QueueError> {
        let (name, durable) = (stream.clone(), consumer.clone());
        let life = self.ask_queue(move |state| state.life(&name, &durable)).await?;
        let (connection, until) = (&self.connection, Instant::now() + patience);
        let breaks = connection.sky().breaks;
        let broken = || unavailable("the connection was lost");
        let pulled = tokio::select! {
            biased;
            () = connection.until(|sky| sky.breaks != breaks) => return Err(broken()),
            pulled = self.wait_in_pull(stream, consumer, life, until) => pulled,
        };
        // Its way back; what is lost on it was delivered all the same.
        let given_up = Instant::now() + connection.broker.options.request_timeout;
        let arrives = connection.line().answer(Instant::now());
        sleep_until(arrives.map_or(given_up, |at| at.min(given_up))).await;
        if !connection.sky().flows() {
            let _ = timeout_at(given_up, connection.until(|sky| sky.flows())).await;
        }
        if connection.sky().breaks != breaks {
            return Err(broken());
        }
        let heard = arrives.is_some_and(|at| at <= given_up) && connection.sky().flows();
        if heard { pulled } else { Err(unavailable("no answer")) }
    }

    async fn ack(&self, receipt: &Receipt) -> Result<(), QueueError> {
        let (receipt, until) = (receipt.clone(), self.connection.broker.options.request_timeout);
        let until = Instant::now() + until;
        let understood = self
            .ask_queue(move |state| {
                let consumer = state.consumer(&receipt.stream, &receipt.consumer)?;
                Ok(consumer.ack(receipt.seq, Instant::now()))
            })
            .await?;
        if understood {
            return Ok(());
        }
        sleep_until(until).await;
        Err(unavailable("no answer"))
    }

    async fn nak(&self, receipt: &Receipt) -> Result<(), QueueError> {
        let receipt = receipt.clone();
        self.ask_queue(move |state| {
            let consumer = state.consumer(&receipt.stream, &receipt.consumer)?;
            consumer.nak(&receipt, Instant::now());
            Ok(())
        })
        .await
    }

    async fn remove(&self, stream: &StreamName, consumer: &ConsumerName) -> Result<(), QueueError> {
        let (stream, consumer) = (stream.clone(), consumer.clone());
        self.ask_queue(move |state| state.remove_consumer(&stream, &consumer)).await
    }

    async fn progress(
        &self,
        stream: &StreamName,
        consumer: &ConsumerName,
    ) -> Result<Option<ConsumerState>, QueueError> {
        let (stream, consumer) = (stream.clone(), consumer.clone());
        let asked = self.ask_queue(move |state| {
            let now = Instant::now();
            state.at_consumer(&stream, &consumer, |consumer, stream| consumer.progress(stream, now))
        });
        match asked.await {
            Ok(progress) => Ok(Some(progress)),
            Err(QueueError::Missing { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
