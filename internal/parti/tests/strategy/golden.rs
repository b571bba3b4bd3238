//! Assignments written down once. If one changes, a new release would move partitions of running
//! groups, and its leaders would disagree with older ones: that is a breaking change.

use model::{Weight, Weights};
use parti::MemberId;
use parti::strategy::{
    ConsistentHash, Input, Members, RoundRobin, Strategy, WeightedConsistentHash,
};

fn letters(answer: &parti::strategy::Assignment) -> String {
    answer.iter().map(|(_, member)| member.as_str()).collect()
}

fn group(names: &str) -> Members {
    names.chars().map(|name| MemberId::new(name).expect("a letter")).collect()
}

#[test]
fn assignments_are_the_same_in_every_release() {
    let weights: Weights = (0..24).map(|p| Weight(if p % 8 == 3 { 5 } else { 1 })).collect();
    let (ring, weighted) = (ConsistentHash::default(), WeightedConsistentHash::default());
    let strategies: [&dyn Strategy; 3] = [&RoundRobin, &ring, &weighted];
    let golden = [
        (
            "abc",
            ["abcabcabcabcabcabcabcabc", "ccbcacbbcacabacabcacaacb", "ccbcabbbbababababbacaabb"],
        ),
        (
            "ab",
            ["abababababababababababab", "aabaaabbbababaaabaaaaabb", "abbaabbbbababababbabaabb"],
        ),
        (
            "abd",
            ["abdabdabdabdabdabdabdabd", "adbdaabdbaddbddabadaaadb", "abbaabbbbabdbababbadadbd"],
        ),
        (
            "abdefg",
            ["abdefgabdefgabdefgabdefg", "eeggafbgbafdbdeegggeaggb", "abbfabbbbafdgagaggaeedgg"],
        ),
    ];
    for (index, strategy) in strategies.into_iter().enumerate() {
        let mut answer = strategy.assign(&Input::fresh(&weights, group("")));
        for (names, expected) in golden {
            answer = strategy.assign(&Input::following(&weights, group(names), &answer));
            assert_eq!(letters(&answer), expected[index], "{} {names}", strategy.name());
        }
    }
}
