//! What the answers say, put together over the whole run: who answered what, on which connection,
//! and whether anything of another tenant was in it. Panics where isolation is broken.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Mutex;

use serde_json::Value;
use tenancy_tests::sidecar::Answer;

/// The only tenant whose table may be empty: it is dropped and made again during the run.
pub const FLEETING: &str = "t20";

/// States in which a request may fail here, each by what is done to it: unknown tenant and
/// suspension, led astray, connection lost or switch refused, terminated, cancelled, no free
/// connection, and what mischief earns.
const INJECTED: &[&str] = &["3D000", "57P03", "40001", "08006", "57P01", "57014", "53300"];

/// Collected from all clients.
#[derive(Default)]
pub struct Evidence {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    outcomes: BTreeMap<String, usize>,
    homes: HashMap<String, [String; 3]>,
    pids: HashMap<i64, Vec<String>>,
}

impl Evidence {
    /// Takes note of a kind of outcome.
    pub fn count(&self, kind: &str, outcome: &str) {
        *self.kept.lock().unwrap().outcomes.entry(format!("{kind}: {outcome}")).or_default() += 1;
    }

    /// How often a kind came to this outcome.
    pub fn counted(&self, kind: &str, outcome: &str) -> usize {
        self.kept.lock().unwrap().outcomes.get(&format!("{kind}: {outcome}")).copied().unwrap_or(0)
    }

    /// All outcomes.
    pub fn outcomes(&self) -> BTreeMap<String, usize> {
        self.kept.lock().unwrap().outcomes.clone()
    }

    /// The tenants that each backend served, one entry per answer.
    pub fn pids(&self) -> HashMap<i64, Vec<String>> {
        self.kept.lock().unwrap().pids.clone()
    }

    /// A request that may fail only by what is done to it. The probe's row, if it was answered.
    pub fn take(&self, kind: &str, answer: &Answer) -> Option<Value> {
        if answer.status.is_success() {
            self.count(kind, "answered");
            let result = match answer.body["results"].as_array() {
                Some(results) => results.last().unwrap(),
                None => &answer.body,
            };
            return Some(result["rows"][0].clone());
        }
        assert!(INJECTED.contains(&answer.code()), "{kind}: {answer:?}");
        self.count(kind, answer.code());
        None
    }

    /// A probe that came first on a connection: its own tenant, and no trace of anybody else.
    pub fn check_clean(&self, tenant: &str, row: &Value) {
        assert_eq!(row["residue"], "", "residue of another one in {tenant}: {row}");
        self.check(tenant, row);
    }

    /// A probe: its own tenant, under the same role and path whenever it is asked.
    pub fn check(&self, tenant: &str, row: &Value) {
        assert_eq!(row["tenant"], tenant, "{row}");
        let bodies: Vec<&Value> = row["bodies"].as_array().into_iter().flatten().collect();
        let own = bodies == [tenant] || (tenant == FLEETING && bodies.is_empty());
        assert!(own, "rows in {tenant}: {row}");
        let text = |column: &str| row[column].as_str().unwrap().to_owned();
        let home = [text("tenant"), text("role"), text("path")];
        let mut kept = self.kept.lock().unwrap();
        let known = kept.homes.entry(text("id")).or_insert_with(|| home.clone());
        assert_eq!(*known, home, "the id's name, role or path changed");
        let roles: BTreeSet<&String> = kept.homes.values().map(|[_, role, _]| role).collect();
        assert_eq!(roles.len(), kept.homes.len(), "two tenants under one role: {:?}", kept.homes);
        kept.pids.entry(row["pid"].as_i64().unwrap()).or_default().push(tenant.to_owned());
    }
}
