//! Whatever comes from outside, handed to whoever has to read it: nothing may panic, hang or take more
//! memory than its input warrants, and what is understood must be understood the same when it is
//! written and read again.
//!
//! `fuzz/` drives these functions with a fuzzer, `tests/smoke.rs` with a fixed number of mutations.

use std::fmt::Debug;
use std::io::{Cursor, Write};

use broker::{Record, Seq, Subject};
use checkpoint::{Checkpoint, Expected};
use config::{Config, Overrides};
use coordinator::{Output, ToldRecord};
use flate2::Compression;
use flate2::write::GzEncoder;
use history::Series;
use model::Message;
use parti::records::{
    Grant, LeaderBeat, LeaderRecord, LedgerRecord, MemberRecord, Plan, Settings, decode, encode,
};
use reports::Report;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Reads whatever it is handed.
pub type Target = fn(&[u8]);

/// Every target, by its name.
pub const TARGETS: [(&str, Target); 4] = [
    ("configuration", configuration),
    ("message", message),
    ("checkpoint", checkpoint),
    ("history", history),
];

/// A configuration file.
pub fn configuration(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let parse = |text: &str| Config::parse(text, "fuzz.yaml", &Overrides::default());
    match parse(text) {
        Ok(config) => {
            let written = config.to_yaml();
            let again = parse(&written).expect("what is effective is valid");
            assert_eq!(again.to_yaml(), written);
            let _ = config::offered_load(&config);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// A payload on any subject: of a message, of the protocol, of a ledger, of a report.
pub fn message(data: &[u8]) {
    if let Ok(message) = Message::decode(data) {
        assert_eq!(Message::decode(&message.encode()), Ok(message));
    }
    let record = Record {
        subject: Subject::new("own.0").expect("it is a subject"),
        seq: Seq(1),
        stored_at_us: 1,
        payload: data.to_vec().into(),
        pending: 0,
    };
    same_again::<LedgerRecord<Output>>(&record);
    same_again::<MemberRecord>(&record);
    same_again::<LeaderRecord>(&record);
    same_again::<LeaderBeat>(&record);
    same_again::<Grant>(&record);
    same_again::<Plan>(&record);
    same_again::<Settings>(&record);
    same_again::<ToldRecord>(&record);
    let _ = Report::decode(&record);
}

fn same_again<T: DeserializeOwned + Serialize + PartialEq + Debug>(record: &Record) {
    if let Ok(read) = decode::<T>(record) {
        let again = Record { payload: encode(&read), ..record.clone() };
        assert_eq!(decode::<T>(&again).expect("what is written can be read"), read);
    }
}

/// A checkpoint, as it is, and with its sums put right: else nothing behind them would be reached.
/// The state is handed in as it is before it is compressed.
pub fn checkpoint(data: &[u8]) {
    let _ = Checkpoint::decode(data, &Expected::default());
    let Some(healed) = healed(data) else { return };
    if let Ok(Checkpoint { state, .. }) = Checkpoint::decode(&healed, &Expected::default()) {
        let settings = state.judge.settings().clone();
        if state.judge.check_settings(&settings).is_ok() {
            let _ = state.judge.totals();
        }
        serde_json::to_vec(&state).expect("what is read can be written");
    }
}

fn healed(data: &[u8]) -> Option<Vec<u8>> {
    let end = data.iter().position(|byte| *byte == b'\n')?;
    let (line, body) = (&data[..end], &data[end + 1..]);
    let mut header: serde_json::Value = serde_json::from_slice(line).ok()?;
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(body).ok()?;
    let packed = gzip.finish().ok()?;
    let fields = header.as_object_mut()?;
    fields.insert("body_bytes".into(), packed.len().into());
    fields.insert("raw_bytes".into(), body.len().into());
    let mut bytes = serde_json::to_vec(&header).ok()?;
    bytes.push(b'\n');
    bytes.extend(packed);
    let sum = crc32fast::hash(&bytes);
    bytes.extend(format!("{sum:08x}\n").into_bytes());
    Some(bytes)
}

/// A history, judged as far as it goes.
pub fn history(data: &[u8]) {
    let series = Series::read("fuzz".into(), Cursor::new(data.to_vec()));
    match series.and_then(history::check) {
        Ok(checked) => {
            let text = checked.report.text();
            assert!(text.starts_with("=== Simulation Report ==="), "{text}");
            serde_json::to_vec(&checked.report).expect("a report is JSON");
        }
        Err(error) => assert!(error.to_string().starts_with("history fuzz"), "{error}"),
    }
}
