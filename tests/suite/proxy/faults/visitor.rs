//! A client that works as applications do, and checks every answer.

use super::Door;
use futures_util::SinkExt;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::pin::pin;
use std::time::{Duration, Instant};
use tenancy_tests::session::Session;
use tokio_postgres::{Error, NoTls, Statement};

/// Nothing takes longer, or it hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// Errors that faults account for; any other is a wrong answer. Recovery and shutdown, a lost
/// connection, no connection in time, cancelled.
const ACCOUNTED: [&str; 6] = ["57P01", "57P02", "57P03", "08006", "53300", "57014"];

/// What a client knows to have happened.
#[derive(Default)]
pub struct Ledger {
    pub answers: usize,
    pub losses: usize,
    pub committed: Vec<String>,
    pub rolled_back: Vec<String>,
}

/// A client of one tenant.
pub struct Visitor {
    number: usize,
    tenant: &'static str,
    door: Door,
    random: StdRng,
    ledger: Ledger,
    written: usize,
}

impl Visitor {
    pub fn new(number: usize, tenant: &'static str, door: Door, seed: u64) -> Self {
        let random = StdRng::seed_from_u64(seed.wrapping_add(1 + number as u64));
        Self { number, tenant, door, random, ledger: Ledger::default(), written: 0 }
    }

    /// Works until the end, over as many connections as it takes.
    pub async fn visit(mut self, end: Instant) -> Ledger {
        while Instant::now() < end {
            let config = self.door.config(self.tenant);
            let connected = Session::try_open(&config);
            match tokio::time::timeout(PATIENCE, connected).await.expect("nobody hangs") {
                Ok(session) => {
                    if let Err(error) = self.work(session, end).await {
                        self.account(&error);
                    }
                }
                Err(error) => self.account(&error),
            }
            self.ledger.losses += 1;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.ledger
    }

    async fn work(&mut self, session: Session, end: Instant) -> Result<(), Error> {
        let statement = session.prepare("SELECT body || $1 FROM note ORDER BY id LIMIT 1").await?;
        while Instant::now() < end {
            let step = self.step(&session, &statement);
            let outcome = tokio::time::timeout(PATIENCE, step).await.expect("nobody hangs");
            match outcome {
                Ok(true) => self.ledger.answers += 1,
                // It vanishes, with a query under way.
                Ok(false) => return Ok(()),
                Err(error) if error.is_closed() => return Err(error),
                Err(error) => {
                    self.account(&error);
                    session.batch_execute("ROLLBACK").await?;
                }
            }
        }
        Ok(())
    }

    async fn step(&mut self, session: &Session, statement: &Statement) -> Result<bool, Error> {
        match self.random.random_range(0..100) {
            0..35 => self.read(session, statement).await?,
            35..55 => self.write(session).await?,
            55..75 => self.transaction(session).await?,
            75..85 => self.copy(session).await?,
            85..92 => self.settings(session).await?,
            92..98 => self.cancel(session).await?,
            _ => {
                let sleep = session.batch_execute("SELECT pg_sleep(5)");
                let _ = tokio::time::timeout(Duration::from_millis(5), sleep).await;
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn read(&self, session: &Session, statement: &Statement) -> Result<(), Error> {
        let mark = format!("#{}", self.number);
        let row = session.query_one(statement, &[&mark]).await?;
        assert_eq!(row.get::<_, &str>(0), format!("{}{mark}", self.tenant));
        Ok(())
    }

    fn body(&mut self) -> String {
        self.written += 1;
        format!("{}-{}-{}", self.tenant, self.number, self.written)
    }

    async fn write(&mut self, session: &Session) -> Result<(), Error> {
        let body = self.body();
        let inserted = session.execute("INSERT INTO note (body) VALUES ($1)", &[&body]).await?;
        assert_eq!(inserted, 1);
        self.ledger.committed.push(body);
        Ok(())
    }

    async fn transaction(&mut self, session: &Session) -> Result<(), Error> {
        let body = self.body();
        session.batch_execute("BEGIN").await?;
        session.execute("INSERT INTO note (body) VALUES ($1)", &[&body]).await?;
        let own = format!(
            "SELECT count(*) FILTER (WHERE body = '{body}'), count(*) FILTER (WHERE body NOT LIKE '{}%') FROM note",
            self.tenant
        );
        let row = session.query_one(&own, &[]).await?;
        assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (1, 0), "{body}");
        if self.random.random() {
            session.batch_execute("COMMIT").await?;
            self.ledger.committed.push(body);
        } else {
            session.batch_execute("ROLLBACK").await?;
            self.ledger.rolled_back.push(body);
        }
        Ok(())
    }

    /// In a block: the driver takes a COPY for done when it has ended, which is before it is committed.
    async fn copy(&mut self, session: &Session) -> Result<(), Error> {
        let bodies: Vec<_> = (0..50).map(|_| self.body()).collect();
        session.batch_execute("BEGIN").await?;
        let sink = session.copy_in::<_, bytes::Bytes>("COPY note (body) FROM STDIN").await?;
        let mut sink = pin!(sink);
        for body in &bodies {
            sink.send(format!("{body}\n").into()).await?;
        }
        assert_eq!(sink.finish().await?, 50);
        session.batch_execute("COMMIT").await?;
        self.ledger.committed.extend(bodies);
        Ok(())
    }

    async fn settings(&self, session: &Session) -> Result<(), Error> {
        let name = format!("visitor-{}", self.number);
        session.batch_execute(&format!("SET application_name = '{name}'")).await?;
        for _ in 0..3 {
            let row = session.query_one("SELECT current_setting('application_name')", &[]).await?;
            assert_eq!(row.get::<_, &str>(0), name);
        }
        Ok(())
    }

    async fn cancel(&self, session: &Session) -> Result<(), Error> {
        let token = session.cancel_token();
        let storm = async {
            for _ in 0..5 {
                let _ = token.cancel_query(NoTls).await;
            }
        };
        let (outcome, ()) = tokio::join!(session.batch_execute("SELECT pg_sleep(0.05)"), storm);
        outcome
    }

    /// An error that no fault accounts for is a wrong answer.
    fn account(&self, error: &Error) {
        let Some(code) = error.code() else { return };
        assert!(ACCOUNTED.contains(&code.code()), "{}: {error:?}", self.tenant);
    }
}
