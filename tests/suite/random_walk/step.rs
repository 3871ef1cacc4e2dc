//! What a walk does next: a move with a key, right or wrong, or noise, by either protocol.

use super::chance::Chance;
use super::model::{Gate, Goal, Model, Place};
use super::noise;
use super::world::{World, secret};
use tenancy_tests::wire::Request;

/// A message or several, up to one ReadyForQuery.
pub struct Step {
    /// For the record.
    pub text: String,
    pub request: Request,
    /// What it asks for if it is a move.
    pub attempt: Option<Attempt>,
    /// Whether it ends the transaction when it succeeds.
    pub ends_transaction: bool,
    /// Whether the server is asked to cancel it.
    pub cancelled: bool,
}

/// A move that is tried.
pub struct Attempt {
    pub goal: Goal,
    pub key: Option<String>,
    /// Whether it shows what it has to.
    pub opens: bool,
}

impl Step {
    pub fn choose(chance: &mut Chance, model: &Model, world: &World<'_>) -> Step {
        match chance.below(20) {
            0..=4 => movement(chance, model, world),
            5 => protocol_statement(chance, model, world),
            6 => several(chance, model, world),
            7 if chance.once_in(4) => sleep(),
            _ => single(chance, model, world),
        }
    }

    fn plain(text: String, request: Request) -> Step {
        let ends_transaction = ends_transaction(&text);
        Step { text, request, attempt: None, ends_transaction, cancelled: false }
    }
}

fn ends_transaction(sql: &str) -> bool {
    (sql.starts_with("COMMIT") || sql.starts_with("ROLLBACK")) && !sql.contains(" TO ")
}

/// A noise statement with its names filled in.
pub fn fill(template: &str, chance: &mut Chance, model: &Model, world: &World<'_>) -> String {
    let own = model.visit().map_or_else(|| chance.below(world.tenants.len()), |v| v.tenant);
    let other = (own + 1 + chance.below(world.tenants.len() - 1)) % world.tenants.len();
    // Outside there is nobody's secret to be said.
    let body = model.visit().map_or("nothing".to_owned(), |v| secret(world.tenants[v.tenant].name));
    template
        .replace("{own}", &world.tenants[own].schema)
        .replace("{other}", &world.tenants[other].schema)
        .replace("{tenant}", world.tenants[other].name)
        .replace("{body}", &body)
        .replace("{hat}", &format!("{}_hat", model.login))
}

fn single(chance: &mut Chance, model: &Model, world: &World<'_>) -> Step {
    let text = fill(noise::any(chance), chance, model, world);
    let request = if chance.once_in(3) {
        Request::new().parse("", &text).bind("", &[]).execute().sync()
    } else {
        Request::new().query(&text)
    };
    Step::plain(text, request)
}

/// Several statements in one message, or several messages before one Sync. Where the end of the
/// transaction moves the session nothing in the middle may end it, or nobody could tell where the
/// rest of the message ran.
fn several(chance: &mut Chance, model: &Model, world: &World<'_>) -> Step {
    let free = model.status == 'I' && !model.is_bound_to_transaction();
    let mut texts = Vec::new();
    for _ in 0..2 + chance.below(3) {
        let template = if free { noise::any(chance) } else { noise::statement(chance) };
        texts.push(fill(template, chance, model, world));
    }
    let text = texts.join("; ");
    let request = if chance.once_in(2) {
        Request::new().query(&text)
    } else {
        let one_by_one =
            |request: Request, sql: &String| request.parse("", sql).bind("", &[]).execute();
        texts.iter().fold(Request::new(), one_by_one).sync()
    };
    Step { ends_transaction: false, ..Step::plain(text, request) }
}

/// Prepares a named statement of the protocol, or runs one that was prepared some time ago.
fn protocol_statement(chance: &mut Chance, model: &Model, world: &World<'_>) -> Step {
    let name = chance.pick(&["w1", "w2"]);
    if chance.once_in(3) {
        let sql = chance.pick(&[
            "SELECT body FROM note",
            "SELECT body FROM {own}.note",
            "SELECT current_user",
        ]);
        let sql = fill(sql, chance, model, world);
        return Step::plain(
            format!("Parse {name}: {sql}"),
            Request::new().parse(name, &sql).sync(),
        );
    }
    Step::plain(format!("Bind, Execute {name}"), Request::new().bind(name, &[]).execute().sync())
}

fn sleep() -> Step {
    let text = "SELECT pg_sleep(20)";
    Step { cancelled: true, ..Step::plain(text.to_owned(), Request::new().query(text)) }
}

/// A key to try: the right one, or another, or none.
fn key(chance: &mut Chance, gate: &Gate) -> Option<String> {
    match (gate, chance.below(5)) {
        (Gate::Key(right), 0..=2) => Some(right.clone()),
        (Gate::Key(right), 3) => Some(format!("{}!", &right[..right.len() - 1])),
        (Gate::Open | Gate::Tenant(_), 3..) => {
            Some(format!("a key of its own {}", chance.below(1 << 30)))
        }
        _ => None,
    }
}

/// Whether an attempt shows what it has to.
fn opens(gate: &Gate, goal: Goal, key: Option<&str>) -> bool {
    match (gate, goal) {
        (Gate::Open, _) => true,
        (Gate::Key(right), _) => key == Some(right),
        (Gate::Tenant(bound), Goal::Enter(to, _) | Goal::EnterLocal(to)) => to == Some(*bound),
        (Gate::Tenant(_), _) => false,
    }
}

fn movement(chance: &mut Chance, model: &Model, world: &World<'_>) -> Step {
    let tenant = (!chance.once_in(8)).then(|| chance.below(world.tenants.len()));
    let goal = match (model.place, chance.below(10)) {
        (_, 0) => Goal::Leave,
        (_, 1) => Goal::EnterLocal(tenant),
        (_, 2) => Goal::Switch(Some(tenant)),
        (Place::Outside, 3..=5) => Goal::EnterLocal(tenant),
        (Place::Outside, _) => Goal::Enter(tenant, chance.once_in(3)),
        (_, 3) if is_gateway(model) => Goal::Switch(None),
        (_, 4..=8) if is_gateway(model) => Goal::Switch(Some(tenant)),
        (_, 3 | 4) => Goal::Leave,
        _ => Goal::Enter(tenant, chance.once_in(3)),
    };
    let gate = model.gate(goal);
    let key = key(chance, &gate);
    let opens = opens(&gate, goal, key.as_deref());
    let (text, request) = message(chance, goal, key.as_deref(), world);
    Step { attempt: Some(Attempt { goal, key, opens }), ..Step::plain(text, request) }
}

fn is_gateway(model: &Model) -> bool {
    model.walker == super::world::Walker::Gateway
}

/// The call as FunctionCall, as Query, or by the extended protocol.
fn message(
    chance: &mut Chance,
    goal: Goal,
    key: Option<&str>,
    world: &World<'_>,
) -> (String, Request) {
    let name = |tenant: Option<usize>| tenant.map_or("nobody", |t| world.tenants[t].name);
    let functions = &world.functions;
    let (function, oid, arguments) = match goal {
        Goal::Enter(to, owner) => {
            let capacity = if owner { "owner" } else { "member" };
            ("enter", functions.enter, vec![Some(name(to)), key, Some(capacity)])
        }
        Goal::EnterLocal(to) => ("enter_local", functions.enter_local, vec![Some(name(to)), key]),
        Goal::Leave => ("leave", functions.leave, vec![key]),
        Goal::Switch(to) => ("switch", functions.switch, vec![key, to.map(name)]),
    };
    let shown: Vec<_> =
        arguments.iter().map(|a| a.map_or("NULL".into(), |a| format!("'{a}'"))).collect();
    let sql = format!("SELECT tenancy.{function}({})", shown.join(", "));
    let request = match chance.below(3) {
        0 => Request::new().function_call(oid, &arguments),
        1 => Request::new().parse("", &sql).bind("", &[]).execute().sync(),
        _ => Request::new().query(&sql),
    };
    (sql, request)
}
