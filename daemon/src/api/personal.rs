//! `mood`, `activity`, `nick`, `avatar`, and contacts' tunes. What is told is the server's to keep: it is asked for it, and
//! no account's failure keeps another's answer back.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jid::Jid;
use xmppd_core::account::{Command, Outcome, Question};
use xmppd_core::pep::{Node, Personal, Publication};
use xmppd_core::stanza::activity::Activity;
use xmppd_core::stanza::avatar::{self, Avatar};
use xmppd_core::stanza::error::Condition;
use xmppd_core::stanza::mood::Mood;
use xmppd_core::stanza::{nick, pubsub};
use xmppd_core::xml::Element;
use xmppd_proto::reply::{AccountPersonal, ContactTune, ContactTunes, PersonalReport};
use xmppd_proto::request::{ActivitySet, AvatarSet, MoodSet, NickSet, TuneGet};
use xmppd_proto::{Failure, Kind};

use super::account::order;
use super::contacts::{refusal, unknown};
use super::desk::Desk;
use super::message::address;
use crate::account::Handle;
use crate::hub::{personal_to_proto, tune_to_proto};

/// The item of a node that has one.
const ITEM: &str = "current";

/// The steps by which one account tells something.
type Steps = Vec<Step>;

/// One of them.
#[derive(Clone, Debug)]
enum Step {
    Publish(Publication),
    /// What is on the node goes; one that is not there is gone.
    Delete(Node),
}

impl Desk {
    /// What servers have of this.
    pub(super) async fn personal_show(&self, node: Node, account: Option<String>) -> Result<PersonalReport, Failure> {
        self.each(account, move |name, handle| async move { read(&name, &handle, node, None).await }).await
    }

    /// Tells something, or no more.
    pub(super) async fn personal_tell(
        &self,
        personal: Personal,
        account: Option<String>,
    ) -> Result<PersonalReport, Failure> {
        let steps = vec![Step::Publish(Publication::new(personal.node(), ITEM, personal.to_element()))];
        self.take(steps, personal, account).await
    }

    pub(super) async fn mood_set(&self, params: MoodSet) -> Result<PersonalReport, Failure> {
        let mood = Mood::new(&params.value, params.text.as_deref()).ok_or_else(|| {
            Failure::usage(format!("{:?} is no mood of XEP-0107", params.value))
                .with_hint("`xmppctl mood --help` lists them")
        })?;
        self.personal_tell(Personal::Mood(Some(mood)), params.account).await
    }

    pub(super) async fn activity_set(&self, params: ActivitySet) -> Result<PersonalReport, Failure> {
        let ActivitySet { general, specific, text, account } = params;
        let activity = Activity::new(&general, specific.as_deref(), text.as_deref()).ok_or_else(|| {
            let words = specific.map_or_else(|| general.clone(), |specific| format!("{general}/{specific}"));
            Failure::usage(format!("{words:?} is no activity of XEP-0108"))
                .with_hint("`xmppctl activity --help` lists them")
        })?;
        self.personal_tell(Personal::Activity(Some(activity)), account).await
    }

    pub(super) async fn nick_set(&self, params: NickSet) -> Result<PersonalReport, Failure> {
        let nick = nick::clean(&params.nick).ok_or_else(|| Failure::usage("the nickname is empty"))?;
        self.personal_tell(Personal::Nick(Some(nick)), params.account).await
    }

    /// Shows contacts a picture: the picture is there before it is told of.
    pub(super) async fn avatar_set(&self, params: AvatarSet) -> Result<PersonalReport, Failure> {
        let picture =
            STANDARD.decode(params.data.trim()).map_err(|_| Failure::usage("the picture is not in base64"))?;
        let avatar = Avatar::of(&picture).map_err(|error| Failure::usage(format!("this is no avatar: {error}")))?;
        let (id, personal) = (avatar.id.clone(), Personal::Avatar(Some(avatar)));
        let steps = vec![
            Step::Publish(Publication::new(Node::AvatarData, &id, avatar::data(&picture))),
            Step::Publish(Publication::new(Node::AvatarMetadata, &id, personal.to_element())),
        ];
        self.take(steps, personal, params.account).await
    }

    /// Tells of no picture any more, and takes the picture away.
    pub(super) async fn avatar_clear(&self, account: Option<String>) -> Result<PersonalReport, Failure> {
        let personal = Personal::Avatar(None);
        let steps = vec![
            Step::Publish(Publication::new(Node::AvatarMetadata, ITEM, personal.to_element())),
            Step::Delete(Node::AvatarData),
        ];
        self.take(steps, personal, account).await
    }

    /// What a contact listens to, through each account that has them.
    pub(super) async fn tune_get(&self, params: TuneGet) -> Result<ContactTunes, Failure> {
        let jid = address(&params.jid)?.to_bare();
        let (contact, named) = (jid.to_string(), self.running(params.account).await?);
        let knowing: Vec<String> = self
            .hub
            .read(move |state, _| {
                let known = state.roster.accounts.iter().filter(|it| state.contact(&it.account, &contact).is_some());
                known.map(|it| it.account.clone()).collect()
            })
            .await?;
        let asked: Vec<_> = named.into_iter().filter(|(name, _)| knowing.contains(name)).collect();
        let (mut accounts, mut failure) = (Vec::new(), None);
        for (account, handle) in asked {
            match read(&account, &handle, Node::Tune, Some(&jid.clone().into())).await {
                Ok(Personal::Tune(tune)) => {
                    let tune = tune.as_ref().map(tune_to_proto);
                    accounts.push(ContactTune { account, jid: jid.to_string(), tune });
                }
                Ok(_) => {}
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        if accounts.is_empty() { Err(failure.unwrap_or_else(|| unknown(&jid))) } else { Ok(ContactTunes { accounts }) }
    }

    /// Has accounts go these steps, and answers with what contacts see then.
    async fn take(&self, steps: Steps, personal: Personal, account: Option<String>) -> Result<PersonalReport, Failure> {
        self.each(account, move |name, handle| {
            let (steps, personal) = (steps.clone(), personal.clone());
            async move {
                for step in steps {
                    go(&name, &handle, step).await?;
                }
                Ok(personal)
            }
        })
        .await
    }

    /// Does something for each account at once. It fails only where no account could do it.
    async fn each<F, A>(&self, account: Option<String>, act: F) -> Result<PersonalReport, Failure>
    where
        F: Fn(String, Handle) -> A,
        A: Future<Output = Result<Personal, Failure>> + Send + 'static,
    {
        let running = self.running(account).await?;
        let acts: Vec<_> =
            running.into_iter().map(|(name, handle)| (name.clone(), tokio::spawn(act(name, handle)))).collect();
        let (mut accounts, mut failures) = (Vec::new(), Vec::new());
        for (account, act) in acts {
            let ended = |_| Err(Failure::new(Kind::Unexpected, "the account gave no answer"));
            let mut row = AccountPersonal { account, ..AccountPersonal::default() };
            match act.await.unwrap_or_else(ended) {
                Ok(personal) => row.personal = personal_to_proto(personal),
                Err(failure) => {
                    failures.push(failure.clone());
                    row.error = Some(Box::new(failure));
                }
            }
            accounts.push(row);
        }
        match failures.into_iter().next() {
            Some(failure) if accounts.iter().all(|row| row.error.is_some()) => Err(failure),
            Some(_) | None => Ok(PersonalReport { accounts }),
        }
    }
}

async fn go(account: &str, handle: &Handle, step: Step) -> Result<(), Failure> {
    let (is_done, outcome) = match step {
        Step::Publish(publication) => {
            let outcome = order(handle, |ticket| Command::Publish(ticket, publication)).await?;
            if outcome == Outcome::Unsupported {
                return Err(without_eventing(account));
            }
            (outcome == Outcome::Done, outcome)
        }
        Step::Delete(node) => {
            let outcome = ask(handle, None, true, pubsub::deletion(node.name())).await?;
            let is_gone = matches!(outcome, Outcome::Answer(_)) || refuses(&outcome, &Condition::ItemNotFound);
            (is_gone, outcome)
        }
    };
    if is_done { Ok(()) } else { Err(refusal(account, outcome)) }
}

/// What is on a node of ours, or of somebody else's; a node that is not there says nothing.
async fn read(account: &str, handle: &Handle, node: Node, of: Option<&Jid>) -> Result<Personal, Failure> {
    let outcome = ask(handle, of.cloned(), false, pubsub::items_request(node.name(), Some(1))).await?;
    if of.is_none() && refuses(&outcome, &Condition::ServiceUnavailable) {
        return Err(without_eventing(account));
    }
    let items = if refuses(&outcome, &Condition::ItemNotFound) {
        Vec::new()
    } else {
        let Outcome::Answer(payload) = outcome else { return Err(refusal(account, outcome)) };
        payload.map(pubsub::parse_items).unwrap_or_default()
    };
    Personal::of_items(node, &items).ok_or_else(|| Failure::new(Kind::Unexpected, "this node says nothing by itself"))
}

fn refuses(outcome: &Outcome, condition: &Condition) -> bool {
    matches!(outcome, Outcome::Refused(error) if error.condition == *condition)
}

async fn ask(handle: &Handle, to: Option<Jid>, set: bool, payload: Element) -> Result<Outcome, Failure> {
    let question = Question { to, set, payload };
    order(handle, |ticket| Command::Ask(ticket, question)).await
}

fn without_eventing(account: &str) -> Failure {
    Failure::new(
        Kind::Unsupported,
        format!("the server of {account} has no personal eventing that could be kept from strangers (XEP-0163)"),
    )
}
