//! Every piece arrives once, in order, within the bounds that its conditions give it.

use model::Seed;

use super::*;

const CLEAR: Network = Network::Clear;

fn line() -> (Line, Arc<Counters>) {
    let counters = Arc::new(Counters::default());
    (Line::new(Seed(7).rng("line"), counters.clone()), counters)
}

fn delayed(delay: u64, jitter: u64) -> Network {
    let ms = Duration::from_millis;
    Network::Delayed { delay: ms(delay), jitter: ms(jitter) }
}

/// `count` bytes, each one more than the one before.
fn bytes(from: usize, count: usize) -> Bytes {
    (from..from + count).map(|n| n as u8).collect()
}

/// Everything that is under way: when it arrives, and what.
fn rest(line: &mut Line) -> Vec<(Instant, Option<Bytes>)> {
    let mut rest = Vec::new();
    while let (Some(due), Some(piece)) = (line.due(), line.next()) {
        let (bytes, count) = match piece {
            Piece::Bytes(bytes) => (Some(bytes.clone()), bytes.len()),
            Piece::End | Piece::Doomed(_) => (None, 0),
        };
        rest.push((due, bytes));
        line.arrived(count);
    }
    assert_eq!(line.held, 0, "what has arrived costs nothing");
    rest
}

#[test]
fn in_the_clear_everything_is_due_at_once() {
    let (mut line, counters) = line();
    let now = Instant::now();
    line.take(now, bytes(0, 5000), CLEAR);
    line.take(now, Bytes::new(), CLEAR);
    assert!(!line.has_room(), "the sender has finished");
    assert_eq!(rest(&mut line), [(now, Some(bytes(0, 5000))), (now, None)]);
    assert_eq!((counters.figures().held, counters.figures().lost), (0, 0));
}

#[test]
fn what_arrives_in_parts_arrives_whole() {
    let (mut line, _) = line();
    line.take(Instant::now(), bytes(0, 100), CLEAR);
    line.arrived(30);
    line.arrived(69);
    assert!(matches!(line.next(), Some(Piece::Bytes(last)) if *last == bytes(99, 1)));
    line.arrived(1);
    assert!(line.next().is_none());
    assert_eq!(line.held, 0);
}

#[test]
fn delays_vary_by_the_jitter_and_overtake_nothing() {
    let now = Instant::now();
    let delays: Vec<Duration> = (0..200)
        .map(|n| {
            let (mut line, counters) = line();
            line.rng = Seed(n).rng("line");
            line.take(now, bytes(0, 1), delayed(80, 30));
            assert_eq!(counters.figures().held, 1);
            rest(&mut line)[0].0 - now
        })
        .collect();
    let ms = Duration::from_millis;
    let (least, most) = (delays.iter().min().expect("some"), delays.iter().max().expect("some"));
    assert!((ms(50)..ms(60)).contains(least) && (ms(100)..=ms(110)).contains(most));

    let (mut line, _) = line();
    for n in 0..100 {
        line.take(now + ms(n), bytes(n as usize, 1), delayed(80, 1000));
    }
    line.take(now + ms(100), Bytes::new(), CLEAR);
    let rest = rest(&mut line);
    assert!(rest.is_sorted_by_key(|(due, _)| *due) && rest[100].1.is_none());
    let arrived: Vec<_> = rest.iter().filter_map(|(_, bytes)| bytes.clone()).collect();
    assert_eq!(arrived.concat(), bytes(0, 100));
    assert!(rest[99].0 <= now + ms(99 + 160), "jitter is no more than the delay");
}

#[test]
fn delays_run_side_by_side() {
    let (mut line, _) = line();
    let now = Instant::now();
    for n in 0..50 {
        line.take(now, bytes(n, 1), delayed(100, 0));
    }
    assert!(rest(&mut line).iter().all(|(due, _)| *due == now + Duration::from_millis(100)));
}

#[test]
fn what_is_under_way_is_bounded() {
    for size in [1, 100, 64 << 10] {
        let (mut line, _) = line();
        let (mut taken, mut cost) = (0, 0);
        while line.has_room() {
            line.take(Instant::now(), bytes(0, size), delayed(1000, 0));
            taken += 1;
            assert!(taken <= WINDOW, "there is no bound");
            cost += size + size_of::<(Instant, Piece)>();
        }
        assert!(cost <= WINDOW + (64 << 10) + 1000, "{taken} of {size} bytes");
        assert!(taken * size >= WINDOW / 100, "{taken} of {size} bytes");
        line.arrived(size);
        assert!(line.has_room());
    }
}

#[test]
fn lost_segments_come_after_their_timeouts() {
    const COUNT: usize = 20_000;
    let (mut line, counters) = line();
    let now = Instant::now();
    // Each alone, so that it waits for no other one; twice six losses in a row are unlikely.
    let mut seen = [0; 7];
    for n in 0..COUNT {
        line.take(now, bytes(n, SEGMENT), Network::Lossy { loss: 0.25 });
        let timeouts = (line.due().expect("it is under way") - now).as_millis() / 200;
        // 0, 1, 3, 7, ...: one less than a power of two.
        seen[(timeouts + 1).ilog2() as usize] += 1;
        line.release(now);
        rest(&mut line);
    }
    let share = |from: usize| f64::from(seen[from..].iter().sum::<i32>()) / COUNT as f64;
    assert!((0.24..0.26).contains(&share(1)), "{seen:?}");
    assert!((0.056..0.069).contains(&share(2)), "{seen:?}");
    let losses: i32 = seen.iter().zip(0..).map(|(count, losses)| count * losses).sum();
    assert_eq!(counters.figures().lost, losses as u64);
    assert_eq!(counters.figures().held, seen[1..].iter().sum::<i32>() as u64);
}

#[test]
fn segments_behind_a_lost_one_wait_for_it() {
    let (mut line, counters) = line();
    let now = Instant::now();
    line.take(now, bytes(0, 100 * SEGMENT), Network::Lossy { loss: 0.1 });
    let rest = rest(&mut line);
    assert_eq!(rest.len(), 100);
    assert!(rest.is_sorted_by_key(|(due, _)| *due));
    let late = rest.iter().filter(|(due, _)| *due > now).count();
    assert_eq!(counters.figures().held, late as u64);
    assert!(late as u64 > counters.figures().lost && counters.figures().lost > 0);
    let arrived: Vec<_> = rest.into_iter().filter_map(|(_, bytes)| bytes).collect();
    assert!(arrived.iter().all(|segment| segment.len() <= SEGMENT));
    assert_eq!(arrived.concat(), bytes(0, 100 * SEGMENT));
}

#[test]
fn nothing_is_lost_with_probability_nought() {
    let (mut line, counters) = line();
    let now = Instant::now();
    line.take(now, bytes(0, 1 << 16), Network::Lossy { loss: 0.0 });
    assert!(rest(&mut line).iter().all(|(due, _)| *due == now));
    assert_eq!(counters.figures().lost, 0);
}

#[test]
fn six_losses_in_a_row_end_the_connection_unless_the_network_heals() {
    let (mut line, counters) = line();
    let now = Instant::now();
    line.take(now, bytes(0, 5000), Network::Lossy { loss: 1.0 });
    assert!(matches!(line.next(), Some(Piece::Doomed(_))) && !line.has_room());
    assert_eq!(line.due(), Some(now + TIMEOUT * 63));
    assert_eq!(counters.figures().lost, 6);

    let healed = now + TIMEOUT;
    line.release(healed);
    assert!(line.has_room());
    line.take(healed, bytes(5000, 10), CLEAR);
    let rest = rest(&mut line);
    assert!(rest.iter().all(|(due, _)| *due == healed));
    let arrived: Vec<_> = rest.into_iter().filter_map(|(_, bytes)| bytes).collect();
    assert_eq!(arrived.concat(), bytes(0, 5010));
}

#[test]
fn a_change_lets_everything_arrive_but_opens_no_line_that_has_ended() {
    let (mut line, _) = line();
    let now = Instant::now();
    line.take(now, bytes(0, 10), delayed(5000, 0));
    line.take(now, Bytes::new(), delayed(5000, 0));
    line.release(now);
    assert!(!line.has_room());
    assert_eq!(rest(&mut line), [(now, Some(bytes(0, 10))), (now, None)]);
}

#[test]
fn the_same_seed_loses_the_same_segments() {
    let losses = |seed| {
        let (mut line, _) = line();
        line.rng = Seed(seed).rng("line");
        (0..200).map(|_| line.losses(0.3)).collect::<Vec<_>>()
    };
    assert_eq!(losses(1), losses(1));
    assert_ne!(losses(1), losses(2));
}
