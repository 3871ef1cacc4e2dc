//! The order in which objects can be made: each after those that it needs, and else by rank.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Orders `ranks.len()` objects so that for each pair of `needs`, the second comes before the first;
/// of those that could come next, the one of lowest rank does, then the one that was given first.
///
/// # Errors
/// The objects that need each other in a circle, or stand between two circles.
pub fn order<R: Ord + Copy>(
    ranks: &[R],
    needs: &[(usize, usize)],
) -> Result<Vec<usize>, Vec<usize>> {
    let mut waiting = vec![0_usize; ranks.len()];
    let mut freed_by = vec![Vec::new(); ranks.len()];
    for &(object, needed) in needs.iter().filter(|(object, needed)| object != needed) {
        waiting[object] += 1;
        freed_by[needed].push(object);
    }
    let mut ready: BinaryHeap<_> = (0..ranks.len())
        .filter(|at| waiting[*at] == 0)
        .map(|at| Reverse((ranks[at], at)))
        .collect();
    let mut ordered = Vec::with_capacity(ranks.len());
    while let Some(Reverse((_, object))) = ready.pop() {
        ordered.push(object);
        for &next in &freed_by[object] {
            waiting[next] -= 1;
            if waiting[next] == 0 {
                ready.push(Reverse((ranks[next], next)));
            }
        }
    }
    if ordered.len() == ranks.len() { Ok(ordered) } else { Err(circle(&waiting, &freed_by)) }
}

/// Of the objects that still wait, those that something else in the circle waits for.
fn circle(waiting: &[usize], freed_by: &[Vec<usize>]) -> Vec<usize> {
    let mut stuck: Vec<bool> = waiting.iter().map(|count| *count > 0).collect();
    loop {
        let loose: Vec<_> = (0..stuck.len())
            .filter(|at| stuck[*at] && !freed_by[*at].iter().any(|next| stuck[*next]))
            .collect();
        if loose.is_empty() {
            return (0..stuck.len()).filter(|at| stuck[*at]).collect();
        }
        loose.into_iter().for_each(|at| stuck[at] = false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_needed_comes_first_and_rank_decides_among_the_rest() {
        assert_eq!(order(&[3, 2, 1, 2], &[(2, 0)]), Ok(vec![1, 3, 0, 2]));
    }

    #[test]
    fn a_pair_given_twice_counts_as_one() {
        assert_eq!(order(&[1, 1], &[(0, 1), (0, 1), (0, 0)]), Ok(vec![1, 0]));
    }

    #[test]
    fn a_circle_is_told_without_what_hangs_on_it() {
        let needs = [(1, 2), (2, 3), (3, 1), (0, 1), (3, 4)];
        assert_eq!(order(&[0; 5], &needs), Err(vec![1, 2, 3]));
    }
}
