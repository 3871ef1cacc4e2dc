//! Who waits for a server connection: a line per tenant, served in turns, so that a tenant with many
//! clients waits for its own and starves nobody. Knows no connection.

use std::collections::{HashMap, VecDeque};
use tokio::sync::oneshot;

/// How many tenants a connection that has become free looks at for one that it has served before.
const LOOK: usize = 16;

/// Those who wait, each for a `T`.
pub struct Queue<T> {
    lines: HashMap<i64, VecDeque<oneshot::Sender<T>>>,
    /// Tenants with a line, in the order of their turns.
    turns: VecDeque<i64>,
    waiting: usize,
    /// How often the tenant whose turn it is was passed over for one that is preferred.
    passed_over: usize,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { lines: HashMap::new(), turns: VecDeque::new(), waiting: 0, passed_over: 0 }
    }
}

impl<T> Queue<T> {
    /// Stands in line for a tenant.
    pub fn join(&mut self, tenant: i64) -> oneshot::Receiver<T> {
        let (sender, receiver) = oneshot::channel();
        let line = self.lines.entry(tenant).or_insert_with(|| {
            self.turns.push_back(tenant);
            VecDeque::new()
        });
        line.push_back(sender);
        self.waiting += 1;
        receiver
    }

    /// How many stand in line; some may have gone away meanwhile.
    pub fn len(&self) -> usize {
        self.waiting
    }

    /// How many of a tenant.
    pub fn len_of(&self, tenant: i64) -> usize {
        self.lines.get(&tenant).map_or(0, VecDeque::len)
    }

    /// The next in line: of the first tenants whose turn it is and who `may` be served, one that is
    /// `preferred`, but not for ever, else the first. A tenant that was served goes to the end.
    pub fn next(
        &mut self,
        may: impl Fn(i64) -> bool,
        preferred: impl Fn(i64) -> bool,
    ) -> Option<(i64, oneshot::Sender<T>)> {
        while let Some(at) = self.choose(&may, &preferred) {
            let tenant = self.turns.remove(at)?;
            if let Some(sender) = self.leave(tenant) {
                return Some((tenant, sender));
            }
        }
        None
    }

    /// Whose turn it is, as a place in the order.
    fn choose(
        &mut self,
        may: impl Fn(i64) -> bool,
        preferred: impl Fn(i64) -> bool,
    ) -> Option<usize> {
        let eligible = || self.turns.iter().enumerate().filter(|(_, tenant)| may(**tenant));
        let (first, _) = eligible().next()?;
        if self.passed_over < LOOK
            && let Some((at, _)) = eligible().take(LOOK).find(|(_, tenant)| preferred(**tenant))
            && at != first
        {
            self.passed_over += 1;
            return Some(at);
        }
        self.passed_over = 0;
        Some(first)
    }

    /// Takes the first of a tenant's line who is still there; the tenant's next turn comes last.
    fn leave(&mut self, tenant: i64) -> Option<oneshot::Sender<T>> {
        let line = self.lines.get_mut(&tenant)?;
        let mut found = None;
        while found.is_none() {
            let Some(sender) = line.pop_front() else { break };
            self.waiting -= 1;
            found = Some(sender).filter(|sender| !sender.is_closed());
        }
        if line.is_empty() {
            self.lines.remove(&tenant);
        } else {
            self.turns.push_back(tenant);
        }
        found
    }

    /// Everybody leaves.
    pub fn drain(&mut self) -> Vec<oneshot::Sender<T>> {
        self.turns.clear();
        self.waiting = 0;
        self.lines.drain().flat_map(|(_, line)| line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(queue: &mut Queue<()>, preferred: i64) -> Vec<i64> {
        std::iter::from_fn(|| queue.next(|_| true, |t| t == preferred).map(|(t, _)| t)).collect()
    }

    #[test]
    fn tenants_take_turns_however_long_their_lines_are() {
        let mut queue = Queue::default();
        let _waiting: Vec<_> = [1, 1, 1, 2, 3, 2].map(|t| queue.join(t)).into();
        assert_eq!((queue.len(), queue.len_of(1)), (6, 3));
        assert_eq!(order(&mut queue, 0), [1, 2, 3, 1, 2, 1]);
        assert_eq!((queue.len(), queue.len_of(1)), (0, 0));
    }

    #[test]
    fn who_has_gone_away_is_passed_over() {
        let mut queue = Queue::<()>::default();
        drop(queue.join(1));
        let _there = queue.join(2);
        assert_eq!(order(&mut queue, 0), [2]);
        assert_eq!(queue.len(), 0);
    }

    #[test]
    fn a_tenant_that_may_not_be_served_keeps_its_turn() {
        let mut queue = Queue::<()>::default();
        let _waiting: Vec<_> = [1, 2].map(|t| queue.join(t)).into();
        assert_eq!(queue.next(|t| t != 1, |_| false).map(|(t, _)| t), Some(2));
        assert!(queue.next(|t| t != 1, |_| false).is_none());
        assert_eq!(order(&mut queue, 0), [1]);
    }

    #[test]
    fn a_preferred_tenant_nearby_comes_first_and_a_distant_one_does_not() {
        let mut queue = Queue::<()>::default();
        let _waiting: Vec<_> = (0..40).map(|t| queue.join(t)).collect();
        assert_eq!(queue.next(|_| true, |t| t == 5).map(|(t, _)| t), Some(5));
        assert_eq!(queue.next(|_| true, |t| t == 30).map(|(t, _)| t), Some(0));
    }

    #[test]
    fn a_preferred_tenant_with_a_long_line_does_not_starve_the_others() {
        let mut queue = Queue::<()>::default();
        let mut waiting: Vec<_> = (0..100).map(|_| queue.join(1)).collect();
        waiting.push(queue.join(2));
        let turns = order(&mut queue, 1);
        assert!(turns.iter().position(|t| *t == 2).unwrap() <= LOOK + 1);
    }
}
