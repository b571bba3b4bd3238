//! The conditional append, and what each of JetStream's answers means for the record.

use async_nats::jetstream::Error as ApiError;
use async_nats::jetstream::{ErrorCode, stream};
use async_nats::{HeaderMap, Request, header};
use broker::{Append, AppendError, Expect, Refusal, Seq, StreamName, Subject};
use serde::Deserialize;

use crate::link::{ApiFailure, Link, Lost};

/// The subject whose last sequence is expected; async-nats has no name for it. Server 2.11.
const EXPECTED_SUBJECT: &str = "Nats-Expected-Last-Subject-Sequence-Subject";
/// "Wrong last sequence" without the sequence, as some versions answer.
const WRONG_LAST_SEQUENCE_CONSTANT: u64 = 10164;

/// What the server answers.
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    seq: u64,
    #[serde(default)]
    duplicate: bool,
    error: Option<ApiError>,
}

/// Stores a record, if the expectation holds.
pub(crate) async fn append(link: &Link, append: Append) -> Result<Seq, AppendError> {
    let headers = headers(&append);
    let Append { stream, subject, payload, expect, .. } = append;
    let request = Request::new().headers(headers).payload(payload);
    match link.ask(subject.as_str().to_owned(), request).await {
        Ok(answer) => outcome(&answer.payload, expect),
        Err(Lost::Unanswered(why)) => Err(AppendError::InDoubt(why)),
        Err(Lost::TooLarge(why)) => Err(AppendError::Rejected(why)),
        // In a box: it is rare, and long.
        Err(Lost::Nobody) => Err(Box::pin(nobody_listens(link, &stream, &subject)).await),
    }
}

fn headers(append: &Append) -> HeaderMap {
    let Append { stream, subject, expect, id, .. } = append;
    let mut headers = HeaderMap::new();
    headers.insert(header::NATS_EXPECTED_STREAM, stream.as_str());
    if let Some(expect) = expect {
        let seq = expect.seq.to_string();
        headers.insert(header::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, seq.as_str());
        if expect.subject != *subject {
            headers.insert(EXPECTED_SUBJECT, expect.subject.as_str());
        }
    }
    if let Some(id) = id {
        headers.insert(header::NATS_MESSAGE_ID, id.as_str());
    }
    headers
}

fn outcome(answer: &[u8], expect: Option<Expect>) -> Result<Seq, AppendError> {
    match serde_json::from_slice(answer) {
        Ok(Answer { error: None, seq, duplicate: true }) if seq > 0 => {
            Err(AppendError::Refused(Refusal::Duplicate(Seq(seq))))
        }
        Ok(Answer { error: None, seq, .. }) if seq > 0 => Ok(Seq(seq)),
        Ok(Answer { error: Some(error), .. }) => Err(refusal(&error, expect)),
        Ok(_) => Err(AppendError::InDoubt("answer without a sequence".to_owned())),
        Err(error) => Err(AppendError::InDoubt(format!("answer not understood: {error}"))),
    }
}

fn refusal(error: &ApiError, expect: Option<Expect>) -> AppendError {
    let code = error.error_code();
    let wrong_last = code == ErrorCode::STREAM_WRONG_LAST_SEQUENCE
        || code == ErrorCode(WRONG_LAST_SEQUENCE_CONSTANT);
    match expect {
        Some(expect) if wrong_last => AppendError::Refused(Refusal::Expectation(expect)),
        _ if is_full(error) || (400..500).contains(&error.code()) => {
            AppendError::Rejected(error.to_string())
        }
        _ => AppendError::InDoubt(error.to_string()),
    }
}

/// Whether the stream or the account has no room. "Store failed" covers a full stream as well as a
/// broken disk; only the text tells them apart.
fn is_full(error: &ApiError) -> bool {
    let code = error.error_code();
    code == ErrorCode::STORAGE_RESOURCES_EXCEEDED
        || code == ErrorCode::MEMORY_RESOURCES_EXCEEDED
        || code == ErrorCode::INSUFFICIENT_RESOURCES
        || (code == ErrorCode::STREAM_STORE_FAILED && error.to_string().contains("maximum"))
}

/// Nobody took the record, so it is not stored. Whether it ever will be depends on why: a stream
/// that does not exist (or does not want this subject) rejects it for good; a stream that is just
/// coming back after a restart does not.
async fn nobody_listens(link: &Link, stream: &StreamName, subject: &Subject) -> AppendError {
    match link.query::<stream::Info>(format!("STREAM.INFO.{stream}")).await {
        Ok(info) if takes(&info.config.subjects, subject) => {
            AppendError::InDoubt(format!("stream {stream} takes no records at the moment"))
        }
        Ok(_) => AppendError::Rejected(format!("stream {stream} does not take subject {subject}")),
        Err(ApiFailure::Refused(error)) if error.error_code() == ErrorCode::STREAM_NOT_FOUND => {
            AppendError::Rejected(format!("stream {stream} does not exist"))
        }
        Err(ApiFailure::Refused(error)) => AppendError::InDoubt(error.to_string()),
        Err(ApiFailure::Unavailable(why)) => AppendError::InDoubt(why),
    }
}

fn takes(filters: &[String], subject: &Subject) -> bool {
    let takes = |filter: &String| Subject::new(filter).is_ok_and(|f| f.takes(subject.as_str()));
    filters.iter().any(takes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_sorted_by_what_the_caller_must_do() {
        let expect = || Some(Expect { subject: Subject::new("own.1").unwrap(), seq: Seq(4) });
        let error = |code: u16, err_code: u64, text: &str| {
            format!(r#"{{"error":{{"code":{code},"err_code":{err_code},"description":"{text}"}}}}"#)
        };
        let result = |answer: String| outcome(answer.as_bytes(), expect());
        assert_eq!(result(r#"{"stream":"S","seq":7}"#.to_owned()).unwrap(), Seq(7));
        let again = result(r#"{"stream":"S","seq":7,"duplicate":true}"#.to_owned());
        assert!(
            matches!(again, Err(AppendError::Refused(Refusal::Duplicate(Seq(7))))),
            "{again:?}"
        );
        for code in [10071, 10164] {
            let answer = result(error(400, code, "wrong last sequence: 5"));
            assert!(matches!(answer, Err(AppendError::Refused(_))), "{code}");
        }
        for (code, err_code, text) in [
            (503, 10077, "maximum bytes exceeded"),
            (400, 10054, "message size exceeds maximum allowed"),
            (400, 10060, "expected stream does not match"),
            (500, 10047, "insufficient storage resources available"),
        ] {
            let answer = result(error(code, err_code, text));
            assert!(matches!(answer, Err(AppendError::Rejected(_))), "{text}");
        }
        for (code, err_code, text) in
            [(503, 10077, "disk on fire"), (503, 10008, "JetStream system temporarily unavailable")]
        {
            let answer = result(error(code, err_code, text));
            assert!(matches!(answer, Err(AppendError::InDoubt(_))), "{text}");
        }
        assert!(matches!(outcome(b"+OK", None), Err(AppendError::InDoubt(_))));
    }
}
