//! Opening a connection for those who wait.

use super::{Answer, Links};
use crate::pool::link::Link;
use crate::pool::{Error, authenticate, seal, switch};
use std::sync::Arc;

/// A connection about to be opened. Dropped before that, it makes its place free.
pub struct Opening {
    links: Arc<Links>,
    done: bool,
}

impl Opening {
    /// Its place is taken already.
    pub fn of(links: &Arc<Links>) -> Self {
        Self { links: links.clone(), done: false }
    }

    /// Opens it and hands it over. Where none can be opened and there is no other to wait for, those
    /// who wait are told why.
    pub async fn run(mut self) {
        let opened =
            tokio::time::timeout(self.links.settings.load().connect_timeout, self.open()).await;
        let opened = opened.unwrap_or(Err(Error::Connect(std::io::ErrorKind::TimedOut.into())));
        self.done = true;
        let mut state = self.links.state();
        state.opening -= 1;
        match opened {
            Ok(link) => self.links.settle(state, link),
            Err(error) => {
                tracing::error!(%error, "cannot open a server connection");
                state.places -= 1;
                if state.places == 0 {
                    let error = Arc::new(error);
                    let tell = |waiting: tokio::sync::oneshot::Sender<Answer>| {
                        let _ = waiting.send(Err(error.clone()));
                    };
                    state.queue.drain().into_iter().for_each(tell);
                }
            }
        }
    }

    async fn open(&self) -> Result<Link, Error> {
        let settings = self.links.settings.load_full();
        let mut channel = settings.address.endpoint.connect(switch::ANSWER_LIMIT).await?;
        let mut reported = Vec::new();
        let key =
            authenticate::start_reporting(&mut channel, &settings.address, &mut reported).await?;
        let sealed = seal::seal(&mut channel).await?;
        tracing::debug!(process_id = key.process_id, "server connection sealed");
        Ok(Link::new(channel, key, sealed, reported, settings.statements))
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        if !self.done {
            let mut state = self.links.state();
            state.opening -= 1;
            state.places -= 1;
        }
    }
}
