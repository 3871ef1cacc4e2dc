//! Looks whether a session is where the model says: role, tenant, path, what can be read, what the
//! client was told, and whether the seal holds.

use std::collections::BTreeMap;

use super::chance::Chance;
use super::model::{Model, Outside, Place, Visit};
use super::noise::LOOK;
use super::step::fill;
use super::world::{NAMES, Walker, World, secret};
use tenancy_tests::wire::{Reply, Request, Wire};

/// What a look found to be wrong.
pub type Finding = Result<(), String>;

/// What the server has reported by ParameterStatus so far.
pub type Reported = BTreeMap<String, String>;

/// A look at a session that can answer; some looks only now and then, because each is a statement
/// of its own and might mend what it came to see.
pub async fn look(
    wire: &mut Wire,
    chance: &mut Chance,
    model: &mut Model,
    world: &World<'_>,
    reported: &mut Reported,
) -> Finding {
    if model.status == 'E' {
        return Ok(());
    }
    match model.place {
        Place::Outside => outside(wire, model, reported).await?,
        Place::Closed => closed(wire, model, reported).await?,
        Place::Inside(visit) => inside(wire, chance, model, world, visit, reported).await?,
    }
    if model.status == 'I' && chance.once_in(2) {
        others_are_out_of_reach(wire, chance, model, world).await?;
    }
    if model.status == 'I' && chance.once_in(4) {
        the_seal_holds(wire, model).await?;
    }
    Ok(())
}

/// The first row of a query that has to answer, by either protocol.
async fn row(wire: &mut Wire, sql: &str, reported: &mut Reported) -> Result<Vec<String>, String> {
    let replies = wire.ask(Request::new().query(sql)).await;
    hear(&replies, reported);
    for reply in replies {
        match reply {
            Reply::Row(row) => {
                return Ok(row.into_iter().map(|v| v.unwrap_or("NULL".into())).collect());
            }
            Reply::Error(error) => {
                return Err(format!("cannot look: {} {}", error.code, error.message));
            }
            _ => {}
        }
    }
    Err("cannot look: no row".into())
}

/// Takes note of what the server reports.
pub fn hear(replies: &[Reply], reported: &mut Reported) {
    for reply in replies {
        if let Reply::Parameter(name, value) = reply {
            reported.insert(name.clone(), value.clone());
        }
    }
}

fn same(what: &str, found: &str, right: &str) -> Finding {
    if found == right { Ok(()) } else { Err(format!("{what} is {found:?}, should be {right:?}")) }
}

/// The client was told of what is, if it was told anything.
fn told(reported: &Reported, pairs: [(&str, &str); 3]) -> Finding {
    for (name, right) in pairs {
        if let Some(found) = reported.get(name) {
            same(&format!("the client was told that {name}"), found, right)?;
        }
    }
    Ok(())
}

const WHERE: &str = "SELECT current_user, coalesce(tenancy.current(), ''),
    current_setting('tenancy.tenant'), current_setting('search_path'),
    current_setting('is_superuser'), session_user";

async fn outside(wire: &mut Wire, model: &mut Model, reported: &mut Reported) -> Finding {
    let found = row(wire, WHERE, reported).await?;
    let [user, current, mirror, path, superuser, login] = &found[..] else { unreachable!() };
    same("current()", current, "")?;
    same("tenancy.tenant", mirror, "")?;
    same("is_superuser", superuser, "off")?;
    same("session_user", login, &model.login)?;
    let hat = format!("{}_hat", model.login);
    if *user != model.login && *user != hat {
        return Err(format!("outside, current_user is {user:?}"));
    }
    told(reported, [("tenancy.tenant", ""), ("search_path", path), ("is_superuser", "off")])?;
    let now = Outside { user: user.clone(), path: path.clone() };
    match &model.outside {
        Some(before) if !model.settings_changed && *before != now => {
            return Err(format!("back outside it is {now:?}, was {before:?}"));
        }
        _ => model.outside = Some(now),
    }
    model.settings_changed &= model.status != 'I';
    Ok(())
}

async fn closed(wire: &mut Wire, model: &mut Model, reported: &mut Reported) -> Finding {
    let replies = wire.ask(Request::new().query("SELECT current_user")).await;
    hear(&replies, reported);
    let refused = replies.iter().any(|r| matches!(r, Reply::Error(e) if e.code == "42501"));
    let answered = replies.iter().any(|r| matches!(r, Reply::Row(_)));
    if answered || !refused {
        return Err(format!("between tenants it answered {replies:?}"));
    }
    if model.status == 'T' {
        model.status = 'E';
    }
    // In a transaction block path and mirror may lag behind; the place itself holds.
    if model.status == 'I' { told(reported, [("tenancy.tenant", ""); 3]) } else { Ok(()) }
}

async fn inside(
    wire: &mut Wire,
    chance: &mut Chance,
    model: &Model,
    world: &World<'_>,
    visit: Visit,
    reported: &mut Reported,
) -> Finding {
    let tenant = &world.tenants[visit.tenant];
    let (schema, owned) = (&tenant.schema, format!("bool_and(body = '{}')", secret(tenant.name)));
    let sql = format!("{WHERE}, (SELECT {owned} FROM {schema}.note)");
    let found = row(wire, &sql, reported).await?;
    let [user, current, mirror, path, superuser, _, own] = &found[..] else { unreachable!() };
    same("current_user", user, if visit.owner { &tenant.owner } else { &tenant.role })?;
    same("current()", current, tenant.name)?;
    same("tenancy.tenant", mirror, tenant.name)?;
    same("is_superuser", superuser, "off")?;
    same("that its own rows are what it reads", own, "t")?;
    told(
        reported,
        [("tenancy.tenant", tenant.name), ("search_path", path), ("is_superuser", "off")],
    )?;
    if model.settings_changed {
        return Ok(());
    }
    same("search_path", path, &format!("\"{schema}\", \"public\", pg_temp"))?;
    if chance.once_in(3) {
        let found = row(wire, &format!("SELECT {owned} FROM note"), reported).await?;
        same("that its own rows are found by their name", &found[0], "t")?;
    }
    Ok(())
}

/// Codes that say no: denied, or as if it were not there.
const REFUSALS: [&str; 3] = ["42501", "42P01", "3F000"];

async fn others_are_out_of_reach(
    wire: &mut Wire,
    chance: &mut Chance,
    model: &Model,
    world: &World<'_>,
) -> Finding {
    let other = chance.below(world.tenants.len());
    if model.visit().is_some_and(|visit| visit.tenant == other) {
        return Ok(());
    }
    let schema = &world.tenants[other].schema;
    let replies = wire.ask(Request::new().query(&format!("SELECT body FROM {schema}.note"))).await;
    let refused =
        replies.iter().any(|r| matches!(r, Reply::Error(e) if REFUSALS.contains(&&*e.code)));
    let answered = replies.iter().any(|r| matches!(r, Reply::Row(_)));
    if answered || !refused {
        Err(format!("another tenant's table gave {replies:?}"))
    } else {
        Ok(())
    }
}

/// A guess opens nothing. (A gateway's would close the connection, so there it is a step.)
async fn the_seal_holds(wire: &mut Wire, model: &Model) -> Finding {
    let sealed = model.key.is_some() && model.walker != Walker::Gateway;
    if !sealed || model.place == Place::Outside {
        return Ok(());
    }
    match wire.query("SELECT tenancy.leave('a guess')").await {
        Ok(_) => Err("a guess opened the context".into()),
        Err(error) => same("the answer to a guess", &error.code, "28000"),
    }
}

/// Nothing in these replies is a secret of a tenant that is not `allowed`.
pub fn scan(replies: &[Reply], allowed: [Option<Visit>; 2]) -> Finding {
    let shown = format!("{replies:?}");
    for (tenant, name) in NAMES.iter().enumerate() {
        let own = allowed.iter().flatten().any(|visit| visit.tenant == tenant);
        if !own && shown.contains(&secret(name)) {
            return Err(format!("it told the {}: {shown}", secret(name)));
        }
    }
    Ok(())
}

/// Nothing of the last place is in any pocket of the session.
pub async fn pockets(
    wire: &mut Wire,
    chance: &mut Chance,
    model: &Model,
    world: &World<'_>,
) -> Finding {
    for look in LOOK {
        let sql = fill(look, chance, model, world);
        let replies = wire.ask(Request::new().query(&sql)).await;
        scan(&replies, [model.visit(), None]).map_err(|wrong| format!("{sql}: {wrong}"))?;
    }
    Ok(())
}

/// Code that ran inside the statement found itself where the statement is.
pub fn heard_from_inside(replies: &[Reply], model: &Model, world: &World<'_>) -> Finding {
    let Some(visit) = model.visit() else { return Ok(()) };
    let tenant = &world.tenants[visit.tenant];
    let role = if visit.owner { &tenant.owner } else { &tenant.role };
    let right = format!("here={role}/{}", tenant.name);
    for reply in replies {
        if let Reply::Notice(notice) = reply
            && notice.message.starts_with("here=")
        {
            same("code inside", &notice.message, &right)?;
        }
    }
    Ok(())
}
