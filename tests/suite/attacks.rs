//! Attacks on the context that worked once, or would without the line that stops them.

mod activity;
mod binding;
mod cursors;
mod gateway;
mod local;
mod moves;
mod session;
mod statistics;
