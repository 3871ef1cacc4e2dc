//! The SQL functions: parse the arguments, call, map the error. The SQL that declares them, with
//! who may call them, is in `sql/`.

mod adoption;
mod arguments;
mod blueprint;
mod catalog;
mod checked;
mod context;
mod domains;
mod drift;
mod export;
mod import;
mod lifecycle;
mod logins;
mod migrations;
mod refusals;
mod removal;
mod routing;
mod triggers;
mod verify;

/// Registers what triggers call. For _PG_init.
pub fn init() {
    checked::init();
    triggers::init();
}
