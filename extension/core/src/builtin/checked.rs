//! Built-in functions that a twin stands in for inside a tenant, and what the twin looks at.

mod statistics;

use Names::{Catalog, InCatalog, Number, Of, Plain};

/// What an argument names. An OID or a reg* value does it by number, text or a name by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// Nothing.
    Plain,
    /// An object of the catalog with this OID.
    Of(u32),
    /// The same, by number only: a text in this place is no name.
    Number(u32),
    /// A catalog, whose object the next argument names.
    Catalog,
    /// An object of the catalog that the argument before names.
    InCatalog,
}

const RELATION: Names = Of(1259);
const FUNCTION: Names = Of(1255);
const TYPE: Names = Of(1247);
const SCHEMA: Names = Of(2615);
const ROLE: Names = Of(1260);
const DATABASE: Names = Of(1262);
const SERVER: Names = Of(1417);
const WRAPPER: Names = Of(2328);
const TABLESPACE: Names = Of(1213);
const LANGUAGE: Names = Of(2612);

/// At which end of the arguments a list of `Names` begins; the other end may be cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The first argument is the first of the list.
    Left,
    /// The last argument is the last of the list.
    Right,
}

/// What a twin does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// Answers about what the arguments name as if it did not exist, unless it is visible.
    Arguments(&'static [Names], Side),
    /// Answers as if nothing at all existed.
    Absent,
    /// Answers about a relation of PostgreSQL's as if it did not exist: all tenants work on it.
    Activity,
    /// Returns no row, or NULL.
    Nothing,
    /// Returns what the original found by a name, NULL unless it is visible.
    Found(u32),
    /// Names a role by its OID.
    RoleName,
    /// The keys of advisory locks are the tenant's own.
    AdvisoryLock,
    /// The channel is the tenant's own, and the volume has a ceiling.
    Notify,
    /// The ids of large objects are the tenant's own.
    LargeObject,
    /// Only the tenant's own channels, by the names it knows them by.
    Channels,
    /// Only rows that came to be inside the tenant, told by this column (from 1).
    Since(i32),
    /// Not the message that brought the session here.
    Query,
    /// Ends the statement of another session of the tenant.
    Cancel,
    /// Ends another session of the tenant.
    Terminate,
}

/// Functions that are checked alike.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// What their twins do.
    pub check: Check,
    /// Whether the originals may run where no twin can stand in for them.
    pub guarded: bool,
    /// Their names, each with all overloads.
    pub names: &'static [&'static str],
}

const fn family(check: Check, names: &'static [&'static str]) -> Family {
    Family { check, guarded: false, names }
}

const fn left(arguments: &'static [Names], names: &'static [&'static str]) -> Family {
    family(Check::Arguments(arguments, Side::Left), names)
}

const fn right(arguments: &'static [Names], names: &'static [&'static str]) -> Family {
    family(Check::Arguments(arguments, Side::Right), names)
}

/// What the twin of a function does, with the function's name; `None` when it has none.
pub fn check_of(name: &str) -> Option<(&'static str, Check)> {
    let family = family_of(name)?;
    let name = family.names.iter().find(|known| **known == name)?;
    Some((name, family.check))
}

/// The family of a function.
pub(super) fn family_of(name: &str) -> Option<&'static Family> {
    CHECKED.iter().find(|family| family.names.contains(&name))
}

/// Functions that return the server's state as rows: in FROM their rows are filtered, elsewhere they
/// are refused.
pub const FILTERED: &[&str] =
    &["pg_lock_status", "pg_stat_get_activity", "pg_stat_get_progress_info"];

/// Functions that PostgreSQL puts into expressions of its own: queries do not call them.
pub const INTERNAL: &[&str] = &["satisfies_hash_partition"];

/// Functions that print the text of functions, views and rules: `tenancy.hide_sources()` takes them
/// from PUBLIC, and inside a tenant their twins run them nevertheless.
pub const SOURCES: &[&str] =
    &["pg_get_function_sqlbody", "pg_get_functiondef", "pg_get_ruledef", "pg_get_viewdef"];

/// All of them.
pub const CHECKED: &[Family] = &[
    Family {
        check: Check::Arguments(&[RELATION], Side::Left),
        guarded: true,
        names: &["currval", "nextval", "setval"],
    },
    Family {
        check: Check::Arguments(&[Number(3602)], Side::Left),
        guarded: true,
        names: &[
            "json_to_tsvector",
            "jsonb_to_tsvector",
            "phraseto_tsquery",
            "plainto_tsquery",
            "to_tsquery",
            "to_tsvector",
            "ts_headline",
            "websearch_to_tsquery",
        ],
    },
    Family {
        check: Check::Arguments(&[Number(3600)], Side::Left),
        guarded: true,
        names: &["ts_lexize"],
    },
    // The cast of a text to regclass.
    Family {
        check: Check::Arguments(&[RELATION], Side::Left),
        guarded: true,
        names: &["regclass"],
    },
    left(
        &[RELATION],
        &[
            "brin_desummarize_range",
            "brin_summarize_new_values",
            "brin_summarize_range",
            "currtid2",
            "gin_clean_pending_list",
            "pg_column_is_updatable",
            "pg_get_indexdef",
            "pg_get_partition_constraintdef",
            "pg_get_partkeydef",
            "pg_get_replica_identity_index",
            "pg_get_sequence_data",
            "pg_get_serial_sequence",
            "pg_get_viewdef",
            "pg_index_column_has_property",
            "pg_index_has_property",
            "pg_indexes_size",
            "pg_partition_ancestors",
            "pg_partition_root",
            "pg_partition_tree",
            "pg_relation_filenode",
            "pg_relation_filepath",
            "pg_relation_is_publishable",
            "pg_relation_is_updatable",
            "pg_relation_size",
            "pg_sequence_last_value",
            "pg_sequence_parameters",
            "pg_table_is_visible",
            "pg_table_size",
            "pg_total_relation_size",
            "row_security_active",
            "table_to_xml",
            "table_to_xml_and_xmlschema",
            "table_to_xmlschema",
        ],
    ),
    family(Check::Activity, statistics::OF_RELATIONS),
    left(&[RELATION], statistics::OF_OWN_WORK),
    left(&[Plain, RELATION], &["pg_get_expr"]),
    left(
        &[FUNCTION],
        &[
            "pg_function_is_visible",
            "pg_get_function_arg_default",
            "pg_get_function_arguments",
            "pg_get_function_identity_arguments",
            "pg_get_function_result",
            "pg_get_function_sqlbody",
            "pg_get_functiondef",
            "pg_stat_get_function_calls",
            "pg_stat_get_function_self_time",
            "pg_stat_get_function_total_time",
            "pg_stat_get_xact_function_calls",
            "pg_stat_get_xact_function_self_time",
            "pg_stat_get_xact_function_total_time",
        ],
    ),
    left(&[TYPE], &["format_type", "pg_basetype", "pg_type_is_visible"]),
    left(&[Of(2606)], &["pg_get_constraintdef"]),
    left(&[Of(2618)], &["pg_get_ruledef"]),
    left(&[Of(2620)], &["pg_get_triggerdef"]),
    left(
        &[Of(3381)],
        &[
            "pg_get_statisticsobjdef",
            "pg_get_statisticsobjdef_columns",
            "pg_get_statisticsobjdef_expressions",
            "pg_statistics_obj_is_visible",
        ],
    ),
    left(&[Of(3456)], &["pg_collation_actual_version", "pg_collation_is_visible"]),
    left(&[Of(2607)], &["pg_conversion_is_visible"]),
    left(&[Of(2616)], &["pg_opclass_is_visible"]),
    left(&[Of(2617)], &["pg_operator_is_visible"]),
    left(&[Of(2753)], &["pg_opfamily_is_visible"]),
    left(&[Of(3602)], &["pg_ts_config_is_visible"]),
    left(&[Of(3600)], &["pg_ts_dict_is_visible"]),
    left(&[Of(3601)], &["pg_ts_parser_is_visible"]),
    left(&[Of(3764)], &["pg_ts_template_is_visible"]),
    left(&[DATABASE], &["pg_database_collation_actual_version"]),
    left(&[TABLESPACE], &["pg_tablespace_location"]),
    left(
        &[SCHEMA],
        &[
            "pg_is_other_temp_schema",
            "schema_to_xml",
            "schema_to_xml_and_xmlschema",
            "schema_to_xmlschema",
        ],
    ),
    left(
        &[Catalog, InCatalog],
        &[
            "pg_describe_object",
            "pg_get_acl",
            "pg_identify_object",
            "pg_identify_object_as_address",
        ],
    ),
    left(&[Plain, ROLE], &["acldefault"]),
    left(&[ROLE, ROLE], &["makeaclitem"]),
    right(&[ROLE, ROLE, Plain], &["pg_has_role"]),
    right(
        &[ROLE, RELATION, Plain],
        &["has_any_column_privilege", "has_sequence_privilege", "has_table_privilege"],
    ),
    right(&[ROLE, RELATION, Plain, Plain], &["has_column_privilege"]),
    right(&[ROLE, DATABASE, Plain], &["has_database_privilege"]),
    right(&[ROLE, FUNCTION, Plain], &["has_function_privilege"]),
    right(&[ROLE, LANGUAGE, Plain], &["has_language_privilege"]),
    right(&[ROLE, SCHEMA, Plain], &["has_schema_privilege"]),
    right(&[ROLE, SERVER, Plain], &["has_server_privilege"]),
    right(&[ROLE, WRAPPER, Plain], &["has_foreign_data_wrapper_privilege"]),
    right(&[ROLE, TABLESPACE, Plain], &["has_tablespace_privilege"]),
    right(&[ROLE, TYPE, Plain], &["has_type_privilege"]),
    right(&[ROLE, Plain, Plain], &["has_largeobject_privilege", "has_parameter_privilege"]),
    family(Check::Found(1259), &["pg_filenode_relation", "to_regclass"]),
    family(Check::Found(1255), &["to_regproc", "to_regprocedure"]),
    family(Check::Found(1247), &["to_regtype"]),
    family(Check::Found(1260), &["to_regrole"]),
    family(Check::Found(2615), &["to_regnamespace"]),
    family(Check::Found(2617), &["to_regoper", "to_regoperator"]),
    family(Check::Found(3456), &["to_regcollation"]),
    family(Check::RoleName, &["pg_get_userbyid"]),
    family(Check::Absent, statistics::ABSENT),
    family(
        Check::Nothing,
        &[
            "pg_get_aios",
            "pg_get_publication_tables",
            "pg_get_replication_slots",
            "pg_prepared_xact",
            "pg_show_replication_origin_status",
            "pg_stat_get_archiver",
            "pg_stat_get_backend_idset",
            "pg_stat_get_backend_io",
            "pg_stat_get_backend_wal",
            "pg_stat_get_io",
            "pg_stat_get_recovery_prefetch",
            "pg_stat_get_replication_slot",
            "pg_stat_get_slru",
            "pg_stat_get_subscription",
            "pg_stat_get_subscription_stats",
            "pg_stat_get_wal",
            "pg_stat_get_wal_receiver",
            "pg_stat_get_wal_senders",
            "pg_tablespace_databases",
        ],
    ),
    family(
        Check::AdvisoryLock,
        &[
            "pg_advisory_lock",
            "pg_advisory_lock_shared",
            "pg_advisory_unlock",
            "pg_advisory_unlock_all",
            "pg_advisory_unlock_shared",
            "pg_advisory_xact_lock",
            "pg_advisory_xact_lock_shared",
            "pg_try_advisory_lock",
            "pg_try_advisory_lock_shared",
            "pg_try_advisory_xact_lock",
            "pg_try_advisory_xact_lock_shared",
        ],
    ),
    // Guarded, for drivers call them by messages that hold an OID.
    Family {
        check: Check::LargeObject,
        guarded: true,
        names: &["lo_create", "lo_from_bytea", "lo_get", "lo_open", "lo_put", "lo_unlink"],
    },
    family(Check::Notify, &["pg_notify"]),
    family(Check::Channels, &["pg_listening_channels"]),
    family(Check::Since(6), &["pg_cursor"]),
    family(Check::Since(3), &["pg_prepared_statement"]),
    family(Check::Query, &["current_query"]),
    family(Check::Cancel, &["pg_cancel_backend"]),
    family(Check::Terminate, &["pg_terminate_backend"]),
];
