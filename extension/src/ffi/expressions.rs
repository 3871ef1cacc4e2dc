//! Building the nodes of conditions on a column, in the current memory context.

use pgrx::pg_sys::{self, Datum, Node, NodeTag, Oid};

const OID_EQUALS: u32 = 607;
const OID_LESS: u32 = 609;
const OID_GREATER: u32 = 610;
const INT4_EQUALS: u32 = 96;

/// A new node, all fields zero.
///
/// # Safety
/// `T` must be the structure that belongs to the tag.
unsafe fn node<T>(tag: NodeTag) -> *mut T {
    // SAFETY: every node starts with its tag.
    unsafe {
        let node = pg_sys::palloc0(size_of::<T>()).cast::<Node>();
        (*node).type_ = tag;
        node.cast()
    }
}

/// A list of nodes.
pub(super) fn list(items: impl IntoIterator<Item = *mut Node>) -> *mut pg_sys::List {
    // SAFETY: null is the empty list.
    items
        .into_iter()
        .fold(std::ptr::null_mut(), |list, item| unsafe { pg_sys::lappend(list, item.cast()) })
}

/// All of them; the one itself when it is alone.
pub(super) fn all(terms: Vec<*mut Node>) -> *mut Node {
    junction(pg_sys::BoolExprType::AND_EXPR, terms)
}

/// At least one of them; the one itself when it is alone.
pub(super) fn any(terms: Vec<*mut Node>) -> *mut Node {
    junction(pg_sys::BoolExprType::OR_EXPR, terms)
}

fn junction(kind: pg_sys::BoolExprType::Type, terms: Vec<*mut Node>) -> *mut Node {
    match terms.as_slice() {
        [one] => *one,
        // SAFETY: makes a node of a list of nodes.
        _ => unsafe { pg_sys::makeBoolExpr(kind, list(terms), -1).cast() },
    }
}

/// What is never true.
pub(super) fn nothing() -> *mut Node {
    // SAFETY: makes a node.
    unsafe { pg_sys::makeBoolConst(false, false) }
}

/// A column of the range table's entry, both counted from 1.
pub(super) fn column(entry: i32, number: i16, of_type: Oid) -> *mut Node {
    // SAFETY: makes a node.
    unsafe { pg_sys::makeVar(entry, number, of_type, -1, Oid::INVALID, 0).cast() }
}

/// A column of type oid or regproc, as oid.
pub(super) fn oid_column(entry: i32, number: i16, of_type: Oid) -> *mut Node {
    let column = column(entry, number, of_type);
    if of_type == pg_sys::OIDOID {
        return column;
    }
    // SAFETY: makes a node; regproc and oid have one representation.
    unsafe {
        let form = pg_sys::CoercionForm::COERCE_IMPLICIT_CAST;
        pg_sys::makeRelabelType(column.cast(), pg_sys::OIDOID, -1, Oid::INVALID, form).cast()
    }
}

/// `left = oid`
pub(super) fn oid_is(left: *mut Node, oid: u32) -> *mut Node {
    compare(OID_EQUALS, left, constant(pg_sys::OIDOID, Datum::from(oid)))
}

/// `left > 0 AND left < bound`: with both ends the planner needs no statistics to see that these
/// are few.
pub(super) fn oid_below(left: *mut Node, bound: u32) -> Vec<*mut Node> {
    // SAFETY: copies a node.
    let again = unsafe { pg_sys::copyObjectImpl(left.cast()).cast() };
    vec![
        compare(OID_GREATER, left, constant(pg_sys::OIDOID, Datum::from(0_u32))),
        compare(OID_LESS, again, constant(pg_sys::OIDOID, Datum::from(bound))),
    ]
}

/// `left = number`, both integer.
pub(super) fn integer_is(left: *mut Node, number: i32) -> *mut Node {
    compare(INT4_EQUALS, left, constant(pg_sys::INT4OID, Datum::from(number)))
}

fn constant(of_type: Oid, value: Datum) -> *mut Node {
    // SAFETY: makes a node; the types used here have four bytes and go by value.
    unsafe { pg_sys::makeConst(of_type, -1, Oid::INVALID, 4, value, false, true).cast() }
}

fn compare(operator: u32, left: *mut Node, right: *mut Node) -> *mut Node {
    // SAFETY: makes a node of two nodes of the operator's types.
    unsafe {
        let (left, right) = (left.cast(), right.cast());
        let (operator, none) = (operator.into(), Oid::INVALID);
        let clause =
            pg_sys::make_opclause(operator, pg_sys::BOOLOID, false, left, right, none, none);
        pg_sys::set_opfuncid(clause.cast());
        clause.cast()
    }
}

/// `left = ANY (array)` on oid and oid[].
pub(super) fn oid_is_any(left: *mut Node, array: *mut Node) -> *mut Node {
    // SAFETY: the node is new, and its fields are set as the parser does.
    unsafe {
        let clause = node::<pg_sys::ScalarArrayOpExpr>(NodeTag::T_ScalarArrayOpExpr);
        (*clause).opno = OID_EQUALS.into();
        (*clause).opfuncid = pg_sys::F_OIDEQ.into();
        (*clause).useOr = true;
        (*clause).args = list([left, array]);
        (*clause).location = -1;
        clause.cast()
    }
}

/// A constant of type oid[].
pub(super) fn oid_array(oids: &[u32]) -> *mut Node {
    let mut datums: Vec<Datum> = oids.iter().map(|oid| Datum::from(*oid)).collect();
    let count = i32::try_from(datums.len()).unwrap_or(0);
    // SAFETY: the array is copied out of `datums`; oid has four bytes, by value, aligned as int.
    unsafe {
        let (first, element) = (datums.as_mut_ptr(), pg_sys::OIDOID);
        let array = pg_sys::construct_array(first, count, element, 4, true, b'i' as _);
        let (kind, value) = (pg_sys::OIDARRAYOID, Datum::from(array));
        pg_sys::makeConst(kind, -1, Oid::INVALID, -1, value, false, false).cast()
    }
}

/// `(SELECT function(argument))` of type oid[]: evaluated once for each execution of the plan. The
/// Query it goes into must have `hasSubLinks` set.
pub(super) fn selected_oids(function: Oid, argument: u32) -> *mut Node {
    // SAFETY: the nodes are new, and their fields are set as the parser does.
    unsafe {
        let arguments = list([constant(pg_sys::OIDOID, Datum::from(argument))]);
        let form = pg_sys::CoercionForm::COERCE_EXPLICIT_CALL;
        let (kind, none) = (pg_sys::OIDARRAYOID, Oid::INVALID);
        let call = pg_sys::makeFuncExpr(function, kind, arguments, none, none, form);
        let entry = pg_sys::makeTargetEntry(call.cast(), 1, std::ptr::null_mut(), false);
        let query = node::<pg_sys::Query>(NodeTag::T_Query);
        (*query).commandType = pg_sys::CmdType::CMD_SELECT;
        (*query).canSetTag = true;
        (*query).targetList = list([entry.cast()]);
        (*query).jointree = pg_sys::makeFromExpr(std::ptr::null_mut(), std::ptr::null_mut());
        let link = node::<pg_sys::SubLink>(NodeTag::T_SubLink);
        (*link).subLinkType = pg_sys::SubLinkType::EXPR_SUBLINK;
        (*link).subselect = query.cast();
        (*link).location = -1;
        link.cast()
    }
}
