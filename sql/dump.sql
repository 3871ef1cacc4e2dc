-- pg_dump leaves out the rows of an extension's tables unless told otherwise. Outside of CREATE
-- EXTENSION (the script run by hand) there is no extension to tell it of. The table registry is left
-- out: the triggers write its only row again while the logins are loaded.
DO $$
DECLARE
  kept text;
BEGIN
  IF EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'tenancy') THEN
    FOREACH kept IN ARRAY ARRAY['generation', 'plan', 'template', 'tenant', 'tenant_id_seq', 'former_name',
                                'domain', 'login', 'setting', 'audit', 'audit_id_seq',
                                'large_object_alias', 'import', 'migration', 'tenant_migration',
                                'template_migration', 'tenant_command'] LOOP
      PERFORM pg_catalog.pg_extension_config_dump(format('tenancy.%I', kept), '');
    END LOOP;
  END IF;
END
$$;
