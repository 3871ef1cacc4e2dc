//! What the server still owes to what it was sent, in order: so that it is known when a transaction
//! is over, which answers are the client's, and where those go that the server never gives because
//! it was spared the question (manual, chapter "Message Flow").

use super::statements::{Before, Statement};
use std::collections::VecDeque;
use std::sync::Arc;

/// One answer to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owed {
    /// To Query: any number of messages up to ReadyForQuery.
    Query,
    /// To Query that gives up a statement in place of the client's: the same, under the client's tag.
    Deallocate(Before),
    /// To FunctionCall, up to ReadyForQuery.
    FunctionCall,
    /// To Sync: ReadyForQuery.
    Sync,
    /// To Parse: ParseComplete.
    Parse,
    /// To Parse of a statement that the server is to keep: ParseComplete. With what the client's name
    /// stood for, if it was the client that asked.
    Keep(Arc<Statement>, Option<Before>),
    /// To Bind: BindComplete.
    Bind,
    /// To Describe: RowDescription or NoData.
    Describe,
    /// To Execute: rows, and how it ended.
    Execute,
    /// To Close: CloseComplete.
    Close,
    /// To Close of a statement of ours that made room for another: CloseComplete, for nobody.
    Evict(u64),
    /// To Close of what another client has left as the unnamed statement: the same.
    Sweep,
    /// Nothing: the server was not asked, and the client hears this in its place.
    Instead(&'static [u8], Before),
    /// Nothing: here the client ended a COPY, if there was one.
    CopyEnd,
}

impl Owed {
    /// Whether ReadyForQuery ends it.
    fn is_final(&self) -> bool {
        matches!(self, Self::Query | Self::Deallocate(_) | Self::FunctionCall | Self::Sync)
    }
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
    /// What comes next takes in a COPY: the server reads over each Sync until that ends.
    copying: bool,
    /// Messages of the extended protocol without a Sync behind them.
    open: bool,
    /// A COPY failed, and nobody knows which of the Syncs behind it the server had read over by then:
    /// it may say more than what is owed.
    doubtful: bool,
}

impl Ledger {
    /// Whether all is answered and nothing begun.
    pub fn is_settled(&self) -> bool {
        self.owed.is_empty() && !self.open && !self.skipping && !self.copying
    }

    /// Whether what is owed is all that the server will say. Once it is not, it never is again.
    pub fn is_certain(&self) -> bool {
        !self.doubtful
    }

    /// Whether the server reads over everything that is said now.
    pub fn is_skipping(&self) -> bool {
        self.skipping
    }

    /// Whether nothing will be done for good before the client has said more. The server may not even
    /// have sent what it has to say up to there.
    pub fn waits_for_client(&self) -> bool {
        self.copying || !self.owed.iter().any(Owed::is_final)
    }

    /// How many answers are owed.
    pub fn len(&self) -> usize {
        self.owed.len()
    }

    /// Takes note of what was sent. Gives what the client hears at once because nothing stands before.
    pub fn push(&mut self, owed: Owed) -> Option<&'static [u8]> {
        match &owed {
            // One tells as much as many.
            Owed::Sync if self.copying && self.is_pair(&Owed::Sync) => return None,
            Owed::Sync => (self.open, self.skipping) = (false, false),
            Owed::CopyEnd if self.owed.is_empty() => return None,
            Owed::CopyEnd => {}
            _ if self.skipping => return None,
            Owed::Query | Owed::Deallocate(_) | Owed::FunctionCall | Owed::Sweep => {}
            Owed::Instead(bytes, _) if self.owed.is_empty() => {
                self.open = true;
                return Some(bytes);
            }
            _ => self.open = true,
        }
        self.owed.push_back(owed);
        None
    }

    /// Whether this is all that stands behind what comes next.
    fn is_pair(&self, second: &Owed) -> bool {
        self.owed.len() == 2 && self.owed.get(1) == Some(second)
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
                Some(Owed::Instead(bytes, _)) => due(bytes),
                // Where no COPY was under way its end means nothing.
                Some(Owed::CopyEnd) => {}
                _ => return answered,
            }
            self.owed.pop_front();
        }
    }

    /// ReadyForQuery: what ended with it.
    pub fn ready(&mut self, due: impl FnMut(&'static [u8])) -> Result<(), Unasked> {
        match self.owed.front() {
            Some(owed) if owed.is_final() => {
                self.settle(due);
                Ok(())
            }
            // To a Sync that was taken for one that the COPY had read over.
            _ if self.doubtful => {
                self.skipping = false;
                Ok(())
            }
            _ => Err(Unasked),
        }
    }

    /// An error: what is not answered any more, up to the next Sync.
    pub fn fail(&mut self) -> Vec<Owed> {
        if std::mem::take(&mut self.copying) {
            self.fail_copy();
        }
        match self.owed.front() {
            None | Some(Owed::Query | Owed::FunctionCall) => return Vec::new(),
            Some(Owed::Deallocate(_)) => {
                // Its ReadyForQuery is still to come.
                return self
                    .owed
                    .front_mut()
                    .map(|owed| std::mem::replace(owed, Owed::Query))
                    .into_iter()
                    .collect();
            }
            Some(_) => {}
        }
        let sync = self.owed.iter().position(|owed| *owed == Owed::Sync);
        self.skipping = sync.is_none();
        self.owed.drain(..sync.unwrap_or(self.owed.len())).collect()
    }

    /// How far had it read? Where Syncs come next, they are taken for read over, but nobody knows. What
    /// else comes next was not read, or means nothing either way.
    fn fail_copy(&mut self) {
        while self.owed.get(1) == Some(&Owed::Sync) {
            self.owed.remove(1);
            self.doubtful = true;
        }
        if self.owed.get(1) == Some(&Owed::CopyEnd) {
            self.owed.remove(1);
        }
    }

    /// The server begins to take in a COPY.
    pub fn copy_in(&mut self) -> Result<(), Unasked> {
        match self.owed.front() {
            Some(Owed::Query | Owed::Execute) if !self.copying => self.copying = true,
            _ => return Err(Unasked),
        }
        Ok(())
    }

    /// A statement has ended well, and with it a COPY that was under way: it has read over each Sync up
    /// to the client's end of it.
    pub fn complete(&mut self) {
        if !std::mem::take(&mut self.copying) {
            return;
        }
        while let Some(Owed::Sync) = self.owed.get(1) {
            self.owed.remove(1);
        }
        if self.owed.get(1) == Some(&Owed::CopyEnd) {
            self.owed.remove(1);
        }
        // A Sync that was read over has not ended what was begun.
        self.open |= self.owed.front() == Some(&Owed::Execute) && !self.owed.contains(&Owed::Sync);
    }
}

#[cfg(test)]
mod tests;
