//! From the configuration to running accounts: the core's settings, what the store remembers, and what a reload
//! changes. Only accounts that are different afterwards are touched.

use std::path::Path;

use jid::ResourcePart;
use tokio::task::JoinHandle;
use xmppd_core::account::{Command, Memory, MessageSettings, Settings, TuneSettings};
use xmppd_core::entropy::Entropy;
use xmppd_core::presence::{Layers, Presence, StatusWhen, Timed};
use xmppd_core::srv::TlsPolicy;
use xmppd_proto::Change;

use super::Hub;
use super::entry::Entry;
use super::scroll::Scroller;
use crate::account::{self, Setup};
use crate::config::{self, Config};
use crate::host;
use crate::places::Environment;
use crate::store::{self, BasePresence, KeptAccount, StoreError, Waiting};
use crate::transport::domain::Domain;
use crate::transport::tls::{AnchorError, Tls};

/// What the hub needs of the process.
#[derive(Clone)]
pub(crate) struct Surroundings {
    /// For passwords.
    pub(crate) environment: Environment,
    /// This installation's UUID.
    pub(crate) user_agent: String,
    /// Told to those who see our presence.
    pub(crate) version: &'static str,
}

/// Why an account cannot be started.
#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error("{0}")]
    Anchors(#[from] AnchorError),
    #[error("{0}")]
    Domain(#[from] crate::transport::domain::InvalidDomain),
    #[error("the state database: {0}")]
    Store(#[from] StoreError),
    #[error("the kernel gives no randomness: {0}")]
    Entropy(#[from] std::io::Error),
    #[error("the stored resource cannot be used")]
    Resource,
}

/// So many messages that wait for a session are held in memory, some hundred kilobytes of them.
const HELD: usize = 1_000;

/// What the store remembers of an account, or what it starts with.
struct Kept {
    resource: ResourcePart,
    memory: Memory,
}

impl Hub {
    /// Starts every account of the configuration.
    pub(super) async fn start_accounts(&mut self) {
        for account in self.config.accounts.clone() {
            self.start_account(account, None, None).await;
        }
    }

    /// Puts another configuration in force; gives the names of the accounts that are different now. A session that can
    /// follow goes on, others say goodbye before their successor starts; nobody waits for that here. An account that
    /// waits for its user is tried again.
    pub(super) async fn reload(&mut self, config: Config) -> Vec<String> {
        let before = std::mem::replace(&mut self.config, config);
        self.forget_old();
        self.tls = None;
        self.goodbyes.retain(|goodbye| !goodbye.is_finished());
        let shared = before.tune != self.config.tune || before.messages != self.config.messages;
        for entry in &self.entries {
            entry.encrypted_only(self.config.messages.encrypted_only());
        }
        let mut changed = Vec::new();
        let mut left = std::mem::take(&mut self.entries);
        for account in self.config.accounts.clone() {
            let entry = left.iter().position(|entry| entry.name() == account.name).map(|index| left.remove(index));
            match entry {
                Some(entry) if entry.config() == &account && !shared && !entry.waits_for_user() => {
                    self.entries.push(entry);
                }
                Some(entry) if can_follow(&entry, &account) => {
                    changed.push(account.name.clone());
                    self.follow(entry, account).await;
                }
                entry => {
                    changed.push(account.name.clone());
                    self.state.forget(&account.name);
                    let passing = entry.as_ref().map(|entry| (entry.layers.clone(), entry.scroller.clone()));
                    let goodbye = entry.and_then(|mut entry| entry.leave(Command::Leave));
                    self.start_account(account, goodbye, passing).await;
                }
            }
        }
        if !left.is_empty() {
            for mut entry in left {
                changed.push(entry.name().to_owned());
                self.state.forget(entry.name());
                self.goodbyes.extend(entry.leave(Command::Leave));
            }
            // No event says that an account is gone: whoever watches is shown the new picture.
            self.subscribers.start_anew();
        }
        changed
    }

    /// Lets a session go on under a configuration that its actor can follow.
    async fn follow(&mut self, mut entry: Entry, account: config::Account) {
        let asked = match self.store.base_presence(account.name.clone()).await {
            Ok(base) => base.and_then(|base| base.priority),
            Err(_) => None,
        };
        let priority = asked.unwrap_or(account.priority);
        let (settings, messages) = (self.tune_settings(&account), self.message_settings());
        entry.set_config(account);
        entry.layers.set_base(Presence { priority, ..entry.layers.base().clone() });
        let layers = entry.layers.clone();
        let on_uncertain = self.config.messages.on_uncertain;
        // Nobody waits for the answers.
        drop(entry.ask(move |ticket| Command::OnUncertain(ticket, on_uncertain)));
        drop(entry.ask(|ticket| Command::TuneSettings(ticket, settings)));
        drop(entry.ask(move |ticket| Command::MessageSettings(ticket, messages)));
        drop(entry.ask(|ticket| Command::Layers(ticket, layers)));
        entry.tune(self.playing.clone().filter(|_| entry.config().tune));
        let status = entry.status();
        self.entries.push(entry);
        self.publish(Change::Status(status));
    }

    /// Starts an account, once the session that it had before has ended. What is kept nowhere passes to it: what
    /// commands hold, and a text that scrolls.
    async fn start_account(
        &mut self,
        account: config::Account,
        predecessor: Option<JoinHandle<()>>,
        passing: Option<(Layers, Option<Scroller>)>,
    ) {
        let (mut entry, result) = match self.kept(&account).await {
            Ok(mut kept) => {
                let (before, scroller) = passing.unzip();
                if let Some(before) = before {
                    before.held().iter().for_each(|held| kept.memory.layers.hold(held.clone()));
                    kept.memory.layers.set_scroll(before.scroll().cloned());
                }
                let mut entry = Entry::new(account, kept.memory.layers.clone());
                entry.scroller = scroller.flatten();
                let result = if entry.is_enabled() {
                    self.start_actor(&mut entry, kept, predecessor)
                } else {
                    self.goodbyes.extend(predecessor);
                    Ok(())
                };
                (entry, result)
            }
            Err(error) => {
                (Entry::new(account.clone(), Layers::new(first_presence(&self.config, &account))), Err(error))
            }
        };
        if let Err(error) = result {
            entry.not_started(format!("the account cannot be started: {error}"));
        }
        entry.tune(self.playing.clone().filter(|_| entry.config().tune));
        let (info, status) = (entry.info(), entry.status());
        self.entries.push(entry);
        self.publish(Change::Account(Box::new(info)));
        self.publish(Change::Status(status));
    }

    fn start_actor(
        &mut self,
        entry: &mut Entry,
        kept: Kept,
        predecessor: Option<JoinHandle<()>>,
    ) -> Result<(), StartError> {
        self.actors += 1;
        let account = entry.config();
        let setup = Setup {
            name: account.name.clone(),
            settings: self.settings(account, kept.resource),
            memory: kept.memory,
            domain: Domain::parse(account.jid.domain().as_str())?,
            password: account.password.clone(),
            tls: self.tls(account.ca_file.as_deref())?,
            environment: self.surroundings.environment.clone(),
            store: self.store.clone(),
            events: self.posts.clone(),
            number: self.actors,
            predecessor,
        };
        let (handle, task) = account::start(setup)?;
        handle.watched(self.watched);
        entry.started(handle, task, self.actors);
        Ok(())
    }

    /// How an account secures its connections. The system's anchors alone are read once for all that trust no others.
    fn tls(&mut self, ca_file: Option<&Path>) -> Result<Tls, AnchorError> {
        match (ca_file, &self.tls) {
            (Some(_), _) => Tls::new(ca_file),
            (None, Some(tls)) => Ok(tls.clone()),
            (None, None) => Ok(self.tls.insert(Tls::new(None)?).clone()),
        }
    }

    fn settings(&self, account: &config::Account, resource: ResourcePart) -> Settings {
        Settings {
            jid: account.jid.clone(),
            resource: account.resource.clone().unwrap_or(resource),
            server: account.server.as_ref().map(|server| (server.host.clone(), server.port)),
            tls: tls_policy(account.tls),
            tune: self.tune_settings(account),
            rooms: account.rooms,
            messages: self.message_settings(),
            encrypted_only: self.config.messages.encrypted_only(),
            on_uncertain: self.config.messages.on_uncertain,
            held: HELD,
            user_agent: self.surroundings.user_agent.clone(),
            version: self.surroundings.version.to_owned(),
        }
    }

    fn message_settings(&self) -> MessageSettings {
        MessageSettings { history: self.config.messages.history, receipts: self.config.messages.receipts }
    }

    fn tune_settings(&self, account: &config::Account) -> TuneSettings {
        let tune = &self.config.tune;
        let published = tune.enabled && account.tune;
        TuneSettings {
            pep: published && tune.publish_pep,
            status: tune.status.parse().ok().filter(|_| published && tune.publish_status),
            status_when: status_when(tune.status_when),
        }
    }

    /// What the store remembers; an account it does not know gets a resource, which is kept from now on.
    async fn kept(&self, account: &config::Account) -> Result<Kept, StartError> {
        let known = self.store.account(account.name.clone()).await?.filter(|known| known.jid == account.jid.as_str());
        let resource = match known {
            Some(known) => known.resource,
            None => {
                let resource = format!("xmppd.{}", &Entropy::new(host::seed()?).id()[..8]);
                let kept = KeptAccount { name: account.name.clone(), jid: account.jid.to_string(), resource };
                self.store.apply(vec![store::Change::Account(kept.clone())]).await?;
                kept.resource
            }
        };
        let timed = self.timed(&account.name).await?;
        let base = self.store.base_presence(account.name.clone()).await?;
        let presence = base.map_or_else(|| first_presence(&self.config, account), |base| last_presence(base, account));
        let mut layers = Layers::new(presence);
        layers.set_timed(timed);
        layers.set_idle(self.idle.clone());
        self.store.directed_presence(account.name.clone()).await?.into_iter().for_each(|it| layers.direct(it));
        let tune_out = self.store.tunes_out().await?.contains(&account.name);
        let resource = ResourcePart::new(&resource).map_err(|_| StartError::Resource)?.into_owned();
        let tokens = self.store.tokens(account.name.clone()).await?;
        let offer = self.store.offer(account.name.clone()).await?;
        let session = self.store.session(account.name.clone()).await?;
        let Waiting { messages, behind, chosen } = self.store.messages(account.name.clone(), HELD).await?;
        let taken = self.store.messages_taken(account.name.clone()).await?;
        let border = self.store.border(account.name.clone()).await?;
        let told = self.store.told(account.name.clone()).await?;
        let recent = self.store.recent(account.name.clone()).await?;
        let roster = self.store.roster(account.name.clone()).await?;
        let requests = self.store.subscription_requests(account.name.clone()).await?;
        let rooms = self.store.rooms(account.name.clone()).await?;
        let memory = Memory {
            layers,
            tune_out,
            tokens,
            offer,
            session,
            messages,
            backlog: behind,
            chosen_behind: chosen,
            taken,
            border,
            told,
            recent,
            roster,
            requests,
            rooms,
        };
        Ok(Kept { resource, memory })
    }

    /// What was asked for until a point in time that is still to come; one that came while nobody looked is kept as
    /// passed, with what follows it.
    async fn timed(&self, account: &str) -> Result<Option<Timed>, StoreError> {
        let Some(timed) = self.store.timed_presence(account.to_owned()).await? else { return Ok(None) };
        if timed.until > host::now().wall {
            return Ok(Some(timed));
        }
        let account = account.to_owned();
        self.store.apply(vec![store::Change::TimedEnded { account, then: timed.then }]).await?;
        Ok(None)
    }
}

/// Whether the difference is one that a session need not end for.
fn can_follow(entry: &Entry, account: &config::Account) -> bool {
    let before = entry.config();
    let alike = config::Account { priority: before.priority, tune: before.tune, ..account.clone() };
    *before == alike && !entry.waits_for_user()
}

/// What an account starts with the first time.
pub(super) fn first_presence(config: &Config, account: &config::Account) -> Presence {
    Presence { show: config.presence.show, status: config.presence.status.clone(), priority: account.priority }
}

fn last_presence(base: BasePresence, account: &config::Account) -> Presence {
    Presence { show: base.show, status: base.status, priority: base.priority.unwrap_or(account.priority) }
}

fn tls_policy(policy: config::TlsPolicy) -> TlsPolicy {
    match policy {
        config::TlsPolicy::Auto => TlsPolicy::Auto,
        config::TlsPolicy::Direct => TlsPolicy::Direct,
        config::TlsPolicy::StartTls => TlsPolicy::StartTls,
    }
}

fn status_when(when: config::StatusWhen) -> StatusWhen {
    match when {
        config::StatusWhen::Empty => StatusWhen::Empty,
        config::StatusWhen::Always => StatusWhen::Always,
        config::StatusWhen::Never => StatusWhen::Never,
    }
}
