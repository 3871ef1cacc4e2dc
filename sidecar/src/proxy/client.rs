//! What is known of a client while it is here, and how it comes by a server connection.

use super::clients::{Activity, Facts, Registration};
use super::handshake::{Guest, Peer};
use super::orders::Orders;
use super::statements::Names;
use super::tenants::{Seat, Tenant, add};
use super::trouble::refusal_of;
use super::worker::Worker;
use crate::admission::{Refusal, Target};
use crate::pool::{Error, Loan, Place};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tenancy_core::carried;

/// A client.
pub struct Client {
    /// Where its server connections have to be.
    pub place: Place,
    /// What it calls its prepared statements.
    pub names: Names,
    /// The thread that it is on.
    pub worker: Arc<Worker>,
    registration: Registration,
    seat: Seat,
    target: Target,
    /// Of the resolver, when the route was found: while it stays, so does the route.
    version: u64,
}

impl Client {
    /// A client that was let in, if its tenant may have one more.
    pub fn new(worker: Arc<Worker>, guest: &Guest) -> Result<Self, Refusal> {
        let face = worker.face.clone();
        let version = face.admission.resolver().version();
        let settings = carried::encode(guest.settings.iter().map(|(name, value)| (name, value)));
        let settings = settings.ok_or_else(too_many_settings)?;
        let route = &guest.route;
        let seat = face.tenants.seat(route.tenant_id, &route.tenant).ok_or_else(|| {
            let most = face.tenants.limits().clients;
            Refusal::new("53300", "too many clients of this tenant")
                .detail(format!("A tenant may have {most} at a time in this process."))
                .hint("Close connections that are idle, or raise postgres.clients_per_tenant.")
        })?;
        let login: Arc<str> = guest.login.as_str().into();
        let registration = face.clients.register(Facts {
            peer: match guest.peer {
                Peer::Address(address) => Some(address),
                Peer::Local => None,
            },
            login: login.clone(),
            application: guest.application_name.as_str().into(),
            tenant: seat.tenant().clone(),
            secret_len: if guest.minor >= 2 { 32 } else { 4 },
        });
        Ok(Self {
            place: Place {
                tenant: route.tenant_id,
                generation: route.generation,
                login,
                pooling: guest.pooling,
                settings: settings.into(),
            },
            names: Names::default(),
            worker,
            registration,
            seat,
            target: guest.target.clone(),
            version,
        })
    }

    /// The client as others see it.
    pub fn registration(&self) -> &Registration {
        &self.registration
    }

    /// What it is told.
    pub fn orders(&self) -> &Orders {
        &self.registration.handle().orders
    }

    /// Its tenant.
    pub fn tenant(&self) -> &Arc<Tenant> {
        self.seat.tenant()
    }

    /// Says what it is at.
    pub fn set_activity(&self, activity: Activity) {
        self.registration.handle().set_activity(activity);
    }

    /// The route as `switch` takes it.
    pub fn route(&self) -> String {
        format!("{}/{}", self.place.tenant, self.place.generation)
    }

    /// A query was answered, and perhaps a transaction ended with it.
    pub fn worked(&self, ended: bool) {
        let counters = &self.tenant().counters;
        add(&counters.queries, 1);
        if ended {
            add(&counters.transactions, 1);
            add(&self.registration.handle().transactions, 1);
        }
    }

    /// A switch went ahead of a transaction.
    pub fn switched(&self) {
        add(&self.tenant().counters.switches, 1);
    }

    /// It has held a server connection for so long.
    pub fn held(&self, time: Duration) {
        add(&self.tenant().counters.hold_micros, micros(time));
    }

    /// Borrows a server connection.
    pub async fn borrow(&mut self) -> Result<Loan, Refusal> {
        self.refresh().await?;
        if !self.tenant().may_begin() {
            return Err(Refusal::new("53300", "too many transactions of this tenant")
                .detail("The tenant has begun as many in this second as it may.")
                .hint("Try again in a moment, or raise postgres.transactions_per_second."));
        }
        let began = Instant::now();
        self.registration.handle().waits(began);
        let loan = self.orders().unless_ended(self.worker.links.take(&self.place)).await;
        add(&self.tenant().counters.wait_micros, micros(began.elapsed()));
        self.set_activity(Activity::Active);
        loan.ok_or_else(Refusal::ended)?.map_err(|error| refusal_for(&error))
    }

    /// Lets the client in once more where the registry may have changed since it was.
    async fn refresh(&mut self) -> Result<(), Refusal> {
        let admission = &self.worker.face.admission;
        let version = admission.resolver().version();
        if version == self.version {
            return Ok(());
        }
        let route = admission.again(&self.place.login, &self.target).await?;
        if route.tenant_id != self.place.tenant {
            return Err(Refusal::unknown());
        }
        self.place.generation = route.generation;
        self.version = version;
        Ok(())
    }

    /// The server says that the registry has moved on.
    pub fn forget_route(&self) {
        self.worker.face.admission.resolver().forget(self.place.tenant);
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

fn too_many_settings() -> Refusal {
    Refusal::new("53400", "too many settings")
        .detail(format!(
            "A client may bring {} settings of {} bytes in all.",
            carried::MAX_SETTINGS,
            carried::MAX_BYTES
        ))
        .hint("Set less when connecting.")
}

/// Why there is no server connection.
pub fn refusal_for(error: &Error) -> Refusal {
    match error {
        Error::Busy => Refusal::new("53300", "no server connection became free in time")
            .detail("All connections that the tenant may use are busy.")
            .hint("Try again, shorten transactions, or raise postgres.pool_size or timeouts.checkout."),
        Error::Crowded => Refusal::new("53300", "too many clients of this tenant wait")
            .detail("Each waits for a server connection.")
            .hint("Try again in a moment, or raise postgres.queue_per_tenant."),
        Error::Switch(report) => refusal_of(report),
        _ => Refusal::unavailable(),
    }
}
