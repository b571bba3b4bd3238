//! What a process uses, of this one and of a child.

#![cfg(target_os = "linux")]

use std::process::{Command, Stdio};

use metrics::usage_of;

#[test]
fn this_process_uses_memory_and_time() {
    let before = usage_of(None).expect("a system with /proc");
    let held = vec![1_u8; 64 << 20];
    let mut sum = 0_u64;
    // Time is told in ticks of about 10 ms.
    while usage_of(None).unwrap().cpu_seconds < before.cpu_seconds + 0.05 {
        sum = held.iter().fold(sum, |sum, byte| sum.wrapping_add(u64::from(*byte)));
    }
    std::hint::black_box(sum);
    let during = usage_of(None).unwrap();
    assert!(during.resident_bytes > before.resident_bytes + (48 << 20), "{before:?} {during:?}");
    drop(held);
    assert!(during.resident_peak_bytes >= during.resident_bytes);
    assert_eq!(usage_of(Some(std::process::id())).map(|own| own.resident_bytes > 0), Some(true));
}

#[test]
fn a_child_is_known_while_it_lives() {
    let mut child = Command::new("cat")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("a system with cat");
    let usage = usage_of(Some(child.id())).unwrap();
    assert!(usage.cpu_seconds < 5.0 && usage.resident_bytes < 64 << 20, "{usage:?}");
    child.kill().unwrap();
    // Dead, but nobody has asked for its end yet.
    let until = usage_of(None).unwrap().cpu_seconds + 5.0;
    while usage_of(Some(child.id())).is_some() {
        assert!(usage_of(None).unwrap().cpu_seconds < until, "it does not end");
    }
    child.wait().unwrap();
    assert_eq!(usage_of(Some(child.id())), None);
    assert_eq!(usage_of(Some(u32::MAX)), None, "no process has this number");
}
