//! Three tenants with a secret each, and the logins that walk among them.

use super::chance::Chance;
use super::model::{Model, Place};
use tenancy_tests::database::Database;
use tenancy_tests::login::Login;
use tenancy_tests::tenant::Tenants;
use tenancy_tests::wire::{Request, Wire};

pub const NAMES: [&str; 3] = ["acme", "globex", "initech"];
/// The seal of every gateway connection.
pub const SEAL: &str = "the seal of a gateway that walks";

/// What each tenant is made of: ways to run code under other circumstances than a statement's own.
/// `here` tells where that code finds itself; the walk compares it with where it should be.
const TEMPLATE: &str = "
    CREATE TABLE note (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text NOT NULL);
    CREATE VIEW all_notes AS SELECT body FROM note;
    CREATE FUNCTION here() RETURNS void LANGUAGE plpgsql AS
        $f$ BEGIN RAISE NOTICE 'here=%/%', current_user, tenancy.current(); END $f$;
    CREATE FUNCTION with_path() RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS
        $f$ BEGIN RAISE NOTICE 'here=%/%', current_user, tenancy.current(); END $f$;
    CREATE FUNCTION as_definer() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS
        $f$ BEGIN RESET ROLE; RETURN 1; EXCEPTION WHEN OTHERS THEN RETURN 0; END $f$;
    CREATE FUNCTION move_as_definer(to_tenant text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS
        $f$ BEGIN RETURN tenancy.enter(to_tenant); END $f$;
    CREATE FUNCTION guarded(statement text) RETURNS void LANGUAGE plpgsql AS
        $f$ BEGIN
            BEGIN EXECUTE statement; EXCEPTION WHEN OTHERS THEN NULL; END;
            RAISE NOTICE 'here=%/%', current_user, tenancy.current();
        END $f$;
    CREATE PROCEDURE commits() LANGUAGE plpgsql AS
        $f$ BEGIN
            COMMIT; RAISE NOTICE 'here=%/%', current_user, tenancy.current();
            ROLLBACK; RAISE NOTICE 'here=%/%', current_user, tenancy.current();
            COMMIT AND CHAIN; RAISE NOTICE 'here=%/%', current_user, tenancy.current();
        END $f$;";

/// No template may hold this, but an administrator may make it.
const WITH_ROLE: &str = "FUNCTION {schema}.with_role() RETURNS void LANGUAGE plpgsql
    SET role = 'none' AS
    $f$ BEGIN RAISE NOTICE 'here=%/%', current_user, tenancy.current(); END $f$";

/// A tenant as an administrator sees it.
pub struct Tenant {
    pub name: &'static str,
    pub schema: String,
    pub role: String,
    pub owner: String,
}

/// What a login that walks is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Walker {
    Sealed,
    Unsealed,
    Gateway,
}

/// The functions that may come as FunctionCall messages.
pub struct Functions {
    pub enter: u32,
    pub enter_local: u32,
    pub leave: u32,
    pub switch: u32,
}

pub struct World<'a> {
    database: Database<'a>,
    pub tenants: Vec<Tenant>,
    pub functions: Functions,
    sealed: Login,
    unsealed: Login,
    gateway: Login,
}

impl<'a> World<'a> {
    pub async fn create(database: Database<'a>) -> World<'a> {
        let made = Tenants::create(&database, &[]).await;
        made.admin
            .run(&format!("SELECT tenancy.register_template('walk', $t${TEMPLATE}$t$)"))
            .await;
        let mut tenants = Vec::new();
        for name in NAMES {
            made.admin.run(&format!("SELECT tenancy.create('{name}', template => 'walk')")).await;
            tenants.push(Tenant {
                name,
                schema: made.column(name, "schema").await,
                role: made.column(name, "role").await,
                owner: made.column(name, "owner").await,
            });
        }
        for Tenant { name, schema, .. } in &tenants {
            let insert = format!("INSERT INTO {schema}.note (body) VALUES ('{}')", secret(name));
            let with_role = WITH_ROLE.replace("{schema}", schema);
            database.superuser_sql(&format!("{insert}; CREATE {with_role}"));
        }
        let login = |roles: &[&str], options: &str| {
            let login = database.login(roles);
            let name = login.name();
            // A role of its own to step into and out of while it is outside.
            database.superuser_sql(&format!("CREATE ROLE {name}_hat; GRANT {name}_hat TO {name}"));
            if !options.is_empty() {
                database
                    .superuser_sql(&format!("SELECT tenancy.grant_login('{name}', '*'{options})"));
            }
            login
        };
        let sealed = login(&["tenancy_migrator"], ", sealed => true");
        let unsealed = login(&["tenancy_migrator"], ", sealed => false");
        let gateway = login(&["tenancy_gateway"], "");
        let functions = functions(&database);
        World { tenants, functions, sealed, unsealed, gateway, database }
    }

    pub fn login(&self, walker: Walker) -> &Login {
        match walker {
            Walker::Sealed => &self.sealed,
            Walker::Unsealed => &self.unsealed,
            Walker::Gateway => &self.gateway,
        }
    }

    /// A connection at its start; a gateway's is sealed already.
    pub async fn start(&self, chance: &mut Chance) -> (Wire, Model) {
        let walker =
            chance.pick(&[Walker::Sealed, Walker::Sealed, Walker::Unsealed, Walker::Gateway]);
        let mut wire = Wire::connect(self.login(walker)).await;
        let mut model = Model::new(walker, self.login(walker).name());
        if walker == Walker::Gateway {
            wire.ask(Request::new().query(&format!("SELECT tenancy.seal('{SEAL}')"))).await;
            model.place = Place::Closed;
            model.key = Some(SEAL.to_owned());
        }
        (wire, model)
    }

    /// Every tenant holds what it wrote itself, and nothing else.
    pub fn assert_nothing_crossed(&self) {
        for Tenant { name, schema, .. } in &self.tenants {
            let sql = format!("SELECT DISTINCT body FROM {schema}.note");
            let bodies = self.database.superuser_sql(&sql);
            let own = bodies.lines().all(|body| body == secret(name));
            assert!(own && !bodies.is_empty(), "{name} holds {bodies}");
        }
    }
}

/// What nobody but this tenant may read.
pub fn secret(tenant: &str) -> String {
    format!("secret of {tenant}")
}

fn functions(database: &Database<'_>) -> Functions {
    let oid = |function: &str| {
        let text =
            database.superuser_sql(&format!("SELECT 'tenancy.{function}'::regprocedure::oid"));
        text.trim().parse().unwrap()
    };
    Functions {
        enter: oid("enter(text,text,text)"),
        enter_local: oid("enter_local(text,text)"),
        leave: oid("leave(text)"),
        switch: oid("switch(text,text)"),
    }
}
