//! The pass that makes a Query see a tenant's own rows of the system catalogs, and of the
//! functions that return the server's state as rows. It appends the conditions of
//! `tenancy_core::catalog` to `securityQuals`, as row security does: they are evaluated before
//! anything of the user's that could tell what it sees, below outer joins, for FOR UPDATE too.
//!
//! The lists of own objects come from `tenancy.own(class)` when the plan runs, never as constants:
//! a cached plan outlives a CREATE TABLE.

use super::planner_hook::Statement;
use super::trees::{pointers, walk_expression, walk_query};
use super::{expressions, functions, loans, report};
use pgrx::pg_sys::{self, FuncExpr, Node, NodeTag, Oid, Query, RTEKind, RangeTblEntry};
use std::ffi::{CString, c_void};
use tenancy_core::catalog::{self, FIRST_NORMAL_OID, FIRST_UNPINNED_OID, Mine, Shown, Term};
use tenancy_core::{guard, mutant};

/// `pg_has_role(oid, text)`
const HAS_ROLE: u32 = 2710;

/// What there is to do in a statement.
#[derive(Default)]
struct Found {
    queries: Vec<*mut Query>,
    /// Calls of `pg_has_role(oid, text)` on a column.
    ownership: Vec<*mut FuncExpr>,
}

/// Filters every catalog in the statement, at any depth.
pub fn apply(statement: &Statement) {
    // SAFETY: the tree is valid for the time of the pass.
    if unsafe { is_about_own_tables(statement.tree()) } {
        return;
    }
    let mut found = Found::default();
    // SAFETY: the tree is valid for the time of the pass, and `collect` only reads it.
    unsafe { collect(statement.tree().cast(), (&raw mut found).cast()) };
    for query in found.queries {
        // SAFETY: a node of the tree, which the planner is about to change anyway.
        let filtered = unsafe { filter(query) };
        if filtered && statement.is_shown && !mutant::disabled("catalog.explain") {
            report::raise(guard::explained_catalog());
        }
    }
    for call in found.ownership {
        // SAFETY: as above; the two functions take and return the same types.
        unsafe { (*call).funcid = functions::has_role() };
    }
}

/// Whether a statement reads tables only, none of them a catalog, and holds no other Query that
/// might: most statements do, and need no walk.
unsafe fn is_about_own_tables(query: *mut Query) -> bool {
    // SAFETY: a valid query.
    unsafe {
        !(*query).hasSubLinks
            && (*query).cteList.is_null()
            && entries(query).all(|(_, entry)| match (*entry).rtekind {
                RTEKind::RTE_RELATION => !concerns(entry),
                RTEKind::RTE_RESULT | RTEKind::RTE_JOIN | RTEKind::RTE_VALUES => true,
                _ => false,
            })
    }
}

/// Collects the Query nodes that have something to filter, and the questions who owns a row.
unsafe extern "C-unwind" fn collect(node: *mut Node, found: *mut c_void) -> bool {
    // SAFETY: PostgreSQL's walkers hand over valid nodes or null, and our own context.
    unsafe {
        if node.is_null() {
            return false;
        }
        if (*node).type_ != NodeTag::T_Query {
            if (*node).type_ == NodeTag::T_FuncExpr && asks_for_owner(node.cast()) {
                (*found.cast::<Found>()).ownership.push(node.cast());
            }
            return walk_expression(node, collect, found);
        }
        let query = node.cast::<Query>();
        if entries(query).any(|(_, entry)| concerns(entry)) {
            (*found.cast::<Found>()).queries.push(query);
        }
        walk_query(query, collect, found, 0)
    }
}

/// Views of the information schema show some rows to their owners only: to whoever
/// `pg_has_role(<column>, 'USAGE')`. A tenant's member is none, but the tables are the tenant's.
unsafe fn asks_for_owner(call: *mut FuncExpr) -> bool {
    // SAFETY: a valid node; the function has two arguments.
    unsafe {
        (*call).funcid.to_u32() == HAS_ROLE
            && pointers::<Node>((*call).args)
                .first()
                .is_some_and(|role| (**role).type_ == NodeTag::T_Var)
    }
}

/// The range table, counted from 1.
///
/// # Safety
/// `query` must be valid as long as the iterator is used.
unsafe fn entries(query: *mut Query) -> impl Iterator<Item = (i32, *mut RangeTblEntry)> {
    // SAFETY: the caller's promise.
    let entries: &[*mut RangeTblEntry] = unsafe { pointers((*query).rtable) };
    (1..).zip(entries.iter().copied())
}

/// Whether an entry may have to be filtered.
unsafe fn concerns(entry: *mut RangeTblEntry) -> bool {
    // SAFETY: a valid entry.
    unsafe {
        match (*entry).rtekind {
            RTEKind::RTE_RELATION => (*entry).relid.to_u32() < FIRST_UNPINNED_OID,
            RTEKind::RTE_FUNCTION => true,
            _ => false,
        }
    }
}

/// Whether there was something to filter.
unsafe fn filter(query: *mut Query) -> bool {
    let mut filtered = false;
    // SAFETY: a valid query; the conditions are on columns of the entry that they are added to.
    unsafe {
        for (number, entry) in entries(query) {
            let condition = match (*entry).rtekind {
                RTEKind::RTE_RELATION => of_relation(number, (*entry).relid),
                RTEKind::RTE_FUNCTION => of_functions(number, (*entry).functions),
                _ => None,
            };
            if let Some(condition) = condition {
                (*query).hasSubLinks = true;
                let conditions = (*entry).securityQuals;
                (*entry).securityQuals = pg_sys::lappend(conditions, condition.cast());
                loans::lend_reading(query, entry);
                filtered = true;
            }
        }
    }
    filtered
}

fn of_relation(entry: i32, relation: Oid) -> Option<*mut Node> {
    let shown = catalog::shown(relation.to_u32())?;
    if mutant::disabled("catalog.relations") {
        return None;
    }
    let Shown::Where(lists) = shown else { return Some(expressions::nothing()) };
    let own = functions::own_objects();
    let term = |t: &Term| of_term(entry, relation, own, t);
    let list = |terms: &&[Term]| expressions::all(terms.iter().flat_map(term).collect());
    Some(expressions::any(lists.iter().map(list).collect()))
}

fn of_term(entry: i32, relation: Oid, own: Oid, term: &Term) -> Vec<*mut Node> {
    let column = catalog_column(entry, relation, term.column());
    match *term {
        Term::System(_) => expressions::oid_below(column, FIRST_NORMAL_OID),
        Term::Own(_, class) => {
            vec![expressions::oid_is_any(column, expressions::selected_oids(own, class))]
        }
        Term::Is(_, oid) => vec![expressions::oid_is(column, oid)],
        Term::Among(_, oids) => {
            vec![expressions::oid_is_any(column, expressions::oid_array(oids))]
        }
        Term::ThisDatabase(_) => vec![expressions::oid_is(column, super::backend::database())],
    }
}

fn catalog_column(entry: i32, relation: Oid, name: &str) -> *mut Node {
    let name = CString::new(name).unwrap_or_default();
    // SAFETY: looks into the catalog cache. A column that is not there would make the planner
    // fail, and with it the statement.
    let (number, of_type) = unsafe {
        let number = pg_sys::get_attnum(relation, name.as_ptr());
        (number, pg_sys::get_atttype(relation, number))
    };
    expressions::oid_column(entry, number, of_type)
}

/// A condition for each function of the entry that returns the server's state. With several
/// functions in one entry (ROWS FROM) their rows stand side by side, so all must be the session's.
unsafe fn of_functions(entry: i32, list: *mut pg_sys::List) -> Option<*mut Node> {
    let mut conditions = Vec::new();
    let mut before = 0;
    // SAFETY: an entry's functions are a list of RangeTblFunction.
    for function in unsafe { pointers::<pg_sys::RangeTblFunction>(list) } {
        // SAFETY: as above.
        unsafe {
            conditions.extend(of_function(entry, before, (**function).funcexpr));
            before += (**function).funccolcount;
        }
    }
    (!conditions.is_empty()).then(|| expressions::all(conditions))
}

/// The condition on a function's rows, whose columns come after the first `before` of the entry.
unsafe fn of_function(entry: i32, before: i32, call: *mut Node) -> Option<*mut Node> {
    // SAFETY: a valid expression; the cast follows a look at the tag.
    unsafe {
        if call.is_null() || (*call).type_ != NodeTag::T_FuncExpr {
            return None;
        }
        let function = (*call.cast::<FuncExpr>()).funcid;
        if function.to_u32() >= FIRST_UNPINNED_OID || mutant::disabled("catalog.functions") {
            return None;
        }
        let column = |name| result_column(call, name).map(|(at, kind)| (at + before as i16, kind));
        Some(match catalog::row_function(&functions::name(function)?)?.mine {
            Mine::Nothing => expressions::nothing(),
            Mine::Process(name) => column(name).map_or_else(expressions::nothing, |(at, kind)| {
                let column = expressions::column(entry, at, kind);
                expressions::integer_is(column, super::backend::pid())
            }),
            Mine::True(name) => column(name).map_or_else(expressions::nothing, |(at, kind)| {
                expressions::column(entry, at, kind)
            }),
        })
    }
}

/// Number and type of a column of what the call returns.
unsafe fn result_column(call: *mut Node, name: &str) -> Option<(i16, Oid)> {
    let name = CString::new(name).ok()?;
    // SAFETY: with `noError` the descriptor is null for what has none; an unknown column has a
    // number below 1.
    unsafe {
        let descriptor = pg_sys::get_expr_result_tupdesc(call, true);
        if descriptor.is_null() {
            return None;
        }
        let number = pg_sys::SPI_fnumber(descriptor, name.as_ptr());
        (number > 0).then(|| (number as i16, pg_sys::SPI_gettypeid(descriptor, number)))
    }
}
