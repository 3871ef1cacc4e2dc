//! The table of decisions, compared with the functions that the server has.

use tenancy_tests::database::Database;

/// Built-in functions that SQL can call, with the verdict on each.
const VERDICTS: &str = "
    SELECT p.oid::regprocedure, tenancy_checked.verdict(p.proname, p.proargtypes::oid[]) AS verdict
    FROM pg_proc p WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.oid < 16384";

#[tokio::test]
async fn somebody_has_decided_on_every_built_in_function_that_names_or_shows_something() {
    let database = Database::new();
    let superuser = database.superuser().await;
    let query = format!("SELECT * FROM ({VERDICTS}) AS v WHERE verdict = 'undecided'");
    let undecided = superuser.rows(&query).await;
    assert!(undecided.is_empty(), "add these to tenancy_core::builtin: {undecided:#?}");
}

#[tokio::test]
async fn every_function_that_is_checked_has_a_twin_of_the_same_signature() {
    let database = Database::new();
    let superuser = database.superuser().await;
    let query = "
        SELECT p.oid::regprocedure FROM pg_proc p
        JOIN tenancy_checked.decisions() d ON d.name = p.proname
        LEFT JOIN pg_proc t ON t.pronamespace = 'tenancy_checked'::regnamespace
          AND t.proname = p.proname AND t.proargtypes = p.proargtypes
          AND t.prorettype = p.prorettype AND t.proretset = p.proretset
          AND t.proisstrict = p.proisstrict AND t.provolatile = p.provolatile
          AND t.proallargtypes IS NOT DISTINCT FROM p.proallargtypes
          AND t.proargnames IS NOT DISTINCT FROM p.proargnames
          AND t.prosrc = 'checked_builtin'
        WHERE p.pronamespace = 'pg_catalog'::regnamespace AND t.oid IS NULL";
    let without = superuser.rows(query).await;
    assert!(without.is_empty(), "{without:#?}");
    let twins =
        superuser.text("SELECT count(*) FROM pg_proc WHERE prosrc = 'checked_builtin'").await;
    assert!(twins.parse::<u32>().unwrap() > 250, "{twins}");
}

#[tokio::test]
async fn every_function_of_the_schema_has_a_comment_and_only_the_table_is_kept_from_the_public() {
    let database = Database::new();
    let superuser = database.superuser().await;
    let silent =
        "SELECT oid::regprocedure FROM pg_proc WHERE obj_description(oid, 'pg_proc') IS NULL
                    AND pronamespace = 'tenancy_checked'::regnamespace";
    assert!(superuser.rows(silent).await.is_empty());
    let kept = "SELECT proname FROM pg_proc WHERE pronamespace = 'tenancy_checked'::regnamespace
                  AND NOT has_function_privilege('public', oid, 'EXECUTE') ORDER BY 1";
    assert_eq!(
        superuser.rows(kept).await.into_iter().flatten().flatten().collect::<Vec<_>>(),
        ["decisions", "verdict"]
    );
}

#[tokio::test]
async fn a_twin_called_with_nulls_outside_of_tenants_is_the_original() {
    let database = Database::new();
    let session = database.session(&[]).await;
    let superuser = database.superuser().await;
    let calls = superuser
        .rows(
            "SELECT format('%I(%s)', proname, (SELECT string_agg(format('NULL::%s', format_type(a, NULL)), ', ')
                      FROM unnest(proargtypes) a))
             FROM pg_proc WHERE prosrc = 'checked_builtin' AND proname NOT LIKE '%advisory%'",
        )
        .await;
    for call in calls.iter().flatten().flatten() {
        let twin = outcome(&session, &format!("SELECT * FROM tenancy_checked.{call}")).await;
        let original = outcome(&session, &format!("SELECT * FROM pg_catalog.{call}")).await;
        assert_eq!(twin, original, "{call}");
    }
}

/// The number of columns and rows, or the SQLSTATE; what statistics say changes by the moment.
async fn outcome(session: &tenancy_tests::session::Session, query: &str) -> String {
    match session.simple_query(query).await {
        Ok(messages) => messages.len().to_string(),
        Err(error) => error.code().unwrap().code().to_owned(),
    }
}
