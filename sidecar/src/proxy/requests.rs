//! What an operator asks of the process as a whole. The face does not know its configuration, nor how
//! the process ends.

use crate::admission::Refusal;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;

/// To whoever can do it.
pub type Requests = UnboundedSender<Request>;

/// What is asked.
pub enum Request {
    /// The configuration, passwords excepted.
    Settings(oneshot::Sender<Vec<Setting>>),
    /// That the configuration be read anew. The answer names the keys that have changed and count
    /// from the next start on.
    Reload(oneshot::Sender<Result<Vec<&'static str>, Refusal>>),
    /// The end, as by SIGTERM.
    Shutdown,
    /// The end when all clients have left by themselves; nobody comes in any more.
    ShutdownWhenDeserted,
}

/// A key of the configuration.
#[derive(Clone, Debug)]
pub struct Setting {
    /// In dotted form.
    pub key: &'static str,
    /// What it is now.
    pub value: String,
    /// What it is where it is not given.
    pub default: String,
    /// Whether it can be changed without a new start.
    pub is_reloadable: bool,
}
