//! Ids of large objects. PostgreSQL has one set of them for a whole database; a tenant that asks
//! for one that another has gets an object under an id of PostgreSQL's choice, and goes on to call
//! it by its own: an alias.

use crate::{Error, Result, SqlState};

/// The id under which a tenant's large object really is; 42704, as to an id that nobody has, when
/// there is none that it may see.
pub fn resolve(id: u32, alias: Option<u32>, visible: bool) -> Result<u32> {
    match alias {
        Some(real) => Ok(real),
        None if visible => Ok(id),
        None => {
            Err(Error::new(SqlState::UndefinedObject, format!("large object {id} does not exist")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_goes_before_what_others_have_under_the_id() {
        assert_eq!(resolve(7, Some(9), false), Ok(9));
        assert_eq!(resolve(7, Some(9), true), Ok(9));
        assert_eq!(resolve(7, None, true), Ok(7));
    }

    #[test]
    fn what_is_not_seen_does_not_exist() {
        let error = resolve(7, None, false).unwrap_err();
        assert_eq!(
            (error.code.code(), error.message.as_str()),
            ("42704", "large object 7 does not exist")
        );
        assert!(error.detail.is_none() && error.hint.is_none());
    }
}
