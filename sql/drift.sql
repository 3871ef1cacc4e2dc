-- Which tenants differ from their templates.

CREATE TABLE tenancy.shape (
  tenant_id bigint PRIMARY KEY REFERENCES tenancy.tenant ON DELETE CASCADE,
  fingerprint text NOT NULL,
  watch text NOT NULL
);
COMMENT ON TABLE tenancy.shape IS 'Fingerprints of tenants'' schemas, for those that no DDL has touched since: a cache';
COMMENT ON COLUMN tenancy.shape.watch IS 'The event triggers that watch over DDL, as they were then: what happened while they were off is unknown';
ALTER TABLE tenancy.shape OWNER TO tenancy_owner;

CREATE FUNCTION tenancy.drift(template text DEFAULT NULL)
  RETURNS TABLE (tenant text, made_of text, object text, difference text, in_template text, in_tenant text)
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'drift_wrapper';
REVOKE ALL ON FUNCTION tenancy.drift(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.drift(text) TO tenancy_admin;
COMMENT ON FUNCTION tenancy.drift(text) IS
  'Where the tenants of a template that is a schema, or of all such templates, differ from it: one row for each object of each tenant that is missing, extra or changed, with both definitions; "unreadable" with the reason for a schema that cannot be read. Only schemas that DDL has touched since the last look are read again, which takes some ten milliseconds each. Nothing is changed but what the registry remembers of this. Raises 42704 unknown template, 55000 a template that is a script, 0A000 a template that cannot be read. Members of tenancy_admin.';
