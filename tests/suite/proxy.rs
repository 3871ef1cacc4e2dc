//! The sidecar's PostgreSQL face, through real clients and through single messages.

mod calls;
mod cancelling;
mod clients;
mod destination;
mod desync;
mod encryption;
mod faults;
mod fuzz;
mod gate;
mod limits;
mod login;
mod losses;
mod messages;
mod operations;
mod sharing;
mod site;
mod statements;
