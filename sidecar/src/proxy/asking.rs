//! What a client says to the server, read as far as has to be known: where messages begin, what the
//! server will owe for them, and the names of prepared statements, which the server knows under
//! others (manual, chapter "Message Formats").

use super::exchange::Exchange;
use super::expect::Owed;
use super::flow::BUFFER;
use super::trouble::{Trouble, Violation};
use crate::wire::frame::Frame;

/// A message that has to be seen whole is no longer than this.
const LONGEST: usize = 16 << 20;

/// Where in the client's messages we are.
#[derive(Default)]
pub struct Asking {
    /// Bytes of the message under way that are still to come.
    rest: usize,
    left: bool,
}

impl Asking {
    /// Whether the client has said that it leaves.
    pub fn has_left(&self) -> bool {
        self.left
    }

    /// Whether no message is half sent.
    pub fn is_between_messages(&self) -> bool {
        self.rest == 0
    }
}

/// What was done with a message.
pub enum Step {
    /// It goes to the server as it is.
    Pass(Frame),
    /// It was seen to; so many bytes of the original, behind what was read of it, go as they are.
    Rewritten(usize),
    /// More of it has to be here first.
    Wait,
}

impl Exchange<'_> {
    /// Looks at what the client has said and sends it on its way.
    pub(super) fn read_client(&mut self) -> Result<(), Trouble> {
        loop {
            let there = self.up.unread().len();
            if self.asking.rest > 0 {
                let n = self.asking.rest.min(there);
                self.up.pass(n);
                self.asking.rest -= n;
                if self.asking.rest > 0 {
                    return Ok(());
                }
                continue;
            }
            if self.asking.left {
                return Ok(());
            }
            let Some(frame) = Frame::read(self.up.unread())? else { return Ok(()) };
            match self.message(frame)? {
                Step::Pass(frame) => self.asking.rest = frame.len,
                Step::Rewritten(rest) => self.asking.rest = rest,
                Step::Wait => return Ok(()),
            }
        }
    }

    fn message(&mut self, frame: Frame) -> Result<Step, Trouble> {
        match frame.tag {
            // The server reads over it, and so nothing comes of it.
            b'Q' | b'P' | b'B' | b'D' | b'C' if self.ledger.is_skipping() => {}
            b'Q' if !self.client.names.is_empty() => return self.query(frame),
            b'P' | b'B' | b'D' | b'C' => return self.named(frame),
            b'X' => self.asking.left = true,
            b'Q' => self.owe(Owed::Query),
            b'E' => self.owe(Owed::Execute),
            b'S' => self.owe(Owed::Sync),
            b'F' => self.owe(Owed::FunctionCall),
            b'c' | b'f' => self.owe(Owed::CopyEnd),
            b'd' | b'H' => {}
            tag => return Err(Violation::Unknown(tag).into()),
        }
        Ok(if self.asking.left { Step::Rewritten(0) } else { Step::Pass(frame) })
    }

    /// Takes note of what the server will owe.
    pub(super) fn owe(&mut self, owed: Owed) {
        if let Some(bytes) = self.ledger.push(owed) {
            self.down.insert(bytes);
        }
    }

    /// Whether the first `len` bytes of the message are here; else sees to it that they have room.
    pub(super) fn has(&mut self, len: usize) -> Result<bool, Trouble> {
        if len > LONGEST {
            return Err(Violation::TooLong(LONGEST).into());
        }
        let here = self.up.unread().len();
        if here < len {
            // As it comes: what a client says of its length costs it nothing.
            self.up.make_room_for(len.min(2 * here.max(BUFFER)));
        }
        Ok(here >= len)
    }
}
