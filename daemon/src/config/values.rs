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
                json!({
                    "listen": webhook.listen.to_string(),
                    "path": webhook.path,
                    "expire": duration::write(webhook.expire),
                    "token-file": webhook.token_file.to_string_lossy(),
                }),
            );
        }
        all.insert("messages".into(), self.messages_values());
        Value::Object(all)
    }

    fn messages_values(&self) -> Value {
        let messages = &self.messages;
        json!({
            "history": messages.history,
            "keep": duration::write(messages.keep),
            "receipts": messages.receipts,
            "encrypted-only": messages.encrypted_only,
            "notify": messages.notify,
            "notify-body": messages.notify_body,
            "notify-deny": messages.notify_deny,
            "on-uncertain": words::on_uncertain_word(messages.on_uncertain),
        })
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
        let mut values = json!({
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
        });
        if let (Some(values), Some(filter)) = (values.as_object_mut(), &tune.filter) {
            values.insert("filter".into(), filter.clone().into());
        }
        values
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
