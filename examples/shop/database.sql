-- Once per database, as a superuser: the extensions, and a login for each part that is played.
-- psql variables: dba, app, gateway, resolver hold the passwords.
CREATE EXTENSION citext;
CREATE EXTENSION tenancy;

CREATE ROLE shop_dba LOGIN PASSWORD :'dba' IN ROLE tenancy_admin;
CREATE ROLE shop_app LOGIN PASSWORD :'app';
CREATE ROLE shop_gateway LOGIN PASSWORD :'gateway' IN ROLE tenancy_gateway;
CREATE ROLE shop_resolver LOGIN PASSWORD :'resolver' IN ROLE tenancy_resolver;
-- Templates that are schemas are made by somebody who may make schemas.
GRANT CREATE ON DATABASE shop TO shop_dba;
