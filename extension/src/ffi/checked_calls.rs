//! The pass that puts the twins of PostgreSQL's own functions into a Query, and checks where values
//! that name objects (regclass and its like) become text. Expressions that no Query holds meet the
//! access hook, which refuses what has a twin.

use super::planner_hook::Statement;
use super::rulings::{self, Ruling};
use super::trees::{pointers, walk_expression, walk_query};
use super::{functions, plain_queries, reg_types, report, roles};
use pgrx::pg_sys::{self, FuncExpr, List, Node, NodeTag, Oid};
use std::ffi::c_void;
use std::sync::OnceLock;
use tenancy_core::builtin::{self, Check, Names};
use tenancy_core::mutant;

/// Whether the tenant sees an object of a catalog.
type Sees = fn(u32, Oid) -> bool;

static SEES: OnceLock<Sees> = OnceLock::new();

/// Sets what says whether the tenant sees an object. For _PG_init.
pub fn ask(sees: Sees) {
    let _ = SEES.set(sees);
}

/// Whether the tenant sees an object.
pub(super) fn sees(class: u32, object: Oid) -> bool {
    SEES.get().is_some_and(|sees| sees(class, object))
}

/// Puts twins and checks into the statement, at any depth.
pub fn apply(statement: &Statement) {
    if roles::in_own_work() {
        return;
    }
    // SAFETY: the tree is valid for the time of the pass.
    if unsafe { plain_queries::is_plain(statement.tree()) } {
        return;
    }
    let mut refused = Oid::INVALID;
    // SAFETY: the tree is valid and ours to change for the time of the pass.
    unsafe {
        if visit(statement.tree().cast(), (&raw mut refused).cast()) {
            let name = functions::name(refused).unwrap_or_default();
            report::raise(builtin::refusal(&name));
        }
        reg_types::check_output(statement.tree());
    }
}

/// Changes a node and what is below it. True, with the function, when one must not run where it is.
unsafe extern "C-unwind" fn visit(node: *mut Node, refused: *mut c_void) -> bool {
    // SAFETY: PostgreSQL's walkers hand over valid nodes or null, and our own context.
    unsafe {
        if node.is_null() {
            return false;
        }
        match (*node).type_ {
            NodeTag::T_Query => return walk_query(node.cast(), visit, refused, 0),
            NodeTag::T_RangeTblFunction => {
                let call = (*node.cast::<pg_sys::RangeTblFunction>()).funcexpr;
                if is_filtered_call(call) {
                    return walk_expression(call, visit, refused);
                }
            }
            NodeTag::T_FuncExpr => {
                let call = node.cast::<FuncExpr>();
                if !replace(&mut *call) {
                    *refused.cast::<Oid>() = (*call).funcid;
                    return true;
                }
            }
            _ => {}
        }
        reg_types::check_consumption(node);
        walk_expression(node, visit, refused)
    }
}

unsafe fn is_filtered_call(call: *mut Node) -> bool {
    // SAFETY: a valid expression; the cast follows a look at the tag.
    unsafe {
        !call.is_null()
            && (*call).type_ == NodeTag::T_FuncExpr
            && rulings::ruling((*call.cast::<FuncExpr>()).funcid) == Ruling::Filtered
    }
}

/// Puts the twin in; false when the function must not run here.
fn replace(call: &mut FuncExpr) -> bool {
    match rulings::ruling(call.funcid) {
        Ruling::Free | Ruling::Refused => true,
        Ruling::Filtered => mutant::disabled("function.filtered"),
        Ruling::Internal => mutant::disabled("function.internal"),
        Ruling::Replaced { twin, check, guarded } => {
            // An index on an expression is found by its function, so what needs no check stays.
            let stays = guarded && names_what_is_seen(check, call.args);
            if twin != Oid::INVALID && !stays && !mutant::disabled("function.replaced") {
                call.funcid = twin;
            }
            true
        }
    }
}

/// Whether every argument that is checked is a constant that names something the tenant sees.
fn names_what_is_seen(check: Check, arguments: *mut List) -> bool {
    let Check::Arguments(names, builtin::Side::Left) = check else { return false };
    // SAFETY: the arguments of a call are a list of expressions.
    let arguments: &[*mut Node] = unsafe { pointers(arguments) };
    names.iter().zip(arguments).all(|(name, argument)| match *name {
        Names::Plain => true,
        // SAFETY: a valid expression.
        Names::Of(class) => unsafe { seen_constant(*argument, class) },
        // SAFETY: as above.
        Names::Number(class) => unsafe {
            !reg_types::is_number(*argument) || seen_constant(*argument, class)
        },
        Names::Catalog | Names::InCatalog => false,
    })
}

/// Whether the expression is a constant that names something the tenant sees.
///
/// # Safety
/// A valid expression.
pub(super) unsafe fn seen_constant(node: *mut Node, class: u32) -> bool {
    // SAFETY: the caller's promise; the cast follows a look at the tag.
    unsafe {
        if (*node).type_ != NodeTag::T_Const || !reg_types::is_number(node) {
            return false;
        }
        let constant = &*node.cast::<pg_sys::Const>();
        constant.constisnull || sees(class, Oid::from(constant.constvalue.value() as u32))
    }
}
