//! Which of many figures stands for them: always one that was measured, never one between two.

use std::cmp::Ordering;

/// The least of the `sorted` figures that at least `part` of them do not exceed; none of none.
pub fn quantile<T: Copy>(sorted: &[T], part: f64) -> Option<T> {
    let rank = (part * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.clamp(1, sorted.len().max(1)) - 1).copied()
}

/// The middle one; of an even number, the lower of the two; none of none.
pub fn median<T: Copy>(mut figures: Vec<T>, order: impl FnMut(&T, &T) -> Ordering) -> Option<T> {
    figures.sort_unstable_by(order);
    quantile(&figures, 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_a_figure_that_was_measured() {
        let thousand: Vec<u32> = (1..=1000).collect();
        for (part, figure) in [(0.0, 1), (0.5, 500), (0.99, 990), (0.999, 999), (1.0, 1000)] {
            assert_eq!(quantile(&thousand, part), Some(figure), "{part}");
        }
        for (part, figure) in [(0.0, 1.0), (0.5, 2.0), (0.99, 3.0), (1.0, 3.0)] {
            assert_eq!(quantile(&[1.0, 2.0, 3.0], part), Some(figure), "{part}");
        }
        assert_eq!(quantile(&[7], 0.999), Some(7));
        assert_eq!(quantile::<u32>(&[], 0.5), None);
    }

    #[test]
    fn the_middle_one_counts_in_whatever_order_they_come() {
        assert_eq!(median(vec![9, 1, 2], u32::cmp), Some(2));
        assert_eq!(median(vec![4.0, 1.0, 3.0, 2.0], f64::total_cmp), Some(2.0));
        assert_eq!(median(vec![], u32::cmp), None);
    }
}
