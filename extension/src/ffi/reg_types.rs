//! Values of the types that name objects by OID (regclass and its like): where an expression of a
//! Query turns them into text, a call of `tenancy_checked.visible` is put around them, which gives
//! NULL for what the tenant does not see, whether it exists or not. Comparisons stay as they are.

use super::checked_calls::seen_constant;
use super::trees::pointers;
use super::{functions, rulings};
use pgrx::pg_sys::{self, List, Node, NodeTag, Oid, Query, RTEKind};
use std::collections::HashSet;
use tenancy_core::catalog::{FIRST_NORMAL_OID, class};
use tenancy_core::mutant;

/// Each type, its array type, and the catalog whose objects it names.
const REG_TYPES: [(u32, u32, u32); 11] = [
    (24, 1008, class::PROC),
    (2202, 2207, class::PROC),
    (2203, 2208, class::OPERATOR),
    (2204, 2209, class::OPERATOR),
    (2205, 2210, class::CLASS),
    (2206, 2211, class::TYPE),
    (3734, 3735, class::TS_CONFIG),
    (3769, 3770, class::TS_DICT),
    (4089, 4090, class::NAMESPACE),
    (4096, 4097, class::AUTHID),
    (4191, 4192, class::COLLATION),
];
const RECORD: u32 = 2249;
const RECORDS: u32 = 2287;
const ANYELEMENT: u32 = 2283;
/// any, anyarray, anyelement, anynonarray, record, and the anycompatible ones: a function that
/// takes these may turn its argument into text.
const OPEN_TYPES: [u32; 9] = [2276, 2277, ANYELEMENT, 2776, RECORD, 5077, 5078, 5079, RECORDS];

/// The catalog whose objects a type names.
pub(super) fn class_of(of: u32) -> Option<u32> {
    REG_TYPES.iter().find(|(scalar, ..)| *scalar == of).map(|(.., class)| *class)
}

/// The same for the elements of an array type.
pub(super) fn class_of_elements(of: u32) -> Option<u32> {
    REG_TYPES.iter().find(|(_, array, _)| *array == of).map(|(.., class)| *class)
}

/// Whether an expression is an OID or names an object by one.
///
/// # Safety
/// A valid expression.
pub(super) unsafe fn is_number(node: *mut Node) -> bool {
    // SAFETY: the caller's promise.
    let of = unsafe { type_of(node) };
    of == u32::from(pg_sys::OIDOID) || class_of(of).is_some()
}

/// The type of an expression.
///
/// # Safety
/// A valid expression.
#[inline]
pub(super) unsafe fn type_of(node: *mut Node) -> u32 {
    // SAFETY: a valid expression; each cast follows its tag.
    unsafe {
        let of = match (*node).type_ {
            NodeTag::T_Var => (*node.cast::<pg_sys::Var>()).vartype,
            NodeTag::T_Const => (*node.cast::<pg_sys::Const>()).consttype,
            NodeTag::T_Param => (*node.cast::<pg_sys::Param>()).paramtype,
            NodeTag::T_FuncExpr => (*node.cast::<pg_sys::FuncExpr>()).funcresulttype,
            NodeTag::T_OpExpr => (*node.cast::<pg_sys::OpExpr>()).opresulttype,
            NodeTag::T_RelabelType => (*node.cast::<pg_sys::RelabelType>()).resulttype,
            NodeTag::T_Aggref => (*node.cast::<pg_sys::Aggref>()).aggtype,
            _ => pg_sys::exprType(node),
        };
        of.to_u32()
    }
}

/// Whether values of the type may hold one that names an object.
pub(super) fn may_hold(of: u32) -> bool {
    // Most are PostgreSQL's own and need no memory of what was looked at.
    if of < FIRST_NORMAL_OID { builtin_holds(of) } else { any_holds(of, &mut HashSet::new()) }
}

fn builtin_holds(of: u32) -> bool {
    class_of(of).is_some() || class_of_elements(of).is_some() || [RECORD, RECORDS].contains(&of)
}

/// The same, but for types that were looked at already: one may be a part of another many times.
fn any_holds(of: u32, seen: &mut HashSet<u32>) -> bool {
    if of < FIRST_NORMAL_OID {
        return builtin_holds(of);
    }
    if !seen.insert(of) {
        return false;
    }
    // SAFETY: looks into the catalog caches; inside a transaction.
    unsafe {
        pg_sys::check_stack_depth();
        match pg_sys::get_typtype(of.into()) as u8 {
            b'c' => attributes(of.into()).into_iter().any(|part| any_holds(part, seen)),
            b'd' => any_holds(pg_sys::getBaseType(of.into()).to_u32(), seen),
            b'r' => any_holds(pg_sys::get_range_subtype(of.into()).to_u32(), seen),
            b'm' => any_holds(pg_sys::get_multirange_range(of.into()).to_u32(), seen),
            _ => Some(pg_sys::get_element_type(of.into()).to_u32())
                .is_some_and(|element| element != 0 && any_holds(element, seen)),
        }
    }
}

unsafe fn attributes(of: Oid) -> Vec<u32> {
    // SAFETY: a composite type; the descriptor is released after its types were copied.
    unsafe {
        let descriptor = pg_sys::lookup_rowtype_tupdesc(of, -1);
        let count = (*descriptor).natts;
        let types = (1..=count).map(|at| pg_sys::SPI_gettypeid(descriptor, at).to_u32()).collect();
        if (*descriptor).tdrefcount >= 0 {
            pg_sys::DecrTupleDescRefCount(descriptor);
        }
        types
    }
}

/// Whether the expression needs a check before it becomes text.
unsafe fn is_open(node: *mut Node) -> bool {
    // SAFETY: a valid expression; the cast follows a look at the tag.
    unsafe {
        if node.is_null() {
            return false;
        }
        let of = type_of(node);
        if of == RECORD && (*node).type_ == NodeTag::T_RowExpr {
            let row = &*node.cast::<pg_sys::RowExpr>();
            return pointers::<Node>(row.args).iter().any(|argument| is_open(*argument));
        }
        if let Some(class) = class_of(of) {
            return !seen_constant(node, class);
        }
        may_hold(of)
    }
}

/// Puts the check around an expression that needs it.
unsafe fn check(place: &mut *mut Node) {
    // SAFETY: a valid expression; the new node is of the same type.
    unsafe {
        if !is_open(*place) || mutant::disabled("function.reg_types") {
            return;
        }
        let visible = rulings::own("visible", &[ANYELEMENT]);
        let of = Oid::from(type_of(*place));
        let arguments = pg_sys::lappend(std::ptr::null_mut(), (*place).cast());
        let form = pg_sys::CoercionForm::COERCE_EXPLICIT_CALL;
        let collation = pg_sys::exprCollation(*place);
        let call = pg_sys::makeFuncExpr(visible, of, arguments, collation, Oid::INVALID, form);
        *place = call.cast();
    }
}

unsafe fn check_all(list: *mut List) {
    // SAFETY: a list of expressions.
    unsafe { pointers::<Node>(list) }.iter_mut().for_each(|place| unsafe { check(place) });
}

/// Checks the columns that a statement returns.
///
/// # Safety
/// A valid Query that may be changed.
pub(super) unsafe fn check_output(query: *mut Query) {
    // SAFETY: the caller's promise.
    unsafe {
        if (*query).commandType != pg_sys::CmdType::CMD_SELECT {
            return check_entries((*query).returningList);
        }
        if (*query).setOperations.is_null() {
            return check_entries((*query).targetList);
        }
        // UNION and its like return what their branches return.
        for entry in pointers::<pg_sys::RangeTblEntry>((*query).rtable) {
            if (**entry).rtekind == RTEKind::RTE_SUBQUERY && !(**entry).subquery.is_null() {
                check_output((**entry).subquery);
            }
        }
    }
}

unsafe fn check_entries(list: *mut List) {
    // SAFETY: a target list.
    unsafe {
        for entry in pointers::<pg_sys::TargetEntry>(list) {
            if !(**entry).resjunk {
                check_expression(&raw mut (**entry).expr);
            }
        }
    }
}

unsafe fn check_expression(place: *mut *mut pg_sys::Expr) {
    // SAFETY: an expression is a node.
    unsafe { check(&mut *place.cast::<*mut Node>()) };
}

/// Checks the operands of a node that may turn them into text.
///
/// # Safety
/// A valid node of an expression that may be changed.
pub(super) unsafe fn check_consumption(node: *mut Node) {
    // SAFETY: the caller's promise; each cast follows its tag.
    unsafe {
        match (*node).type_ {
            NodeTag::T_CoerceViaIO => {
                let coerce = &mut *node.cast::<pg_sys::CoerceViaIO>();
                check_expression(&raw mut coerce.arg);
            }
            NodeTag::T_FuncExpr => {
                let call = &*node.cast::<pg_sys::FuncExpr>();
                check_arguments(|| call.funcid, call.args);
            }
            NodeTag::T_OpExpr => {
                let call = &*node.cast::<pg_sys::OpExpr>();
                check_arguments(|| pg_sys::get_opcode(call.opno), call.args);
            }
            NodeTag::T_WindowFunc => {
                let call = &*node.cast::<pg_sys::WindowFunc>();
                check_arguments(|| call.winfnoid, call.args);
            }
            NodeTag::T_Aggref => check_aggregate(&*node.cast::<pg_sys::Aggref>()),
            NodeTag::T_XmlExpr => {
                let xml = &*node.cast::<pg_sys::XmlExpr>();
                check_all(xml.args);
                check_all(xml.named_args);
            }
            other => super::pg_compat::json_arguments(other, node).into_iter().for_each(|list| {
                check_all(list);
            }),
        }
    }
}

/// The arguments of a function that are declared to be of any type.
unsafe fn check_arguments(function: impl Fn() -> Oid, list: *mut List) {
    // SAFETY: a list of expressions.
    unsafe {
        let arguments = pointers::<Node>(list);
        if !arguments.iter().any(|argument| is_open(*argument)) {
            return;
        }
        let function = function();
        // Our own checks are in the tree already when the walk goes on below them.
        if functions::is_of_the_extension(function) {
            return;
        }
        let declared = rulings::describe(function).map_or_else(Vec::new, |known| known.arguments);
        for (at, place) in arguments.iter_mut().enumerate() {
            if is_open_argument(&declared, at) {
                check(place);
            }
        }
    }
}

/// Whether the argument may be of any type; the last one stands for the rest of a variadic call.
fn is_open_argument(declared: &[u32], at: usize) -> bool {
    declared.get(at).or(declared.last()).is_none_or(|of| OPEN_TYPES.contains(of))
}

unsafe fn check_aggregate(call: &pg_sys::Aggref) {
    // SAFETY: the arguments of an aggregate are a target list.
    unsafe {
        let entries = pointers::<pg_sys::TargetEntry>(call.args);
        if entries.iter().any(|entry| is_open((**entry).expr.cast())) {
            let declared =
                rulings::describe(call.aggfnoid).map_or_else(Vec::new, |known| known.arguments);
            for (at, entry) in entries.iter().enumerate() {
                if is_open_argument(&declared, at) {
                    check_expression(&raw mut (**entry).expr);
                }
            }
        }
    }
}
