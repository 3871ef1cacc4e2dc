//! The table: every system catalog of PostgreSQL 15 to 18, by OID.

use super::Shown::{Nothing, Where};
use super::Term::{Among, Is, Own, System, ThisDatabase};
use super::class::*;
use super::{Catalog, Shown};

const fn catalog(oid: u32, name: &'static str, shown: Shown) -> Catalog {
    Catalog { oid, name, shown }
}

/// Rows about an object of any class, which two columns name, that is the tenant's own or shared;
/// and those for which one of the further lists holds.
macro_rules! about_own {
    ($class:literal, $object:literal $(, $more:expr)*) => {
        Where(&[
            $($more,)*
            &[Is($class, CLASS), Own($object, CLASS)],
            &[Is($class, TYPE), Own($object, TYPE)],
            &[Is($class, PROC), Own($object, PROC)],
            &[Is($class, CONSTRAINT), Own($object, CONSTRAINT)],
            &[Is($class, ATTRDEF), Own($object, ATTRDEF)],
            &[Is($class, REWRITE), Own($object, REWRITE)],
            &[Is($class, TRIGGER), Own($object, TRIGGER)],
            &[Is($class, POLICY), Own($object, POLICY)],
            &[Is($class, NAMESPACE), Own($object, NAMESPACE)],
            &[Among($class, RARE), Own($object, ANY_RARE)],
        ])
    };
}

/// Every catalog, by ascending OID.
pub const CATALOGS: &[Catalog] = &[
    catalog(826, "pg_default_acl", Where(&[&[Own("defaclrole", AUTHID)]])),
    catalog(1213, "pg_tablespace", Where(&[&[System("oid")], &[Own("oid", TABLESPACE)]])),
    catalog(
        1214,
        "pg_shdepend",
        Where(&[&[ThisDatabase("dbid"), Own("refobjid", AUTHID), Is("refclassid", AUTHID)]]),
    ),
    catalog(1247, "pg_type", Where(&[&[System("oid")], &[Own("oid", TYPE)]])),
    catalog(1249, "pg_attribute", Where(&[&[System("attrelid")], &[Own("attrelid", CLASS)]])),
    catalog(1255, "pg_proc", Where(&[&[System("oid")], &[Own("oid", PROC)]])),
    catalog(1259, "pg_class", Where(&[&[System("oid")], &[Own("oid", CLASS)]])),
    catalog(1260, "pg_authid", Where(&[&[System("oid")], &[Own("oid", AUTHID)]])),
    catalog(
        1261,
        "pg_auth_members",
        Where(&[
            &[System("roleid"), System("member")],
            &[Own("member", AUTHID), System("roleid")],
            &[Own("member", AUTHID), Own("roleid", AUTHID)],
        ]),
    ),
    catalog(1262, "pg_database", Where(&[&[ThisDatabase("oid")]])),
    catalog(1417, "pg_foreign_server", Where(&[&[System("oid")], &[Own("oid", FOREIGN_SERVER)]])),
    catalog(1418, "pg_user_mapping", Where(&[&[Own("umuser", AUTHID)]])),
    catalog(2224, "pg_sequence", Where(&[&[Own("seqrelid", CLASS)]])),
    catalog(
        2328,
        "pg_foreign_data_wrapper",
        Where(&[&[System("oid")], &[Own("oid", FOREIGN_DATA_WRAPPER)]]),
    ),
    catalog(
        2396,
        "pg_shdescription",
        Where(&[
            &[Is("classoid", AUTHID), System("objoid")],
            &[Is("classoid", AUTHID), Own("objoid", AUTHID)],
            &[Is("classoid", DATABASE), ThisDatabase("objoid")],
        ]),
    ),
    catalog(2600, "pg_aggregate", Where(&[&[System("aggfnoid")], &[Own("aggfnoid", PROC)]])),
    catalog(2601, "pg_am", Where(&[&[System("oid")], &[Own("oid", AM)]])),
    catalog(2602, "pg_amop", Where(&[&[System("oid")], &[Own("amopfamily", OPFAMILY)]])),
    catalog(2603, "pg_amproc", Where(&[&[System("oid")], &[Own("amprocfamily", OPFAMILY)]])),
    catalog(2604, "pg_attrdef", Where(&[&[System("adrelid")], &[Own("adrelid", CLASS)]])),
    catalog(
        2605,
        "pg_cast",
        Where(&[
            &[System("oid")],
            &[Own("castsource", TYPE)],
            &[System("castsource"), Own("casttarget", TYPE)],
        ]),
    ),
    catalog(
        2606,
        "pg_constraint",
        Where(&[
            &[System("oid")],
            &[Own("conrelid", CLASS)],
            &[Is("conrelid", 0), Own("contypid", TYPE)],
        ]),
    ),
    catalog(2607, "pg_conversion", Where(&[&[System("oid")], &[Own("oid", CONVERSION)]])),
    catalog(
        2608,
        "pg_depend",
        about_own!(
            "classid",
            "objid",
            &[Among("classid", &[TYPE, PROC, CLASS, CONSTRAINT, REWRITE]), System("objid")]
        ),
    ),
    catalog(2609, "pg_description", about_own!("classoid", "objoid", &[System("objoid")])),
    catalog(2610, "pg_index", Where(&[&[System("indrelid")], &[Own("indrelid", CLASS)]])),
    catalog(2611, "pg_inherits", Where(&[&[Own("inhrelid", CLASS)]])),
    catalog(2612, "pg_language", Where(&[&[System("oid")], &[Own("oid", LANGUAGE)]])),
    catalog(2613, "pg_largeobject", Nothing),
    catalog(2615, "pg_namespace", Where(&[&[System("oid")], &[Own("oid", NAMESPACE)]])),
    catalog(2616, "pg_opclass", Where(&[&[System("oid")], &[Own("oid", OPCLASS)]])),
    catalog(2617, "pg_operator", Where(&[&[System("oid")], &[Own("oid", OPERATOR)]])),
    catalog(2618, "pg_rewrite", Where(&[&[System("ev_class")], &[Own("ev_class", CLASS)]])),
    // Not those of the catalogs: their commonest values are the names of other tenants' objects.
    catalog(2619, "pg_statistic", Where(&[&[Own("starelid", CLASS)]])),
    catalog(2620, "pg_trigger", Where(&[&[Own("tgrelid", CLASS)]])),
    catalog(2753, "pg_opfamily", Where(&[&[System("oid")], &[Own("oid", OPFAMILY)]])),
    catalog(
        2964,
        "pg_db_role_setting",
        Where(&[
            &[Own("setrole", AUTHID), ThisDatabase("setdatabase")],
            &[Own("setrole", AUTHID), Is("setdatabase", 0)],
        ]),
    ),
    catalog(2995, "pg_largeobject_metadata", Where(&[&[Own("lomowner", AUTHID)]])),
    catalog(3079, "pg_extension", Where(&[&[System("oid")], &[Own("oid", EXTENSION)]])),
    catalog(3118, "pg_foreign_table", Where(&[&[Own("ftrelid", CLASS)]])),
    catalog(3256, "pg_policy", Where(&[&[Own("polrelid", CLASS)]])),
    catalog(3350, "pg_partitioned_table", Where(&[&[Own("partrelid", CLASS)]])),
    catalog(3381, "pg_statistic_ext", Where(&[&[Own("stxrelid", CLASS)]])),
    catalog(3394, "pg_init_privs", about_own!("classoid", "objoid", &[System("objoid")])),
    catalog(3429, "pg_statistic_ext_data", Where(&[&[Own("stxoid", STATISTIC_EXT)]])),
    catalog(3456, "pg_collation", Where(&[&[System("oid")], &[Own("oid", COLLATION)]])),
    catalog(3466, "pg_event_trigger", Nothing),
    catalog(3501, "pg_enum", Where(&[&[Own("enumtypid", TYPE)]])),
    catalog(3541, "pg_range", Where(&[&[System("rngtypid")], &[Own("rngtypid", TYPE)]])),
    catalog(3576, "pg_transform", Where(&[&[System("oid")], &[Own("oid", TRANSFORM)]])),
    catalog(3592, "pg_shseclabel", Where(&[&[Is("classoid", AUTHID), Own("objoid", AUTHID)]])),
    catalog(3596, "pg_seclabel", about_own!("classoid", "objoid")),
    catalog(3600, "pg_ts_dict", Where(&[&[System("oid")], &[Own("oid", TS_DICT)]])),
    catalog(3601, "pg_ts_parser", Where(&[&[System("oid")], &[Own("oid", TS_PARSER)]])),
    catalog(3602, "pg_ts_config", Where(&[&[System("oid")], &[Own("oid", TS_CONFIG)]])),
    catalog(3603, "pg_ts_config_map", Where(&[&[System("mapcfg")], &[Own("mapcfg", TS_CONFIG)]])),
    catalog(3764, "pg_ts_template", Where(&[&[System("oid")], &[Own("oid", TS_TEMPLATE)]])),
    catalog(6000, "pg_replication_origin", Nothing),
    catalog(6100, "pg_subscription", Nothing),
    catalog(6102, "pg_subscription_rel", Nothing),
    catalog(6104, "pg_publication", Nothing),
    catalog(6106, "pg_publication_rel", Nothing),
    catalog(6237, "pg_publication_namespace", Nothing),
    catalog(6243, "pg_parameter_acl", Nothing),
];
