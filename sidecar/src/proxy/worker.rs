//! A thread that carries clients' bytes: a runtime of its own, server connections of its own, so that
//! a client and its server connection are always on the same one and nothing is handed over.

use super::client::Client;
use super::clients::Ticket;
use super::flow::Flow;
use super::handshake::{self, Arrival};
use super::refusing::say;
use super::session::Session;
use super::statements::Library;
use super::{Face, console, welcome};
use crate::pool::Links;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpStream;
use tokio::sync::mpsc::UnboundedReceiver;

/// Buffers that are kept for the next client: as many as are in use at a time, not one per client.
const MOST_BUFFERS: usize = 256;

/// What the clients of a thread share.
pub struct Worker {
    /// What all threads share.
    pub face: Arc<Face>,
    /// Server connections.
    pub links: Arc<Links>,
    /// Prepared statements.
    pub library: Library,
    buffers: Mutex<Vec<Vec<u8>>>,
}

/// A connection that was accepted.
pub struct Visitor {
    /// The line to it.
    pub stream: std::net::TcpStream,
    /// Where it comes from.
    pub peer: SocketAddr,
    /// It counts for as long as this is held.
    pub ticket: Ticket,
}

impl Worker {
    /// With no clients yet.
    pub fn new(face: Arc<Face>, links: Arc<Links>) -> Arc<Self> {
        Arc::new(Self { face, links, library: Library::default(), buffers: Mutex::default() })
    }

    /// Takes in clients until nobody sends any more, then returns when the last has left.
    pub async fn run(self: Arc<Self>, mut visitors: UnboundedReceiver<Visitor>) {
        let mut tasks = tokio::task::JoinSet::new();
        loop {
            tokio::select! {
                visitor = visitors.recv() => match visitor {
                    Some(visitor) => _ = tasks.spawn(self.clone().attend(visitor)),
                    None => break,
                },
                Some(_) = tasks.join_next() => {}
            }
        }
        while tasks.join_next().await.is_some() {}
        self.links.close();
    }

    async fn attend(self: Arc<Self>, visitor: Visitor) {
        let Visitor { stream, peer, ticket } = visitor;
        let Ok(stream) = TcpStream::from_std(stream) else { return };
        // In a box, which is gone when the client is in: it needs more room than the rest.
        let arrival = Box::pin(handshake::receive(stream, peer, &self.face.handshake)).await;
        match arrival {
            None => {}
            Some(Arrival::Cancel { process_id, secret, stream }) => {
                self.face.cancel(process_id, &secret).await;
                drop(stream);
            }
            Some(Arrival::Console(operator)) => {
                Box::pin(console::attend(operator, self.face.clone())).await;
            }
            Some(Arrival::Guest(guest)) => {
                if let Some(session) = Box::pin(self.admit(guest)).await {
                    session.run().await;
                }
            }
        }
        drop(ticket);
    }

    async fn admit(self: &Arc<Self>, mut guest: Box<handshake::Guest>) -> Option<Session> {
        let client = match Client::new(self.clone(), &guest) {
            Ok(client) => welcome::welcome(client, &mut guest.stream).await,
            Err(refusal) => Err(refusal),
        };
        match client {
            Ok(client) => Some(Session::new(client, guest.stream, &guest.said)),
            Err(refusal) => {
                let _ = say(&mut guest.stream, &refusal, "FATAL", false).await;
                None
            }
        }
    }

    /// Bytes on their way, with room to read into.
    pub fn flow(&self) -> Flow {
        let mut buffers = self.buffers.lock().unwrap_or_else(PoisonError::into_inner);
        Flow::over(buffers.pop().unwrap_or_default())
    }

    /// What is left of them when there are none any more.
    pub fn take_back(&self, flow: Flow) {
        let mut buffers = self.buffers.lock().unwrap_or_else(PoisonError::into_inner);
        if buffers.len() < MOST_BUFFERS {
            buffers.extend(flow.into_buffer());
        }
    }
}
