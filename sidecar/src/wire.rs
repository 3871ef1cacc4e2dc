//! PostgreSQL's wire protocol as pure functions on bytes: messages to the server are written
//! into a buffer, messages from the server are taken out of one.
//!
//! Nothing in here may know a socket, a runtime, a tenant or HTTP.

pub mod answer;
pub mod backend;
pub mod frame;
pub mod frontend;
pub mod report;
pub mod startup;

pub use answer::{Collector, Field, StatementResult, Step, TransactionStatus};
pub use backend::{Incoming, Malformed, Parameter};
pub use frontend::{Statement, Unsendable};
pub use report::ErrorReport;
