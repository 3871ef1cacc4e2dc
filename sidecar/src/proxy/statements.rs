//! Prepared statements of clients whose transactions run on ever other server connections. What a
//! client prepares under a name of its own is kept here as text; on a server connection it has a name
//! of ours, one per tenant and text, and is prepared there when it is first needed.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// A statement as PostgreSQL's Parse has it, behind the name: text, zero byte, types of parameters.
#[derive(Debug)]
pub struct Statement {
    /// Stands for tenant and text together, as long as the process runs.
    pub id: u64,
    /// Text and types.
    pub body: Arc<[u8]>,
}

impl PartialEq for Statement {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Statement {}

impl Statement {
    /// Its name on server connections.
    pub fn name(&self) -> String {
        name(self.id)
    }
}

/// Names of statements on server connections start with this.
const OURS: &str = "tenancy_";

/// The name of a statement on server connections.
pub fn name(id: u64) -> String {
    format!("{OURS}{id:x}")
}

/// Whether a statement on server connections may have this name.
pub fn is_ours(name: &[u8]) -> bool {
    name.starts_with(OURS.as_bytes())
}

#[derive(Default)]
struct Known {
    statements: HashMap<(i64, Arc<[u8]>), Weak<Statement>>,
    /// Bytes of their texts that were added since those that nobody has were last looked for, and that
    /// were left then.
    added: usize,
    left: usize,
}

impl Known {
    /// Forgets what nobody has prepared any more, when there may be much of it.
    fn sweep(&mut self) {
        let many =
            self.statements.len() >= LITTER && self.statements.len() == self.statements.capacity();
        if many || self.added > LITTER_BYTES + self.left {
            self.statements.retain(|_, statement| statement.strong_count() > 0);
            self.left = self.statements.keys().map(|(_, body)| body.len()).sum();
            self.added = 0;
        }
    }
}

/// All statements that clients have prepared, each once.
#[derive(Default)]
pub struct Library {
    known: Mutex<Known>,
    last: AtomicU64,
}

/// So many that nobody has prepared any more may stay before they are looked for.
const LITTER: usize = 1024;
/// The same in bytes.
const LITTER_BYTES: usize = 16 << 20;

impl Library {
    /// The statement of this tenant and text.
    pub fn statement(&self, tenant: i64, body: &[u8]) -> Arc<Statement> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let body: Arc<[u8]> = Arc::from(body);
        let key = (tenant, body.clone());
        if let Some(statement) = known.statements.get(&key).and_then(Weak::upgrade) {
            return statement;
        }
        known.sweep();
        known.added += body.len();
        let id = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let statement = Arc::new(Statement { id, body });
        known.statements.insert(key, Arc::downgrade(&statement));
        statement
    }
}

/// A client's names.
#[derive(Default)]
pub struct Names {
    // Most clients have none: a map would cost each of them its size.
    names: Option<Box<Map>>,
    /// Of all names and texts.
    bytes: usize,
}

type Map = HashMap<Box<[u8]>, Arc<Statement>>;

/// What a name stood for.
pub type Before = (Box<[u8]>, Option<Arc<Statement>>);

impl Names {
    /// What a name stands for.
    pub fn get(&self, name: &[u8]) -> Option<&Arc<Statement>> {
        self.names.as_ref()?.get(name)
    }

    /// Gives a name or takes it back; what it stood for before.
    pub fn set(
        &mut self,
        name: Box<[u8]>,
        statement: Option<Arc<Statement>>,
    ) -> Option<Arc<Statement>> {
        let len = name.len();
        let before = match statement {
            Some(statement) => {
                self.bytes += len + statement.body.len();
                self.names.get_or_insert_default().insert(name, statement)
            }
            None => self.names.as_mut()?.remove(&name),
        };
        if let Some(before) = &before {
            self.bytes -= len + before.body.len();
        }
        before
    }

    /// How long they are, with the texts that they stand for.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.names.as_ref().map_or(0, |names| names.len())
    }

    /// Takes all back.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_known_by_tenant_and_text() {
        let library = Library::default();
        let one = library.statement(1, b"SELECT 1\0\0\0");
        assert_eq!(library.statement(1, b"SELECT 1\0\0\0").id, one.id);
        assert_ne!(library.statement(2, b"SELECT 1\0\0\0").id, one.id);
        assert_ne!(library.statement(1, b"SELECT 2\0\0\0").id, one.id);
    }

    #[test]
    fn statements_that_nobody_has_are_forgotten() {
        let library = Library::default();
        for i in 0..10 * LITTER {
            library.statement(1, &i.to_be_bytes());
        }
        assert!(library.known.lock().unwrap().statements.len() < 4 * LITTER);
    }

    #[test]
    fn long_statements_that_nobody_has_are_forgotten_before_they_are_many() {
        let library = Library::default();
        for i in 0..100_u64 {
            library.statement(1, &i.to_be_bytes().repeat(1 << 17));
        }
        assert!(library.known.lock().unwrap().statements.len() < 20);
    }

    #[test]
    fn names_are_given_and_taken_back() {
        let (library, mut names) = (Library::default(), Names::default());
        assert!(names.is_empty());
        let statement = library.statement(1, b"");
        let name = || Box::from(&b"a"[..]);
        assert_eq!(names.set(name(), Some(statement.clone())), None);
        assert!(names.get(b"a").is_some() && names.get(b"b").is_none());
        assert_eq!(names.bytes(), 1);
        assert_eq!(names.set(name(), None), Some(statement.clone()));
        assert_eq!(names.bytes(), 0);
        assert!(names.is_empty());
        names.set(name(), Some(statement));
        names.clear();
        assert!(names.is_empty());
    }
}
