//! One account as the hub keeps it: what was asked of it, what it reported, and the way to its actor.

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use xmppd_core::account::{
    Aside, Command, Delivery, LinkState, Machine, Outcome, Playing, Problem, Report, Ticket, TunePublished,
};
use xmppd_core::players::Pattern;
use xmppd_core::presence::{Composed, Layers, Show, StatusWhen, compose, explain};
use xmppd_proto::reply::{self, AccountInfo, AccountStatus, AccountTune, TunePublish};

use super::convert;
use super::scroll::Scroller;
use crate::account::Handle;
use crate::config;
use crate::host;

/// An account of the configuration.
pub(super) struct Entry {
    config: config::Account,
    pub(super) layers: Layers,
    /// What moves the layer of a text that scrolls, as long as that is there.
    pub(super) scroller: Option<Scroller>,
    pub(super) report: Report,
    pub(super) composed: Composed,
    pub(super) delivery: Delivery,
    /// Why User Tune does not say what it should, in words for people.
    pub(super) tune_problem: Option<String>,
    /// What became of the last tune, or withdrawal, that was given to the server.
    last_tune: Option<TunePublish>,
    /// Nothing while the account is switched off.
    actor: Option<Actor>,
}

/// The actor of an account, and the number under which it reports.
struct Actor {
    handle: Handle,
    task: JoinHandle<()>,
    number: u64,
}

impl Entry {
    /// An account that nobody has started.
    pub(super) fn new(config: config::Account, layers: Layers) -> Self {
        let composed = compose(&layers, None, StatusWhen::Never);
        let report = Report { state: LinkState::Offline, since: host::now().wall, problem: None, session: None };
        let delivery = Delivery::Pending;
        Self {
            config,
            layers,
            scroller: None,
            report,
            composed,
            delivery,
            tune_problem: None,
            last_tune: None,
            actor: None,
        }
    }

    pub(super) fn started(&mut self, handle: Handle, task: JoinHandle<()>, number: u64) {
        self.actor = Some(Actor { handle, task, number });
        // It has still to say so, and may have to wait before it begins.
        if self.layers.requested().show != Show::Offline {
            self.report.state = LinkState::Connecting;
        }
    }

    /// It could not be started, for this reason.
    pub(super) fn not_started(&mut self, reason: String) {
        let problem = Problem { kind: "start", message: reason, retry_at: None };
        self.set_report(Report { state: LinkState::Stopped, problem: Some(problem), ..self.report.clone() });
    }

    /// Whether this is the number of its actor.
    pub(super) fn has_actor(&self, number: u64) -> bool {
        self.actor.as_ref().is_some_and(|actor| actor.number == number)
    }

    /// Takes a configuration that the running actor can follow.
    pub(super) fn set_config(&mut self, config: config::Account) {
        self.config = config;
    }

    pub(super) fn config(&self) -> &config::Account {
        &self.config
    }

    pub(super) fn name(&self) -> &str {
        &self.config.name
    }

    pub(super) fn is_enabled(&self) -> bool {
        self.config.enabled
    }

    /// Whether nothing happens until the user acts.
    pub(super) fn waits_for_user(&self) -> bool {
        match self.report.state {
            LinkState::Stopped | LinkState::NeedsSecret => true,
            LinkState::Offline | LinkState::Connecting | LinkState::Online | LinkState::Retrying => {
                self.actor.is_none()
            }
        }
    }

    /// Whether this is what a person means: the name, or the address.
    pub(super) fn is(&self, name: &str) -> bool {
        self.config.name == name || self.config.jid.as_str() == name
    }

    pub(super) fn handle(&self) -> Option<&Handle> {
        self.actor.as_ref().map(|actor| &actor.handle)
    }

    pub(super) fn set_report(&mut self, report: Report) {
        if let Some(problem) = report.problem.as_ref().filter(|_| self.report.state != report.state) {
            tracing::warn!(account = %self.config.name, kind = problem.kind, "{}", problem.message);
        } else if self.report.state != report.state {
            tracing::info!(account = %self.config.name, state = convert::connection(report.state).as_str(), "connection");
        }
        if report.state != LinkState::Online {
            self.tune_problem = None;
        }
        self.report = report;
    }

    /// Hands a command to the actor; nothing comes back from an account that is switched off.
    pub(super) fn ask(
        &self,
        command: impl FnOnce(Ticket) -> Command + Send + 'static,
    ) -> Option<oneshot::Receiver<Outcome>> {
        self.handle()?.ask(command).ok()
    }

    /// Tells what befalls the machine; nothing comes back from an account that is switched off.
    pub(super) fn machine(&self, machine: Machine) -> Option<oneshot::Receiver<()>> {
        self.handle()?.machine(machine).ok()
    }

    /// Tells the actor whether anybody looks at contacts.
    pub(super) fn watched(&self, watched: bool) {
        if let Some(handle) = self.handle() {
            handle.watched(watched);
        }
    }

    /// Tells the actor which chats no plain text is sent into.
    pub(super) fn encrypted_only(&self, chats: Vec<Pattern>) {
        if let Some(handle) = self.handle() {
            handle.encrypted_only(chats);
        }
    }

    /// Tells the actor what is playing.
    pub(super) fn tune(&self, playing: Option<Playing>) {
        if let Some(handle) = self.handle() {
            handle.tune(playing);
        }
    }

    /// Takes what became of publishing the tune.
    pub(super) fn tune_published(&mut self, published: TunePublished) {
        let (track, error) = match published {
            TunePublished::Done(track) => {
                tracing::debug!(account = %self.config.name, published = track.is_some(), "tune");
                (track, None)
            }
            TunePublished::Failed(track, reason) => {
                tracing::warn!(account = %self.config.name, "the tune is not published: {reason}");
                (track, Some(reason))
            }
        };
        self.tune_problem.clone_from(&error);
        let (at, tune) = (convert::timestamp(host::now().wall), track.as_ref().map(convert::tune));
        self.last_tune = Some(TunePublish { at, accepted: error.is_none(), tune, error });
    }

    /// How the tune goes out through it; `as_pep` is whether it is published as User Tune at all.
    pub(super) fn tune_way(&self, as_pep: bool) -> AccountTune {
        let reason = if !self.config.enabled {
            Some("enabled = false in the configuration".to_owned())
        } else if !self.config.tune {
            Some("tune = false in the configuration".to_owned())
        } else if !as_pep {
            Some("tune.publish has no \"pep\" in the configuration".to_owned())
        } else if self.report.state != LinkState::Online {
            Some(format!("not online: {}", convert::connection(self.report.state).as_str()))
        } else {
            self.tune_problem.clone()
        };
        let (account, publishes) = (self.config.name.clone(), reason.is_none());
        AccountTune { account, publishes, reason, last: self.last_tune.clone() }
    }

    /// A message is not sent by itself any more.
    pub(super) fn set_aside(&self, id: &str, aside: Aside, reason: &str) {
        let account = &self.config.name;
        match aside {
            Aside::Failed => tracing::warn!(%account, %id, "a message was not sent, or came back: {reason}"),
            Aside::Uncertain => tracing::warn!(%account, %id, "whether a message arrived is uncertain: {reason}"),
        }
    }

    /// The server's stream management is used no more.
    pub(super) fn mistrusted(&self) {
        tracing::warn!(
            account = %self.config.name,
            "the server does not keep its side of stream management, which is not used until the daemon starts anew"
        );
    }

    /// Says goodbye, or leaves the session to another process, and lets the actor end; the task ends when its
    /// connection is closed.
    pub(super) fn leave(&mut self, parting: fn(Ticket) -> Command) -> Option<JoinHandle<()>> {
        let Actor { handle, task, .. } = self.actor.take()?;
        let goodbye = handle.ask(parting).ok();
        Some(tokio::spawn(async move {
            if let Some(goodbye) = goodbye {
                let _ = goodbye.await;
            }
            drop(handle);
            let _ = task.await;
        }))
    }

    /// What `status` says of it.
    pub(super) fn status(&self) -> AccountStatus {
        // What the layers give is told at once; whether contacts know already, `effective` and `delivery` tell.
        let tune = self.composed.tune.as_ref();
        let when = tune.map_or(StatusWhen::Never, |offered| offered.when);
        let online = self.report.state == LinkState::Online;
        let composed = compose(&self.layers, tune.map(|offered| offered.text.as_str()), when);
        let layers = explain(&self.layers, &composed).into_iter().map(convert::layer).collect();
        AccountStatus {
            account: self.config.name.clone(),
            jid: self.jid(),
            connection: convert::connection(self.report.state),
            delivery: self.delivery(),
            requested: convert::presence(&self.layers.requested()),
            effective: self.effective(),
            layers,
            directed: self.layers.directed().iter().map(convert::directed).collect(),
            error: online.then(|| self.report.problem.as_ref().map(convert::failure)).flatten(),
        }
    }

    /// What `account list` says of it.
    pub(super) fn info(&self) -> AccountInfo {
        let session = self.report.session.as_ref();
        AccountInfo {
            account: self.config.name.clone(),
            jid: self.jid(),
            enabled: self.config.enabled,
            state: convert::connection(self.report.state),
            since: convert::timestamp(self.report.since),
            error: self.report.problem.as_ref().map(convert::error),
            server: session.map(|session| session.server.clone()),
            tls: session.map(convert::tls),
            auth: session.map(convert::auth),
            stream: session.map(convert::stream),
        }
    }

    fn jid(&self) -> String {
        self.report.session.as_ref().map_or_else(|| self.config.jid.to_string(), |session| session.jid.to_string())
    }

    fn delivery(&self) -> reply::Delivery {
        match self.delivery {
            Delivery::Pending => reply::Delivery::Pending,
            Delivery::Sent => reply::Delivery::Sent,
            Delivery::Acknowledged => reply::Delivery::Acknowledged,
        }
    }

    /// What contacts see: without a stream, nobody.
    fn effective(&self) -> reply::Presence {
        let mut effective = convert::presence(&self.composed.presence);
        if self.report.state != LinkState::Online {
            effective.show = convert::show(Show::Offline);
            effective.status = None;
        }
        if self.composed.presence.show == Show::Invisible {
            effective.status = None;
        }
        effective
    }
}
