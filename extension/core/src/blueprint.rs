//! The script that makes a schema's copy: in which order objects are made, and where free text
//! names the schema that is copied.

pub mod casts;
pub mod labels;
pub mod mentions;
pub mod order;
