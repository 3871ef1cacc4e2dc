//! Taking a tenant out of the database: a script that makes an ordinary schema of it elsewhere, or
//! its parts, for an archive.

use super::large_objects::ids;
use super::tenants;
use crate::clone::{self, Blueprint, Contents, Dump, Piece, Position};
use crate::ffi::Oid;
use crate::ffi::names::quoted;
use crate::sql::{self, Session};
use tenancy_core::Result;
use tenancy_core::quote::literal;
use tenancy_core::schema_name::TenantIdentifiers;

/// The extensions that a schema's objects need, and the schemas these are in. From the schema's own
/// objects down to what depends on them, and from there to members of extensions.
const EXTENSIONS: &str = "
WITH RECURSIVE own (classid, objid) AS (
  SELECT d.classid, d.objid FROM pg_depend d
  WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = (SELECT oid FROM pg_namespace WHERE nspname = $1)
  UNION
  SELECT d.classid, d.objid FROM own JOIN pg_depend d ON d.refclassid = own.classid AND d.refobjid = own.objid
  WHERE d.deptype IN ('a', 'i', 'P', 'S')
), needed AS (
  SELECT DISTINCT e.refobjid AS oid
  FROM own JOIN pg_depend d ON d.classid = own.classid AND d.objid = own.objid
    JOIN pg_depend e ON e.classid = d.refclassid AND e.objid = d.refobjid AND e.refclassid = 'pg_extension'::regclass AND e.deptype = 'e'
)
SELECT x.extname::text, n.nspname::text
FROM needed JOIN pg_extension x ON x.oid = needed.oid JOIN pg_namespace n ON n.oid = x.extnamespace
WHERE x.extname <> 'tenancy' ORDER BY x.oid";

/// What an export starts from.
struct Source {
    id: i64,
    names: TenantIdentifiers,
}

fn source(session: &Session<'_, '_>, name: &str) -> Result<Source> {
    let query =
        "SELECT id, schema, role, owner FROM tenancy.tenant WHERE name = $1 AND dropped_at IS NULL";
    let found = session.first(query, &[name.into()], |row| {
        let (schema, role, owner) = (row.required(2)?, row.required(3)?, row.required(4)?);
        Ok(Source { id: row.required(1)?, names: TenantIdentifiers { schema, role, owner } })
    })?;
    found.ok_or_else(tenants::unknown)
}

/// The script that makes a schema like the tenant's, named like the tenant unless told otherwise.
pub fn export(name: &str, schema: Option<&str>) -> Result<Dump> {
    let source = sql::as_registry(|s| source(s, name))?;
    let target = schema.unwrap_or(name);
    clone::lock_tables(&source.names.schema)?;
    clone::refuse_changed(&source.names.schema)?;
    let blueprint = clone::read_for_rows(&source.names.schema, &source.names.role)?;
    let (mut first, objects) = sql::as_superuser(|session| {
        Ok((vec![Piece::Text(header(session, name)?)], large_objects(session, &source)?))
    })?;
    first.extend(sql::as_superuser(|session| extensions(session, &source))?);
    first.push(Piece::Text(format!(
        "CREATE SCHEMA IF NOT EXISTS {0};\nSET search_path = {0}, pg_temp;",
        quoted(target)
    )));
    let path = clone::path(&source.names.schema);
    Dump::new(&blueprint, path, target, first, objects)
}

/// A failure stops psql: it must not take rows for statements.
fn header(session: &Session<'_, '_>, name: &str) -> Result<String> {
    let settings = "SELECT current_setting('server_version'), current_setting('client_encoding')";
    let found = session
        .first(settings, &[], |row| Ok((row.required::<String>(1)?, row.required::<String>(2)?)))?;
    let (server, encoding) = found.ok_or_else(|| sql::broken("a query without a row"))?;
    Ok(format!(
        "-- Tenant {name}, exported by tenancy {} from PostgreSQL {server}.\n\
         -- Run it as the role that shall own everything: psql -X -d DATABASE -f FILE\n\
         \\set ON_ERROR_STOP on\n\
         SET client_encoding = {};\n\
         SET standard_conforming_strings = on;\n\
         SET check_function_bodies = off;\n\
         SET client_min_messages = warning;\n\
         SET xmloption = content;\n\
         SET default_tablespace = '';\n\
         SET default_table_access_method = heap;\n\
         SET default_toast_compression = 'pglz';\n\
         SET datestyle = 'ISO, MDY';\n\
         SET intervalstyle = 'postgres';\n\
         BEGIN;",
        env!("CARGO_PKG_VERSION"),
        literal(&encoding)
    ))
}

fn extensions(session: &Session<'_, '_>, source: &Source) -> Result<Vec<Piece>> {
    session.rows(EXTENSIONS, &[source.names.schema.as_str().into()], |row| {
        let (extension, schema): (String, String) = (row.required(1)?, row.required(2)?);
        let schema = quoted(&schema);
        let place = match schema.as_str() {
            "pg_catalog" => String::new(),
            _ => format!("CREATE SCHEMA IF NOT EXISTS {schema};\n"),
        };
        let extension = quoted(&extension);
        Ok(Piece::Text(format!(
            "{place}CREATE EXTENSION IF NOT EXISTS {extension} WITH SCHEMA {schema};"
        )))
    })
}

/// Each is made under the id that the tenant's rows know it by.
fn large_objects(session: &Session<'_, '_>, source: &Source) -> Result<Vec<Piece>> {
    let objects = ids(session, source.id, &source.names)?;
    let pieces = objects.into_iter().flat_map(|(id, real)| {
        [
            Piece::Text(format!("SELECT pg_catalog.lo_create({id});")),
            Piece::Lines(format!(
                "SELECT format('SELECT pg_catalog.lo_put({id}, %s, %L);', pageno::bigint * 2048, data) \
                 FROM pg_largeobject WHERE loid = {} ORDER BY pageno",
                real.to_u32()
            )),
        ]
    });
    Ok(pieces.collect())
}

/// The statements that make a tenant's structure, those that come after the rows apart.
pub fn export_structure(name: &str) -> Result<Blueprint> {
    let source = sql::as_registry(|s| source(s, name))?;
    clone::lock_tables(&source.names.schema)?;
    clone::refuse_changed(&source.names.schema)?;
    clone::read_for_rows(&source.names.schema, &source.names.role)
}

/// The tenant's tables that hold rows.
pub fn export_tables(name: &str) -> Result<Vec<Contents>> {
    in_schema(name, clone::contents)
}

/// Where the tenant's sequences stand.
pub fn export_sequences(name: &str) -> Result<Vec<Position>> {
    in_schema(name, clone::positions)
}

fn in_schema<T>(name: &str, read: impl Fn(&Session<'_, '_>, Oid) -> Result<T>) -> Result<T> {
    let source = sql::as_registry(|s| source(s, name))?;
    sql::as_superuser_with_path(&clone::path(&source.names.schema), |session| {
        let find = "SELECT oid FROM pg_namespace WHERE nspname = $1";
        let schema = source.names.schema.as_str();
        let oid = session.first(find, &[schema.into()], |row| row.required::<Oid>(1))?;
        read(session, oid.ok_or_else(|| sql::broken("a tenant's schema is gone"))?)
    })
}

/// The tenant's large objects: the id that it knows, and the real one.
pub fn export_large_objects(name: &str) -> Result<Vec<(i64, Oid)>> {
    let source = sql::as_registry(|s| source(s, name))?;
    sql::as_superuser(|session| ids(session, source.id, &source.names))
}
