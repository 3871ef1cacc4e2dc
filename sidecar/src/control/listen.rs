//! Listens on the registry's channel with a connection of its own, for as long as the process
//! runs. While it is away notifications are lost, so each (re)connection is an event as well.

use std::future::poll_fn;
use std::time::Duration;
use tokio_postgres::{AsyncMessage, Config, NoTls};

const LISTEN: &str = "LISTEN tenancy_registry";
const PAUSE: Duration = Duration::from_secs(1);

/// What the registry's channel brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// We listen again; anything may have happened before.
    Listening,
    /// A notification's payload.
    Payload(String),
}

/// Runs until it is dropped, and calls `on_event` for all that arrives.
pub async fn listen(mut config: Config, on_event: impl Fn(Event) + Send + Sync) {
    // A peer that vanished without a word is noticed after a while.
    config.application_name("tenancy notifications").keepalives_idle(Duration::from_secs(30));
    loop {
        if let Err(error) = session(&config, &on_event).await {
            let error = super::causes(&error);
            tracing::warn!(error, "not listening for changes of the registry; trying again");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn session(
    config: &Config,
    on_event: &(impl Fn(Event) + Send + Sync),
) -> Result<(), tokio_postgres::Error> {
    let (client, mut connection) = config.connect(NoTls).await?;
    let receive = async {
        while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
            if let AsyncMessage::Notification(notification) = message? {
                on_event(Event::Payload(notification.payload().to_owned()));
            }
        }
        Ok(())
    };
    let start = async {
        client.batch_execute(LISTEN).await?;
        on_event(Event::Listening);
        // The connection ends when its client is dropped: hold it for as long as it lives.
        std::future::pending::<Result<(), tokio_postgres::Error>>().await
    };
    tokio::select! {
        outcome = receive => outcome,
        outcome = start => outcome,
    }
}
