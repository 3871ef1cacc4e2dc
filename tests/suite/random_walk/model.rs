//! Where a session ought to be: a small model of the context, written from what users are promised
//! and not from the extension's own table.

use super::world::Walker;

/// A visit to a tenant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Visit {
    /// Index into the world's tenants.
    pub tenant: usize,
    pub owner: bool,
    /// Ends with the transaction.
    pub local: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Place {
    Outside,
    Closed,
    Inside(Visit),
}

/// Role and path of a session that is outside.
#[derive(Clone, Debug, PartialEq)]
pub struct Outside {
    pub user: String,
    pub path: String,
}

#[derive(Clone, Debug)]
pub struct Model {
    pub walker: Walker,
    pub login: String,
    pub place: Place,
    /// What opens the context; None when it is open to all.
    pub key: Option<String>,
    /// What a local visit has bound the session to: a key, or without one a tenant.
    pub binding: Option<(Option<String>, usize)>,
    /// Of the server's last ReadyForQuery.
    pub status: char,
    /// The transaction's end leads to `closed`, because a move was refused in it.
    pub doomed: bool,
    /// What the session was when it was last seen outside.
    pub outside: Option<Outside>,
    /// Its own settings were changed since, or may be by a rollback.
    pub settings_changed: bool,
}

/// How a move is expected to end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Expected {
    /// It succeeds, and leads there.
    Success(Place),
    /// It is refused, and leads there.
    Refusal(Place),
    /// It leads there or is refused: that depends on what its transaction did before.
    Either(Place),
}

/// What a request has to show.
#[derive(Clone, Debug, PartialEq)]
pub enum Gate {
    /// Nothing.
    Open,
    /// This key.
    Key(String),
    /// That it leads to this tenant.
    Tenant(usize),
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub enum Goal {
    /// `enter` this tenant (None: one that does not exist) in this capacity.
    Enter(Option<usize>, bool),
    EnterLocal(Option<usize>),
    Leave,
    /// `switch` to this tenant (a tenant that does not exist: Some(None)), or to none.
    Switch(Option<Option<usize>>),
}

impl Model {
    pub fn new(walker: Walker, login: &str) -> Model {
        Model {
            walker,
            login: login.to_owned(),
            place: Place::Outside,
            key: None,
            binding: None,
            status: 'I',
            doomed: false,
            outside: None,
            settings_changed: false,
        }
    }

    pub fn visit(&self) -> Option<Visit> {
        match self.place {
            Place::Inside(visit) => Some(visit),
            _ => None,
        }
    }

    /// What a request has to show here.
    pub fn gate(&self, goal: Goal) -> Gate {
        let key = match (self.place, goal, &self.binding) {
            (Place::Outside, Goal::Enter(..) | Goal::EnterLocal(_), Some((None, tenant))) => {
                return Gate::Tenant(*tenant);
            }
            (Place::Outside, Goal::Enter(..) | Goal::EnterLocal(_), Some((key, _))) => key,
            (Place::Outside, ..) => &None,
            _ => &self.key,
        };
        key.clone().map_or(Gate::Open, Gate::Key)
    }

    /// A local visit has begun, with this key.
    pub fn bind(&mut self, tenant: usize, key: Option<String>) {
        if self.walker == Walker::Sealed && self.binding.is_none() {
            self.binding = Some((key, tenant));
        }
    }

    fn is_local(&self) -> bool {
        self.visit().is_some_and(|visit| visit.local)
    }

    /// Whether the end of the transaction changes the place.
    pub fn is_bound_to_transaction(&self) -> bool {
        self.is_local() || self.doomed
    }

    /// What the session may be asked for, and what then becomes of it. `opens`: it shows
    /// what it has to.
    pub fn expect(&self, goal: Goal, opens: bool) -> Expected {
        let stays = Expected::Refusal(self.place);
        if self.status == 'E' {
            return stays;
        }
        match goal {
            Goal::Switch(to) => self.expect_switch(to, opens),
            Goal::Leave if self.place == Place::Outside => Expected::Success(Place::Outside),
            _ if self.walker == Walker::Gateway => stays,
            _ if self.place == Place::Outside && !opens => stays,
            Goal::EnterLocal(to) => self.expect_local(to),
            _ if self.place == Place::Outside => self.expect_first(goal),
            _ if self.is_local() || self.status == 'T' || !opens => stays,
            Goal::Leave => Expected::Success(Place::Outside),
            Goal::Enter(None, _) => Expected::Refusal(Place::Closed),
            Goal::Enter(Some(tenant), owner) => {
                Expected::Success(Place::Inside(Visit { tenant, owner, local: false }))
            }
        }
    }

    fn expect_first(&self, goal: Goal) -> Expected {
        let Goal::Enter(Some(tenant), owner) = goal else { return Expected::Refusal(self.place) };
        let inside = Place::Inside(Visit { tenant, owner, local: false });
        if self.status == 'T' { Expected::Either(inside) } else { Expected::Success(inside) }
    }

    fn expect_local(&self, to: Option<usize>) -> Expected {
        match (self.place, to) {
            (Place::Outside, Some(tenant)) => {
                Expected::Either(Place::Inside(Visit { tenant, owner: false, local: true }))
            }
            _ => Expected::Refusal(self.place),
        }
    }

    fn expect_switch(&self, to: Option<Option<usize>>, opens: bool) -> Expected {
        if self.walker != Walker::Gateway || self.status == 'T' {
            return Expected::Refusal(self.place);
        }
        match to {
            _ if !opens => Expected::Refusal(Place::Closed),
            None => Expected::Success(Place::Closed),
            Some(None) => Expected::Refusal(Place::Closed),
            Some(Some(tenant)) => {
                Expected::Success(Place::Inside(Visit { tenant, owner: false, local: false }))
            }
        }
    }

    /// Follows the server to what it said last; `ended`: a statement ended the transaction.
    pub fn follow(&mut self, status: char, ended: bool) {
        self.status = status;
        if !ended && status != 'I' {
            return;
        }
        if std::mem::take(&mut self.doomed) {
            self.place = Place::Closed;
        } else if self.is_local() {
            self.place = Place::Outside;
        }
    }
}
