//! `doctor`: what works, what does not, and the way out, in the order in which a person would look.

use xmppd_core::idle::Opinion;
use xmppd_core::players::Budget;
use xmppd_proto::Failure;
use xmppd_proto::reply::{
    AccountInfo, Check, CheckState, ConnectionState, DoctorReport, FilterReport, FilterVerdict, TuneReport,
};

use super::WebhookState;
use super::desk::Desk;
use crate::bus::BusState;
use crate::config;
use crate::desktop::Source;
use crate::host;
use crate::hub::timestamp;
use crate::idle::Findings;
use crate::notifications::Standing;

impl Desk {
    pub(super) async fn doctor(&self) -> Result<DoctorReport, Failure> {
        let (accounts, tune, notes) =
            self.hub.read(|state, config| (state.account.accounts.clone(), state.tune.clone(), config.notes())).await?;
        let mut checks = vec![self.configuration()];
        checks.extend(notes.into_iter().map(|note| check("configuration", CheckState::Warning, note)));
        checks.push(self.database().await);
        checks.extend(accounts.iter().map(account));
        checks.push(bus("session-bus", &self.facts.bus.borrow(), "org.xmppctl.Daemon1 is on the session bus"));
        checks.push(bus("players", &self.facts.players.borrow(), "media players can be seen"));
        checks.push(notifications(&self.facts.notifications.standing.borrow(), &self.facts.players.borrow()));
        let sources = self.facts.machine.borrow().clone();
        checks.push(machine("sleep", &sources.sleep, "logind", "the clocks"));
        checks.push(machine("network", &sources.network, "NetworkManager", "the kernel"));
        checks.extend(webhook(&self.facts.webhook.state.borrow()));
        checks.extend(self.players.filter().await.ok().flatten().map(|report| filter(&report)));
        checks.push(idle(&self.facts.idle.findings()));
        checks.push(published(&tune));
        for (name, handle) in self.hub.accounts(None).await.unwrap_or_default() {
            // An actor that has ended publishes nothing.
            if let Ok(answer) = handle.budget()
                && let Ok(spent) = answer.await
            {
                checks.push(budget(name, &spent));
            }
        }
        Ok(DoctorReport { checks })
    }

    fn configuration(&self) -> Check {
        let file = self.facts.config.display();
        match config::load(&self.facts.config, &self.facts.environment) {
            Ok(_) => check("configuration", CheckState::Ok, format!("{file} is sound")),
            Err(error) => Check {
                hint: Some("what was in force before stays in force; mend it, then run `xmppctl config reload`".into()),
                ..check("configuration", CheckState::Failed, error.to_string())
            },
        }
    }

    async fn database(&self) -> Check {
        match self.store.tune_switch().await {
            Ok(_) => check("state", CheckState::Ok, format!("{} can be read", self.facts.state.display())),
            Err(error) => check("state", CheckState::Failed, error.to_string()),
        }
    }
}

fn account(info: &AccountInfo) -> Check {
    let (state, message, hint) = match (info.state, &info.error) {
        (ConnectionState::Online, _) => (CheckState::Ok, online(info), None),
        (_, _) if !info.enabled => (CheckState::Skipped, "switched off in the configuration".into(), None),
        (ConnectionState::Offline, _) => {
            (CheckState::Skipped, "offline, as asked for".into(), Some("run `xmppctl status online`"))
        }
        (ConnectionState::Connecting, _) => (CheckState::Warning, "connecting".into(), None),
        (state, Some(error)) => {
            let hint = (state != ConnectionState::Retrying).then_some("mend it, then run `xmppctl account connect`");
            (CheckState::Failed, format!("{}: {}", state.as_str(), error.message), hint)
        }
        (state, None) => (CheckState::Failed, state.as_str().to_owned(), None),
    };
    Check { account: Some(info.account.clone()), hint: hint.map(str::to_owned), ..check("account", state, message) }
}

fn online(info: &AccountInfo) -> String {
    let mut text = format!("online as {}", info.jid);
    if let (Some(server), Some(tls), Some(auth)) = (&info.server, &info.tls, &info.auth) {
        let binding = auth.channel_binding.as_deref().unwrap_or("no channel binding");
        text += &format!(" through {server}, TLS {}, {} ({binding})", tls.version, auth.mechanism);
    }
    text
}

fn bus(name: &str, state: &BusState, present: &str) -> Check {
    match state {
        BusState::Present => check(name, CheckState::Ok, present.to_owned()),
        BusState::Connecting => check(name, CheckState::Warning, "connecting to the session bus".to_owned()),
        BusState::Missing { reason } => Check {
            hint: Some("everything else works without it".into()),
            ..check(name, CheckState::Warning, reason.clone())
        },
    }
}

fn notifications(standing: &Standing, bus: &BusState) -> Check {
    let (state, message) = match (standing, bus) {
        (Standing::Off, _) => (CheckState::Skipped, "messages.notify is false".to_owned()),
        (_, BusState::Missing { reason }) => (CheckState::Warning, format!("messages cannot be shown: {reason}")),
        (Standing::Untried, _) => {
            (CheckState::Ok, "messages will be shown by the desktop; there was none yet".to_owned())
        }
        (Standing::Shown, _) => (CheckState::Ok, "the last message was shown by the desktop".to_owned()),
        (Standing::Failed { reason }, _) => (CheckState::Warning, format!("the last message was not shown: {reason}")),
    };
    let hint = (state == CheckState::Warning).then(|| "everything else works without it".to_owned());
    Check { hint, ..check("notifications", state, message) }
}

/// Who tells of sleep or of the network: a service, the machine in its place, or nobody.
fn machine(name: &str, source: &Source, service: &str, itself: &str) -> Check {
    match source {
        Source::Looking => check(name, CheckState::Warning, "looking for the system bus"),
        Source::Service => check(name, CheckState::Ok, format!("{service} tells of changes")),
        Source::Machine { reason } => check(name, CheckState::Ok, format!("{reason}; changes are noticed by {itself}")),
        Source::Nobody { reason } => Check {
            hint: Some("a dead connection is noticed later; everything else works without it".into()),
            ..check(name, CheckState::Warning, format!("nobody tells of changes: {reason}"))
        },
    }
}

/// Nothing where there is none.
fn webhook(state: &WebhookState) -> Option<Check> {
    match state {
        WebhookState::Off => None,
        WebhookState::Open { address } => {
            Some(check("webhook", CheckState::Ok, format!("players can post what they play to {address}")))
        }
        WebhookState::Closed { reason } => Some(Check {
            hint: Some("mend it, then run `xmppctl config reload`".into()),
            ..check("webhook", CheckState::Failed, reason.clone())
        }),
    }
}

fn filter(FilterReport { program, verdict, reason }: &FilterReport) -> Check {
    let (state, said) = match verdict {
        None => (CheckState::Ok, "has nothing to be asked about".to_owned()),
        Some(FilterVerdict::Asked) => (CheckState::Ok, "is being asked about the song".to_owned()),
        Some(FilterVerdict::Passed) => (CheckState::Ok, "lets the song pass".to_owned()),
        Some(FilterVerdict::Changed) => (CheckState::Ok, "tells something else in place of the song".to_owned()),
        Some(FilterVerdict::Withheld) => (CheckState::Ok, "leaves the song out".to_owned()),
        Some(FilterVerdict::Failed) => {
            let reason = reason.as_deref().unwrap_or("it failed");
            (CheckState::Failed, format!("failed, so the song is not told: {reason}"))
        }
    };
    let hint = (state == CheckState::Failed).then(|| "run it by hand with a song on its standard input".to_owned());
    Check { hint, ..check("filter", state, format!("{program} {said}")) }
}

/// Who says what of the person, and who is not to be heard.
fn idle(findings: &Findings) -> Check {
    if !findings.on {
        let off = "idle time is not looked at: neither presence.away-after nor presence.xa-after is configured";
        return check("idle", CheckState::Skipped, off);
    }
    let opinion = |opinion: &Opinion| {
        let says = match opinion.absent_since {
            Some(since) => format!("away since {:.0}", timestamp(since)),
            None => "there".to_owned(),
        };
        let ignored = if opinion.counts { "" } else { " (a better one is asked)" };
        format!("{}: {says}{ignored}", opinion.source.as_str())
    };
    let missing = findings.missing.iter().map(|(part, reason)| format!("not {}: {reason}", part.as_str()));
    let said: Vec<String> = findings.opinions.iter().map(opinion).chain(missing).collect();
    if findings.opinions.is_empty() {
        let hint =
            "run the daemon in a session with logind, GNOME, a screen saver, or a compositor with ext-idle-notify-v1";
        let message = format!("nobody says whether you are there: {}", said.join("; "));
        return Check { hint: Some(hint.into()), ..check("idle", CheckState::Warning, message) };
    }
    check("idle", CheckState::Ok, said.join("; "))
}

fn published(tune: &TuneReport) -> Check {
    match (&tune.tune, &tune.reason) {
        (Some(_), Some(reason)) => check("tune", CheckState::Warning, reason.clone()),
        (Some(tune), None) => {
            let title = tune.title.as_deref().unwrap_or("a track without a title");
            check("tune", CheckState::Ok, format!("publishing {title}"))
        }
        (None, reason) => {
            let reason = reason.as_deref().unwrap_or("nothing is playing");
            check("tune", CheckState::Skipped, format!("nothing is published: {reason}"))
        }
    }
}

/// What an account may still publish, and what waits for more.
fn budget(account: String, budget: &Budget) -> Check {
    let now = host::now().moment;
    let (left, whole) = budget.left(now);
    let scrolling = match budget.scrolls_at(now) {
        None => "scrolling goes on".to_owned(),
        Some(at) => format!("scrolling waits for {} s", (at - now).as_secs() + 1),
    };
    let message = format!("{left} of {whole} publishes at once, one more every 5 s; {scrolling}");
    let state = if left == 0 { CheckState::Warning } else { CheckState::Ok };
    Check { account: Some(account), ..check("budget", state, message) }
}

fn check(name: &str, state: CheckState, message: impl Into<String>) -> Check {
    Check { check: name.to_owned(), account: None, state, message: message.into(), hint: None }
}
