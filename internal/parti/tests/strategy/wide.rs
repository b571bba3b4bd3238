//! Answers for larger groups, by their sums: whoever makes the strategy quicker must not change them.

use model::{Seed, Weight, Weights};
use parti::MemberId;
use parti::strategy::{Assignment, Input, Members, Strategy, WeightedConsistentHash};

fn group(numbers: impl IntoIterator<Item = u32>) -> Members {
    numbers.into_iter().map(|n| MemberId::new(format!("worker-{n:03}")).unwrap()).collect()
}

/// FNV-1a of the owners.
fn sum(answer: &Assignment) -> u64 {
    let names = answer.iter().flat_map(|(_, member)| member.as_str().bytes().chain([b'\n']));
    names.fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[test]
fn large_groups_are_dealt_as_ever() {
    let strategy = WeightedConsistentHash::default();
    let spread: Weights =
        (0..3000_u32).map(|p| Weight(p.wrapping_mul(2_654_435_761) >> 22)).collect();
    let kinds = [
        Weights::uniform(3000),
        Weights::exponential(3000, 0.05, Weight(100), Weight(1), Seed(1)),
        Weights::exponential(3000, 0.01, Weight(500), Weight(7), Seed(2)),
        spread,
    ];
    let sums = kinds.each_ref().map(|weights| {
        let mut answer = strategy.assign(&Input::fresh(weights, group(0..40)));
        let mut sums = vec![sum(&answer)];
        for members in [group(0..41), group(5..41), group(0..60), group(30..90), group(0..90)] {
            answer = strategy.assign(&Input::following(weights, members, &answer));
            sums.push(sum(&answer));
        }
        sums
    });
    assert_eq!(sums, SUMS);
}

/// By kind of weights, and then by step.
const SUMS: [[u64; 6]; 4] = [
    [
        0x5d6a7bb56f6f9125,
        0x749f40acb4a26600,
        0xfff80f051a6c5647,
        0xa8de9cf08981feb7,
        0xa4f7a0cbdc27fd99,
        0xca59c0f7a653272f,
    ],
    [
        0x2f3bc073ae7c882a,
        0x894aca1604e662d1,
        0x3822fa6d710d8375,
        0xcb45b105b4457774,
        0x1999a841816cb8f8,
        0x70298e27886d6042,
    ],
    [
        0x760d1f1ca05cf7d8,
        0xda0c995828f64c83,
        0x4f9e5b36fa93c309,
        0x036640248efa43a7,
        0x012a29b339a217d9,
        0x2a8adfa3fde957c3,
    ],
    [
        0xbbef2aae1f6e1520,
        0x78bcc3ba3771b4f5,
        0x91e57801da211c69,
        0x26f916f896a60688,
        0x618690d339029290,
        0x4892085f45d3c24c,
    ],
];
