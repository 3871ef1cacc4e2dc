//! What the server says to the client, read as far as has to be known: where messages begin, which
//! answer they are, when a transaction is over, and what the extension tells the gateway alone
//! (manual, chapter "Message Formats"). The answer to a switch is read here and goes no further.

use super::exchange::Exchange;
use super::expect::Owed;
use super::statements::Before;
use super::trouble::{Trouble, Violation};
use crate::wire::frame::{self, Frame, HEADER};
use crate::wire::{ErrorReport, Parameter};
use bytes::BytesMut;
use postgres_protocol::message::backend::Message;
use std::sync::Arc;
use tenancy_core::carried;

/// A message that has to be seen whole is no longer than this.
const LONGEST: usize = 1 << 20;
/// A client that does not read its answers is not listened to while so many bytes wait for it.
pub const MOST_WAITING: usize = 64 << 10;
const DEALLOCATED: &[u8] = b"C\0\0\0\x0fDEALLOCATE\0";

/// Where in the server's messages we are.
#[derive(Default)]
pub struct Answering {
    /// Bytes of the message under way that are still to come.
    rest: usize,
    /// Whether it is the last of an answer.
    settles: bool,
    switch: Option<Switch>,
    /// Whether the last ReadyForQuery, with nothing behind it, said that no transaction is open.
    idle: bool,
    /// Whether the last message was an error: the server's parting words, if it hangs up then.
    parting: bool,
}

/// A switch whose answer has not been read to its end.
struct Switch {
    /// What the names were that the client has given or taken back since.
    names: Vec<Before>,
    answer: Option<Result<String, Box<ErrorReport>>>,
}

impl Answering {
    /// A switch goes ahead of what the client says.
    pub fn expect_switch(&mut self) {
        self.switch = Some(Switch { names: Vec::new(), answer: None });
    }

    /// Whether its answer is still to come.
    pub fn is_switching(&self) -> bool {
        self.switch.is_some()
    }

    /// Whether no message is half heard.
    pub fn is_between_messages(&self) -> bool {
        self.rest == 0
    }

    /// Whether the server is at rest between transactions, as far as it has said.
    pub fn is_idle(&self) -> bool {
        self.idle && self.rest == 0
    }

    /// A name is given or taken back: what it was is kept for as long as it may have to be again.
    pub fn renames(&mut self, before: &Before) {
        if let Some(switch) = &mut self.switch {
            switch.names.push(before.clone());
        }
    }

    /// What it means that the server hung up.
    pub fn lost(&self) -> Trouble {
        if self.parting { Trouble::ServerEnded } else { Trouble::ServerLost }
    }
}

impl Exchange<'_> {
    /// Looks at what the server has said and sends it on its way.
    pub(super) fn read_server(&mut self) -> Result<(), Trouble> {
        loop {
            let there = self.down.unread().len();
            if self.answering.rest > 0 {
                let n = self.answering.rest.min(there);
                self.down.pass(n);
                self.answering.rest -= n;
                if self.answering.rest > 0 {
                    return Ok(());
                }
                if std::mem::take(&mut self.answering.settles) {
                    self.settle();
                }
                continue;
            }
            let Some(frame) = Frame::read(self.down.unread())? else { return Ok(()) };
            if is_read(frame.tag, self.answering.is_switching()) && !self.has_answer(frame.len)? {
                return Ok(());
            }
            // What comes of itself changes nothing.
            self.answering.idle &= matches!(frame.tag, b'S' | b'N' | b'A');
            self.answering.parting = frame.tag == b'E';
            if self.answering.is_switching() {
                self.switch_answer(frame)?;
            } else {
                self.answer_message(frame)?;
            }
        }
    }

    /// Whether the whole message is here; else sees to it that it has room.
    fn has_answer(&mut self, len: usize) -> Result<bool, Trouble> {
        if len > LONGEST {
            return Err(Violation::TooLong(LONGEST).into());
        }
        let here = self.down.unread().len() >= len;
        if !here {
            self.down.make_room_for(len);
        }
        Ok(here)
    }

    fn answer_message(&mut self, frame: Frame) -> Result<(), Trouble> {
        if frame.tag == b'C' {
            self.completed(frame);
        }
        match (frame.tag, self.ledger.first()) {
            (b'S', _) => return self.parameter(frame),
            (b'Z', _) => return self.ready(frame),
            (b'C', Some(Owed::Deallocate(_))) => {
                self.down.skip(frame.len);
                self.down.insert(DEALLOCATED);
                return Ok(());
            }
            (b'1', Some(Owed::Keep(_, None))) | (b'3', Some(Owed::Evict(_) | Owed::Sweep)) => {
                self.down.skip(frame.len);
                self.settle();
                return Ok(());
            }
            (b'1', Some(Owed::Parse | Owed::Keep(..)))
            | (b'2', Some(Owed::Bind))
            | (b'3', Some(Owed::Close))
            | (b'T' | b'n', Some(Owed::Describe))
            | (b'C' | b'I' | b's', Some(Owed::Execute)) => self.answering.settles = true,
            (b'E', _) => self.failed(),
            (b'G', _) => self.ledger.copy_in().map_err(|_| Trouble::Unasked(b'G'))?,
            (b'C' | b'D' | b'd' | b'T' | b'H' | b'c' | b'I', Some(Owed::Query))
            | (b'D' | b'd' | b'H' | b'c', Some(Owed::Execute))
            | (b't', Some(Owed::Describe))
            | (b'V', Some(Owed::FunctionCall))
            | (b'N' | b'A', _) => {}
            (tag, _) => return Err(Trouble::Unasked(tag)),
        }
        self.answering.rest = frame.len;
        Ok(())
    }

    /// The first of what is owed is answered.
    fn settle(&mut self) {
        let down = &mut self.down;
        self.ledger.settle(|bytes| down.insert(bytes));
    }

    /// CommandComplete, which is here as a whole: of a statement that gives up all others?
    fn completed(&mut self, frame: Frame) {
        let tag = &self.down.unread()[HEADER..frame.len];
        self.ledger.complete();
        if matches!(tag, b"DEALLOCATE ALL\0" | b"DISCARD ALL\0") {
            self.client.names.clear();
        }
    }

    fn ready(&mut self, frame: Frame) -> Result<(), Trouble> {
        let status = self.down.unread()[HEADER];
        self.down.pass(frame.len);
        let down = &mut self.down;
        self.ledger.ready(|bytes| down.insert(bytes)).map_err(|_| Trouble::Unasked(b'Z'))?;
        self.answering.idle = status == b'I';
        self.client.worked(self.answering.idle);
        Ok(())
    }

    /// What was to be prepared behind the error is not. A FunctionCall that fails between transactions
    /// leaves the connection between tenants; so after any error the next transaction is switched to.
    fn failed(&mut self) {
        if let Ok(link) = self.loan.link() {
            link.residue = true;
        }
        for owed in self.ledger.fail().into_iter().rev() {
            self.undo(owed);
        }
    }

    /// It was asked, and not done.
    fn undo(&mut self, owed: Owed) {
        let mut name = None;
        match owed {
            Owed::Keep(statement, before) => {
                name = before;
                if let Ok(link) = self.loan.link() {
                    link.statements.pop(&statement.id);
                }
            }
            Owed::Evict(id) => {
                if let Ok(link) = self.loan.link() {
                    link.statements.push(id, ());
                }
            }
            Owed::Instead(_, before) | Owed::Deallocate(before) => name = Some(before),
            _ => {}
        }
        if let Some((name, before)) = name {
            self.client.names.set(name, before);
        }
    }

    fn parameter(&mut self, frame: Frame) -> Result<(), Trouble> {
        let parameter = read_parameter(&self.down.unread()[HEADER..frame.len])?;
        match self.link()?.report(parameter) {
            None => self.down.pass(frame.len),
            Some(ours) => {
                self.down.skip(frame.len);
                self.told(&ours)?;
            }
        }
        Ok(())
    }

    /// What the extension tells the gateway.
    fn told(&mut self, parameter: &Parameter) -> Result<(), Trouble> {
        match (parameter.name.as_str(), parameter.value.as_str()) {
            ("tenancy.settings", carried::TOO_MANY) => return Err(Trouble::TooManySettings),
            ("tenancy.settings", settings) => {
                self.client.place.settings = Arc::from(settings);
                let place = self.client.place.clone();
                let link = self.link()?;
                if link.place.is_some() {
                    link.place = Some(place);
                }
            }
            ("tenancy.residue", kinds) => self.link()?.residue = !kinds.is_empty(),
            _ => {}
        }
        Ok(())
    }

    fn switch_answer(&mut self, frame: Frame) -> Result<(), Trouble> {
        let body = &self.down.unread()[HEADER..frame.len];
        let mut answer = None;
        match frame.tag {
            b'V' => answer = Some(Ok(read_result(body)?)),
            b'E' => answer = Some(Err(read_error(&self.down.unread()[..frame.len])?)),
            b'S' => {
                let parameter = read_parameter(body)?;
                self.link()?.report(parameter);
            }
            b'N' => {}
            b'Z' if body == b"I" => {
                self.down.skip(frame.len);
                return self.switched();
            }
            tag => return Err(Trouble::Unasked(tag)),
        }
        if let (Some(switch), Some(answer)) = (&mut self.answering.switch, answer) {
            switch.answer = Some(answer);
        }
        self.down.skip(frame.len);
        Ok(())
    }

    /// The answer to the switch was read: what comes next is the client's, if it is where it should be.
    fn switched(&mut self) -> Result<(), Trouble> {
        let Some(Switch { names, answer }) = self.answering.switch.take() else {
            return Err(Trouble::Unasked(b'Z'));
        };
        match answer {
            None => Err(Trouble::Unasked(b'Z')),
            Some(Ok(answer)) => {
                let place = self.client.place.clone();
                let link = self.link()?;
                link.arrive(&place, &answer)?;
                let target = link.target.clone();
                // A cancel request that came before this has hit nothing.
                self.client.registration().handle().runs_on(target);
                self.up.unmark();
                self.client.switched();
                Ok(())
            }
            Some(Err(report)) => {
                for (name, before) in names.into_iter().rev() {
                    self.client.names.set(name, before);
                }
                self.up.rewind();
                Err(Trouble::Switch(report))
            }
        }
    }
}

/// Whether a message has to be here as a whole before it is looked at.
fn is_read(tag: u8, switching: bool) -> bool {
    switching || matches!(tag, b'S' | b'Z' | b'C')
}

fn read_parameter(body: &[u8]) -> Result<Parameter, Violation> {
    let malformed = || Violation::Malformed(b'S');
    let (name, rest) = frame::text(body).ok_or_else(malformed)?;
    let (value, _) = frame::text(rest).ok_or_else(malformed)?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(Parameter { name: text(name), value: text(value) })
}

/// FunctionCallResponse, which must be text.
fn read_result(body: &[u8]) -> Result<String, Violation> {
    let (_, value) = body.split_first_chunk::<4>().ok_or(Violation::Malformed(b'V'))?;
    String::from_utf8(value.to_vec()).map_err(|_| Violation::Malformed(b'V'))
}

fn read_error(message: &[u8]) -> Result<Box<ErrorReport>, Violation> {
    match Message::parse(&mut BytesMut::from(message)) {
        Ok(Some(Message::ErrorResponse(body))) => Ok(Box::new(ErrorReport::read(body.fields()))),
        _ => Err(Violation::Malformed(b'E')),
    }
}
