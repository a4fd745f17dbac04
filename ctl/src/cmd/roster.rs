//! `roster`: the contacts and what they show.

use xmppd_proto::Show;
use xmppd_proto::reply::{Ask, Contact, Resource, RosterReport, Subscription};
use xmppd_proto::request::Roster;

use super::roster_verbs::{self, Action};
use super::tune_show;
use crate::report::Stop;
use crate::screen::{Paint, Screen, paint_of_show};
use crate::session::{Answer, Session};
use crate::table::{Table, cell, painted};

/// List contacts and what they show, and change the list
#[derive(clap::Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    /// Only contacts that are available
    #[arg(long)]
    online: bool,
    /// Only contacts of this group
    #[arg(long, value_name = "G")]
    group: Option<String>,
    #[command(subcommand)]
    action: Option<Action>,
}

pub(crate) fn run(args: Args, session: &Session) -> Result<(), Stop> {
    if let Some(action) = args.action {
        return roster_verbs::run(action, session);
    }
    let call = Roster { online: args.online, group: args.group, account: session.global.account.clone() };
    session.run(&call, Answer::Data, table)
}

pub(super) fn table(report: &RosterReport, screen: &Screen) -> String {
    let mut table = Table::new(&["ACCOUNT", "SHOW", "JID", "NAME", "GROUPS", "SUBSCRIPTION", "STATUS"]);
    let several = report.accounts.len() > 1;
    for account in &report.accounts {
        for contact in &account.contacts {
            let resource = foremost(contact);
            let show = resource.map_or(Show::Offline, |resource| resource.show);
            table.row(vec![
                painted(Paint::Strong, if several { &account.account } else { "" }),
                painted(paint_of_show(show), show.as_str()),
                cell(&contact.jid),
                cell(contact.name.as_deref().unwrap_or_default()),
                cell(&contact.groups.join(", ")),
                painted(Paint::Careful, subscription(contact)),
                cell(&text(contact, resource)),
            ]);
        }
    }
    table.render(screen)
}

/// The resource that speaks for a contact: the highest priority, then the most available.
fn foremost(contact: &Contact) -> Option<&Resource> {
    contact.resources.iter().max_by_key(|resource| (resource.priority, rank(resource.show)))
}

const fn rank(show: Show) -> u8 {
    match show {
        Show::Chat => 6,
        Show::Online => 5,
        Show::Dnd => 4,
        Show::Away => 3,
        Show::Xa => 2,
        Show::Invisible => 1,
        Show::Offline => 0,
    }
}

/// The subscription, where it is not the usual one.
pub(super) const fn subscription(contact: &Contact) -> &'static str {
    match (contact.subscription, contact.ask) {
        (Subscription::Both, _) => "",
        (Subscription::None, None) if contact.approved => "approved",
        (Subscription::None, Some(Ask::Subscribe)) => "asked",
        (Subscription::From, Some(Ask::Subscribe)) => "from, asked",
        (Subscription::None | Subscription::To | Subscription::From, _) => contact.subscription.as_str(),
    }
}

fn text(contact: &Contact, resource: Option<&Resource>) -> String {
    let status = resource.and_then(|resource| resource.status.clone());
    let song = contact.tune.as_ref().map(|song| format!("♪ {}", tune_show::name(song)));
    [status, song].into_iter().flatten().collect::<Vec<_>>().join("  ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(resources: &[(i8, Show)], expected: Option<Show>) {
        let resources = resources.iter().map(|(priority, show)| Resource {
            resource: None,
            show: *show,
            status: None,
            priority: *priority,
            since: None,
        });
        let contact = Contact {
            jid: "juliet@capulet.example".into(),
            name: None,
            groups: vec![],
            subscription: Subscription::Both,
            ask: None,
            approved: false,
            resources: resources.collect(),
            tune: None,
            personal: xmppd_proto::reply::Personal::default(),
        };
        assert_eq!(foremost(&contact).map(|resource| resource.show), expected);
    }

    #[test]
    fn a_contact_shows_its_foremost_resource() {
        check(&[], None);
        check(&[(0, Show::Away), (0, Show::Online)], Some(Show::Online));
        check(&[(5, Show::Xa), (0, Show::Chat), (-1, Show::Online)], Some(Show::Xa));
        check(&[(0, Show::Dnd), (0, Show::Away)], Some(Show::Dnd));
    }
}
