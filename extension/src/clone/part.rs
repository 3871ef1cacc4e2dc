//! The parts of a script before they are in order: a statement, what it makes, what it needs.

/// `pg_class`
pub const CLASS: u32 = 1259;
/// `pg_type`
pub const TYPE: u32 = 1247;
/// `pg_constraint`
pub const CONSTRAINT: u32 = 2606;
/// `pg_attrdef`
pub const DEFAULT: u32 = 2604;
/// `pg_opfamily`
pub const OPFAMILY: u32 = 2753;

/// What a statement makes: an object, or a part of one that is made apart. Part 0 is the object,
/// parts below come before it and those above after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Node {
    /// OID of the catalog.
    pub catalog: u32,
    /// OID of the object.
    pub object: u32,
    /// Part of the object.
    pub part: i32,
}

impl Node {
    /// The object itself.
    pub fn of(catalog: u32, object: u32) -> Self {
        Self { catalog, object, part: 0 }
    }

    /// A part of the same object.
    pub fn part(self, part: i32) -> Self {
        Self { part, ..self }
    }
}

/// One statement.
#[derive(Clone, Debug)]
pub struct Part {
    /// What it makes.
    pub node: Node,
    /// Its rank among those that could come next.
    pub rank: u8,
    /// Whether only a superuser may run it.
    pub privileged: bool,
    /// The statement, with marks around free text and in the places of schema and owner.
    pub text: String,
    /// What it needs besides what the catalogs tell.
    pub needs: Vec<Node>,
}

impl Part {
    /// A statement that the owner may run.
    pub fn new(node: Node, rank: u8, text: String) -> Self {
        Self { node, rank, privileged: false, text, needs: Vec::new() }
    }

    /// The same, after something else.
    pub fn after(mut self, node: Node) -> Self {
        self.needs.push(node);
        self
    }
}
