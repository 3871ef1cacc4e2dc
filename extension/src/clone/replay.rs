//! Running a script: each statement as the copy's owner, but for the few that only a superuser may
//! run, which make objects without running anybody's code.

use super::rows::{Position, Rows, set_positions};
use super::script::{Names, Step};
use super::{Blueprint, leaks};
use crate::ffi::roles::AsRole;
use crate::ffi::{Oid, event_trigger, report, roles};
use crate::sql::{self, Session};
use pgrx::PgTryBuilder;
use tenancy_core::Result;
use tenancy_core::quote::identifier;

/// The copy that is being made.
pub struct Target<'a> {
    names: Names<'a>,
    owner: Oid,
    path: String,
}

/// Functions may name what is not there yet; what is said of shells interests nobody.
const QUIETLY: &str = "SELECT pg_catalog.set_config('check_function_bodies', 'off', true), pg_catalog.set_config('client_min_messages', 'warning', true), \
    pg_catalog.set_config('default_tablespace', '', true), pg_catalog.set_config('default_table_access_method', 'heap', true), \
    pg_catalog.set_config('default_toast_compression', 'pglz', true)";

impl Target<'_> {
    /// Runs `work` as the copy's owner.
    pub fn as_owner<T>(
        &self,
        session: &mut Session<'_, '_>,
        work: impl FnOnce(&mut Session<'_, '_>) -> Result<T>,
    ) -> Result<T> {
        let _guard = AsRole::restricted(self.owner, &self.path);
        session.rows(QUIETLY, &[], |_| Ok(()))?;
        work(session)
    }

    fn as_superuser<T>(
        &self,
        session: &mut Session<'_, '_>,
        work: impl FnOnce(&mut Session<'_, '_>) -> Result<T>,
    ) -> Result<T> {
        let _guard = AsRole::bootstrap_superuser(&self.path);
        session.rows(QUIETLY, &[], |_| Ok(()))?;
        work(session)
    }
}

/// Makes the copy with all rows.
pub fn replay(blueprint: &Blueprint, names: Names<'_>) -> Result<()> {
    replay_with(blueprint, names, &Rows::All)
}

/// Makes the copy: structure, rows, and what watches over rows. Schema and roles are there.
/// An error of a statement names the object in its DETAIL.
pub fn replay_with(blueprint: &Blueprint, names: Names<'_>, rows: &Rows) -> Result<()> {
    let owner = roles::find(names.owner).ok_or_else(|| sql::broken("the owner role is gone"))?;
    let path = format!("{}, pg_temp", identifier(names.schema));
    let target = Target { names, owner, path };
    let _quiet = event_trigger::pause_all();
    sql::as_superuser(|session| {
        let (before, after) = blueprint.steps.split_at(blueprint.rows_at);
        run(blueprint, session, before, &target)?;
        super::rows::copy(session, blueprint.schema, &target, rows)?;
        run(blueprint, session, after, &target)?;
        if blueprint.is_proven {
            return Ok(());
        }
        leaks::require_none(session, names.schema, blueprint.schema)
    })
}

/// What of a script runs at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// What must be there before rows are.
    BeforeRows,
    /// What comes after them.
    AfterRows,
}

/// Runs one half of a script. Where sequences shall stand comes with the second.
pub fn replay_half(
    blueprint: &Blueprint,
    names: Names<'_>,
    half: Half,
    positions: &[Position],
) -> Result<()> {
    let owner = roles::find(names.owner).ok_or_else(|| sql::broken("the owner role is gone"))?;
    let target = Target { names, owner, path: super::path(names.schema) };
    let _quiet = event_trigger::pause();
    let (before, after) = blueprint.steps.split_at(blueprint.rows_at);
    sql::as_superuser(|session| match half {
        Half::BeforeRows => run(blueprint, session, before, &target),
        Half::AfterRows => {
            target.as_owner(session, |session| set_positions(session, positions))?;
            run(blueprint, session, after, &target)
        }
    })
}

/// Neighbours that run as the same role share one change of role.
fn run(
    blueprint: &Blueprint,
    session: &mut Session<'_, '_>,
    steps: &[Step],
    target: &Target<'_>,
) -> Result<()> {
    for group in steps.chunk_by(|a, b| a.privileged == b.privileged) {
        let work = |session: &mut Session<'_, '_>| {
            group.iter().try_for_each(|step| execute(blueprint, session, step, target))
        };
        if group.first().is_some_and(|step| step.privileged) {
            target.as_superuser(session, work)?;
        } else {
            target.as_owner(session, work)?;
        }
    }
    Ok(())
}

fn execute(
    blueprint: &Blueprint,
    session: &mut Session<'_, '_>,
    step: &Step,
    target: &Target<'_>,
) -> Result<()> {
    let text = blueprint.slots.fill(&step.text, target.names);
    let attempt = std::panic::AssertUnwindSafe(|| session.execute(&text, &[]));
    PgTryBuilder::new(attempt)
        .catch_others(|caught| {
            report::raise_again(caught, &format!("While making {}.", step.object))
        })
        .execute()
        .map(drop)
}
