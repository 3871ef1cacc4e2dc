//! Random statements in one session, and after each step a look whether the session is where it
//! should be. The same seed gives the same walk. By environment:
//!
//! - `TENANCY_SEED`: the first walk's; those behind it count up from there (default 1)
//! - `TENANCY_WALKS`: how many walks, each on a connection of its own (default 12)
//! - `TENANCY_STEPS`: how many steps each (default 80)
//! - `TENANCY_SECONDS`: walk on until that many seconds have passed

pub mod chance;
mod look;
mod model;
mod noise;
mod step;
mod world;

use std::time::{Duration, Instant};

use chance::Chance;
use look::{Finding, Reported};
use model::{Expected, Goal, Model, Place};
use step::{Attempt, Step};
use tenancy_tests::database::Database;
use tenancy_tests::wire::{Reply, Wire};
use tokio::io::AsyncReadExt;
use world::World;

/// Nothing that a walk asks for takes as long.
const PATIENCE: Duration = Duration::from_secs(60);

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap())
}

#[tokio::test]
async fn no_walk_of_random_statements_leads_astray() {
    let world = World::create(Database::new()).await;
    let (seed, steps) = (number("TENANCY_SEED", 1), number("TENANCY_STEPS", 80));
    let until = Instant::now() + Duration::from_secs(number("TENANCY_SECONDS", 0));
    let fewest = number("TENANCY_WALKS", 12);
    let mut walks = 0;
    while walks < fewest || Instant::now() < until {
        walk(&world, seed + walks, steps).await;
        walks += 1;
    }
    world.assert_nothing_crossed();
    println!("{walks} walks of {steps} steps, from seed {seed} on");
}

/// One connection's walk; panics with its seed and every step at the first thing that is wrong.
async fn walk(world: &World<'_>, seed: u64, steps: u64) {
    let mut chance = Chance::new(seed);
    let (mut wire, mut model) = world.start(&mut chance).await;
    let (mut reported, mut record) = (Reported::new(), vec![format!("{:?}", model.walker)]);
    for _ in 0..steps {
        let step = Step::choose(&mut chance, &model, world);
        record.push(format!("[{} {:?}] {}", model.status, model.place, step.text));
        let before = model.place;
        let taken = tokio::time::timeout(PATIENCE, async {
            take(&mut wire, step, &mut model, world, &mut reported, &mut record).await?;
            look::look(&mut wire, &mut chance, &mut model, world, &mut reported).await?;
            let moved = before != model.place && model.status == 'I';
            if moved && chance.once_in(2) {
                look::pockets(&mut wire, &mut chance, &model, world).await?;
            }
            Finding::Ok(())
        });
        if let Err(wrong) = taken.await.unwrap_or_else(|_| Err("no answer".to_owned())) {
            let last = record[record.len().saturating_sub(40)..].join("\n");
            panic!(
                "{wrong}; the model says {model:?}\nTENANCY_SEED={seed} TENANCY_WALKS=1 TENANCY_STEPS={steps}\n{last}"
            );
        }
    }
}

/// Takes a step and has the model follow.
async fn take(
    wire: &mut Wire,
    step: Step,
    model: &mut Model,
    world: &World<'_>,
    reported: &mut Reported,
    record: &mut Vec<String>,
) -> Finding {
    let before = model.visit();
    wire.send(step.request).await;
    if step.cancelled {
        cancel(world.login(model.walker).port(), wire.key).await;
    }
    let replies = wire.until_ready().await;
    look::hear(&replies, reported);
    let Some(Reply::Ready(status)) = replies.last() else {
        return Err("the server closed the connection".into());
    };
    let refusal = replies.iter().find_map(|reply| match reply {
        Reply::Error(error) => Some(error),
        _ => None,
    });
    record.push(refusal.map_or("  done".into(), |e| format!("  {} {}", e.code, e.message)));
    look::heard_from_inside(&replies, model, world)?;
    let started = model.place;
    if let Some(attempt) = step.attempt {
        let code = refusal.map(|error| &error.code[..]);
        settle(model, &attempt, code)?;
        if code.is_none() {
            take_key(model, attempt, &replies)?;
        }
    }
    let visited = model.visit();
    model.follow(*status, step.ends_transaction && (refusal.is_none() || model.status == 'E'));
    note_settings(&step.text, started, refusal.is_some(), model);
    if model.status == 'I'
        && model.place == Place::Outside
        && model.walker != world::Walker::Gateway
    {
        model.key = None;
    }
    look::scan(&replies, [before, visited])
}

/// The place that a move led to, when it is one where it may lead.
fn settle(model: &mut Model, attempt: &Attempt, code: Option<&str>) -> Finding {
    let goal = attempt.goal;
    let expected = model.expect(goal, attempt.opens);
    let gateway = model.walker == world::Walker::Gateway;
    if let (Goal::Switch(_), Some(code), 'T', true) = (goal, code, model.status, gateway) {
        model.doomed |= code != "25P02";
    }
    model.place = match (expected, code) {
        (Expected::Success(place), None) | (Expected::Either(place), None) => place,
        (Expected::Refusal(place), Some(_)) => place,
        (Expected::Either(_), Some("25001")) => model.place,
        (expected, code) => return Err(format!("expected {expected:?}, the answer was {code:?}")),
    };
    Ok(())
}

/// The key that a move which succeeded has left behind.
fn take_key(model: &mut Model, attempt: Attempt, replies: &[Reply]) -> Finding {
    let told = replies.iter().find_map(|reply| match reply {
        Reply::Function(key) => Some(key.clone()),
        Reply::Row(row) => Some(row[0].clone()),
        _ => None,
    });
    match attempt.goal {
        Goal::EnterLocal(Some(tenant)) => model.bind(tenant, attempt.key),
        Goal::Enter(..) => {
            model.key = told.flatten();
            if attempt.key.is_some() && attempt.key != model.key {
                return Err(format!("the key became {:?}, not {:?}", model.key, attempt.key));
            }
        }
        _ => {}
    }
    Ok(())
}

/// What may change role or path of a session outside, and the path of one inside.
const CHANGES_OUTSIDE: [&str; 6] =
    ["search_path", "ROLE", "'role'", "authorization", "AUTHORIZATION", "ALL"];
const CHANGES_INSIDE: [&str; 1] = ["search_path"];

/// Whether role and path can still be told after a step that was taken at `before`.
fn note_settings(sql: &str, before: Place, refused: bool, model: &mut Model) {
    let words = if before == Place::Outside { &CHANGES_OUTSIDE[..] } else { &CHANGES_INSIDE };
    if before != model.place {
        // A local visit's end takes back what its transaction had changed before it.
        if model.settings_changed && model.visit().is_some_and(|visit| visit.local) {
            model.outside = None;
        }
        model.settings_changed = false;
    } else if words.iter().any(|word| sql.contains(word)) {
        model.settings_changed = true;
    }
    let reset = ["RESET ALL", "DISCARD ALL"].contains(&sql) && !refused && model.status == 'I';
    if reset && model.visit().is_some() {
        model.settings_changed = false;
    }
}

/// Asks the server to cancel what the connection runs, until the server has taken note.
async fn cancel(port: u16, (process, secret): (i32, i32)) {
    tokio::time::sleep(Duration::from_millis(30)).await;
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let mut message = bytes::BytesMut::new();
    postgres_protocol::message::frontend::cancel_request(process, secret, &mut message);
    tokio::io::AsyncWriteExt::write_all(&mut stream, &message).await.unwrap();
    let _ = stream.read(&mut [0]).await;
}
