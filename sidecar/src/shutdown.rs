//! When to stop: the first SIGTERM or SIGINT asks for a graceful end, a second one is obeyed at
//! once.

use std::io;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// Exit status of a process that was told to stop at once: 128 and SIGINT, as a shell has it.
const AT_ONCE: i32 = 130;

/// The two signals.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Takes the signals over from the system's default, which is to end at once.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for the next signal.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// Ends the process at the next signal.
    pub async fn exit_at_next(mut self) {
        self.next().await;
        tracing::warn!("second signal: stopping at once");
        at_once();
    }
}

/// Ends the process.
pub fn at_once() -> ! {
    std::process::exit(AT_ONCE);
}

/// Waits until somebody says that it is so, or nobody is left who could.
pub async fn told(mut word: watch::Receiver<bool>) {
    let _ = word.wait_for(|said| *said).await;
}
