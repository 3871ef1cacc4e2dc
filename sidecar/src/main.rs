//! The binary `tenancy`: parses the command line, runs it, and turns an error into a message and
//! an exit status.

use clap::Parser;
use std::process::ExitCode;
use tenancy_sidecar::cli::Cli;

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(error.exit_status())
        }
    }
}
