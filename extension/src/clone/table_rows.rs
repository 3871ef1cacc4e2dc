//! The rows of the catalogs that make up tables, as `kinds/{tables,columns,constraints}.sql` give
//! them.

use super::kinds::expand;
use super::references::oid;
use super::schema::Source;
use crate::ffi::Oid;
use crate::sql::{Row, Session};
use std::collections::HashMap;
use tenancy_core::Result;

/// A table and its parts.
pub struct Table {
    /// OID.
    pub oid: u32,
    /// Name, without quotes.
    pub name: String,
    /// Whether it has partitions.
    pub is_partitioned: bool,
    /// CREATE TABLE and its name.
    pub create: String,
    /// The composite type that it is of.
    pub of_type: Option<String>,
    /// Its parents, unless it is a partition.
    pub inherits: Option<String>,
    /// What follows the columns: partition key, access method, options, server.
    pub after: String,
    /// The statement that makes it a partition.
    pub attach: Option<String>,
    /// Sub-commands of ALTER TABLE that turn row security on; may be empty.
    pub row_security: String,
    /// The sub-command that says what identifies a row, where no index does.
    pub replica_identity: Option<String>,
    /// What gives a foreign table, made by the superuser, to the owner.
    pub settle: Option<String>,
    /// In order.
    pub columns: Vec<Column>,
    /// The primary key first.
    pub constraints: Vec<Constraint>,
}

/// A column of a table.
pub struct Column {
    /// Name, without quotes.
    pub name: String,
    /// Whether the table declares it itself.
    pub is_local: bool,
    /// Whether the table's composite type brings it.
    pub is_typed: bool,
    /// Type, compression, collation, options.
    pub kind: String,
    /// GENERATED AS IDENTITY, or empty.
    pub identity: String,
    /// NOT NULL, or empty.
    pub not_null: String,
    /// OID of the default.
    pub default_oid: Option<u32>,
    /// DEFAULT or GENERATED with the expression.
    pub default: Option<String>,
    /// Whether the expression generates the column: then it stands in CREATE TABLE always.
    pub is_generated: bool,
    /// Sub-commands of ALTER TABLE; may be empty.
    pub later: String,
}

/// A constraint of a table.
pub struct Constraint {
    /// OID.
    pub oid: u32,
    /// Name, without quotes.
    pub name: String,
    /// As in `pg_constraint.contype`.
    pub kind: String,
    /// What follows its name.
    pub definition: String,
    /// False: NOT VALID.
    pub is_validated: bool,
    /// The statement that makes its index part of the parent's.
    pub attach: Option<String>,
    /// The statement that sets its index's storage parameters.
    pub options: Option<String>,
    /// Checks of children that have to be there before it.
    pub after: Vec<Oid>,
}

/// Reads the tables of a schema.
pub fn read(session: &Session<'_, '_>, source: &Source) -> Result<Vec<Table>> {
    let arguments = source.arguments();
    let query = expand(include_str!("kinds/columns.sql"));
    let rows = session.rows(&query, &arguments, |row| Ok((oid(&row, 1)?, column(&row)?)))?;
    let mut columns = by_table(rows);
    let query = expand(include_str!("kinds/constraints.sql"));
    let rows = session.rows(&query, &arguments, |row| Ok((oid(&row, 2)?, constraint(&row)?)))?;
    let mut constraints = by_table(rows);
    let mut tables =
        session.rows(&expand(include_str!("kinds/tables.sql")), &arguments, |row| table(&row))?;
    for table in &mut tables {
        table.columns = columns.remove(&table.oid).unwrap_or_default();
        table.constraints = constraints.remove(&table.oid).unwrap_or_default();
    }
    Ok(tables)
}

fn by_table<T>(rows: Vec<(u32, T)>) -> HashMap<u32, Vec<T>> {
    let mut tables: HashMap<u32, Vec<T>> = HashMap::new();
    for (table, part) in rows {
        tables.entry(table).or_default().push(part);
    }
    tables
}

fn table(row: &Row<'_>) -> Result<Table> {
    Ok(Table {
        oid: oid(row, 1)?,
        name: row.required(2)?,
        is_partitioned: row.required::<String>(3)? == "p",
        create: row.required(4)?,
        of_type: row.get(5)?,
        inherits: row.get(6)?,
        after: row.required(7)?,
        attach: row.get(8)?,
        row_security: row.required(9)?,
        replica_identity: row.get(10)?,
        settle: row.get(11)?,
        columns: Vec::new(),
        constraints: Vec::new(),
    })
}

fn column(row: &Row<'_>) -> Result<Column> {
    Ok(Column {
        name: row.required(2)?,
        is_local: row.required(3)?,
        is_typed: row.required(4)?,
        kind: row.required(5)?,
        identity: row.required(6)?,
        not_null: row.get::<String>(7)?.unwrap_or_default(),
        default_oid: row.get::<Oid>(8)?.map(|oid| oid.to_u32()),
        default: row.get(9)?,
        is_generated: row.required(10)?,
        later: row.required(11)?,
    })
}

fn constraint(row: &Row<'_>) -> Result<Constraint> {
    Ok(Constraint {
        oid: oid(row, 1)?,
        name: row.required(3)?,
        kind: row.required(4)?,
        definition: row.required(5)?,
        is_validated: row.required(6)?,
        attach: row.get(7)?,
        options: row.get(8)?,
        after: row.required(9)?,
    })
}
