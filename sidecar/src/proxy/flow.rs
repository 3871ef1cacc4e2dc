//! The bytes of one direction, between the socket they come from and the one they go to. They stay
//! where they were read: what is forwarded unchanged is written out of the same buffer, and only
//! what has to be put in between, or left out, costs a copy. Knows no message.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// As much as is read at once, and what an active connection holds of memory in each direction.
pub const BUFFER: usize = 16 * 1024;

/// Bytes on their way.
#[derive(Default)]
pub struct Flow {
    buffer: Vec<u8>,
    /// `buffer[start..passed]` may be written, `buffer[passed..end]` was not looked at yet.
    start: usize,
    passed: usize,
    end: usize,
    /// What stands from here on may have to be looked at again.
    mark: Option<usize>,
    /// Goes before `buffer[start..]`, from `sent` on.
    ahead: Vec<u8>,
    sent: usize,
}

impl Flow {
    /// Over a buffer that was used before, whatever is in it.
    pub fn over(mut buffer: Vec<u8>) -> Self {
        if buffer.len() < BUFFER {
            buffer.resize(BUFFER, 0);
        }
        Self { buffer, ..Self::default() }
    }

    /// With bytes that were read already.
    pub fn holding(bytes: &[u8]) -> Self {
        let mut flow = Self::over(bytes.to_vec());
        flow.end = bytes.len();
        flow
    }

    /// The buffer, for the next one; one that a long message has made large is not kept.
    pub fn into_buffer(self) -> Option<Vec<u8>> {
        (self.buffer.len() == BUFFER).then_some(self.buffer)
    }

    /// What was read and not yet looked at.
    pub fn unread(&self) -> &[u8] {
        &self.buffer[self.passed..self.end]
    }

    /// Lets the next `n` bytes through.
    pub fn pass(&mut self, n: usize) {
        self.passed += n;
    }

    /// Leaves the next `n` bytes out.
    pub fn skip(&mut self, n: usize) {
        self.detach();
        self.passed += n;
        self.start = self.passed;
    }

    /// Puts bytes between those that were passed and those that will be.
    pub fn insert(&mut self, bytes: &[u8]) {
        self.compose(|out| out.extend_from_slice(bytes));
    }

    /// The same, written by a function.
    pub fn compose(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        self.detach();
        write(&mut self.ahead);
    }

    /// From here on everything can be looked at again: it stays where it is.
    pub fn mark(&mut self) {
        self.mark = Some(self.passed);
    }

    /// What has been looked at need not be kept any more.
    pub fn unmark(&mut self) {
        self.mark = None;
    }

    /// Takes back all that was passed, left out or inserted since the mark. Nothing may have been read
    /// since.
    pub fn rewind(&mut self) {
        if let Some(mark) = self.mark.take() {
            (self.start, self.passed) = (mark, mark);
            self.ahead.clear();
            self.sent = 0;
        }
    }

    /// How many bytes wait to be written.
    pub fn waiting(&self) -> usize {
        self.passed - self.start + self.ahead.len() - self.sent
    }

    /// Whether all that was passed or inserted has been written.
    pub fn is_drained(&self) -> bool {
        self.start == self.passed && self.sent == self.ahead.len()
    }

    /// Whether there is nothing at all.
    pub fn is_empty(&self) -> bool {
        self.is_drained() && self.passed == self.end
    }

    /// Makes room for a message of `len` bytes that starts at what is unread.
    pub fn make_room_for(&mut self, len: usize) {
        self.compact();
        if self.buffer.len() < self.passed + len {
            self.buffer.resize(self.passed + len, 0);
        }
    }

    /// Reads once; the number of bytes, 0 at the end of the stream. An error while the buffer is
    /// full.
    pub fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut (impl AsyncRead + Unpin),
    ) -> Poll<io::Result<usize>> {
        self.compact();
        if self.end == self.buffer.len() {
            // To read nothing would look like the end of the stream.
            return Poll::Ready(Err(io::ErrorKind::OutOfMemory.into()));
        }
        let mut room = ReadBuf::new(&mut self.buffer[self.end..]);
        ready!(Pin::new(from).poll_read(cx, &mut room))?;
        let n = room.filled().len();
        self.end += n;
        Poll::Ready(Ok(n))
    }

    /// Writes all that may be written.
    pub fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        to: &mut (impl AsyncWrite + Unpin),
    ) -> Poll<io::Result<()>> {
        if self.sent < self.ahead.len() {
            self.detach();
        }
        while self.sent < self.ahead.len() {
            let n = ready!(Pin::new(&mut *to).poll_write(cx, &self.ahead[self.sent..]))?;
            self.sent += written(n)?;
        }
        self.ahead.clear();
        self.sent = 0;
        while self.start < self.passed {
            let bytes = &self.buffer[self.start..self.passed];
            let n = ready!(Pin::new(&mut *to).poll_write(cx, bytes))?;
            self.start += written(n)?;
        }
        Poll::Ready(Ok(()))
    }

    /// Moves what was passed to what goes ahead, so that both leave in one write.
    fn detach(&mut self) {
        self.ahead.extend_from_slice(&self.buffer[self.start..self.passed]);
        self.start = self.passed;
    }

    /// Brings what is left to the start of the buffer; for nothing where nothing is left, which is
    /// how most reads find it.
    fn compact(&mut self) {
        if self.mark.is_none()
            && self.start > 0
            && (self.start == self.end || self.end == self.buffer.len())
        {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.passed -= self.start;
            self.start = 0;
        }
    }
}

fn written(n: usize) -> io::Result<usize> {
    if n == 0 { Err(io::ErrorKind::WriteZero.into()) } else { Ok(n) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Waker;

    /// What comes out of a flow that `input` was read into and `work` was done on.
    fn through(input: &[u8], work: impl FnOnce(&mut Flow)) -> Vec<u8> {
        let mut flow = Flow::over(Vec::new());
        let mut cx = Context::from_waker(Waker::noop());
        let mut from = input;
        assert!(
            matches!(flow.poll_read(&mut cx, &mut from), Poll::Ready(Ok(n)) if n == input.len())
        );
        work(&mut flow);
        let mut out = Vec::new();
        assert!(matches!(flow.poll_write(&mut cx, &mut out), Poll::Ready(Ok(()))));
        assert!(flow.is_drained());
        out
    }

    #[test]
    fn what_is_passed_comes_out_and_nothing_else() {
        assert_eq!(through(b"abcdef", |f| f.pass(3)), b"abc");
        assert_eq!(through(b"abcdef", |_| {}), b"");
    }

    #[test]
    fn skipped_and_inserted_bytes_stand_where_they_were_put() {
        let out = through(b"abcdef", |flow| {
            flow.skip(1);
            flow.pass(2);
            flow.insert(b"-");
            flow.pass(1);
            flow.skip(1);
            flow.pass(1);
        });
        assert_eq!(out, b"bc-df");
    }

    #[test]
    fn what_was_marked_is_there_again_though_room_was_made() {
        let mut flow = Flow::over(Vec::new());
        let mut cx = Context::from_waker(Waker::noop());
        let all: Vec<u8> = (0..BUFFER).map(|n| n as u8).collect();
        assert!(matches!(flow.poll_read(&mut cx, &mut &all[..]), Poll::Ready(Ok(BUFFER))));
        flow.skip(100);
        flow.mark();
        flow.insert(b"ahead");
        flow.pass(50);
        flow.skip(50);
        flow.make_room_for(2 * BUFFER);
        flow.rewind();
        assert_eq!(flow.unread(), &all[100..]);
        assert_eq!(flow.waiting(), 0);
    }

    #[test]
    fn a_message_longer_than_the_buffer_gets_room() {
        let mut flow = Flow::over(Vec::new());
        let mut cx = Context::from_waker(Waker::noop());
        let long = vec![7; BUFFER + 10];
        let mut from = &long[..];
        assert!(matches!(flow.poll_read(&mut cx, &mut from), Poll::Ready(Ok(BUFFER))));
        assert!(matches!(flow.poll_read(&mut cx, &mut from), Poll::Ready(Err(_))));
        flow.make_room_for(long.len());
        assert!(matches!(flow.poll_read(&mut cx, &mut from), Poll::Ready(Ok(10))));
        assert_eq!(flow.unread(), long);
        assert!(flow.into_buffer().is_none());
    }
}
