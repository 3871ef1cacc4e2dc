//! What a tenant sees of PostgreSQL's system catalogs: for each of them the rows that are the
//! tenant's own, shared by all, or PostgreSQL's. Rows are told by the columns that have an index,
//! so that looking for the tenant's own costs nothing for the others'.
//!
//! Data only: the planner's pass turns it into conditions.

pub mod class;
mod row_functions;
mod table;

pub use row_functions::{Mine, ROW_FUNCTIONS, RowFunction, row_function};
pub use table::CATALOGS;

/// The first OID that is given to an object after initdb (`FirstNormalObjectId`).
pub const FIRST_NORMAL_OID: u32 = 16384;

/// Relations below this OID (`FirstUnpinnedObjectId`) are the bootstrapped catalogs and their TOAST
/// tables; views and the tables of information_schema come after.
pub const FIRST_UNPINNED_OID: u32 = 12000;

/// One condition on a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Term {
    /// The column holds the OID of an object of PostgreSQL itself.
    System(&'static str),
    /// The column holds the OID of an object of the class that is the tenant's own or shared.
    Own(&'static str, u32),
    /// The column holds this OID.
    Is(&'static str, u32),
    /// The column holds one of these OIDs.
    Among(&'static str, &'static [u32]),
    /// The column holds the OID of the database that the session is in.
    ThisDatabase(&'static str),
}

impl Term {
    /// The column that the condition is on.
    pub const fn column(&self) -> &'static str {
        match self {
            Term::System(column)
            | Term::Own(column, _)
            | Term::Is(column, _)
            | Term::Among(column, _)
            | Term::ThisDatabase(column) => column,
        }
    }
}

/// The rows of a catalog that a tenant sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// None of them.
    Nothing,
    /// Those for which all terms of one of the lists hold.
    Where(&'static [&'static [Term]]),
}

/// A catalog and what a tenant sees of it.
#[derive(Clone, Copy, Debug)]
pub struct Catalog {
    /// Its OID, the same in all versions.
    pub oid: u32,
    /// Its name.
    pub name: &'static str,
    /// What a tenant sees.
    pub shown: Shown,
}

/// What a tenant sees of a relation: `None` when it is not a catalog, nothing when it is one that
/// the table does not know.
pub fn shown(relation: u32) -> Option<Shown> {
    if relation >= FIRST_UNPINNED_OID {
        return None;
    }
    let known = CATALOGS.binary_search_by_key(&relation, |catalog| catalog.oid);
    Some(known.map_or(Shown::Nothing, |at| CATALOGS[at].shown))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_catalogs_are_sorted_so_that_the_search_finds_them() {
        assert!(CATALOGS.is_sorted_by(|a, b| a.oid < b.oid));
        let names: BTreeSet<_> = CATALOGS.iter().map(|catalog| catalog.name).collect();
        assert_eq!(names.len(), CATALOGS.len());
    }

    #[test]
    fn nothing_is_shown_of_a_catalog_that_nobody_decided_on() {
        assert_eq!(shown(9999), Some(Shown::Nothing));
        assert_eq!(shown(FIRST_UNPINNED_OID), None);
        assert_eq!(shown(20_000), None);
    }

    #[test]
    fn every_list_of_terms_asks_for_more_than_a_constant() {
        for catalog in CATALOGS {
            let Shown::Where(lists) = catalog.shown else { continue };
            assert!(!lists.is_empty(), "{}", catalog.name);
            for terms in lists {
                let bound = |t: &Term| !matches!(t, Term::Is(..) | Term::Among(..));
                assert!(terms.iter().any(bound), "{}: {terms:?}", catalog.name);
            }
        }
    }

    #[test]
    fn what_belongs_to_the_server_is_hidden() {
        for name in ["pg_subscription", "pg_publication", "pg_event_trigger", "pg_largeobject"] {
            let catalog = CATALOGS.iter().find(|c| c.name == name);
            assert_eq!(catalog.map(|c| c.shown), Some(Shown::Nothing), "{name}");
        }
    }

    #[test]
    fn a_function_is_known_by_its_name() {
        assert_eq!(row_function("pg_lock_status").map(|f| f.mine), Some(Mine::Process("pid")));
        assert!(row_function("generate_series").is_none());
    }
}
