//! The net that catches functions which somebody has to decide on: by the types of their arguments,
//! and by their names.

/// Type `cstring`: input functions, which SQL can call.
pub const CSTRING: u32 = 2275;
/// Type `internal`: such a function cannot be called by SQL at all.
pub const INTERNAL: u32 = 2281;

/// name, oid, aclitem, the reg* types, and arrays of them.
const TELLING_TYPES: &[u32] = &[
    19, 24, 26, 1033, 2202, 2203, 2204, 2205, 2206, 3734, 3769, 4089, 4096, 4191, 1003, 1008, 1028,
    1034, 2207, 2208, 2209, 2210, 2211, 3735, 3770, 4090, 4097, 4192,
];

const TELLING_STARTS: &[&str] = &[
    "pg_",
    "has_",
    "lo_",
    "txid_",
    "inet_",
    "current_",
    "to_reg",
    "nextval",
    "currval",
    "setval",
    "lastval",
    "set_config",
    "row_security",
    "brin_",
    "gin_",
    "binary_upgrade_",
    "be_lo",
    "currtid",
    "acl",
    "makeacl",
    "obj_",
    "col_",
    "shobj_",
    "ts_stat",
    "ts_rewrite",
    "loread",
    "lowrite",
    "getdatabase",
];

const TELLING_ENDS: &[&str] = &["_to_xml", "_to_xmlschema", "_and_xmlschema", "_description"];

/// Whether somebody has to decide on a built-in function.
pub fn is_suspect(name: &str, arguments: &[u32]) -> bool {
    !arguments.contains(&INTERNAL)
        && (arguments.iter().any(|argument| TELLING_TYPES.contains(argument))
            || name.starts_with("reg") && arguments.contains(&CSTRING)
            || TELLING_STARTS.iter().any(|start| name.starts_with(start))
            || TELLING_ENDS.iter().any(|end| name.ends_with(end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_and_names_are_caught() {
        assert!(is_suspect("anything", &[25, 26]));
        assert!(is_suspect("anything", &[4096]));
        assert!(is_suspect("regclassin", &[CSTRING]));
        assert!(is_suspect("pg_new", &[]));
        assert!(is_suspect("world_to_xml", &[]));
        assert!(!is_suspect("upper", &[25]));
    }

    #[test]
    fn what_sql_cannot_call_is_let_go() {
        assert!(!is_suspect("pg_internal_thing", &[26, INTERNAL]));
    }
}
