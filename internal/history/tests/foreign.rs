//! Ledgers of other programs: what they leave out is filled in, what cannot be is refused.
#![allow(clippy::unwrap_used, reason = "a ledger that cannot be read is a broken test")]

use std::io::Cursor;

use coordinator::Verdict;
use history::{Checked, HistoryError, Series, check};

fn judge(first: &str, lines: &str) -> Result<Checked, HistoryError> {
    let first = format!("{{\"kind\":\"history\",\"version\":1,\"partitions\":1{first}}}\n");
    let lines: String = lines.lines().map(|line| line.trim().to_owned() + "\n").collect();
    check(Series::read("ledger".into(), Cursor::new(first + &lines))?)
}

fn judged(first: &str, lines: &str) -> (Verdict, Vec<String>) {
    let report = judge(first, lines).unwrap().report;
    (report.verdict, report.reasons)
}

const OWNED: &str = r#"{"kind":"owned","partition":0,"member":"a","at":1700000000000000}
    {"kind":"stored","partition":0,"seq":1}
    {"kind":"done","partition":0,"member":"a","seq":1}"#;

#[test]
fn it_begins_with_its_first_line_unless_it_says_when() {
    let lines = format!("{OWNED}\n{{\"kind\":\"end\"}}");
    assert_eq!(judged(",\"startup_bound\":5", &lines).0, Verdict::Pass);
    let before = ",\"startup_bound\":5,\"started_at\":1699999990000000";
    assert_eq!(judged(before, &lines), (Verdict::Liveness, vec!["unowned: 1".into()]));
    let report = judge("", &lines).unwrap().report;
    assert_eq!(report.ended_at.0, 1_700_000_000_000_000, "and ends when it was last heard of");
}

#[test]
fn a_time_without_an_owner_is_measured_even_if_the_ledger_has_no_end() {
    let lines = format!(
        "{OWNED}
        {{\"kind\":\"stored\",\"partition\":0,\"seq\":2}}
        {{\"kind\":\"released\",\"partition\":0,\"member\":\"a\",\"at\":1700000001000000}}
        {{\"kind\":\"owned\",\"partition\":0,\"member\":\"b\",\"at\":1700000020000000}}
        {{\"kind\":\"done\",\"partition\":0,\"member\":\"b\",\"seq\":2,\"at\":1700000030000000}}"
    );
    let (verdict, reasons) = judged(",\"unowned_bound\":5", &lines);
    assert_eq!((verdict, reasons[0].as_str()), (Verdict::Liveness, "unowned: 1"));
    assert!(reasons[1].contains("no end"), "{reasons:?}");
    assert_eq!(judged("", &lines).0, Verdict::Inconclusive, "without a bound it may last for ever");
}

#[test]
fn lives_of_a_member_are_told_apart() {
    let lines = |session: &str| {
        format!(
            "{OWNED}
            {{\"kind\":\"stored\",\"partition\":0,\"seq\":2}}
            {{\"kind\":\"owned\",\"partition\":0,\"member\":\"a\"{session},\"at\":1700000020000000}}
            {{\"kind\":\"done\",\"partition\":0,\"member\":\"a\"{session},\"seq\":2}}
            {{\"kind\":\"end\"}}"
        )
    };
    let unowned = |text: &str| judge("", text).unwrap().report.totals.unowned_seconds;
    assert_eq!(unowned(&lines("")), 0.0, "it has it all along");
    assert_eq!(
        unowned(&lines(",\"session\":2")),
        20.0,
        "the one before was last heard of long ago"
    );
}

#[test]
fn what_is_no_ledger_is_refused_with_its_line() {
    for (line, says) in [
        (r#"{"kind":"done","partition":0,"member":"a"}"#, "line 5: missing field `seq`"),
        (
            r#"{"kind":"done","partition":0,"member":"a","seq":5,"to":4}"#,
            "line 5: seq 5 to 4 is no run of 1 to 100000 messages",
        ),
        (
            r#"{"kind":"done","partition":0,"member":"a","seq":1,"to":18446744073709551615}"#,
            "line 5: seq 1 to 18446744073709551615 is no run",
        ),
        (
            r#"{"kind":"sent","partition":0,"seq":5,"to":4}"#,
            "line 5: seq 5 to 4 is no run of messages",
        ),
        (r#"{"kind":"owned","partition":0,"member":"a b"}"#, "line 5: "),
        (r#"{"kind":"fault","what":"bad luck"}"#, "line 5: unknown variant `bad luck`"),
        (
            r#"{"kind":"eaten","partition":0}"#,
            "line 5: no line of a history is of the kind \"eaten\"",
        ),
        ("[1,2]", "line 5: "),
    ] {
        let error = judge("", &format!("{OWNED}\n{line}\n{line}")).err().unwrap().to_string();
        assert!(error.contains(says), "{says:?} is not in {error}");
        assert!(error.starts_with("history ledger, line 5"), "{error}");
    }
    for (first, says) in [
        (",\"promise\":\"at-most-once\"", "unknown variant `at-most-once`"),
        (",\"reach\":-1", "line 1: "),
        (",\"weights\":[1,2]", "weights are 2 and partitions 1: use one for each"),
    ] {
        let error = judge(first, OWNED).err().unwrap().to_string();
        assert!(error.contains(says), "{says:?} is not in {error}");
    }
}
