//! Stands between the sidecar and the server and spoils one switch in twenty on its way: an unknown
//! tenant, a wrong seal, or the worst that a bug could do, another tenant than the one asked for.
//! All else passes untouched. Knows the protocol's framing and FunctionCall; nothing of HTTP.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

use super::random::Random;

/// The code of a CancelRequest, in the place where a start-up message has its version.
const CANCEL: u32 = 80_877_102;
const ONE_IN: u64 = 20;

/// A running relay; it ends with the test's runtime.
pub struct Relay {
    /// On 127.0.0.1.
    pub port: u16,
    /// What passed so far.
    pub ledger: Arc<Ledger>,
}

/// Counts.
#[derive(Default)]
pub struct Ledger {
    /// Server connections that were opened; requests to cancel are none.
    pub opened: AtomicUsize,
    /// Those that are open.
    pub open: AtomicUsize,
    /// The most that were open at a time.
    pub most_open: AtomicUsize,
    /// Switches into a tenant or out of it.
    pub switches: AtomicUsize,
    /// Those that were spoiled.
    pub spoiled: AtomicUsize,
}

impl Relay {
    /// To a server on 127.0.0.1; `tenants` are those that a request may be led astray to.
    pub async fn start(server: u16, seed: u64, tenants: Vec<String>) -> Relay {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let ledger = Arc::new(Ledger::default());
        let shared = Arc::clone(&ledger);
        tokio::spawn(async move {
            for number in 0.. {
                let (client, _) = listener.accept().await.unwrap();
                let Ok(server) = TcpStream::connect(("127.0.0.1", server)).await else { continue };
                let spoiler =
                    Spoiler { random: Random::new(seed, number), tenants: tenants.clone() };
                tokio::spawn(relay(client, server, spoiler, Arc::clone(&shared)));
            }
        });
        Relay { port, ledger }
    }
}

async fn relay(client: TcpStream, server: TcpStream, spoiler: Spoiler, ledger: Arc<Ledger>) {
    client.set_nodelay(true).unwrap();
    server.set_nodelay(true).unwrap();
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let back = tokio::spawn(async move {
        let _ = copy(&mut from_server, &mut to_client).await;
        let _ = to_client.shutdown().await;
    });
    let _ = forth(&mut from_client, &mut to_server, spoiler, &ledger).await;
    let _ = to_server.shutdown().await;
    let _ = back.await;
}

async fn forth(
    client: &mut OwnedReadHalf,
    server: &mut OwnedWriteHalf,
    mut spoiler: Spoiler,
    ledger: &Ledger,
) -> std::io::Result<()> {
    let length = client.read_u32().await?;
    let mut start = vec![0; length as usize - 4];
    client.read_exact(&mut start).await?;
    server.write_u32(length).await?;
    server.write_all(&start).await?;
    if start[..4] == CANCEL.to_be_bytes() {
        copy(client, server).await?;
        return Ok(());
    }
    ledger.opened.fetch_add(1, Ordering::SeqCst);
    let open = ledger.open.fetch_add(1, Ordering::SeqCst) + 1;
    ledger.most_open.fetch_max(open, Ordering::SeqCst);
    let end = messages(client, server, &mut spoiler, ledger).await;
    ledger.open.fetch_sub(1, Ordering::SeqCst);
    end
}

async fn messages(
    client: &mut OwnedReadHalf,
    server: &mut OwnedWriteHalf,
    spoiler: &mut Spoiler,
    ledger: &Ledger,
) -> std::io::Result<()> {
    loop {
        let tag = client.read_u8().await?;
        let mut body = vec![0; client.read_u32().await? as usize - 4];
        client.read_exact(&mut body).await?;
        if tag == b'F' {
            spoiler.look_at(&mut body, ledger);
        }
        let mut message = vec![tag];
        message.extend((body.len() as u32 + 4).to_be_bytes());
        message.extend(body);
        server.write_all(&message).await?;
    }
}

struct Spoiler {
    random: Random,
    tenants: Vec<String>,
}

impl Spoiler {
    /// OID, formats of the arguments, the arguments, format of the result (manual, "Message
    /// Formats"). `seal` has one argument and passes; `switch` has two.
    fn look_at(&mut self, body: &mut Vec<u8>, ledger: &Ledger) {
        let number = |at: usize| usize::from(u16::from_be_bytes([body[at], body[at + 1]]));
        let length = |at: usize| i32::from_be_bytes(body[at..at + 4].try_into().unwrap());
        let arguments = 6 + 2 * number(4);
        if number(arguments) != 2 {
            return;
        }
        ledger.switches.fetch_add(1, Ordering::SeqCst);
        let seal = arguments + 2;
        let tenant = seal + 4 + length(seal) as usize;
        let parks = length(tenant) < 0;
        let end = body.len() - 2;
        if self.random.within(0..ONE_IN) > 0 {
            return;
        }
        ledger.spoiled.fetch_add(1, Ordering::SeqCst);
        let astray = match self.random.within(0..3) {
            0 => "nobody".to_owned(),
            1 => self.random.pick(&self.tenants).clone(),
            _ => String::new(),
        };
        if parks || astray.is_empty() {
            // Another hexadecimal digit, whichever it was.
            body[seal + 4] ^= 1;
            return;
        }
        let mut argument = (astray.len() as u32).to_be_bytes().to_vec();
        argument.extend(astray.into_bytes());
        body.splice(tenant..end, argument);
    }
}
