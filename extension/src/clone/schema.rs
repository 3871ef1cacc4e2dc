//! The schema that is read, and the marks that its script carries.

use super::kinds::{self, Kind};
use super::part::{Node, Part};
use super::script::Slots;
use crate::ffi::names::quoted;
use crate::ffi::{Oid, random, roles};
use crate::sql::Session;
use pgrx::datum::DatumWithOid;
use std::collections::HashSet;
use tenancy_core::quote::identifier;
use tenancy_core::{Error, Result, SqlState};

/// A schema to be read.
pub struct Source {
    /// Its OID.
    pub oid: Oid,
    /// Its name.
    pub name: String,
    /// The role whose rights the copy's role gets: the tenants' group, or a tenant's own.
    pub grantee: Oid,
    /// Stands on both sides of free text in what the queries give. Random: no text can hold it.
    pub mark: String,
    /// Stand where the copy's names will.
    pub slots: Slots,
    /// The names of what it holds, by which mentions of the schema are known.
    pub names: HashSet<String>,
    /// Tables with the name of a type of PostgreSQL's: their row types print with their schema.
    pub hidden: HashSet<String>,
}

/// Everything with a name in the schema.
const NAMES: &str = "
SELECT relname::text FROM pg_class WHERE oid IN (@members(pg_class)@)
UNION SELECT typname FROM pg_type WHERE oid IN (@members(pg_type)@)
UNION SELECT proname FROM pg_proc WHERE oid IN (@members(pg_proc)@)
UNION SELECT collname FROM pg_collation WHERE oid IN (@members(pg_collation)@)
UNION SELECT cfgname FROM pg_ts_config WHERE oid IN (@members(pg_ts_config)@)
UNION SELECT dictname FROM pg_ts_dict WHERE oid IN (@members(pg_ts_dict)@)";

/// Tables whose row type another type stands before.
const HIDDEN: &str = "
SELECT relname::text FROM pg_class WHERE oid IN (@members(pg_class)@) AND reltype <> 0 AND NOT pg_type_is_visible(reltype)";

/// What cannot be copied: members of extensions, and names that PostgreSQL takes for its own.
const OBSTACLES: &str = "
SELECT pg_describe_object(d.classid, d.objid, 0), format('It belongs to extension %s.', quote_ident(e.extname)),
  'Move the extension to a schema of its own, which all tenants share: ALTER EXTENSION ... SET SCHEMA.'
FROM pg_depend d JOIN pg_depend x ON x.classid = d.classid AND x.objid = d.objid AND x.refclassid = 'pg_extension'::regclass AND x.deptype = 'e'
  JOIN pg_extension e ON e.oid = x.refobjid
WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = $1 AND d.deptype = 'n'
UNION ALL
SELECT pg_describe_object('pg_type'::regclass, oid, 0), 'PostgreSQL has a type of this name, which a copy would take for it.', 'Rename it.'
FROM pg_type WHERE oid IN (@members(pg_type)@) AND NOT pg_type_is_visible(oid)
UNION ALL
SELECT pg_describe_object('pg_class'::regclass, oid, 0), 'PostgreSQL has a relation of this name, which a copy would take for it.', 'Rename it.'
FROM pg_class WHERE oid IN (@members(pg_class)@) AND NOT pg_table_is_visible(oid)
UNION ALL
SELECT pg_describe_object('pg_proc'::regclass, oid, 0), 'PostgreSQL has a function of this name and these arguments, which a copy would take for it.', 'Rename it.'
FROM pg_proc WHERE oid IN (@members(pg_proc)@) AND NOT pg_function_is_visible(oid)
UNION ALL
SELECT pg_describe_object('pg_operator'::regclass, oid, 0), 'PostgreSQL has an operator of this name and these types, which a copy would take for it.', 'Rename it.'
FROM pg_operator WHERE oid IN (@members(pg_operator)@) AND NOT pg_operator_is_visible(oid)
UNION ALL
SELECT pg_describe_object('pg_collation'::regclass, oid, 0), 'PostgreSQL has a collation of this name, which a copy would take for it.', 'Rename it.'
FROM pg_collation WHERE oid IN (@members(pg_collation)@) AND NOT pg_collation_is_visible(oid)
UNION ALL
SELECT pg_describe_object('pg_ts_config'::regclass, oid, 0), 'PostgreSQL has a text search configuration of this name, which a copy would take for it.', 'Rename it.'
FROM pg_ts_config WHERE oid IN (@members(pg_ts_config)@) AND NOT pg_ts_config_is_visible(oid)
UNION ALL
SELECT pg_describe_object('pg_ts_dict'::regclass, oid, 0), 'PostgreSQL has a text search dictionary of this name, which a copy would take for it.', 'Rename it.'
FROM pg_ts_dict WHERE oid IN (@members(pg_ts_dict)@) AND NOT pg_ts_dict_is_visible(oid)
UNION ALL
SELECT pg_describe_object('pg_ts_parser'::regclass, oid, 0), 'PostgreSQL has a text search parser of this name, which a copy would take for it.', 'Rename it.'
FROM pg_ts_parser WHERE oid IN (@members(pg_ts_parser)@) AND NOT pg_ts_parser_is_visible(oid)
UNION ALL
SELECT pg_describe_object('pg_ts_template'::regclass, oid, 0), 'PostgreSQL has a text search template of this name, which a copy would take for it.', 'Rename it.'
FROM pg_ts_template WHERE oid IN (@members(pg_ts_template)@) AND NOT pg_ts_template_is_visible(oid)
UNION ALL
SELECT pg_describe_object('pg_opclass'::regclass, oid, 0), 'PostgreSQL has an operator class of this name, which a copy would take for it.', 'Rename it.'
FROM pg_opclass WHERE oid IN (@members(pg_opclass)@) AND NOT pg_opclass_is_visible(oid)
UNION ALL
SELECT pg_describe_object('pg_opfamily'::regclass, oid, 0), 'PostgreSQL has an operator family of this name, which a copy would take for it.', 'Rename it.'
FROM pg_opfamily WHERE oid IN (@members(pg_opfamily)@) AND NOT pg_opfamily_is_visible(oid)
UNION ALL
SELECT pg_describe_object('pg_conversion'::regclass, oid, 0), 'PostgreSQL has a conversion of this name, which a copy would take for it.', 'Rename it.'
FROM pg_conversion WHERE oid IN (@members(pg_conversion)@) AND NOT pg_conversion_is_visible(oid)
LIMIT 1";

impl Source {
    /// The path under which the schema's own names stand alone. PostgreSQL's come before them: what
    /// we run by a bare name is never what somebody put into the schema.
    pub fn path(name: &str) -> String {
        format!("{}, pg_temp", identifier(name))
    }

    /// Finds the schema, and refuses what cannot be copied.
    pub fn find(session: &Session<'_, '_>, name: &str, grantee: &str) -> Result<Self> {
        let oid = session
            .first("SELECT oid FROM pg_namespace WHERE nspname = $1", &[name.into()], |row| {
                row.required::<Oid>(1)
            })?
            .ok_or_else(|| {
                Error::new(SqlState::UndefinedSchema, format!("schema {name:?} does not exist"))
                    .hint("SELECT nspname FROM pg_namespace lists the schemas.")
            })?;
        let mut source = Self {
            oid,
            name: name.to_owned(),
            grantee: roles::find(grantee).unwrap_or(Oid::INVALID),
            mark: random::token()?,
            slots: Slots::new()?,
            names: HashSet::new(),
            hidden: HashSet::new(),
        };
        source.refuse_obstacles(session)?;
        source.names = source.texts(session, NAMES)?;
        source.hidden = source.texts(session, HIDDEN)?;
        Ok(source)
    }

    fn texts(&self, session: &Session<'_, '_>, query: &str) -> Result<HashSet<String>> {
        let texts =
            session.rows(&kinds::expand(query), &self.arguments(), |row| row.required(1))?;
        Ok(texts.into_iter().collect())
    }

    /// A description in which hidden row types stand without the schema, as all else does.
    pub fn without_schema(&self, description: String) -> String {
        let schema = quoted(&self.name);
        self.hidden.iter().fold(description, |text, name| {
            let name = quoted(name);
            text.replace(&format!("{schema}.{name}"), &name)
        })
    }

    /// The arguments of the queries that read the schema.
    pub fn arguments(&self) -> Vec<DatumWithOid<'_>> {
        vec![
            self.oid.into(),
            self.mark.as_str().into(),
            self.slots.schema.as_str().into(),
            self.slots.owner.as_str().into(),
            self.slots.role.as_str().into(),
            self.grantee.into(),
        ]
    }

    fn refuse_obstacles(&self, session: &Session<'_, '_>) -> Result<()> {
        let query = kinds::expand(OBSTACLES);
        let found = session.first(&query, &self.arguments(), |row| {
            Ok((row.required::<String>(1)?, row.required::<String>(2)?, row.required::<String>(3)?))
        })?;
        let Some((object, detail, hint)) = found else { return Ok(()) };
        Err(Error::new(
            SqlState::FeatureNotSupported,
            format!("{object} of schema {:?} cannot be copied", self.name),
        )
        .detail(detail)
        .hint(hint))
    }

    /// The statements of one kind.
    pub fn parts(&self, session: &Session<'_, '_>, kind: &Kind) -> Result<Vec<Part>> {
        session.rows(&kind.query(), &self.arguments(), |row| {
            let (catalog, object) = (row.required::<Oid>(1)?, row.required::<Oid>(2)?);
            let node =
                Node { catalog: catalog.to_u32(), object: object.to_u32(), part: row.required(3)? };
            let mut part = Part::new(node, kind.rank, row.required(5)?);
            part.privileged = row.required(4)?;
            Ok(part)
        })
    }
}
