//! Arguments that SQL may leave NULL although the function needs them.

use pgrx::datum::Interval;
use std::time::Duration;
use tenancy_core::{Error, Result, SqlState};

/// The argument, or 22023 when it is NULL.
pub fn required<T>(value: Option<T>, name: &str) -> Result<T> {
    value.ok_or_else(|| {
        Error::new(SqlState::InvalidParameterValue, format!("argument {name:?} must not be null"))
    })
}

/// A period of time from SQL; 22023 when it is NULL, negative or counted in months.
pub fn period(value: Option<Interval>, name: &str) -> Result<Duration> {
    let value = required(value, name)?;
    let days = i64::from(value.days()).checked_mul(86_400_000_000);
    let micros = days.and_then(|days| days.checked_add(value.micros()));
    match micros.map(u64::try_from) {
        Some(Ok(micros)) if value.months() == 0 => Ok(Duration::from_micros(micros)),
        _ => Err(Error::new(SqlState::InvalidParameterValue, format!("invalid {name}"))
            .detail("It must not be negative, nor counted in months.")
            .hint("Use a period such as '5 seconds'.")),
    }
}

/// The refusal of a call that gives neither or both of two arguments.
pub fn one_of_both(one: &str, other: &str) -> Error {
    Error::new(
        SqlState::InvalidParameterValue,
        format!("exactly one of {one:?} and {other:?} must be given"),
    )
    .hint("Pass the one and leave out the other.")
}
