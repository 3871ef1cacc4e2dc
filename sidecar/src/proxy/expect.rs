//! What the server still owes to what it was sent, in order: so that it is known when a transaction
//! is over, which answers are the client's, and where those go that the server never gives because
//! it was spared the question (manual, chapter "Message Flow").

use super::statements::Statement;
use std::collections::VecDeque;
use std::sync::Arc;

/// One answer to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owed {
    /// To Query: any number of messages up to ReadyForQuery.
    Query,
    /// To Query that gives up a statement in place of the client's: the same, under the client's tag.
    Deallocate,
    /// To FunctionCall, up to ReadyForQuery.
    FunctionCall,
    /// To Sync: ReadyForQuery.
    Sync,
    /// To Parse: ParseComplete.
    Parse,
    /// To Parse of a statement that the server is to keep: ParseComplete, and whether the client asked.
    Keep(Arc<Statement>, Asked),
    /// To Bind: BindComplete.
    Bind,
    /// To Describe: RowDescription or NoData.
    Describe,
    /// To Execute: rows, and how it ended.
    Execute,
    /// To Close: CloseComplete, and whether the client asked.
    Close(Asked),
    /// Nothing: the server was not asked, and the client hears this in its place.
    Instead(&'static [u8]),
    /// Nothing: here the client ended a COPY, if there was one.
    CopyEnd,
}

/// Who asked for something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Nobody but us.
    Nobody,
    /// The client, under this name for a statement.
    Client(Box<[u8]>),
}

/// A message came that answers nothing that was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unasked;

/// All that is owed.
#[derive(Default)]
pub struct Ledger {
    owed: VecDeque<Owed>,
    /// After an error the server reads over everything up to the next Sync.
    skipping: bool,
    /// While it takes in a COPY it reads over Sync.
    copying: bool,
    /// Messages of the extended protocol without a Sync behind them.
    open: bool,
}

impl Ledger {
    /// Whether all is answered and nothing begun.
    pub fn is_settled(&self) -> bool {
        self.owed.is_empty() && !self.waits_for_client()
    }

    /// Whether the server waits for more of the client before it says or does anything final.
    pub fn waits_for_client(&self) -> bool {
        self.open || self.skipping || self.copying
    }

    /// Takes note of what was sent. Gives what the client hears at once because nothing stands before.
    pub fn push(&mut self, owed: Owed) -> Option<&'static [u8]> {
        match &owed {
            Owed::Sync if self.copying => return None,
            Owed::Sync => (self.open, self.skipping) = (false, false),
            Owed::CopyEnd if self.owed.is_empty() || std::mem::take(&mut self.copying) => {
                return None;
            }
            Owed::CopyEnd => {}
            _ if self.skipping => return None,
            Owed::Query | Owed::Deallocate | Owed::FunctionCall => {}
            Owed::Instead(bytes) if self.owed.is_empty() => {
                self.open = true;
                return Some(bytes);
            }
            _ => self.open = true,
        }
        self.owed.push_back(owed);
        None
    }

    /// What comes next.
    pub fn first(&self) -> Option<&Owed> {
        self.owed.front()
    }

    /// The one that comes next is answered. `due` gets what the client hears before the next answer.
    pub fn settle(&mut self, mut due: impl FnMut(&'static [u8])) -> Option<Owed> {
        let answered = self.owed.pop_front();
        loop {
            match self.owed.front() {
                Some(Owed::Instead(bytes)) => due(bytes),
                // Where no COPY was under way its end means nothing.
                Some(Owed::CopyEnd) => {}
                _ => return answered,
            }
            self.owed.pop_front();
        }
    }

    /// ReadyForQuery: what ended with it.
    pub fn ready(&mut self, due: impl FnMut(&'static [u8])) -> Result<(), Unasked> {
        match self.settle(due) {
            Some(Owed::Query | Owed::Deallocate | Owed::FunctionCall | Owed::Sync) => Ok(()),
            _ => Err(Unasked),
        }
    }

    /// An error: what is not answered any more, up to the next Sync.
    pub fn fail(&mut self) -> Vec<Owed> {
        self.copying = false;
        match self.owed.front() {
            None | Some(Owed::Query | Owed::Deallocate | Owed::FunctionCall) => return Vec::new(),
            Some(_) => {}
        }
        let sync = self.owed.iter().position(|owed| *owed == Owed::Sync);
        self.skipping = sync.is_none();
        self.owed.drain(..sync.unwrap_or(self.owed.len())).collect()
    }

    /// The server begins to take in a COPY: it reads over each Sync until the COPY ends.
    pub fn copy_in(&mut self) {
        let end = self.owed.iter().position(|owed| *owed == Owed::CopyEnd);
        let mut behind = self.owed.split_off(end.unwrap_or(self.owed.len()));
        self.copying = behind.pop_front().is_none();
        self.owed.retain(|owed| *owed != Owed::Sync);
        // A Sync that was read over has not ended what was begun.
        let begun = !matches!(self.owed.front(), Some(Owed::Query));
        self.open |= begun && !behind.contains(&Owed::Sync);
        self.owed.append(&mut behind);
    }
}

#[cfg(test)]
mod tests;
