//! Every target over its seeds and some thousand mutations of them, the same in every run.
#![allow(clippy::unwrap_used, reason = "a seed that cannot be read is a broken test")]

mod seeds;

use fuzzing::TARGETS;
use model::Seed;
use rand::{Rng, RngExt};

/// Mutations of each target.
const MUTATIONS: u32 = 10_000;
/// Mutations of one input at the most.
const DEPTH: u32 = 4;
/// What numbers turn into.
const NUMBERS: [&str; 10] = [
    "0",
    "1",
    "-1",
    "4294967295",
    "9007199254740993",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551615",
    "1e308",
    "0.1",
];

fn target(name: &str) {
    let (_, run) = TARGETS.into_iter().find(|(known, _)| *known == name).unwrap();
    let seeds = seeds::of(name);
    assert!(!seeds.is_empty());
    seeds.iter().for_each(|seed| run(seed));
    let mut rng = Seed(1).rng(name);
    for _ in 0..MUTATIONS {
        let mut input = seeds[rng.random_range(0..seeds.len())].clone();
        for _ in 0..rng.random_range(1..=DEPTH) {
            mutate(&mut input, &seeds, &mut rng);
        }
        run(&input);
    }
    let peak = metrics::usage_of(None).unwrap().resident_peak_bytes;
    assert!(peak < 1 << 30, "{peak} bytes");
}

fn mutate(input: &mut Vec<u8>, seeds: &[Vec<u8>], rng: &mut impl Rng) {
    if input.is_empty() {
        return;
    }
    let at = rng.random_range(0..input.len());
    match rng.random_range(0..7) {
        0 => input[at] ^= 1 << rng.random_range(0..8),
        1 => input.truncate(at),
        2 => drop(input.remove(at)),
        3 => number(input, at, rng),
        4 => {
            // The beginning of this one, the end of another.
            let other = &seeds[rng.random_range(0..seeds.len())];
            let from = rng.random_range(0..=other.len());
            input.truncate(at);
            input.extend(&other[from..]);
        }
        5 => {
            // A line again, somewhere else.
            let mut lines: Vec<_> =
                input.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
            let line = lines[rng.random_range(0..lines.len())].clone();
            lines.insert(rng.random_range(0..lines.len()), line);
            *input = lines.join(&b'\n');
        }
        _ => {
            let mut lines: Vec<_> =
                input.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
            lines.remove(rng.random_range(0..lines.len()));
            *input = lines.join(&b'\n');
        }
    }
}

/// Another number in the place of the next one.
fn number(input: &mut Vec<u8>, at: usize, rng: &mut impl Rng) {
    let Some(from) = input[at..].iter().position(u8::is_ascii_digit).map(|from| at + from) else {
        return;
    };
    let digits = input[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let other = NUMBERS[rng.random_range(0..NUMBERS.len())];
    input.splice(from..from + digits, other.bytes());
}

#[test]
fn configuration() {
    target("configuration");
}

#[test]
fn message() {
    target("message");
}

#[test]
fn checkpoint() {
    target("checkpoint");
}

#[test]
fn history() {
    target("history");
}
