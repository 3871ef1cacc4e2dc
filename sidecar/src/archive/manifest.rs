//! The manifest: what an archive holds. Whoever made it may lie: everything that is used later is
//! bounded and checked here.

use super::Error;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// The form of archives that this version writes and reads.
pub const FORMAT: u32 = 1;
/// No member is longer: they are read into memory.
const LONGEST_MEMBER: u64 = 64 << 20;

/// What an archive holds.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The form of the archive.
    pub format: u32,
    /// The version of tenancy that wrote it.
    pub tenancy: String,
    /// The version of the server that it was read from.
    pub server_version: String,
    /// What the registry held.
    pub tenant: Tenant,
    /// The statements that make the tenant's schema.
    pub structure: Structure,
    /// Tables with rows.
    pub tables: Vec<Table>,
    /// Where sequences stood.
    pub sequences: Vec<Sequence>,
    /// Pieces of the file, as they follow each other.
    pub members: Vec<Member>,
}

/// What the registry held of the tenant.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tenant {
    /// Name.
    pub name: String,
    /// Plan.
    pub plan: Option<String>,
    /// What it was made from.
    pub template: Option<String>,
    /// Settings: an object.
    pub settings: serde_json::Value,
    /// Hostnames, the primary one first.
    pub domains: Vec<String>,
    /// The migrations that it has: an object of names and checksums.
    pub migrations: serde_json::Value,
}

/// As `tenancy.export_structure()` gives it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Structure {
    /// How many statements come before the rows.
    pub rows_at: i32,
    /// What stands where the names of schema and roles will.
    pub slots: Vec<String>,
    /// Properties of the statements.
    pub flags: Vec<i32>,
    /// What each makes.
    pub objects: Vec<String>,
    /// The statements.
    pub statements: Vec<String>,
}

/// A table with rows.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Name.
    pub name: String,
    /// The columns that are written.
    pub columns: Vec<String>,
    /// Whether the rows are in COPY's binary format.
    pub is_binary: bool,
}

/// Where a sequence stood.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sequence {
    /// Name.
    pub name: String,
    /// The last value.
    pub last_value: i64,
    /// Whether it has given that value.
    pub is_called: bool,
}

/// A piece of the archive.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Name in the tar.
    pub path: String,
    /// Which table's rows it holds; large objects where there is none.
    pub table: Option<usize>,
    /// Bytes.
    pub size: u64,
    /// Checksum of these.
    pub sha256: String,
    /// Where its frame begins in the file.
    pub offset: u64,
    /// How long the frame is.
    pub length: u64,
}

impl Member {
    /// The name of a piece: names are ours to choose, so that no archive has a say in them.
    pub fn path_of(table: Option<usize>, number: usize) -> String {
        match table {
            Some(table) => format!("rows/{table:05}/{number:07}"),
            None => format!("large_objects/{number:07}"),
        }
    }
}

impl Manifest {
    /// The pieces of one table, or of the large objects, in order.
    pub fn members_of(&self, table: Option<usize>) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(move |member| member.table == table)
    }

    /// Refuses what does not hold together. `end`: where the members end in the file.
    pub fn check(&self, end: u64) -> Result<(), Error> {
        let unusable = |why: &str| Err(Error::Unusable(why.to_owned()));
        if self.format != FORMAT {
            return unusable(&format!(
                "it has format {}, and this version reads {FORMAT}",
                self.format
            ));
        }
        let structure = &self.structure;
        let statements = structure.statements.len();
        if structure.slots.len() != 4
            || structure.flags.len() != statements
            || structure.objects.len() != statements
        {
            return unusable("its structure does not hold together");
        }
        let mut names = HashSet::new();
        if !self.tables.iter().all(|table| names.insert(&table.name)) {
            return unusable("it holds a table twice");
        }
        self.check_members(end)
    }

    /// Every byte of the file belongs to one member, and every member has the name that is its.
    fn check_members(&self, end: u64) -> Result<(), Error> {
        let mut offset = 0;
        let mut numbers = vec![0; self.tables.len() + 1];
        for member in &self.members {
            let at = member.table.map_or(0, |table| table.saturating_add(1));
            let number = numbers.get_mut(at).ok_or_else(|| strange(member))?;
            let is_ours = member.path == Member::path_of(member.table, *number)
                && member.offset == offset
                && member.size <= LONGEST_MEMBER
                && member.length <= LONGEST_MEMBER + (1 << 20);
            if !is_ours {
                return Err(strange(member));
            }
            *number += 1;
            offset += member.length;
        }
        if offset == end {
            return Ok(());
        }
        Err(Error::Unusable("its members do not fill it".to_owned()))
    }
}

fn strange(member: &Member) -> Error {
    let path: String = member.path.chars().take(80).collect();
    Error::Unusable(format!("member {path:?} is not where or what it should be"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(members: Vec<Member>) -> Manifest {
        let structure = Structure {
            rows_at: 0,
            slots: ["a", "b", "c", "d"].map(str::to_owned).to_vec(),
            flags: vec![],
            objects: vec![],
            statements: vec![],
        };
        let table = Table { name: "t".into(), columns: vec![], is_binary: true };
        let tenant = Tenant {
            name: "acme".into(),
            plan: None,
            template: None,
            settings: serde_json::Value::Null,
            domains: vec![],
            migrations: serde_json::Value::Null,
        };
        Manifest {
            format: FORMAT,
            tenancy: String::new(),
            server_version: String::new(),
            tenant,
            structure,
            tables: vec![table],
            sequences: vec![],
            members,
        }
    }

    fn member(path: &str, offset: u64) -> Member {
        let sha256 = String::new();
        Member { path: path.into(), table: Some(0), size: 1, sha256, offset, length: 10 }
    }

    #[test]
    fn members_fill_the_archive_in_order() {
        let members = vec![member("rows/00000/0000000", 0), member("rows/00000/0000001", 10)];
        assert!(manifest(members.clone()).check(20).is_ok());
        assert!(manifest(members.clone()).check(21).is_err());
        assert!(manifest(members.into_iter().rev().collect()).check(20).is_err());
    }

    #[test]
    fn no_name_leads_out_of_the_archive() {
        for path in ["../rows/00000/0000000", "/etc/passwd", "rows/00001/0000000", ""] {
            assert!(manifest(vec![member(path, 0)]).check(10).is_err(), "{path}");
        }
    }

    #[test]
    fn a_member_of_no_table_and_one_that_is_too_long_are_refused() {
        let table = Some(usize::MAX);
        let lost = Member { table, ..member("rows/00000/0000000", 0) };
        assert!(manifest(vec![lost]).check(10).is_err());
        let long = Member { size: u64::MAX, ..member("rows/00000/0000000", 0) };
        assert!(manifest(vec![long]).check(10).is_err());
    }
}
