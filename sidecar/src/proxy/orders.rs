//! What an operator, or the end of the process, has to say to a client's task: one word that it looks
//! at whenever it wakes up. Costs an idle client nothing but its place.

use futures_util::task::AtomicWaker;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Order {
    /// To go on.
    Stay = 0,
    /// To end between transactions.
    Finish = 1,
    /// To end now.
    End = 2,
}

/// The word.
#[derive(Default)]
pub struct Orders {
    given: AtomicU8,
    task: AtomicWaker,
}

impl Orders {
    /// What was said last.
    pub fn given(&self) -> Order {
        match self.given.load(Ordering::Acquire) {
            0 => Order::Stay,
            1 => Order::Finish,
            _ => Order::End,
        }
    }

    /// Says it; nothing takes it back.
    pub fn give(&self, order: Order) {
        self.given.fetch_max(order as u8, Ordering::AcqRel);
        self.task.wake();
    }

    /// Does the work, unless it has to wait and is told, now or meanwhile, to end.
    pub async fn unless_ended<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut work = pin!(work);
        poll_fn(|cx| {
            if let Poll::Ready(done) = work.as_mut().poll(cx) {
                return Poll::Ready(Some(done));
            }
            self.listen(cx);
            match self.given() {
                Order::End => Poll::Ready(None),
                Order::Stay | Order::Finish => Poll::Pending,
            }
        })
        .await
    }

    /// The task of `cx` wakes up when something is said.
    pub fn listen(&self, cx: &Context<'_>) {
        self.task.register(cx.waker());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_never_taken_back() {
        let orders = Orders::default();
        assert_eq!(orders.given(), Order::Stay);
        orders.give(Order::End);
        orders.give(Order::Finish);
        assert_eq!(orders.given(), Order::End);
    }

    #[tokio::test]
    async fn who_waits_is_told_to_end() {
        let orders = Orders::default();
        let waiting = orders.unless_ended(std::future::pending::<()>());
        let (ended, ()) = tokio::join!(waiting, async { orders.give(Order::End) });
        assert_eq!(ended, None);
        assert_eq!(orders.unless_ended(async { 1 }).await, Some(1));
    }
}
