-- The registry. Names and ids only, no OIDs: they would not survive dump and restore.

CREATE SEQUENCE tenancy.generation;
COMMENT ON SEQUENCE tenancy.generation IS 'One number for each change of the registry; caches compare it';

CREATE TABLE tenancy.registry (
  id bigint PRIMARY KEY DEFAULT 1 CHECK (id = 1),
  generation bigint NOT NULL
);
COMMENT ON TABLE tenancy.registry IS 'Generation of what concerns every tenant (logins granted for all); empty until there was such a change';

CREATE TABLE tenancy.plan (
  name text COLLATE "C" PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9_-]{0,62}$'),
  limits jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(limits) = 'object'),
  created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE tenancy.plan IS 'Plans: a name and its limits';

CREATE TABLE tenancy.template (
  name text COLLATE "C" PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9_-]{0,62}$'),
  script text,
  schema text COLLATE "C",
  rebind boolean NOT NULL DEFAULT false,
  checksum text GENERATED ALWAYS AS (md5(script)) STORED,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CHECK (num_nonnulls(script, schema) = 1)
);
COMMENT ON TABLE tenancy.template IS 'What tenants are made from: SQL scripts, replayed as the new tenant''s owner role, or schemas, which are copied';
COMMENT ON COLUMN tenancy.template.rebind IS 'Whether text that names the schema names the tenant''s schema in the copy';

CREATE TABLE tenancy.blueprint (
  template text COLLATE "C" PRIMARY KEY REFERENCES tenancy.template ON DELETE CASCADE,
  stamp text NOT NULL,
  schema_oid oid NOT NULL,
  rows_at integer NOT NULL,
  proven boolean NOT NULL DEFAULT false,
  fingerprint text,
  slots text[] NOT NULL,
  flags integer[] NOT NULL,
  objects text[] NOT NULL,
  statements text[] NOT NULL
);
COMMENT ON TABLE tenancy.blueprint IS 'The statements that copy the schemas of templates, as they were last read: a cache';
COMMENT ON COLUMN tenancy.blueprint.proven IS 'A copy was made and leads nowhere into the template';
COMMENT ON COLUMN tenancy.blueprint.fingerprint IS 'Of the template, and of every copy; NULL while no copy was found to be equal';

CREATE TABLE tenancy.tenant (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text COLLATE "C" NOT NULL CHECK (name ~ '^[a-z][a-z0-9_-]{0,62}$'),
  schema text COLLATE "C" NOT NULL UNIQUE,
  role text COLLATE "C" NOT NULL UNIQUE,
  owner text COLLATE "C" NOT NULL UNIQUE,
  status text NOT NULL DEFAULT 'registered' CHECK (status IN
    ('registered', 'provisioned', 'verified', 'active', 'suspended', 'dropped', 'purging', 'purged')),
  suspension text CHECK (suspension IN ('full', 'read_only')),
  reason text,
  isolation text NOT NULL DEFAULT 'schema' CHECK (isolation IN ('schema', 'database', 'server')),
  node text COLLATE "C" NOT NULL DEFAULT 'local',
  plan text COLLATE "C" REFERENCES tenancy.plan,
  template text COLLATE "C" REFERENCES tenancy.template,
  generation bigint NOT NULL DEFAULT nextval('tenancy.generation'),
  created_at timestamptz NOT NULL DEFAULT now(),
  dropped_at timestamptz,
  CHECK ((suspension IS NOT NULL) = (status = 'suspended')),
  CHECK ((dropped_at IS NOT NULL) = (status IN ('dropped', 'purging', 'purged')))
);
-- The backend's cache scans these two by hand: keep them on one column each.
CREATE UNIQUE INDEX tenant_live_name ON tenancy.tenant (name) WHERE dropped_at IS NULL;
CREATE INDEX tenant_dropped_name ON tenancy.tenant (name) WHERE dropped_at IS NOT NULL;
COMMENT ON TABLE tenancy.tenant IS 'Tenants: name, permanent schema and roles, status, isolation, placement';
COMMENT ON COLUMN tenancy.tenant.generation IS 'Raised by every change of the tenant, its domains or its logins';

CREATE TABLE tenancy.former_name (
  name text COLLATE "C" NOT NULL CHECK (name ~ '^[a-z][a-z0-9_-]{0,62}$'),
  tenant_id bigint NOT NULL,
  until timestamptz NOT NULL,
  PRIMARY KEY (name, tenant_id)
);
CREATE INDEX former_name_tenant ON tenancy.former_name (tenant_id);
COMMENT ON TABLE tenancy.former_name IS 'Names that tenants have had, and until when no other tenant takes them over';

CREATE TABLE tenancy.domain (
  hostname text COLLATE "C" NOT NULL CHECK (hostname = lower(hostname) AND octet_length(hostname) BETWEEN 1 AND 253),
  tenant_id bigint NOT NULL REFERENCES tenancy.tenant,
  is_primary boolean NOT NULL DEFAULT false,
  active boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, hostname)
);
CREATE UNIQUE INDEX domain_active_hostname ON tenancy.domain (hostname) WHERE active;
CREATE UNIQUE INDEX domain_one_primary ON tenancy.domain (tenant_id) WHERE is_primary;
COMMENT ON TABLE tenancy.domain IS 'Hostnames, in canonical spelling, and the tenant each leads to';
COMMENT ON COLUMN tenancy.domain.active IS 'False while the tenant is dropped: the hostname is free for others';

CREATE TABLE tenancy.login (
  login text COLLATE "C" NOT NULL CHECK (login <> ''),
  tenant_id bigint REFERENCES tenancy.tenant,
  sealed boolean NOT NULL DEFAULT true,
  granted_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX login_login ON tenancy.login (login);
CREATE UNIQUE INDEX login_grant ON tenancy.login (login, coalesce(tenant_id, 0));
COMMENT ON TABLE tenancy.login IS 'Which login may enter which tenant';
COMMENT ON COLUMN tenancy.login.tenant_id IS 'NULL: every tenant';
COMMENT ON COLUMN tenancy.login.sealed IS 'False: the login may leave its contexts without a key';

CREATE TABLE tenancy.setting (
  tenant_id bigint NOT NULL REFERENCES tenancy.tenant,
  key text COLLATE "C" NOT NULL CHECK (key ~ '^[a-z][a-z0-9_.-]{0,62}$'),
  value jsonb NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, key)
);
COMMENT ON TABLE tenancy.setting IS 'Settings of each tenant';

CREATE TABLE tenancy.audit (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  actor text COLLATE "C" NOT NULL,
  action text COLLATE "C" NOT NULL,
  tenant_id bigint,
  object text,
  detail jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_tenant ON tenancy.audit (tenant_id, at);
COMMENT ON TABLE tenancy.audit IS 'What was done to the registry, by which login; written in the transaction that did it';

CREATE TABLE tenancy.large_object_alias (
  id bigint NOT NULL,
  tenant_id bigint NOT NULL REFERENCES tenancy.tenant ON DELETE CASCADE,
  real_id bigint NOT NULL,
  -- Looked up by id: few tenants have the same.
  PRIMARY KEY (id, tenant_id)
);
COMMENT ON TABLE tenancy.large_object_alias IS 'Large objects that a tenant calls by an id that another tenant had first, and their real ids';

CREATE TABLE tenancy.import (
  tenant_id bigint PRIMARY KEY REFERENCES tenancy.tenant ON DELETE CASCADE,
  archive text NOT NULL,
  started_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE tenancy.import IS 'Imports that have begun and not finished, and what tells their archives from others';

ALTER SEQUENCE tenancy.generation OWNER TO tenancy_owner;
ALTER TABLE tenancy.registry OWNER TO tenancy_owner;
ALTER TABLE tenancy.plan OWNER TO tenancy_owner;
ALTER TABLE tenancy.template OWNER TO tenancy_owner;
ALTER TABLE tenancy.blueprint OWNER TO tenancy_owner;
ALTER TABLE tenancy.tenant OWNER TO tenancy_owner;
ALTER TABLE tenancy.former_name OWNER TO tenancy_owner;
ALTER TABLE tenancy.domain OWNER TO tenancy_owner;
ALTER TABLE tenancy.login OWNER TO tenancy_owner;
ALTER TABLE tenancy.setting OWNER TO tenancy_owner;
ALTER TABLE tenancy.audit OWNER TO tenancy_owner;
ALTER TABLE tenancy.import OWNER TO tenancy_owner;
ALTER TABLE tenancy.large_object_alias OWNER TO tenancy_owner;
GRANT SELECT ON tenancy.plan, tenancy.template, tenancy.tenant, tenancy.former_name, tenancy.domain, tenancy.login,
  tenancy.setting, tenancy.audit, tenancy.import TO tenancy_admin;
