//! What arrives on a reader's inbox: records, and the server's notices about the pulls.

use async_nats::{Message, StatusCode};
use broker::{Record, Seq, Subject};

/// A message on the inbox, understood.
pub(super) enum Notice {
    /// A record, and its number among this consumer's deliveries.
    Record { record: Record, delivery: u64 },
    /// A pull is over; so many of the records that it asked for will not come.
    PullOver { unsent: usize },
    /// The consumer lives; it has made so many deliveries, if it says so.
    Alive { deliveries: Option<u64> },
    /// The consumer is of no use any more.
    Useless(String),
}

/// Reads a message.
pub(super) fn notice(message: Message) -> Notice {
    let Some(status) = message.status else { return record(message) };
    match status {
        StatusCode::IDLE_HEARTBEAT => {
            Notice::Alive { deliveries: number(&message, "Nats-Last-Consumer") }
        }
        StatusCode::TIMEOUT | StatusCode::NOT_FOUND => Notice::PullOver {
            unsent: number(&message, "Nats-Pending-Messages")
                .and_then(|unsent| usize::try_from(unsent).ok())
                .unwrap_or(usize::MAX),
        },
        status => {
            let why = message.description.as_deref().unwrap_or("no reason given");
            Notice::Useless(format!("the server says: {why} ({status})"))
        }
    }
}

fn number(message: &Message, header: &str) -> Option<u64> {
    message.headers.as_ref()?.get(header)?.as_str().parse().ok()
}

fn record(message: Message) -> Notice {
    let place = message.reply.as_deref().and_then(place);
    let subject = Subject::new(message.subject.as_str());
    match (place, subject) {
        (Some(place), Ok(subject)) => Notice::Record {
            delivery: place.delivery,
            record: Record {
                subject,
                seq: Seq(place.seq),
                stored_at_us: place.stored_at_ns / 1000,
                payload: message.payload,
                pending: place.pending,
            },
        },
        (None, _) => Notice::Useless(format!("no place in reply {:?}", message.reply)),
        (_, Err(error)) => Notice::Useless(error.to_string()),
    }
}

/// Where a record stands, as its reply subject says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// How often it was delivered by then.
    pub(crate) tries: u64,
    pub(crate) seq: u64,
    /// The number of this delivery among the consumer's.
    pub(crate) delivery: u64,
    pub(crate) stored_at_ns: i64,
    pub(crate) pending: u64,
}

/// Reads `$JS.ACK.<stream>.<consumer>.<tries>.<seq>.<delivery>.<time>.<pending>`, or the longer
/// form with `<domain>.<account>` before the stream and more behind.
pub(crate) fn place(reply: &str) -> Option<Place> {
    let rest = reply.strip_prefix("$JS.ACK.")?;
    let skipped = match rest.split('.').count() {
        7 => 2,
        9.. => 4,
        _ => return None,
    };
    let mut tokens = rest.split('.').skip(skipped);
    let mut number = || tokens.next();
    Some(Place {
        tries: number()?.parse().ok()?,
        seq: number()?.parse().ok()?,
        delivery: number()?.parse().ok()?,
        stored_at_ns: number()?.parse().ok()?,
        pending: number()?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_place_are_read() {
        let expected =
            Place { tries: 1, seq: 50, delivery: 9, stored_at_ns: 1790230470084404000, pending: 4 };
        for reply in [
            "$JS.ACK.events.durable.1.50.9.1790230470084404000.4",
            "$JS.ACK.hub.szMpdrwD.events.durable.1.50.9.1790230470084404000.4",
            "$JS.ACK._.szMpdrwD.events.durable.1.50.9.1790230470084404000.4.rand.more",
        ] {
            assert_eq!(place(reply).as_ref(), Some(&expected), "{reply}");
        }
        for bad in ["", "_INBOX.a.b", "$JS.ACK.a.b.1.2.3.4", "$JS.ACK.a.b.1.x.3.4.5"] {
            assert_eq!(place(bad), None, "{bad}");
        }
    }
}
