//! The PostgreSQL face: clients of PostgreSQL's protocol, from accept to end, each in a tenant, over
//! server connections that all tenants share.
//!
//! ```text
//!   accept ──> worker (one per thread) ──> handshake ──> welcome ──> session ──┐ per transaction
//!                │ links, library, buffers                                    v
//!             clients, tenants (whole process)                exchange: asking ──> server
//!                                                                    client <── answering
//! ```
//!
//! An idle client costs a task and a socket: no buffer, no server connection. For a transaction it
//! borrows both; the switch into its tenant leaves in one packet with its first message, and not a byte
//! of the answer goes to the client before the switch's own answer says that it led where it should.

mod answering;
mod asking;
mod cancel_key;
mod census;
mod client;
mod clients;
mod console;
mod exchange;
mod expect;
mod flow;
pub mod handshake;
mod naming;
mod orders;
mod peers;
mod refusing;
mod requests;
mod session;
mod statements;
pub mod stream;
mod tenants;
mod trouble;
mod welcome;
mod worker;

pub use census::{Snapshot, TenantFigures};
pub use requests::{Request, Requests, Setting};
pub use tenants::Limits;

use crate::admission::{Admission, Refusal};
use crate::pool::{LinkSettings, Links};
use clients::Clients;
use handshake::Handshake;
use orders::Order;
use peers::Peers;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tenants::Tenants;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{self, UnboundedSender};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use worker::{Visitor, Worker};

/// After an error of accept, most likely no file descriptor left: time for one to be closed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Time for clients that were told to end to hear of it.
const LAST_PATIENCE: Duration = Duration::from_secs(3);
/// How often to look whether all clients have left by themselves.
const GLANCE: Duration = Duration::from_millis(100);

/// How the face behaves.
pub struct Settings {
    /// Threads that carry clients' bytes.
    pub threads: usize,
    /// Connections of clients at a time.
    pub clients: usize,
    /// What a tenant may use.
    pub limits: Limits,
    /// Which of the processes beside each other this is; 0 for none.
    pub peer_id: u8,
    /// Where the others are.
    pub peers: Vec<(u8, String)>,
    /// Server connections of each thread.
    pub links: LinkSettings,
}

/// What all threads share.
pub struct Face {
    pub(crate) handshake: Handshake,
    pub(crate) admission: Arc<Admission>,
    pub(crate) clients: Arc<Clients>,
    pub(crate) tenants: Tenants,
    peers: Peers,
    /// Server connections, by thread.
    links: Vec<Arc<Links>>,
    most_clients: AtomicUsize,
    /// Connections that are at the console.
    operators: AtomicUsize,
    /// What only the whole process can do.
    requests: Requests,
    /// Whether operators have to go.
    closing: watch::Sender<bool>,
}

impl Face {
    /// Sees to a cancel request: our own clients', or, once, one of a process beside us.
    async fn cancel(&self, process_id: i32, secret: &[u8]) {
        if self.peers.is_ours(process_id) {
            self.clients.cancel(process_id, secret).await;
        } else {
            self.peers.forward(process_id, secret).await;
        }
    }
}

/// The face.
pub struct Proxy {
    face: Arc<Face>,
    threads: Vec<Thread>,
}

struct Thread {
    visitors: UnboundedSender<Visitor>,
    ended: JoinHandle<()>,
}

impl Proxy {
    /// Starts the threads.
    pub fn start(
        handshake: Handshake,
        admission: Arc<Admission>,
        settings: Settings,
        requests: Requests,
    ) -> io::Result<Self> {
        let links = || Links::new(settings.links.clone());
        let face = Arc::new(Face {
            handshake,
            admission,
            clients: Clients::of(settings.peer_id),
            peers: Peers::new(settings.peer_id, settings.peers),
            tenants: Tenants::new(settings.limits),
            links: (0..settings.threads).map(|_| links()).collect(),
            most_clients: AtomicUsize::new(settings.clients),
            operators: AtomicUsize::new(0),
            requests,
            closing: watch::Sender::new(false),
        });
        let start = |links: &Arc<Links>| Thread::start(Worker::new(face.clone(), links.clone()));
        let threads = face.links.iter().map(start).collect::<io::Result<_>>()?;
        Ok(Self { face, threads })
    }

    /// What all threads share, for who wants to look.
    pub fn face(&self) -> &Arc<Face> {
        &self.face
    }

    /// Behaves differently from now on. Threads and the server stay as they are, and so do clients.
    pub fn configure(&self, handshake: handshake::Settings, settings: Settings) {
        let face = &self.face;
        face.handshake.configure(handshake);
        face.tenants.limit(settings.limits);
        face.peers.configure(settings.peers);
        face.most_clients.store(settings.clients, Ordering::Relaxed);
        face.links.iter().for_each(|links| links.configure(settings.links.clone()));
    }

    /// Returns when all clients have left by themselves.
    pub async fn deserted(&self) {
        let face = &self.face;
        while face.clients.count() > face.operators.load(Ordering::Acquire) {
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Accepts until it is dropped.
    pub async fn accept(&self, listener: &TcpListener) {
        for thread in self.threads.iter().cycle() {
            match listener.accept().await {
                Ok((stream, peer)) => self.take_in(thread, stream, peer),
                // The client's own doing.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    tracing::error!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn take_in(&self, thread: &Thread, stream: TcpStream, peer: SocketAddr) {
        let most = self.face.most_clients.load(Ordering::Relaxed);
        let Some(ticket) = self.face.clients.admit(most) else {
            let mut words = Vec::new();
            let refusal = Refusal::new("53300", "too many clients already")
                .detail(format!("This process takes {most} connections."))
                .hint("Close connections that are idle, or raise postgres.clients.");
            refusing::error(&refusal, "FATAL", &mut words);
            // As much as a fresh socket takes without waiting, which is all of it.
            let _ = stream.try_write(&words);
            return;
        };
        if let Ok(stream) = stream.into_std() {
            let _ = thread.visitors.send(Visitor { stream, peer, ticket });
        }
    }

    /// Lets what is under way finish for so long, then ends it.
    pub async fn drain(self, patience: Duration) {
        let Self { face, threads } = self;
        let (visitors, ended): (Vec<_>, Vec<_>) =
            threads.into_iter().map(|thread| (thread.visitors, thread.ended)).unzip();
        drop(visitors);
        face.closing.send_replace(true);
        let mut all = std::pin::pin!(async {
            for thread in ended {
                let _ = thread.await;
            }
        });
        for (order, patience) in [(Order::Finish, patience), (Order::End, LAST_PATIENCE)] {
            face.clients.all().iter().for_each(|client| client.orders.give(order));
            if tokio::time::timeout(patience, all.as_mut()).await.is_ok() {
                return;
            }
        }
        tracing::warn!("clients are still there at the end of the process");
    }
}

impl Thread {
    fn start(worker: Arc<Worker>) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (sender, visitors) = mpsc::unbounded_channel();
        let run = move || runtime.block_on(worker.run(visitors));
        let thread = std::thread::Builder::new().name("postgres".to_owned()).spawn(run)?;
        let ended = tokio::task::spawn_blocking(move || {
            if thread.join().is_err() {
                tracing::error!("a thread of the PostgreSQL face has died");
            }
        });
        Ok(Self { visitors: sender, ended })
    }
}
