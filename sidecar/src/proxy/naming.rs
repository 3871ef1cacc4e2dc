//! Prepared statements: what the client calls by a name of its own is put under
//! ours, and prepared first where the server connection of this transaction does not have it yet.

use super::asking::Step;
use super::exchange::Exchange;
use super::expect::Owed;
use super::statements::{self, Before, Statement};
use super::trouble::{Trouble, Violation};
use crate::wire::frame::{self, Frame, HEADER};
use std::sync::Arc;

const PARSE_COMPLETE: &[u8] = b"1\0\0\0\x04";
const CLOSE_COMPLETE: &[u8] = b"3\0\0\0\x04";
/// Names that are longer are cut off by PostgreSQL where SQL says them; drivers have none.
const LONGEST_NAME: usize = 1024;
/// `DEALLOCATE` of one statement is short.
const LONGEST_DEALLOCATE: usize = 256;
/// More statements than any driver keeps: a client that never closes one is stopped here.
const MOST_STATEMENTS: usize = 10_000;
/// All their texts together may be so long: they are kept here for as long as the client stays.
const MOST_BYTES: usize = 32 << 20;

impl Exchange<'_> {
    /// Parse, Bind, Describe or Close.
    pub(super) fn named(&mut self, frame: Frame) -> Result<Step, Trouble> {
        let head = frame.len.min(HEADER + 2 * LONGEST_NAME);
        let body = &self.up.unread()[HEADER..self.up.unread().len().min(head)];
        let names = match frame.tag {
            b'B' => frame::text(body).and_then(|(_, rest)| frame::text(rest)),
            b'P' => frame::text(body),
            _ => body.get(1..).and_then(frame::text),
        };
        let Some((name, _)) = names else {
            // Even the longest names would be here.
            return match self.has(head)? {
                true => Err(Violation::Malformed(frame.tag).into()),
                false => Ok(Step::Wait),
            };
        };
        let is_portal = matches!(frame.tag, b'D' | b'C') && body[0] != b'S';
        let name: Box<[u8]> = name.into();
        match frame.tag {
            b'P' if name.is_empty() => self.prepare_unnamed(frame),
            b'B' if name.is_empty() => self.pass(frame, Owed::Bind),
            b'D' if name.is_empty() || is_portal => self.pass(frame, Owed::Describe),
            b'C' if name.is_empty() || is_portal => self.pass(frame, Owed::Close),
            b'P' => self.prepare(frame, name),
            b'B' => self.call(frame, &name, Owed::Bind),
            b'D' => self.call(frame, &name, Owed::Describe),
            _ => self.forget(frame, &name),
        }
    }

    fn pass(&mut self, frame: Frame, owed: Owed) -> Result<Step, Trouble> {
        self.owe(owed);
        Ok(Step::Pass(frame))
    }

    /// Parse under no name: what it leaves on the server is for nobody else.
    fn prepare_unnamed(&mut self, frame: Frame) -> Result<Step, Trouble> {
        let client = self.client.registration().handle().process_id;
        self.link()?.unnamed = Some(client);
        self.pass(frame, Owed::Parse)
    }

    /// Parse under a name.
    fn prepare(&mut self, frame: Frame, name: Box<[u8]>) -> Result<Step, Trouble> {
        if !self.has(frame.len)? {
            return Ok(Step::Wait);
        }
        if let Some(known) = self.client.names.get(&name).cloned() {
            return self.prepare_twice(frame, &known);
        }
        let body = &self.up.unread()[HEADER + name.len() + 1..frame.len];
        let statement = self.client.worker.library.statement(self.client.place.tenant, body);
        self.up.skip(frame.len);
        let before = self.rename(name, Some(statement.clone()));
        let names = &self.client.names;
        if names.len() > MOST_STATEMENTS || names.bytes() > MOST_BYTES {
            return Err(Trouble::TooManyStatements(MOST_STATEMENTS, MOST_BYTES));
        }
        if self.link()?.statements.get(&statement.id).is_some() {
            self.owe(Owed::Instead(PARSE_COMPLETE, before));
        } else {
            self.parse(&statement, Some(before))?;
        }
        Ok(Step::Rewritten(0))
    }

    /// A name that is taken: the server says so, when it is asked to do the same.
    fn prepare_twice(&mut self, frame: Frame, known: &Arc<Statement>) -> Result<Step, Trouble> {
        self.up.skip(frame.len);
        self.ensure(known)?;
        self.up.compose(|out| write_parse(known, out));
        self.owe(Owed::Parse);
        Ok(Step::Rewritten(0))
    }

    /// Has the server prepare a statement; the one that was used longest ago makes room.
    fn parse(&mut self, statement: &Arc<Statement>, asked: Option<Before>) -> Result<(), Trouble> {
        let evicted = self.link()?.statements.push(statement.id, ());
        if let Some((id, ())) = evicted.filter(|(id, ())| *id != statement.id) {
            self.up.compose(|out| {
                frame::write(b'C', out, |out| {
                    out.push(b'S');
                    out.extend_from_slice(statements::name(id).as_bytes());
                    out.push(0);
                });
            });
            self.owe(Owed::Evict(id));
        }
        self.up.compose(|out| write_parse(statement, out));
        self.owe(Owed::Keep(statement.clone(), asked));
        Ok(())
    }

    fn ensure(&mut self, statement: &Arc<Statement>) -> Result<(), Trouble> {
        match self.link()?.statements.get(&statement.id) {
            Some(()) => Ok(()),
            None => self.parse(statement, None),
        }
    }

    /// Bind or Describe of a named statement. A name that the client has not given goes as it is, for
    /// the server to say that no statement is called that; one of ours, which stands for a statement of
    /// somebody's, perhaps of another tenant's, is made one that nothing is called.
    fn call(&mut self, frame: Frame, name: &[u8], owed: Owed) -> Result<Step, Trouble> {
        if let Some(statement) = self.client.names.get(name).cloned() {
            self.ensure(&statement)?;
            return self.readdress(frame, name, statement.name().as_bytes(), owed);
        }
        match statements::is_ours(name) {
            true => self.readdress(frame, name, &[b"?", name].concat(), owed),
            false => self.pass(frame, owed),
        }
    }

    /// Sends a Bind or Describe with one name in the place of another.
    fn readdress(
        &mut self,
        frame: Frame,
        name: &[u8],
        ours: &[u8],
        owed: Owed,
    ) -> Result<Step, Trouble> {
        let unread = self.up.unread();
        // What stands in front of the name: the portal's, or what is described.
        let front = match frame.tag {
            b'B' => frame::text(&unread[HEADER..]).map_or(0, |(portal, _)| portal.len() + 1),
            _ => 1,
        };
        let len = i32::try_from(frame.len - 1 - name.len() + ours.len())
            .map_err(|_| Violation::Malformed(frame.tag))?;
        let mut head = vec![frame.tag];
        head.extend_from_slice(&len.to_be_bytes());
        head.extend_from_slice(&unread[HEADER..HEADER + front]);
        head.extend_from_slice(ours);
        self.up.skip(HEADER + front + name.len());
        self.up.insert(&head);
        self.owe(owed);
        Ok(Step::Rewritten(frame.len - HEADER - front - name.len()))
    }

    fn rename(&mut self, name: Box<[u8]>, statement: Option<Arc<Statement>>) -> Before {
        let before = (name.clone(), self.client.names.set(name, statement));
        self.answering.renames(&before);
        before
    }

    /// Close of a named statement: the server keeps it for others who have the same.
    fn forget(&mut self, frame: Frame, name: &[u8]) -> Result<Step, Trouble> {
        if !self.has(frame.len)? {
            return Ok(Step::Wait);
        }
        let before = self.rename(name.into(), None);
        self.up.skip(frame.len);
        self.owe(Owed::Instead(CLOSE_COMPLETE, before));
        Ok(Step::Rewritten(0))
    }

    /// Query of a client that has named statements: it may be the SQL way to give one up, which some
    /// drivers take. The server would not find it under that name.
    pub(super) fn query(&mut self, frame: Frame) -> Result<Step, Trouble> {
        if frame.len <= LONGEST_DEALLOCATE {
            if !self.has(frame.len)? {
                return Ok(Step::Wait);
            }
            let text = &self.up.unread()[HEADER..frame.len];
            if let Some(name) = deallocated(text)
                && self.client.names.get(name.as_bytes()).is_some()
            {
                let before = self.rename(name.into_bytes().into(), None);
                self.up.skip(frame.len);
                self.up.compose(|out| {
                    frame::write(b'Q', out, |out| out.extend_from_slice(b"DEALLOCATE ALL\0"));
                });
                self.owe(Owed::Deallocate(before));
                return Ok(Step::Rewritten(0));
            }
        }
        self.pass(frame, Owed::Query)
    }
}

fn write_parse(statement: &Statement, out: &mut Vec<u8>) {
    frame::write(b'P', out, |out| {
        out.extend_from_slice(statement.name().as_bytes());
        out.push(0);
        out.extend_from_slice(&statement.body);
    });
}

/// The name in `DEALLOCATE [PREPARE] name`, if that is all there is.
fn deallocated(text: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(text.strip_suffix(b"\0")?).ok()?;
    let mut words = text.trim_end_matches([';', ' ', '\n']).split_ascii_whitespace();
    words.next().filter(|word| word.eq_ignore_ascii_case("deallocate"))?;
    let mut name = words.next()?;
    if name.eq_ignore_ascii_case("prepare") {
        name = words.next()?;
    }
    match (words.next(), name.strip_prefix('"').and_then(|name| name.strip_suffix('"'))) {
        (Some(_), _) => None,
        (None, Some(quoted)) => Some(quoted.replace("\"\"", "\"")),
        (None, None) => Some(name.to_ascii_lowercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_statement_to_give_up_is_found() {
        for (text, name) in [
            ("DEALLOCATE a1", Some("a1")),
            ("deallocate prepare A1;", Some("a1")),
            ("DEALLOCATE \"S_1\"", Some("S_1")),
            ("DEALLOCATE \"a\"\"b\"", Some("a\"b")),
            ("DEALLOCATE a1; SELECT 1", None),
            ("DEALLOCATE", None),
            ("SELECT 1", None),
        ] {
            assert_eq!(deallocated(format!("{text}\0").as_bytes()).as_deref(), name, "{text}");
        }
    }
}
