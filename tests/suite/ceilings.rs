//! What a tenant may not take from the others: time, memory, disk, workers, locks, and the catalog
//! that all share. Each test asks for more by every road that SQL or the protocol has.

mod cancels;
mod rations;
mod settings;
