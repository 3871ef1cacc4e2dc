//! A tokio-postgres connection, and short words for what tests do with one: run, read a value,
//! be refused. Everything is read as text, as psql shows it.

use std::ops::Deref;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::poll_fn;
use tokio::task::JoinHandle;
use tokio_postgres::error::{DbError, SqlState};
use tokio_postgres::{AsyncMessage, Client, Config, NoTls, SimpleQueryMessage};

/// A row as text; NULL is None.
pub type TextRow = Vec<Option<String>>;

/// A session with its connection running in the background. Closing is by drop.
pub struct Session {
    client: Client,
    messages: Arc<Mutex<Vec<AsyncMessage>>>,
    connection: JoinHandle<()>,
}

impl Deref for Session {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Session {
    /// Opens a session; panics when the server refuses.
    pub async fn open(config: &Config) -> Session {
        Session::try_open(config).await.expect("the server lets the login in")
    }

    /// Opens a session, or says why not.
    pub async fn try_open(config: &Config) -> Result<Session, tokio_postgres::Error> {
        let (client, mut connection) = config.connect(NoTls).await?;
        let messages = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&messages);
        let connection = tokio::spawn(async move {
            while let Some(Ok(message)) = poll_fn(|cx| connection.poll_message(cx)).await {
                seen.lock().expect("no test panics while it holds this").push(message);
            }
        });
        Ok(Session { client, messages, connection })
    }

    /// Runs statements that have to succeed.
    pub async fn run(&self, sql: &str) {
        if let Err(error) = self.client.batch_execute(sql).await {
            panic!("{sql}: {}", described(&error));
        }
    }

    /// The rows of statements that have to succeed.
    pub async fn rows(&self, sql: &str) -> Vec<TextRow> {
        match self.client.simple_query(sql).await {
            Ok(messages) => messages.iter().filter_map(text_row).collect(),
            Err(error) => panic!("{sql}: {}", described(&error)),
        }
    }

    /// The first column of the first row; panics when there is no row.
    pub async fn value(&self, sql: &str) -> Option<String> {
        let rows = self.rows(sql).await;
        rows.into_iter().next().unwrap_or_else(|| panic!("{sql}: no row")).swap_remove(0)
    }

    /// The same where NULL would be wrong.
    pub async fn text(&self, sql: &str) -> String {
        self.value(sql).await.unwrap_or_else(|| panic!("{sql}: is NULL"))
    }

    /// The error of statements that have to fail by the server's answer.
    pub async fn refused(&self, sql: &str) -> DbError {
        match self.client.batch_execute(sql).await {
            Ok(()) => panic!("{sql}: was not refused"),
            Err(error) => error.as_db_error().unwrap_or_else(|| panic!("{sql}: {error}")).clone(),
        }
    }

    /// SQLSTATE of that error.
    pub async fn refusal(&self, sql: &str) -> SqlState {
        self.refused(sql).await.code().clone()
    }

    /// Payloads of the notifications on a channel, once there are that many or two seconds passed.
    pub async fn notifications(&self, channel: &str, count: usize) -> Vec<String> {
        for _ in 0..100 {
            if self.payloads(channel).len() >= count {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.payloads(channel)
    }

    /// The notices that the server has sent so far, each as its message alone. They come before the
    /// end of the statement that causes them.
    pub fn notices(&self) -> Vec<String> {
        let messages = self.messages.lock().expect("no test panics while it holds this");
        let notices = messages.iter().filter_map(|message| match message {
            AsyncMessage::Notice(notice) => Some(notice.message().to_owned()),
            _ => None,
        });
        notices.collect()
    }

    fn payloads(&self, channel: &str) -> Vec<String> {
        let messages = self.messages.lock().expect("no test panics while it holds this");
        let on_channel = messages.iter().filter_map(|message| match message {
            AsyncMessage::Notification(note) if note.channel() == channel => Some(note.payload()),
            _ => None,
        });
        on_channel.map(str::to_owned).collect()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

fn text_row(message: &SimpleQueryMessage) -> Option<TextRow> {
    match message {
        SimpleQueryMessage::Row(row) => {
            Some((0..row.len()).map(|i| row.get(i).map(str::to_owned)).collect())
        }
        _ => None,
    }
}

/// An error with what PostgreSQL says apart: the state, the detail, the hint.
pub fn described(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(db) => format!(
            "{} {} (detail: {:?}, hint: {:?})",
            db.code().code(),
            db.message(),
            db.detail(),
            db.hint()
        ),
        None => error.to_string(),
    }
}
