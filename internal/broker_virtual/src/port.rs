//! The port, spoken by a connection.

use std::future::Future;

use broker::{
    Admin, Append, AppendError, BrokerError, Log, Record, Seq, Start, StreamName, StreamSpec,
    StreamState, Subject,
};

use crate::broker::State;
use crate::client::VirtualLog;
use crate::observe::Happening;
use crate::reader::VirtualReader;

impl Log for VirtualLog {
    type Reader = VirtualReader;

    fn append(&self, append: Append) -> impl Future<Output = Result<Seq, AppendError>> + Send {
        self.send(append)
    }

    async fn last(
        &self,
        stream: &StreamName,
        subject: &Subject,
    ) -> Result<Option<Record>, BrokerError> {
        let (stream, subject) = (stream.clone(), subject.clone());
        self.ask(move |state| Ok(state.stream(&stream)?.last(&subject))).await
    }

    async fn first_at(
        &self,
        stream: &StreamName,
        subject: &Subject,
        at: Seq,
    ) -> Result<Option<Record>, BrokerError> {
        let (stream, subject) = (stream.clone(), subject.clone());
        self.ask(move |state| Ok(state.stream(&stream)?.first_at(&subject, at))).await
    }

    async fn read(
        &self,
        stream: &StreamName,
        filters: Vec<Subject>,
        start: Start,
    ) -> Result<VirtualReader, BrokerError> {
        let (connection, stream) = (self.connection.clone(), stream.clone());
        let breaks = connection.sky().breaks;
        let reader = move |state: &mut State| {
            let happening = Happening::Reads { stream: &stream, filters: &filters, start };
            state.tell(&connection.name, &happening);
            let stream = state.stream_mut(&stream)?;
            Ok(VirtualReader::new(connection, stream, filters, start, breaks))
        };
        self.ask(reader).await
    }
}

impl Admin for VirtualLog {
    async fn ensure(&self, spec: &StreamSpec) -> Result<(), BrokerError> {
        let spec = spec.clone();
        self.ask(move |state| state.ensure(&spec)).await
    }

    async fn state(&self, stream: &StreamName) -> Result<Option<StreamState>, BrokerError> {
        let stream = stream.clone();
        self.ask(move |state| Ok(state.stream(&stream).ok().map(|stream| stream.state()))).await
    }

    async fn trim(
        &self,
        stream: &StreamName,
        subject: &Subject,
        below: Seq,
    ) -> Result<(), BrokerError> {
        // Nothing lies below 1, so nobody is asked.
        if below.0 <= 1 {
            return Ok(());
        }
        let (stream, subject) = (stream.clone(), subject.clone());
        let name = self.connection.name.clone();
        self.ask(move |state| {
            let happening = Happening::Trimmed { stream: &stream, subject: &subject, below };
            state.tell(&name, &happening);
            state.stream_mut(&stream)?.trim(&subject, below);
            Ok(())
        })
        .await
    }

    async fn delete(&self, stream: &StreamName) -> Result<(), BrokerError> {
        let stream = stream.clone();
        self.ask(move |state| {
            state.delete(&stream);
            Ok(())
        })
        .await
    }
}
