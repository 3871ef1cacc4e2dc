-- The bodies of functions and the queries of views and rules, which PostgreSQL shows to everybody.
-- With the extension's hooks a tenant sees its own; these take them from everybody by privileges, and
-- lend them inside a tenant.

CREATE FUNCTION tenancy.settle_sources(hide boolean) RETURNS void
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  catalog regclass;
  shown text;
  printing regprocedure;
BEGIN
  FOREACH catalog IN ARRAY ARRAY['pg_proc', 'pg_rewrite']::regclass[] LOOP
    -- The right to a table goes with those to all its columns.
    EXECUTE format('REVOKE SELECT ON %s FROM PUBLIC, tenancy_owner, tenancy_bypass', catalog);
    IF hide THEN
      SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO shown
      FROM pg_attribute
      WHERE attrelid = catalog AND attname NOT IN ('prosrc', 'prosqlbody', 'ev_qual', 'ev_action');
      EXECUTE format('GRANT SELECT (%s) ON %s TO PUBLIC', shown, catalog);
      EXECUTE format('GRANT SELECT ON %s TO tenancy_owner, tenancy_bypass', catalog);
    ELSE
      EXECUTE format('GRANT SELECT ON %s TO PUBLIC', catalog);
    END IF;
  END LOOP;
  FOR printing IN
    SELECT oid FROM pg_proc
    WHERE pronamespace = 'pg_catalog'::regnamespace
      AND proname IN ('pg_get_functiondef', 'pg_get_function_sqlbody', 'pg_get_ruledef', 'pg_get_viewdef')
  LOOP
    EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC, tenancy_owner, tenancy_bypass', printing);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %s', printing,
      CASE WHEN hide THEN 'tenancy_owner, tenancy_bypass' ELSE 'PUBLIC' END);
  END LOOP;
END
$$;
REVOKE ALL ON FUNCTION tenancy.settle_sources(boolean) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.settle_sources(boolean) IS
  'What hide_sources() and show_sources() do. Superusers.';

CREATE FUNCTION tenancy.hide_sources() RETURNS void
  LANGUAGE sql AS 'SELECT tenancy.settle_sources(true)';
REVOKE ALL ON FUNCTION tenancy.hide_sources() FROM PUBLIC;
COMMENT ON FUNCTION tenancy.hide_sources() IS
  'Takes from PUBLIC the right to read the bodies of functions and the queries of views and rules in this database; members of tenancy_bypass keep it, and so do tenants for what they see. Harmless to repeat; show_sources() takes it back. Superusers.';

CREATE FUNCTION tenancy.show_sources() RETURNS void
  LANGUAGE sql AS 'SELECT tenancy.settle_sources(false)';
REVOKE ALL ON FUNCTION tenancy.show_sources() FROM PUBLIC;
COMMENT ON FUNCTION tenancy.show_sources() IS
  'Takes back what hide_sources() did: everybody may read the text of functions, views and rules, as PostgreSQL has it. Superusers.';
