//! The ways from one tenant to the next, for applications and for gateways.

use tenancy_tests::database::Database;
use tenancy_tests::tenant::Tenants;
use tenancy_tests::wire::{Reply, Request, Wire};

const SEAL: &str = "a seal that is long enough";

/// One step of a way; `'?'` in SQL stands for the seal.
enum Step {
    Sql(&'static str),
    /// By FunctionCall; `None` parks.
    Switch(Option<&'static str>),
    /// A step that has to fail.
    Failing(&'static Step),
}

/// A way from tenant `acme` to somewhere else, or back into it.
pub struct Way {
    /// In words.
    pub name: &'static str,
    gateway: bool,
    steps: &'static [Step],
}

use Step::{Failing, Sql, Switch};

const ENTER_NOBODY: Step = Sql("SELECT tenancy.enter('nobody', '?')");
const SWITCH_TO_NOBODY: Step = Switch(Some("nobody"));
const LEAVE_AND_FAIL: Step = Sql("SELECT tenancy.leave('?'), 1/(random() < 0)::int");

/// All of them.
pub const WAYS: &[Way] = &[
    Way { name: "leave", gateway: false, steps: &[Sql("SELECT tenancy.leave('?')")] },
    Way { name: "enter", gateway: false, steps: &[Sql("SELECT tenancy.enter('globex', '?')")] },
    Way {
        name: "entering the same tenant",
        gateway: false,
        steps: &[Sql("SELECT tenancy.enter('acme', '?')")],
    },
    Way {
        name: "leave and enter",
        gateway: false,
        steps: &[Sql("SELECT tenancy.leave('?')"), Sql("SELECT tenancy.enter('globex', '?')")],
    },
    Way {
        name: "enter after one that failed",
        gateway: false,
        steps: &[Failing(&ENTER_NOBODY), Sql("SELECT tenancy.enter('globex', '?')")],
    },
    Way {
        name: "leave after one that failed",
        gateway: false,
        steps: &[Failing(&LEAVE_AND_FAIL), Sql("SELECT tenancy.leave('?')")],
    },
    Way { name: "switch", gateway: true, steps: &[Switch(Some("globex"))] },
    Way { name: "switch to the same tenant", gateway: true, steps: &[Switch(Some("acme"))] },
    Way {
        name: "switch by way of closed",
        gateway: true,
        steps: &[Switch(None), Switch(Some("globex"))],
    },
    Way {
        name: "switch after one that failed",
        gateway: true,
        steps: &[Failing(&SWITCH_TO_NOBODY), Switch(Some("globex"))],
    },
    Way {
        name: "switch by a statement",
        gateway: true,
        steps: &[Sql("SELECT tenancy.switch('?', 'globex')")],
    },
    Way {
        name: "switch for a client",
        gateway: true,
        steps: &[Sql("SELECT tenancy.switch('?', 'globex', 'session', '')")],
    },
    Way {
        name: "switch from client to client",
        gateway: true,
        steps: &[
            Sql("SELECT tenancy.switch('?', 'globex', 'session', 'TimeZone=UTC')"),
            Sql("SELECT tenancy.switch('?', 'globex', 'transaction', '')"),
        ],
    },
];

impl Way {
    /// A session at the way's beginning, in tenant `acme`.
    pub async fn start(&self, database: &Database<'_>, tenants: &Tenants) -> Wire {
        if !self.gateway {
            let mut wire = Wire::connect(&tenants.application).await;
            Sql("SELECT tenancy.enter('acme', '?')").take(&mut wire, 0).await;
            return wire;
        }
        let mut wire = Wire::connect(&database.login(&["tenancy_gateway"])).await;
        Sql("SELECT tenancy.seal('?')").take(&mut wire, 0).await;
        Switch(Some("acme")).take(&mut wire, switch(database)).await;
        wire
    }

    /// Goes the way to its end.
    pub async fn move_on(&self, wire: &mut Wire, database: &Database<'_>) {
        let switch = if self.gateway { switch(database) } else { 0 };
        for step in self.steps {
            step.take(wire, switch).await;
        }
    }
}

impl Step {
    async fn take(&self, wire: &mut Wire, switch: u32) {
        let (step, fails) = match self {
            Failing(step) => (*step, true),
            step => (step, false),
        };
        let request = match step {
            Sql(sql) => Request::new().query(&sql.replace('?', SEAL)),
            Switch(tenant) => Request::new().function_call(switch, &[Some(SEAL), *tenant]),
            Failing(_) => unreachable!("a step fails once"),
        };
        let replies = wire.ask(request).await;
        let failed = replies.iter().any(|reply| matches!(reply, Reply::Error(_)));
        assert_eq!(failed, fails, "{replies:?}");
    }
}

fn switch(database: &Database<'_>) -> u32 {
    let oid = database.superuser_sql("SELECT 'tenancy.switch(text,text)'::regprocedure::oid");
    oid.trim().parse().unwrap()
}
