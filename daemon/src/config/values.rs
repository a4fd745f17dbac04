//! Effective values, in the configuration's own words, for those who ask what is in force. Passwords are not among them.

use serde_json::{Map, Value, json};

use super::{Account, Config, PasswordSource, duration, words};

impl Config {
    /// The value of a dotted key: `tune.settle`, `account.home.tls` (by the account's name), or a whole table as
    /// `presence`. `None` when there is no such key or it has neither value nor default.
    pub(crate) fn value(&self, key: &str) -> Option<Value> {
        if let Some(rest) = key.strip_prefix("account.") {
            return self.accounts.iter().find_map(|account| account_value(account, rest));
        }
        let all = self.values();
        match key.split_once('.') {
            Some((table, key)) => all.get(table)?.get(key).cloned(),
            None => all.get(key).cloned(),
        }
    }

    /// All of them, shaped like the file.
    pub(crate) fn values(&self) -> Value {
        let mut all = Map::new();
        all.insert("account".into(), self.accounts.iter().map(account_values).collect());
        all.insert("presence".into(), self.presence_values());
        all.insert("tune".into(), self.tune_values());
        if let Some(webhook) = &self.webhook {
            all.insert(
                "webhook".into(),
                json!({"listen": webhook.listen.to_string(), "token-file": webhook.token_file.to_string_lossy()}),
            );
        }
        let messages = &self.messages;
        let keep = duration::write(messages.keep);
        all.insert("messages".into(), json!({"history": messages.history, "keep": keep, "notify": messages.notify}));
        Value::Object(all)
    }

    fn presence_values(&self) -> Value {
        let presence = &self.presence;
        let mut values = Map::new();
        values.insert("show".into(), presence.show.as_str().into());
        values.insert("publish-idle".into(), presence.publish_idle.into());
        let optional = [("away-after", presence.away_after), ("xa-after", presence.xa_after)];
        for (key, time) in optional {
            values.extend(time.map(|time| (key.into(), duration::write(time).into())));
        }
        values.extend(presence.status.clone().map(|text| ("status".into(), text.into())));
        Value::Object(values)
    }

    fn tune_values(&self) -> Value {
        let tune = &self.tune;
        let carriers = [("pep", tune.publish_pep), ("status", tune.publish_status)];
        let publish: Vec<_> = carriers.into_iter().filter(|(_, chosen)| *chosen).map(|(word, _)| word).collect();
        json!({
            "enabled": tune.enabled,
            "publish": publish,
            "status": tune.status,
            "status-when": words::status_when_word(tune.status_when),
            "settle": duration::write(tune.settle),
            "on-pause": words::on_pause_text(tune.on_pause),
            "allow": tune.allow,
            "deny": tune.deny,
            "deny-url": tune.deny_url,
            "deny-file": tune.deny_file,
            "publish-url": tune.publish_url,
            "publish-video": tune.publish_video,
            "publish-private": tune.publish_private,
        })
    }
}

/// What follows `account.`: a name alone, or a name and a key; names may contain dots.
fn account_value(account: &Account, rest: &str) -> Option<Value> {
    let rest = rest.strip_prefix(account.name.as_str())?;
    let values = account_values(account);
    match rest.strip_prefix('.') {
        Some(key) => values.get(key).cloned(),
        None => rest.is_empty().then_some(values),
    }
}

fn account_values(account: &Account) -> Value {
    let jid = match &account.resource {
        Some(resource) => account.jid.with_resource(resource).to_string(),
        None => account.jid.to_string(),
    };
    let mut values = Map::new();
    let mut set = |key: &str, value: Value| values.insert(key.into(), value);
    set("name", account.name.clone().into());
    set("jid", jid.into());
    set("tls", words::tls_word(account.tls).into());
    set("priority", account.priority.into());
    set("enabled", account.enabled.into());
    set("tune", account.tune.into());
    if let Some(server) = &account.server {
        set("server", words::server_text(server).into());
    }
    if let Some(path) = &account.ca_file {
        set("ca-file", path.to_string_lossy().into());
    }
    match &account.password {
        Some(PasswordSource::Command(command)) => set("password-command", command.clone().into()),
        Some(PasswordSource::File(path)) => set("password-file", path.to_string_lossy().into()),
        Some(PasswordSource::Credential(name)) => set("password-credential", name.clone().into()),
        Some(PasswordSource::Inline(_)) => set("password", "(set)".into()),
        None => None,
    };
    Value::Object(values)
}
