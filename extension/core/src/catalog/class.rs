//! OIDs of the catalogs that the table speaks of, the same in all versions of PostgreSQL.

/// pg_type
pub const TYPE: u32 = 1247;
/// pg_proc
pub const PROC: u32 = 1255;
/// pg_class
pub const CLASS: u32 = 1259;
/// pg_authid
pub const AUTHID: u32 = 1260;
/// pg_database
pub const DATABASE: u32 = 1262;
/// pg_tablespace
pub const TABLESPACE: u32 = 1213;
/// pg_foreign_server
pub const FOREIGN_SERVER: u32 = 1417;
/// pg_foreign_data_wrapper
pub const FOREIGN_DATA_WRAPPER: u32 = 2328;
/// pg_am
pub const AM: u32 = 2601;
/// pg_attrdef
pub const ATTRDEF: u32 = 2604;
/// pg_cast
pub const CAST: u32 = 2605;
/// pg_constraint
pub const CONSTRAINT: u32 = 2606;
/// pg_conversion
pub const CONVERSION: u32 = 2607;
/// pg_language
pub const LANGUAGE: u32 = 2612;
/// pg_namespace
pub const NAMESPACE: u32 = 2615;
/// pg_opclass
pub const OPCLASS: u32 = 2616;
/// pg_operator
pub const OPERATOR: u32 = 2617;
/// pg_rewrite
pub const REWRITE: u32 = 2618;
/// pg_trigger
pub const TRIGGER: u32 = 2620;
/// pg_opfamily
pub const OPFAMILY: u32 = 2753;
/// pg_extension
pub const EXTENSION: u32 = 3079;
/// pg_policy
pub const POLICY: u32 = 3256;
/// pg_statistic_ext
pub const STATISTIC_EXT: u32 = 3381;
/// pg_collation
pub const COLLATION: u32 = 3456;
/// pg_transform
pub const TRANSFORM: u32 = 3576;
/// pg_ts_dict
pub const TS_DICT: u32 = 3600;
/// pg_ts_parser
pub const TS_PARSER: u32 = 3601;
/// pg_ts_config
pub const TS_CONFIG: u32 = 3602;
/// pg_ts_template
pub const TS_TEMPLATE: u32 = 3764;

/// Stands for all classes of `RARE` at once.
pub const ANY_RARE: u32 = 0;

/// Classes that a tenant has few objects of. Where a row names an object of any class, these are
/// looked for together, so that the query stays short to plan.
pub const RARE: &[u32] = &[
    FOREIGN_SERVER,
    FOREIGN_DATA_WRAPPER,
    AM,
    CONVERSION,
    LANGUAGE,
    OPCLASS,
    OPERATOR,
    OPFAMILY,
    EXTENSION,
    STATISTIC_EXT,
    COLLATION,
    TS_DICT,
    TS_PARSER,
    TS_CONFIG,
    TS_TEMPLATE,
];
