//! The registry: SQL text in, core types out. Reads for the session go by index scans and work in
//! any context; everything else is SPI, run as the registry's owner.

mod adopt;
mod audit;
mod blueprints;
mod changes;
mod commands;
mod copy;
mod domains;
mod drift;
mod export;
mod former_names;
mod import;
mod large_objects;
mod lifecycle;
mod logins;
mod lookup;
mod migrations;
mod ownership;
mod provision;
mod purge;
mod refusals;
mod release;
mod routes;
mod scripts;
mod shapes;
mod spares;
mod switch;
mod templates;
mod tenants;
mod undrop;
mod verify;

pub use adopt::adopt;
pub use blueprints::differences;
pub use changes::ddl_ended;
pub use commands::{command_begin, command_end};
pub use copy::clone_tenant;
pub use domains::{add_domain, remove_domain, set_primary_domain};
pub use drift::drift;
pub use export::{export, export_large_objects, export_sequences, export_structure, export_tables};
pub use former_names::rename;
pub use import::{NewImport, Rest, begin as import_begin, finish as import_finish};
pub use large_objects::{forget_large_object, large_object_alias, remember_large_object};
pub use lifecycle::{NewTenant, activate, create, drop_tenant, resume, suspend};
pub use logins::{grant_login, login_access, revoke_login};
pub use lookup::{Tenant, login_grant, tenant_by_id, tenant_by_name, tenant_of_schema};
pub use migrations::{
    mark_migrated, migrate_template, migrate_tenant, migration_failed, migration_step,
    register_migration,
};
pub use purge::{purge_batch, start_purge};
pub use refusals::write_refusals;
pub use release::release;
pub use routes::{Route, resolve, resolve_name};
pub use spares::{make as make_spare, tend as tend_spares};
pub use switch::switch_template;
pub use templates::{register_schema, register_script};
pub use undrop::undrop;
pub use verify::verify;
