//! Which of the idle connections a client gets: the one that is where the client belongs, else one
//! that knows the tenant's tables, else the one with the fewest tenants to its name, so that the
//! tenants spread over the connections and each backend's caches hold but some of them.

use crate::pool::link::{Link, Place};

/// Takes it out.
pub fn take(idle: &mut Vec<Link>, place: &Place) -> Option<Link> {
    let at = best(idle, place)?;
    Some(idle.swap_remove(at))
}

fn best(idle: &[Link], place: &Place) -> Option<usize> {
    let tenant = place.tenant;
    let in_tenant = |link: &Link| link.place.as_ref().is_some_and(|p| p.tenant == tenant);
    idle.iter()
        .position(|link| link.is_at(place))
        .or_else(|| idle.iter().position(in_tenant))
        .or_else(|| idle.iter().position(|link| link.served.contains(&tenant)))
        .or_else(|| (0..idle.len()).min_by_key(|at| idle[*at].served.len()))
}
