//! Which of PostgreSQL's settings a tenant may lower and not raise, and what "raise" means for
//! each. A setting is here when a higher value lets one tenant hinder the others: by time, memory,
//! workers, disk, or the server's log. The rest of what a session may set changes only how its own
//! statements are planned or shown, or is an administrator's anyway.

use crate::{Error, SqlState};

/// What the values of a setting are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A whole number.
    Integer,
    /// A number.
    Real,
    /// `off` (0) or `on` (1).
    Switch,
}

/// A setting with a ceiling.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// What its values are.
    pub kind: Kind,
    /// The value that stands for "no limit", which is higher than every other.
    pub unlimited: Option<f64>,
}

const fn integer(name: &'static str) -> Setting {
    Setting { name, kind: Kind::Integer, unlimited: None }
}

/// A time, of which 0 means that there is no end.
const fn timeout(name: &'static str) -> Setting {
    Setting { name, kind: Kind::Integer, unlimited: Some(0.0) }
}

/// A size, of which -1 means that there is no limit.
const fn size(name: &'static str) -> Setting {
    Setting { name, kind: Kind::Integer, unlimited: Some(-1.0) }
}

const fn real(name: &'static str) -> Setting {
    Setting { name, kind: Kind::Real, unlimited: None }
}

/// A switch that costs nobody anything while it is off.
const fn kept_off(name: &'static str) -> Setting {
    Setting { name, kind: Kind::Switch, unlimited: None }
}

/// A switch that saves the others while it is on.
const fn kept_on(name: &'static str) -> Setting {
    Setting { name, kind: Kind::Switch, unlimited: Some(0.0) }
}

/// Every setting with a ceiling. One that a version of PostgreSQL does not have is passed over.
pub const SETTINGS: [Setting; 32] = [
    // How long a statement, a lock or an idle transaction may hold what others wait for.
    timeout("statement_timeout"),
    timeout("lock_timeout"),
    timeout("transaction_timeout"),
    timeout("idle_in_transaction_session_timeout"),
    timeout("idle_session_timeout"),
    // Memory of the server.
    integer("work_mem"),
    real("hash_mem_multiplier"),
    integer("maintenance_work_mem"),
    integer("temp_buffers"),
    integer("logical_decoding_work_mem"),
    integer("gin_pending_list_limit"),
    timeout("vacuum_buffer_usage_limit"),
    // Its disks.
    size("temp_file_limit"),
    integer("effective_io_concurrency"),
    integer("maintenance_io_concurrency"),
    // Its workers, of which there are few for all.
    integer("max_parallel_workers"),
    integer("max_parallel_workers_per_gather"),
    integer("max_parallel_maintenance_workers"),
    // The planner's own time and memory, which work_mem does not bound.
    integer("from_collapse_limit"),
    integer("join_collapse_limit"),
    kept_on("geqo"),
    integer("geqo_threshold"),
    integer("geqo_effort"),
    integer("geqo_pool_size"),
    integer("geqo_generations"),
    integer("default_statistics_target"),
    // The server's log, which grows on the same disk.
    kept_off("debug_print_parse"),
    kept_off("debug_print_rewritten"),
    kept_off("debug_print_plan"),
    kept_off("trace_notify"),
    kept_off("trace_sort"),
    size("log_parameter_max_length_on_error"),
];

/// What a `tenancy.max_...` says when nobody has set it: less than any value of any setting.
pub const NO_MAXIMUM: i32 = -2;

impl Setting {
    /// Whether a value is beyond a ceiling.
    pub fn exceeds(&self, value: f64, ceiling: f64) -> bool {
        self.rank(value) > self.rank(ceiling)
    }

    fn rank(&self, value: f64) -> f64 {
        if self.unlimited == Some(value) { f64::INFINITY } else { value }
    }

    /// Whether an administrator can give it a ceiling of its own, `tenancy.max_...`.
    pub fn has_maximum(&self) -> bool {
        self.kind != Kind::Switch
    }

    /// A value as SET takes it, in the unit that the setting has by itself.
    pub fn spell(&self, value: f64) -> String {
        match self.kind {
            Kind::Switch => (if value == 0.0 { "off" } else { "on" }).to_owned(),
            Kind::Integer | Kind::Real => format!("{value}"),
        }
    }

    /// What a tenant hears that asked for more. Not a refusal: drivers and tools set timeouts to 0
    /// without being asked.
    pub fn cut_down(&self, ceiling: f64, unit: &str) -> Error {
        let Self { name, .. } = self;
        let limit = self.spell(ceiling);
        let maximum = match self.has_maximum() {
            true => format!(", or tenancy.max_{name} where an administrator has set it"),
            false => String::new(),
        };
        Error::new(
            SqlState::InvalidParameterValue,
            format!("parameter \"{name}\" is limited to {limit}{unit} inside a tenant"),
        )
        .detail("A tenant may lower it and not raise it.")
        .hint(format!("The limit is the login's own default{maximum}."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> &'static Setting {
        SETTINGS.iter().find(|s| s.name == name).expect("the setting has a row")
    }

    #[test]
    fn no_limit_is_higher_than_every_limit() {
        let (timeout, files) = (named("statement_timeout"), named("temp_file_limit"));
        assert!(timeout.exceeds(0.0, 1500.0) && !timeout.exceeds(1500.0, 0.0));
        assert!(files.exceeds(-1.0, 4096.0) && !files.exceeds(4096.0, -1.0));
        assert!(!files.exceeds(0.0, 4096.0), "no temporary files at all is the lowest");
        assert!(!timeout.exceeds(0.0, 0.0));
    }

    #[test]
    fn a_number_is_higher_than_a_smaller_one() {
        assert!(named("work_mem").exceeds(4097.0, 4096.0));
        assert!(!named("work_mem").exceeds(4096.0, 4096.0));
        assert!(named("hash_mem_multiplier").exceeds(2.5, 2.0));
        assert!(named("geqo_pool_size").exceeds(1000.0, 0.0), "0 chooses a small one by itself");
    }

    #[test]
    fn a_switch_is_raised_by_leaving_its_careful_side() {
        assert!(named("geqo").exceeds(0.0, 1.0) && !named("geqo").exceeds(1.0, 0.0));
        let log = named("debug_print_plan");
        assert!(log.exceeds(1.0, 0.0) && !log.exceeds(0.0, 1.0));
    }

    #[test]
    fn values_are_spelled_as_set_takes_them() {
        assert_eq!(named("work_mem").spell(4096.0), "4096");
        assert_eq!(named("hash_mem_multiplier").spell(1.5), "1.5");
        assert_eq!(
            (named("geqo").spell(1.0), named("geqo").spell(0.0)),
            ("on".into(), "off".into())
        );
    }

    #[test]
    fn an_unset_maximum_is_no_settings_own_value() {
        for setting in SETTINGS {
            assert!(f64::from(NO_MAXIMUM) < setting.unlimited.unwrap_or(0.0), "{}", setting.name);
        }
    }

    #[test]
    fn every_setting_has_one_row() {
        let mut names: Vec<_> = SETTINGS.iter().map(|s| s.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), SETTINGS.len());
    }
}
