//! Reports of producers as text. They tell of many partitions, over and over, so they are put together,
//! and read as they were put together; what somebody else wrote is left to the parser.

use std::collections::BTreeMap;

use model::json::{self, Error, Pieces, Scan};
use model::{PartitionId, ProducerId, Timestamp};

use crate::{PartitionSent, ProducerReport, Range};

impl ProducerReport {
    /// Writes it down, as the JSON of [`Report::Producer`](crate::Report::Producer).
    pub(crate) fn write(&self, pieces: &mut Pieces<'_>) -> Result<(), Error> {
        pieces
            .string("{\"producer\":{\"producer\":", &self.producer.0)
            .number(",\"session\":", self.session)
            .number(",\"at\":", self.at.0)
            .text(",\"partitions\":{");
        let mut before = "\"";
        for (partition, sent) in &self.partitions {
            pieces.number(std::mem::replace(&mut before, ",\""), partition.0);
            write_ranges(pieces, "\":{\"acked\":", &sent.acked);
            if !sent.in_doubt.is_empty() {
                write_ranges(pieces, ",\"in_doubt\":", &sent.in_doubt);
            }
            pieces.text("}");
        }
        pieces
            .number("},\"retries\":", self.retries)
            .number(",\"rejected\":", self.rejected)
            .number(",\"recovered\":", self.recovered)
            .number(",\"shed\":", self.shed);
        if let Some(publishing) = &self.publishing {
            pieces.value(",\"publishing\":", publishing)?;
        }
        pieces.value(",\"finished\":", &self.finished)?.text("}}");
        Ok(())
    }

    /// Reads a payload that was written so; `None` if it was not.
    pub(crate) fn as_written(payload: &[u8]) -> Option<Self> {
        let mut text = Scan::new(payload);
        let producer = ProducerId(text.string("{\"producer\":{\"producer\":")?.to_owned());
        let session = text.number(",\"session\":")?;
        let at = Timestamp(text.number(",\"at\":")?);
        text.skip(",\"partitions\":{")?;
        let mut partitions = BTreeMap::new();
        while text.skip("}").is_none() {
            let before = if partitions.is_empty() { "\"" } else { ",\"" };
            let partition = PartitionId(text.number(before)?);
            let acked = read_ranges(&mut text, "\":{\"acked\":")?;
            let in_doubt = match text.skip(",\"in_doubt\":") {
                Some(()) => read_ranges(&mut text, "")?,
                None => Vec::new(),
            };
            text.skip("}")?;
            partitions.insert(partition, PartitionSent { acked, in_doubt });
        }
        let retries = text.number(",\"retries\":")?;
        let rejected = text.number(",\"rejected\":")?;
        let recovered = text.number(",\"recovered\":")?;
        let shed = text.number(",\"shed\":")?;
        let rest = text.rest();
        let (rest, finished) = match rest.strip_suffix(b",\"finished\":true}}") {
            Some(rest) => (rest, true),
            None => (rest.strip_suffix(b",\"finished\":false}}")?, false),
        };
        let publishing = match rest {
            [] => None,
            some => Some(json::decode(some.strip_prefix(b",\"publishing\":")?).ok()?),
        };
        Some(Self {
            producer,
            session,
            at,
            partitions,
            retries,
            rejected,
            recovered,
            shed,
            publishing,
            finished,
        })
    }
}

fn write_ranges(pieces: &mut Pieces<'_>, before: &str, ranges: &[Range]) {
    pieces.text(before).text("[");
    let mut before = "[";
    for Range(first, last) in ranges {
        pieces.number(std::mem::replace(&mut before, ",["), *first).number(",", *last).text("]");
    }
    pieces.text("]");
}

fn read_ranges(text: &mut Scan<'_>, before: &str) -> Option<Vec<Range>> {
    text.skip(before)?;
    text.skip("[")?;
    let mut ranges = Vec::new();
    while text.skip("]").is_none() {
        let before = if ranges.is_empty() { "[" } else { ",[" };
        ranges.push(Range(text.number(before)?, text.number(",")?));
        text.skip("]")?;
    }
    Some(ranges)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use model::Durations;
    use proptest::prelude::*;

    use super::*;
    use crate::Report;

    fn ranges() -> impl Strategy<Value = Vec<Range>> {
        prop::collection::vec((0..99_u64, 0..u64::MAX / 10), 0..3)
            .prop_map(|ranges| ranges.into_iter().map(|(a, b)| Range(a, b)).collect())
    }

    fn reports() -> impl Strategy<Value = ProducerReport> {
        let sent =
            (ranges(), ranges()).prop_map(|(acked, in_doubt)| PartitionSent { acked, in_doubt });
        let partitions =
            prop::collection::btree_map(any::<u32>().prop_map(PartitionId), sent, 0..4);
        let numbers = (any::<[u32; 6]>(), 0..99_i64, any::<bool>(), any::<bool>());
        ("[a-z0-9\"\\\\ -]{1,4}", partitions, numbers).prop_map(
            |(name, partitions, (numbers, at, measured, finished))| {
                let [session, retries, rejected, recovered, shed, took] = numbers.map(u64::from);
                let mut publishing = Durations::default();
                publishing.add(Duration::from_micros(took));
                ProducerReport {
                    producer: ProducerId(name),
                    session,
                    at: Timestamp(at),
                    partitions,
                    retries,
                    rejected,
                    recovered,
                    shed,
                    publishing: measured.then_some(publishing),
                    finished,
                }
            },
        )
    }

    fn text(report: &ProducerReport) -> Vec<u8> {
        let mut text = Vec::new();
        report.write(&mut Pieces(&mut text)).unwrap();
        text
    }

    fn parsed(text: &[u8]) -> Option<ProducerReport> {
        match serde_json::from_slice(text) {
            Ok(Report::Producer(report)) => Some(report),
            _ => None,
        }
    }

    proptest! {
        #[test]
        fn what_is_put_together_is_what_the_serializer_writes(report in reports()) {
            let text = text(&report);
            let is_plain = !report.producer.0.contains(['"', '\\']);
            prop_assert_eq!(&text, &serde_json::to_vec(&Report::Producer(report.clone())).unwrap());
            prop_assert_eq!(ProducerReport::as_written(&text), is_plain.then_some(report));
        }

        #[test]
        fn what_is_read_as_written_is_what_the_parser_reads(
            report in reports(),
            (at, byte) in any::<(prop::sample::Index, u8)>(),
        ) {
            let mut text = text(&report);
            *at.get_mut(&mut text) = byte;
            if let Some(read) = ProducerReport::as_written(&text) {
                prop_assert_eq!(Some(read), parsed(&text));
            }
        }
    }
}
