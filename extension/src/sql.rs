//! Running SQL: as the registry's owner, as the superuser, or as a tenant's owner role, always
//! under a search path of our own.

use crate::ffi::Oid;
use crate::ffi::cursors::Cursor;
use crate::ffi::roles::{self, AsRole};
use pgrx::datum::DatumWithOid;
use pgrx::pg_sys::PgOid;
use pgrx::spi::{self, OwnedPreparedStatement, Spi, SpiClient, SpiHeapTupleData};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use tenancy_core::{Error, Result, SqlState};

/// Nothing but PostgreSQL's own names resolve without a schema.
pub const OWN_PATH: &str = "pg_catalog, pg_temp";

type Plan = Rc<OwnedPreparedStatement>;

thread_local! {
    /// Plans of statements that run again and again. PostgreSQL makes them anew when what they rest on
    /// has changed.
    static PLANS: RefCell<HashMap<&'static str, Plan>> = RefCell::default();
}

/// Runs `work` as the owner of the registry.
pub fn as_registry<T>(work: impl FnOnce(&mut Session<'_, '_>) -> Result<T>) -> Result<T> {
    let owner =
        roles::find("tenancy_owner").ok_or_else(|| broken("role \"tenancy_owner\" is gone"))?;
    let _guard = AsRole::trusted(owner, OWN_PATH);
    run(work)
}

/// Runs `work` as the superuser. Only for statements on names that we made or checked.
pub fn as_superuser<T>(work: impl FnOnce(&mut Session<'_, '_>) -> Result<T>) -> Result<T> {
    let _guard = AsRole::bootstrap_superuser(OWN_PATH);
    run(work)
}

/// Runs `work` as the superuser under a path with somebody's schema, in which PostgreSQL's own names
/// come first. For queries alone: one that would call anything but PostgreSQL's own is refused.
pub fn as_superuser_with_path<T>(
    path: &str,
    work: impl FnOnce(&mut Session<'_, '_>) -> Result<T>,
) -> Result<T> {
    let _guard = AsRole::bootstrap_superuser_among_foreign_names(path);
    run(work)
}

/// Runs `work`, somebody else's SQL, as `role` with `path`; nothing it does outlasts the call but
/// what it wrote.
pub fn as_restricted<T>(
    role: Oid,
    path: &str,
    work: impl FnOnce(&mut Session<'_, '_>) -> Result<T>,
) -> Result<T> {
    let _guard = AsRole::restricted(role, path);
    run(work)
}

fn run<T>(work: impl FnOnce(&mut Session<'_, '_>) -> Result<T>) -> Result<T> {
    Spi::connect_mut(|client| work(&mut Session { client }))
}

/// A connection to the running backend itself.
pub struct Session<'a, 'conn> {
    client: &'a mut SpiClient<'conn>,
}

/// One row of a result.
pub struct Row<'a>(SpiHeapTupleData<'a>);

impl Row<'_> {
    /// Column `number`, from 1; `None` for NULL.
    pub fn get<T: pgrx::FromDatum + pgrx::IntoDatum>(&self, number: usize) -> Result<Option<T>> {
        internal(self.0.get(number))
    }

    /// Column `number`, which cannot be NULL.
    pub fn required<T: pgrx::FromDatum + pgrx::IntoDatum>(&self, number: usize) -> Result<T> {
        self.get(number)?.ok_or_else(|| broken("a registry column is NULL that cannot be"))
    }
}

impl Session<'_, '_> {
    /// Runs one statement; returns the number of rows.
    pub fn execute(&mut self, text: &str, arguments: &[DatumWithOid<'_>]) -> Result<usize> {
        internal(self.client.update(text, None, arguments)).map(|rows| rows.len())
    }

    /// Has queries on the catalogs planned by index until the role is given back: statistics know
    /// nothing of how few rows a schema has of a large catalog.
    pub fn by_index(&self) -> Result<&Self> {
        let settings = "SELECT set_config(s, 'off', true) FROM unnest('{enable_seqscan,enable_hashjoin,\
            enable_mergejoin,enable_material,jit,quote_all_identifiers}'::text[]) s";
        self.rows(settings, &[], |_| Ok(()))?;
        Ok(self)
    }

    /// The rows of a query that only reads, mapped. On a standby too, and without a transaction id.
    pub fn rows<T>(
        &self,
        text: &str,
        arguments: &[DatumWithOid<'_>],
        map: impl Fn(Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let table = internal(self.client.select(text, None, arguments))?;
        table.map(|row| map(Row(row))).collect()
    }

    /// The texts that a query gives under the active snapshot, so many at a time.
    pub fn batches(
        &mut self,
        text: &str,
        size: usize,
        mut work: impl FnMut(&mut Session<'_, '_>, &[String]) -> Result<()>,
    ) -> Result<()> {
        let cursor = Cursor::open(text).ok_or_else(|| broken("a query cannot be run"))?;
        loop {
            let mut rows = Vec::new();
            cursor.fetch(size, |values| {
                rows.extend(values.iter().copied().flatten().map(str::to_owned));
            });
            if rows.is_empty() {
                cursor.close();
                return Ok(());
            }
            work(self, &rows)?;
        }
    }

    /// The rows of a statement that may write, mapped; its plan is kept for the next time.
    pub fn kept<T>(
        &mut self,
        text: &'static str,
        arguments: &[DatumWithOid<'_>],
        map: impl Fn(Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let plan = self.plan(text, arguments)?;
        let table = internal(self.client.update(&*plan, None, arguments))?;
        table.map(|row| map(Row(row))).collect()
    }

    fn plan(&self, text: &'static str, arguments: &[DatumWithOid<'_>]) -> Result<Plan> {
        if let Some(plan) = PLANS.with_borrow(|plans| plans.get(text).cloned()) {
            return Ok(plan);
        }
        let types: Vec<_> = arguments.iter().map(|a| PgOid::from(a.oid())).collect();
        let plan = Rc::new(internal(self.client.prepare_mut(text, &types))?.keep());
        PLANS.with_borrow_mut(|plans| plans.insert(text, plan.clone()));
        Ok(plan)
    }

    /// The first row of a query that only reads, mapped.
    pub fn first<T>(
        &self,
        text: &str,
        arguments: &[DatumWithOid<'_>],
        map: impl Fn(Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        Ok(self.rows(text, arguments, map)?.into_iter().next())
    }

    /// The rows of a query, mapped, as of now: also what was committed since the statement began that
    /// called us.
    pub fn all<T>(
        &mut self,
        text: &str,
        arguments: &[DatumWithOid<'_>],
        map: impl Fn(Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let table = internal(self.client.update(text, None, arguments))?;
        table.map(|row| map(Row(row))).collect()
    }

    /// The first row that a statement which writes or locks returns, mapped.
    pub fn returning<T>(
        &mut self,
        text: &str,
        arguments: &[DatumWithOid<'_>],
        map: impl Fn(Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        let mut table = internal(self.client.update(text, None, arguments))?;
        table.next().map(|row| map(Row(row))).transpose()
    }
}

fn internal<T>(result: std::result::Result<T, spi::Error>) -> Result<T> {
    result.map_err(|error| broken(&error.to_string()))
}

/// A fact about the registry that does not hold.
pub fn broken(what: &str) -> Error {
    Error::new(SqlState::InternalError, format!("tenancy: {what}"))
        .hint("The registry or its roles were changed by hand; restore them.")
}
