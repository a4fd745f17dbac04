//! `config.check`, `config.reload`, `config.get`.

use xmppd_proto::reply::{ConfigReport, ConfigValues};
use xmppd_proto::request::ConfigGet;
use xmppd_proto::{Failure, Kind};

use super::Doorway;
use super::desk::Desk;
use crate::config::{self, Config, LoadError};
use crate::notifications;
use crate::players::chooser::Settings;

impl Desk {
    /// Reads the file and says whether it could be put into force.
    pub(super) fn config_check(&self) -> Result<ConfigReport, Failure> {
        self.load().map(|config| self.summary(&config))
    }

    /// Puts the file into force. A broken one leaves what is in force as it is.
    pub(crate) async fn config_reload(&self) -> Result<ConfigReport, Failure> {
        let config = self.load()?;
        let mut report = self.summary(&config);
        // An error means that the daemon ends.
        let _ = self.players.configure(Settings::of(&config.tune)).await;
        let doorway = Doorway::of(config.webhook.as_ref());
        if !matches!(doorway, Doorway::Door(_)) {
            let _ = self.players.unpost().await;
        }
        self.facts.webhook.doorway.send_replace(doorway);
        self.facts.notifications.wishes.send_replace(notifications::wishes(&config.messages));
        self.facts.idle.configure(&config.presence);
        report.changed = self.hub.reload(config).await?;
        Ok(report)
    }

    /// One value, or all, as they are in force; a password is never among them.
    pub(super) async fn config_get(&self, params: ConfigGet) -> Result<ConfigValues, Failure> {
        let key = params.key.clone();
        let values =
            self.hub.read(move |_, config| key.map_or_else(|| Some(config.values()), |key| config.value(&key))).await?;
        let unknown = || {
            let key = params.key.unwrap_or_default();
            Failure::new(Kind::NotFound, format!("the configuration has no {key}"))
                .with_hint("`xmppctl config get` shows all")
        };
        Ok(ConfigValues { file: self.facts.config.display().to_string(), values: values.ok_or_else(unknown)? })
    }

    fn load(&self) -> Result<Config, Failure> {
        config::load(&self.facts.config, &self.facts.environment).map_err(|error| refused(&error))
    }

    fn summary(&self, config: &Config) -> ConfigReport {
        ConfigReport {
            file: self.facts.config.display().to_string(),
            accounts: config.accounts.iter().map(|account| account.name.clone()).collect(),
            changed: Vec::new(),
        }
    }
}

fn refused(error: &LoadError) -> Failure {
    let failure = Failure::usage(error.to_string());
    match error.hint() {
        Some(hint) => failure.with_hint(hint),
        None => failure,
    }
}
