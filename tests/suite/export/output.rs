//! Where an archive goes: a file that is whole or not there, or a pipe.

use super::archive::{archive, backup, done, failed, tenancy};
use std::fs::{File, OpenOptions};
use std::process::{Command, Stdio};
use tenancy_tests::database::Database;
use tenancy_tests::tenant::Tenants;

#[tokio::test]
async fn an_archive_goes_through_a_pipe() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let path = archive(&database);
    let mut export = tenancy(&backup(&database));
    let run = export.args(["export", "acme", "-o", "-"]).stdout(File::create(&path).unwrap());
    assert_eq!(done(run), "");
    let admin = database.login(&["tenancy_admin"]);
    let mut import = tenancy(&admin);
    done(import.args(["import", "-", "--as", "twin"]).stdin(File::open(&path).unwrap()));
    assert_eq!(tenants.enter("twin").await.text("SELECT body FROM note").await, "acme");
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    let mut import = tenancy(&admin);
    let cut = import.args(["import", "-", "--as", "third"]).stdin(File::open(&path).unwrap());
    let error = failed(cut);
    assert!(error.contains("the archive cannot be used"), "{error}");
}

#[tokio::test]
async fn a_full_disk_and_a_closed_pipe_are_told_and_leave_no_archive() {
    let database = Database::new();
    let _tenants = Tenants::create(&database, &["acme"]).await;
    let login = backup(&database);
    let export = |output: &str| {
        let mut command = tenancy(&login);
        command.args(["export", "acme", "-o", output]);
        command
    };
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let error = failed(export("-").stdout(full));
    assert!(error.contains("standard output") && error.contains("No space left"), "{error}");
    let error = failed(&mut export("/dev/full"));
    assert!(error.contains("\"/dev/full\""), "{error}");
    let mut piped = export("-").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(piped.stdout.take());
    let output = piped.wait_with_output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && error.contains("Broken pipe"), "{error}");
}

#[tokio::test]
async fn an_archive_that_finds_no_room_leaves_no_file() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let fill = "INSERT INTO note (body) SELECT md5(n::text) FROM generate_series(1, 5000) n";
    tenants.enter("acme").await.run(fill).await;
    let path = archive(&database);
    let login = backup(&database);
    let program = tenancy(&login).get_program().to_owned();
    // A limit stands in for the end of the disk: the write that goes beyond it fails.
    let mut limited = Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$0\" export acme -o \"$1\""]);
    let error = failed(limited.arg(program).arg(&path).env("TENANCY_ADMIN_DSN", login.dsn()));
    assert!(error.contains("could not write") && error.contains("File too large"), "{error}");
    let name = path.file_name().unwrap().to_str().unwrap().to_owned();
    let files = std::fs::read_dir(path.parent().unwrap()).unwrap();
    let left = files
        .filter(|file| file.as_ref().unwrap().file_name().to_str().unwrap().starts_with(&name));
    assert_eq!(left.count(), 0);
}
