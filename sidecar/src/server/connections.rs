//! HTTP connections from accept to end. Knows sockets and hyper, nothing of what is served.

use crate::http::Peer;
use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};

/// A client that has not sent its headers by then is cut off.
const HEADER_PATIENCE: Duration = Duration::from_secs(30);
/// After an error of accept, most likely no file descriptor left: time for one to be closed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The connections of one listener.
pub struct Connections {
    router: Router,
    graceful: GracefulShutdown,
}

impl Connections {
    /// Serves `router`.
    pub fn new(router: Router) -> Self {
        Self { router, graceful: GracefulShutdown::new() }
    }

    /// Accepts until it is dropped.
    pub async fn accept(&mut self, listener: &TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => self.start(stream, peer),
                // The client's own doing.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    tracing::error!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn start(&self, stream: TcpStream, peer: SocketAddr) {
        // Answers are whole when they are written: nothing is gained by holding back.
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(self.router.clone());
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(Peer(peer));
            service.call(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_PATIENCE)
            .serve_connection(TokioIo::new(stream), service);
        let connection = self.graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "connection ended");
            }
        });
    }

    /// Lets what is under way finish and closes idle connections.
    pub async fn drain(self) {
        self.graceful.shutdown().await;
    }
}
