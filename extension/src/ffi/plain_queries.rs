//! Queries in which the pass of the twins has nothing to do, told at a glance: rows of tables by
//! comparisons of their columns, constants, calls of functions that run as they are. Of most
//! statements that applications send, this saves the walk, which costs more than all the rest of
//! the pass. It says yes only where the walk would change and refuse nothing; whatever it does not
//! know is for the walk.

use super::reg_types::{may_hold, type_of};
use super::rulings::{self, Ruling};
use super::trees::pointers;
use pgrx::pg_sys::{self, BoolExpr, FuncExpr, List, Node, NodeTag, OpExpr, Query, RTEKind};

/// Whether the statement is plain.
///
/// # Safety
/// A valid query.
pub(super) unsafe fn is_plain(query: *mut Query) -> bool {
    // SAFETY: the caller's promise; the lists hold what their names say.
    unsafe {
        let query = &*query;
        query.commandType == pg_sys::CmdType::CMD_SELECT
            && query.cteList.is_null()
            && query.setOperations.is_null()
            && query.limitOffset.is_null()
            && query.limitCount.is_null()
            && query.havingQual.is_null()
            && query.windowClause.is_null()
            && query.returningList.is_null()
            && query.withCheckOptions.is_null()
            && query.onConflict.is_null()
            && pointers(query.rtable).iter().all(|entry| is_table(*entry))
            && pointers(query.targetList).iter().all(|entry| is_plain_column(*entry))
            && is_plain_from(query.jointree)
    }
}

/// A table without expressions of its own, such as those of TABLESAMPLE and of policies.
#[inline]
unsafe fn is_table(entry: *mut pg_sys::RangeTblEntry) -> bool {
    // SAFETY: an entry of a range table.
    unsafe {
        (*entry).rtekind == RTEKind::RTE_RELATION
            && (*entry).tablesample.is_null()
            && (*entry).securityQuals.is_null()
    }
}

#[inline]
unsafe fn is_plain_column(entry: *mut pg_sys::TargetEntry) -> bool {
    // SAFETY: an entry of a target list.
    unsafe { is_plain_value((*entry).expr.cast()) }
}

#[inline]
unsafe fn is_plain_from(from: *mut pg_sys::FromExpr) -> bool {
    // SAFETY: a query's FROM and WHERE; the items of FROM are nodes.
    unsafe {
        let is_reference = |item: &*mut Node| (**item).type_ == NodeTag::T_RangeTblRef;
        pointers::<Node>((*from).fromlist).iter().all(is_reference)
            && ((*from).quals.is_null() || is_plain_condition((*from).quals))
    }
}

/// Comparisons, alone or joined by AND, OR and NOT.
unsafe fn is_plain_condition(node: *mut Node) -> bool {
    // SAFETY: a valid expression; each cast follows its tag.
    unsafe {
        match (*node).type_ {
            NodeTag::T_BoolExpr => pointers::<Node>((*node.cast::<BoolExpr>()).args)
                .iter()
                .all(|part| (**part).type_ != NodeTag::T_BoolExpr && is_plain_condition(*part)),
            _ => is_plain_value(node),
        }
    }
}

/// A column, a constant or a parameter, or an operator or a function on those, that names nothing.
#[inline]
unsafe fn is_plain_value(node: *mut Node) -> bool {
    // SAFETY: a valid expression; each cast follows its tag.
    unsafe {
        let on_leaves = match (*node).type_ {
            NodeTag::T_OpExpr => are_leaves((*node.cast::<OpExpr>()).args),
            NodeTag::T_FuncExpr => {
                let call = &*node.cast::<FuncExpr>();
                rulings::ruling(call.funcid) == Ruling::Free && are_leaves(call.args)
            }
            _ => return is_leaf(node),
        };
        on_leaves && !may_hold(type_of(node))
    }
}

unsafe fn are_leaves(list: *mut List) -> bool {
    // SAFETY: a list of expressions.
    unsafe { pointers::<Node>(list).iter().all(|node| is_leaf(*node)) }
}

#[inline]
unsafe fn is_leaf(node: *mut Node) -> bool {
    // SAFETY: a valid expression.
    unsafe {
        matches!((*node).type_, NodeTag::T_Var | NodeTag::T_Const | NodeTag::T_Param)
            && !may_hold(type_of(node))
    }
}
