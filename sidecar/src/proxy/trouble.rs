//! Why a client's use of a server connection ended before its time, and what the client hears of it:
//! SQLSTATE, message, detail, hint, and no word of anybody else's.

use crate::admission::Refusal;
use crate::pool;
use crate::wire::ErrorReport;
use crate::wire::frame::BadLength;

/// What went wrong.
#[derive(Debug)]
pub enum Trouble {
    /// The client hung up.
    ClientGone,
    /// The server hung up without a word.
    ServerLost,
    /// The server said why, and hung up.
    ServerEnded,
    /// One of the two does not keep to the protocol.
    Violation(Violation),
    /// The server answered what was not asked.
    Unasked(u8),
    /// The server refused the switch: nothing that the client said was run.
    Switch(Box<ErrorReport>),
    /// The connection cannot be used.
    Pool(pool::Error),
    /// The client has set more than can be carried from connection to connection.
    TooManySettings,
    /// It has prepared more than so many statements, or of more than so many bytes.
    TooManyStatements(usize, usize),
    /// An operator, or the end of the process.
    Ordered,
}

/// How somebody does not keep to the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// No message has this tag.
    Unknown(u8),
    /// A message of this tag is not made as it should be.
    Malformed(u8),
    /// A length that cannot be.
    Length,
    /// A message longer than this, which would have to be held as a whole.
    TooLong(usize),
}

impl From<BadLength> for Trouble {
    fn from(_: BadLength) -> Self {
        Self::Violation(Violation::Length)
    }
}

impl From<Violation> for Trouble {
    fn from(violation: Violation) -> Self {
        Self::Violation(violation)
    }
}

impl From<pool::Error> for Trouble {
    fn from(error: pool::Error) -> Self {
        Self::Pool(error)
    }
}

const LOOK_FIRST: &str = "Look before you send work again that must not be done twice.";
const MAY_HAVE_RUN: &str = "What was under way may have taken effect.";

impl Trouble {
    /// Whether the server connection is gone, or not where it should be.
    pub fn is_of_the_server(&self) -> bool {
        match self {
            Self::ServerLost | Self::ServerEnded | Self::Unasked(_) => true,
            Self::Switch(_) | Self::Pool(_) => true,
            Self::ClientGone | Self::Violation(_) | Self::Ordered => false,
            Self::TooManySettings | Self::TooManyStatements(..) => false,
        }
    }

    /// What the client is told before its connection is closed; nothing where nobody listens or all
    /// has been said.
    pub fn last_words(&self) -> Option<Refusal> {
        Some(match self {
            Self::ClientGone | Self::ServerEnded => return None,
            Self::ServerLost | Self::Unasked(_) | Self::Pool(_) => {
                self.log();
                Refusal::new("08006", "the connection to the database was lost")
                    .detail(MAY_HAVE_RUN)
                    .hint(LOOK_FIRST)
            }
            Self::Violation(violation) => violation.refusal(),
            Self::Switch(report) => refusal_of(report),
            Self::TooManySettings => {
                Refusal::new("53400", "too many settings for transaction pooling")
                    .detail("What a client has set goes with it from connection to connection, up to 64 settings and 8192 bytes.")
                    .hint("Set less, use SET LOCAL, or connect with options=-c tenancy.pooling=session.")
            }
            Self::TooManyStatements(most, bytes) => {
                Refusal::new("53400", "too many prepared statements")
                    .detail(format!("A client may have {most} at a time, of {bytes} bytes in all."))
                    .hint("Close those that are not needed any more.")
            }
            Self::Ordered => Refusal::ended(),
        })
    }
}

impl Trouble {
    fn log(&self) {
        match self {
            Self::Unasked(tag) => {
                tracing::error!(tag, "server connection closed: an answer that nobody asked for");
            }
            Self::Pool(error) => tracing::error!(%error, "server connection closed"),
            _ => tracing::warn!("a server connection was lost under a client"),
        }
    }
}

impl Violation {
    fn refusal(self) -> Refusal {
        let refusal = match self {
            Self::Unknown(tag) => {
                Refusal::new("08P01", format!("invalid frontend message type {tag}"))
            }
            Self::Malformed(tag) => {
                Refusal::new("08P01", format!("malformed frontend message of type {tag}"))
            }
            Self::Length => Refusal::new("08P01", "invalid message length"),
            Self::TooLong(most) => Refusal::new("54000", "the message is too long").detail(
                format!("A statement that is prepared under a name may take {most} bytes."),
            ),
        };
        refusal.hint("The connection is closed. If the driver is sound, report this.")
    }
}

/// What the server said of a switch that it refused. What it says of tenants is meant for clients;
/// the rest is for the log.
pub fn refusal_of(report: &ErrorReport) -> Refusal {
    let code = match report.code.as_str() {
        "3D000" => "3D000",
        "57P03" => "57P03",
        "22023" => "22023",
        "42501" => "42501",
        "42704" => "42704",
        "57014" => "57014",
        _ => {
            tracing::error!(
                code = report.code,
                message = report.message,
                "the server refused a switch"
            );
            return Refusal::new("57P03", "the tenant cannot be entered now")
                .hint("Try again in a moment.");
        }
    };
    let mut refusal = Refusal::new(code, report.message.clone());
    refusal.detail.clone_from(&report.detail);
    refusal.hint.clone_from(&report.hint);
    refusal
}
