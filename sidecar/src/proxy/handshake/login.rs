//! Who a client is: SCRAM against the verifier of its login, or, where nobody need prove anything,
//! its word. Knows nothing of tenants.

use super::counters::Outcome;
use super::line::{Line, Unheard};
use super::{End, Handshake, Peer};
use crate::admission::Refusal;
use crate::auth::{self, Exchange, Mechanism, Violation};
use crate::wire::startup;

const SCRAM: &str = "SCRAM-SHA-256";
/// Bound to the certificate that the client sees.
const PLUS: &str = "SCRAM-SHA-256-PLUS";

impl Handshake {
    /// Has the client prove that it is this login, and on an encrypted connection that it sees the
    /// certificate with this hash if it can. Gives back the server's last message of the
    /// exchange, which is yet to be said, where there was one.
    pub(super) async fn prove(
        &self,
        line: &mut Line,
        (login, peer): (&str, Peer),
        end_point: Option<&[u8]>,
    ) -> Result<Option<String>, End> {
        match self.admission.authenticates() {
            true => self.scram(line, (login, peer), end_point).await.map(Some),
            // The configuration listens to no other machine then; this is in case it did.
            false if peer.is_this_machine() => Ok(None),
            false => Err(refused("28000", "connections from other machines need a password")),
        }
    }

    async fn scram(
        &self,
        line: &mut Line,
        (login, peer): (&str, Peer),
        end_point: Option<&[u8]>,
    ) -> Result<String, End> {
        if !self.throttle.is_open(peer) {
            return Err(throttled());
        }
        let offer = if end_point.is_some() { &[PLUS, SCRAM][..] } else { &[SCRAM] };
        line.say(|out| startup::offer_sasl(offer, out)).await.ok_or(End::Gone)?;
        let (mechanism, first) = first_message(line, offer).await?;
        // A client that was asked for a password has left up to here, and comes again with one.
        let mut attempt = self.throttle.attempt(peer).ok_or_else(throttled)?;
        let verifier = match self.admission.verifier(login).await {
            Ok(verifier) => verifier,
            Err(refusal) => {
                attempt.forgive();
                return Err(End::Refused(Outcome::of(&refusal), refusal));
            }
        };
        let exchange =
            Exchange::begin(&first, mechanism, end_point, verifier).map_err(violation)?;
        line.say(|out| startup::sasl_continue(exchange.challenge(), out)).await.ok_or(End::Gone)?;
        let last = hear(line).await?;
        if !attempt.may_be_checked() {
            return Err(throttled());
        }
        match exchange.finish(&last).map_err(violation)? {
            auth::Outcome::Proved(last) => {
                attempt.forgive();
                Ok(last)
            }
            auth::Outcome::Failed => {
                self.admission.look_again(login).await;
                Err(End::Refused(Outcome::Password, Refusal::wrong_password(login)))
            }
        }
    }
}

/// The mechanism that the client chose of those on offer, and its first message, which it may send
/// apart.
async fn first_message(line: &mut Line, offer: &[&str]) -> Result<(Mechanism, Vec<u8>), End> {
    let initial = hear(line).await?;
    let (name, first) = startup::sasl_initial(&initial).map_err(|_| misplaced())?;
    let mechanism = match name {
        name if !offer.contains(&name) => {
            let message = "client selected an invalid SASL authentication mechanism";
            return Err(refused("08P01", message));
        }
        PLUS => Mechanism::Plus,
        _ => Mechanism::Plain,
    };
    let first = match first {
        Some(first) => first.to_vec(),
        None => {
            line.say(|out| startup::sasl_continue("", out)).await.ok_or(End::Gone)?;
            hear(line).await?
        }
    };
    Ok((mechanism, first))
}

async fn hear(line: &mut Line) -> Result<Vec<u8>, End> {
    line.hear(startup::take_proof).await.map_err(|unheard| match unheard {
        Unheard::Gone => End::Gone,
        Unheard::Malformed(_) => misplaced(),
    })
}

fn refused(code: &'static str, message: &str) -> End {
    End::Refused(Outcome::Password, Refusal::new(code, message))
}

fn misplaced() -> End {
    let refusal = Refusal::new("08P01", "expected SASL response, got another message");
    End::Refused(Outcome::Protocol, refusal)
}

fn throttled() -> End {
    let refusal = Refusal::new("53300", "too many failed logins from this address")
        .hint("Try again in a minute. The limit is limits.login_failures_per_minute.");
    End::Refused(Outcome::Throttled, refusal)
}

fn violation(violation: Violation) -> End {
    let Violation { code, message, detail } = violation;
    let detail = detail.map(str::to_owned);
    End::Refused(Outcome::Password, Refusal { detail, ..Refusal::new(code, message) })
}
