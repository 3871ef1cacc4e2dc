//! Tests of what the whole does, against a real server: a module per family of behaviour.
//! How things are started and talked to is in the fixtures, `tenancy_tests`.

#![forbid(unsafe_code)]
// A test says what it expects by what it unwraps.
#![allow(clippy::unwrap_used)]

mod alarm;
mod architecture;
mod attacks;
mod background;

mod catalog;
mod ceilings;
mod clone;
mod context;
mod corpus;
mod disguise;
mod docs;
mod dump;
mod export;
mod functions;
mod functions_checked;
mod gateway;
mod guard_setting;
mod http;
mod install;
mod lifecycle;
mod migrations;
mod ownership;
mod proxy;
mod random_walk;
mod relations;
mod scrub;
mod suspension;
mod utility;
mod wall;
mod wire;
