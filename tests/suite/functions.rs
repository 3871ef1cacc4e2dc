//! Every SQL function of the schema, found in the catalog. The SQL is written by hand and nothing
//! checks it against the Rust signatures, so each one is called, and with NULLs for all arguments.

use std::collections::BTreeSet;

use tenancy_tests::database::Database;
use tenancy_tests::session::Session;
use tokio_postgres::error::SqlState;

/// What everybody may call; each checks its caller by itself.
const FOR_PUBLIC: [&str; 11] = [
    "current",
    "current_id",
    "enter",
    "enter_local",
    "has_role",
    "leave",
    "own",
    "require",
    "seal",
    "switch",
    "version",
];

/// A function of the schema as the catalog knows it.
struct Function {
    name: String,
    identity: String,
    call_with_nulls: String,
    commented: bool,
    public: bool,
    trigger: bool,
}

#[tokio::test]
async fn calling_any_function_with_nulls_is_answered_cleanly_and_the_server_survives() {
    let database = Database::new();
    let login = database.login(&["tenancy_admin", "tenancy_gateway", "tenancy_resolver"]);
    let superuser = database.superuser().await;
    let started = superuser.text("SELECT pg_postmaster_start_time()").await;
    for function in functions(&superuser).await.iter().filter(|function| !function.trigger) {
        // A session each, because some of them change what the session may do.
        let session = login.connect().await;
        if let Err(error) = session.simple_query(&function.call_with_nulls).await {
            let code = error.code().unwrap_or_else(|| panic!("{}: {error}", function.identity));
            assert_ne!(*code, SqlState::INTERNAL_ERROR, "{}: {error:?}", function.identity);
            assert!(!code.code().starts_with("58"), "{}: {error:?}", function.identity);
        }
        assert!(!session.is_closed(), "{} ended its session", function.identity);
    }
    assert_eq!(superuser.text("SELECT pg_postmaster_start_time()").await, started);
    assert!(!database.cluster().log().contains("terminated by signal"), "a backend has crashed");
}

#[tokio::test]
async fn calling_a_trigger_function_directly_is_refused() {
    let database = Database::new();
    let superuser = database.superuser().await;
    for function in functions(&superuser).await.iter().filter(|function| function.trigger) {
        let code = superuser.refusal(&function.call_with_nulls.replace("* FROM", "")).await;
        // Only what the language and the author of each function choose differs here.
        let refusals = ["0A000", "39P01", "39P03"];
        assert!(refusals.contains(&code.code()), "{}: {code:?}", function.identity);
    }
}

#[tokio::test]
async fn every_function_has_a_comment() {
    let database = Database::new();
    let functions = functions(&database.superuser().await).await;
    let silent: Vec<_> = functions.iter().filter(|f| !f.commented).map(|f| &f.identity).collect();
    assert!(silent.is_empty(), "functions without a comment: {silent:#?}");
}

#[tokio::test]
async fn only_the_context_functions_may_be_called_by_everybody() {
    let database = Database::new();
    let functions = functions(&database.superuser().await).await;
    let public: BTreeSet<_> =
        functions.iter().filter(|function| function.public).map(|f| f.name.as_str()).collect();
    assert_eq!(public, BTreeSet::from(FOR_PUBLIC));
}

#[tokio::test]
async fn an_application_login_reads_no_table_of_the_registry() {
    let database = Database::new();
    let superuser = database.superuser().await;
    let application = database.session(&[]).await;
    let relations = superuser
        .rows("SELECT oid::regclass FROM pg_class WHERE relnamespace = 'tenancy'::regnamespace AND relkind IN ('r', 'v', 'S')")
        .await;
    assert!(relations.len() > 8, "the registry has tables, views and sequences");
    for relation in relations.iter().flatten().flatten() {
        let code = application.refusal(&format!("SELECT * FROM {relation}")).await;
        assert_eq!(code, SqlState::INSUFFICIENT_PRIVILEGE, "{relation}");
    }
}

async fn functions(superuser: &Session) -> Vec<Function> {
    let rows = superuser
        .rows(
            "SELECT proname, oid::regprocedure,
                    format('SELECT * FROM tenancy.%I(%s)', proname, (SELECT string_agg(
                      format('NULL::%s', format_type(argument, NULL)), ', ') FROM unnest(proargtypes) argument)),
                    obj_description(oid, 'pg_proc') IS NOT NULL,
                    proacl IS NULL OR EXISTS (SELECT FROM aclexplode(proacl) WHERE grantee = 0),
                    prorettype IN ('trigger'::regtype, 'event_trigger'::regtype)
             FROM pg_proc WHERE pronamespace = 'tenancy'::regnamespace",
        )
        .await;
    assert!(rows.len() > 20, "the extension has functions");
    rows.into_iter().map(|row| Function::from_row(row.into_iter().flatten().collect())).collect()
}

impl Function {
    fn from_row(row: Vec<String>) -> Function {
        let [name, identity, call_with_nulls, commented, public, trigger] =
            row.try_into().expect("six columns, none of them NULL");
        Function {
            name,
            identity,
            call_with_nulls,
            commented: commented == "t",
            public: public == "t",
            trigger: trigger == "t",
        }
    }
}
