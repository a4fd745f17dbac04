//! The XML namespaces this program knows, each named once.

/// RFC 6120: the content namespace of a client's stream.
pub const CLIENT: &str = "jabber:client";
/// RFC 6120: the stream element and its features and errors.
pub const STREAM: &str = "http://etherx.jabber.org/streams";
/// RFC 6120 section 4.9: the conditions of stream errors.
pub const STREAM_ERRORS: &str = "urn:ietf:params:xml:ns:xmpp-streams";
/// RFC 6120 section 8.3: the conditions of stanza errors.
pub const STANZA_ERRORS: &str = "urn:ietf:params:xml:ns:xmpp-stanzas";
/// RFC 6120 section 5: STARTTLS.
pub const TLS: &str = "urn:ietf:params:xml:ns:xmpp-tls";
/// RFC 6120 section 6: SASL in its first profile, and the conditions of both.
pub const SASL: &str = "urn:ietf:params:xml:ns:xmpp-sasl";
/// RFC 6120 section 7: resource binding.
pub const BIND: &str = "urn:ietf:params:xml:ns:xmpp-bind";
/// RFC 3921: the session of old servers; asked for only where it is not optional.
pub const SESSION: &str = "urn:ietf:params:xml:ns:xmpp-session";
/// RFC 6121 section 2: the roster.
pub const ROSTER: &str = "jabber:iq:roster";
/// RFC 6121 section 2.6: the stream feature of versioned rosters.
pub const ROSTER_VERSIONING: &str = "urn:xmpp:features:rosterver";
/// RFC 6121 section 3.4: the stream feature of subscriptions granted beforehand.
pub const PRE_APPROVAL: &str = "urn:xmpp:features:pre-approval";
/// XEP-0004: data forms.
pub const DATA_FORMS: &str = "jabber:x:data";
/// XEP-0030: what an entity is and can do.
pub const DISCO_INFO: &str = "http://jabber.org/protocol/disco#info";
/// XEP-0030: what an entity consists of.
pub const DISCO_ITEMS: &str = "http://jabber.org/protocol/disco#items";
/// XEP-0060: publish and subscribe.
pub const PUBSUB: &str = "http://jabber.org/protocol/pubsub";
/// XEP-0060: what an owner may do with a node.
pub const PUBSUB_OWNER: &str = "http://jabber.org/protocol/pubsub#owner";
/// XEP-0060: notifications.
pub const PUBSUB_EVENT: &str = "http://jabber.org/protocol/pubsub#event";
/// XEP-0060: the errors of its own.
pub const PUBSUB_ERRORS: &str = "http://jabber.org/protocol/pubsub#errors";
/// XEP-0060: the `FORM_TYPE` of preconditions for publishing.
pub const PUBSUB_PUBLISH_OPTIONS: &str = "http://jabber.org/protocol/pubsub#publish-options";
/// XEP-0060: the `FORM_TYPE` of a node's configuration.
pub const PUBSUB_NODE_CONFIG: &str = "http://jabber.org/protocol/pubsub#node_config";
/// XEP-0045: entering a room.
pub const MUC: &str = "http://jabber.org/protocol/muc";
/// XEP-0045: what a room says.
pub const MUC_USER: &str = "http://jabber.org/protocol/muc#user";
/// XEP-0045: what a room's owner says.
pub const MUC_OWNER: &str = "http://jabber.org/protocol/muc#owner";
/// XEP-0045: the room shows what is said in it under the sender's own id.
pub const MUC_STABLE_ID: &str = "http://jabber.org/protocol/muc#stable_id";
/// XEP-0059: result sets.
pub const RSM: &str = "http://jabber.org/protocol/rsm";
/// XEP-0066: addresses of files.
pub const OOB: &str = "jabber:x:oob";
/// XEP-0084: a picture of oneself, namespace and node in one.
pub const AVATAR_DATA: &str = "urn:xmpp:avatar:data";
/// XEP-0084: what there is to know of it, namespace and node in one.
pub const AVATAR_METADATA: &str = "urn:xmpp:avatar:metadata";
/// XEP-0163: the wish to be told of contacts' pictures.
pub const AVATAR_NOTIFY: &str = "urn:xmpp:avatar:metadata+notify";
/// XEP-0085: whether somebody is writing.
pub const CHAT_STATES: &str = "http://jabber.org/protocol/chatstates";
/// XEP-0092: which software, which version.
pub const VERSION: &str = "jabber:iq:version";
/// XEP-0107: user mood, namespace and node in one.
pub const MOOD: &str = "http://jabber.org/protocol/mood";
/// XEP-0163: the wish to be told of contacts' moods.
pub const MOOD_NOTIFY: &str = "http://jabber.org/protocol/mood+notify";
/// XEP-0108: user activity, namespace and node in one.
pub const ACTIVITY: &str = "http://jabber.org/protocol/activity";
/// XEP-0163: the wish to be told of contacts' activities.
pub const ACTIVITY_NOTIFY: &str = "http://jabber.org/protocol/activity+notify";
/// XEP-0115: entity capabilities.
pub const CAPS: &str = "http://jabber.org/protocol/caps";
/// XEP-0118: user tune, namespace and node in one.
pub const TUNE: &str = "http://jabber.org/protocol/tune";
/// XEP-0163: the wish to be told of contacts' tunes.
pub const TUNE_NOTIFY: &str = "http://jabber.org/protocol/tune+notify";
/// XEP-0172: user nickname, namespace and node in one.
pub const NICK: &str = "http://jabber.org/protocol/nick";
/// XEP-0163: the wish to be told of contacts' nicknames.
pub const NICK_NOTIFY: &str = "http://jabber.org/protocol/nick+notify";
/// XEP-0184: delivery receipts.
pub const RECEIPTS: &str = "urn:xmpp:receipts";
/// XEP-0186: invisibility.
pub const INVISIBLE: &str = "urn:xmpp:invisible:1";
/// XEP-0191: the block list.
pub const BLOCKING: &str = "urn:xmpp:blocking";
/// XEP-0198: stream management.
pub const SM: &str = "urn:xmpp:sm:3";
/// XEP-0199: ping.
pub const PING: &str = "urn:xmpp:ping";
/// XEP-0203: delayed delivery.
pub const DELAY: &str = "urn:xmpp:delay";
/// XEP-0249: invitations from one to another.
pub const CONFERENCE: &str = "jabber:x:conference";
/// XEP-0280: carbons.
pub const CARBONS: &str = "urn:xmpp:carbons:2";
/// XEP-0297: forwarding.
pub const FORWARD: &str = "urn:xmpp:forward:0";
/// XEP-0308: corrections of messages.
pub const CORRECT: &str = "urn:xmpp:message-correct:0";
/// XEP-0313: archives of messages.
pub const MAM: &str = "urn:xmpp:mam:2";
/// XEP-0319: since when somebody is idle.
pub const IDLE: &str = "urn:xmpp:idle:1";
/// XEP-0333: which messages were seen.
pub const CHAT_MARKERS: &str = "urn:xmpp:chat-markers:0";
/// XEP-0352: client state indication.
pub const CSI: &str = "urn:xmpp:csi:0";
/// XEP-0359: ids that archives give.
pub const STANZA_ID: &str = "urn:xmpp:sid:0";
/// XEP-0363: places for files.
pub const UPLOAD: &str = "urn:xmpp:http:upload:0";
/// XEP-0380: what a message is encrypted with.
pub const ENCRYPTION: &str = "urn:xmpp:eme:0";
/// XEP-0386: resource binding inside a login.
pub const BIND2: &str = "urn:xmpp:bind:0";
/// XEP-0388: SASL in its second profile.
pub const SASL2: &str = "urn:xmpp:sasl:2";
/// XEP-0402: rooms that the account remembers, namespace and node in one.
pub const BOOKMARKS: &str = "urn:xmpp:bookmarks:1";
/// XEP-0402: the wish to be told of changes to them.
pub const BOOKMARKS_NOTIFY: &str = "urn:xmpp:bookmarks:1+notify";
/// XEP-0421: who an occupant of a room is.
pub const OCCUPANT_ID: &str = "urn:xmpp:occupant-id:0";
/// XEP-0424: messages taken back.
pub const RETRACT: &str = "urn:xmpp:message-retract:1";
/// XEP-0444: reactions to messages.
pub const REACTIONS: &str = "urn:xmpp:reactions:0";
/// XEP-0461: which message another one answers.
pub const REPLY: &str = "urn:xmpp:reply:0";
/// XEP-0490: how far chats are read, namespace and node in one.
pub const DISPLAYED: &str = "urn:xmpp:mds:displayed:0";
/// XEP-0490: the wish to be told of it.
pub const DISPLAYED_NOTIFY: &str = "urn:xmpp:mds:displayed:0+notify";
/// XEP-0440: which channel bindings the server can do.
pub const SASL_CHANNEL_BINDING: &str = "urn:xmpp:sasl-cb:0";
/// XEP-0478: limits of the stream.
pub const STREAM_LIMITS: &str = "urn:xmpp:stream-limits:0";
/// XEP-0480: tasks that upgrade stored credentials.
pub const SASL_UPGRADE: &str = "urn:xmpp:sasl:upgrade:0";
/// XEP-0509: requests to log in that go with the stream header.
pub const IAP: &str = "urn:xmpp:iap:0";
/// XEP-0484: login with a token.
pub const FAST: &str = "urn:xmpp:fast:0";
